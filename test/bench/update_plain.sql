\set id random(1, 10000)
UPDATE plain SET amount = amount + 1 WHERE id = :id;
