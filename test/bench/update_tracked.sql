\set id random(1, 10000)
UPDATE tracked SET value = value + 1 WHERE id = :id;
