\set QUIET on
TRUNCATE bulk_plain;
SELECT clock_timestamp() AS start \gset
INSERT INTO bulk_plain SELECT n, 0 FROM generate_series(1, 300000) AS n;
SELECT round((extract(epoch FROM clock_timestamp() - :'start') * 1000000 / 300000)::numeric, 3);
