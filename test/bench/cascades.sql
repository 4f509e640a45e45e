-- The data of the benchmark of cascades: one exposed table, with as many indexes as tables have.
CREATE EXTENSION fraiseql;
CREATE TABLE tracked (id bigint PRIMARY KEY, customer_id int NOT NULL, status text NOT NULL, created timestamptz NOT NULL,
	email text NOT NULL, amount numeric NOT NULL);
CREATE INDEX ON tracked (customer_id);
CREATE INDEX ON tracked (status, created);
CREATE INDEX ON tracked (email);
INSERT INTO tracked
SELECT n, n % 1000, (ARRAY['new', 'paid', 'sent'])[1 + n % 3], timestamptz '2026-01-01' + n * interval '1 second',
	'customer' || n || '@example.com', n FROM generate_series(1, 10000) AS n;
SELECT fraiseql.expose('tracked');
VACUUM ANALYZE;
