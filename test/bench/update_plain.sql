\set id random(1, 10000)
UPDATE plain SET value = value + 1 WHERE id = :id;
