\set id random(1, 10000)
UPDATE tracked SET amount = amount + 1 WHERE id = :id;
