\set n random(1, 1000)
INSERT INTO tracked (customer_id, status, created, email, amount)
VALUES (:n, 'new', now(), 'customer' || :n || '@example.com', :n);
