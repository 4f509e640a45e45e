\set QUIET on
SELECT fraiseql.execute('{ user(id: 1) { name bio posts { title } } }') IS NULL;
SELECT clock_timestamp() AS start \gset
SELECT count(fraiseql.execute('{ user(id: 1) { name bio posts { title } } }')) FROM generate_series(1, 100000);
SELECT round((extract(epoch FROM clock_timestamp() - :'start') * 10)::numeric, 3);
