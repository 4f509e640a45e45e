-- A full cache, audit ring and table of operations, to be read by bench-monitoring.
CREATE TABLE item (id int PRIMARY KEY, n int NOT NULL);
INSERT INTO item SELECT n, n FROM generate_series(1, 100000) AS n;
SELECT fraiseql.expose('item');
SELECT count(fraiseql.execute(format('{ field%s: item(id: %s) { n } }', n % 1000, n))) FROM generate_series(1, 2000) AS n;
SELECT count(fraiseql.execute(format('{ item(id: %s) { n } }', n))) FROM generate_series(1, 100000) AS n;
DO $$
BEGIN
	FOR i IN 1 .. 11000 LOOP
		UPDATE item SET n = n + 1 WHERE id = i;
		COMMIT;
	END LOOP;
END
$$;
