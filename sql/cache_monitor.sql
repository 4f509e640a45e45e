-- The views, their privileges, the resets, time to live, and that every object says what it is.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA cache_monitor;
SET search_path = cache_monitor, ask;
CREATE TABLE tb_thing (id int PRIMARY KEY, name text);
INSERT INTO tb_thing VALUES (1, 'one');
SELECT fraiseql.expose('tb_thing', 'Thing');
SELECT fraiseql.cache_reset() >= 0;
SELECT fraiseql.stats_reset();
SELECT hits, misses, bypasses, hit_rate, fills, fills_rejected, entries, memory_bytes, invalidations, evictions,
	expirations, worker_pid IS NOT NULL, stats_reset <= now(), max_memory_bytes FROM fraiseql.cache_stats;
SELECT in_flight, waiting, executions, coalesced, executions_saved, reduction_percent, waits, average_wait_ms, p99_wait_ms, max_wait_ms,
	timeouts, takeovers, handed_over, stats_reset <= now() FROM fraiseql.coalescing_stats;
SELECT ask('{ things { name } }');
SELECT ask('{ things { name } }');
SELECT ask('{ things { name } }');
SELECT ask('{ things { id } }');
SELECT hits, misses, bypasses, hit_rate, fills, fills_rejected, entries, memory_bytes > 0,
	peak_memory_bytes >= memory_bytes FROM fraiseql.cache_stats;
-- each of these misses was executed, and nobody waited; 070_coalescing.pl in test/tap has those who do
SELECT executions, coalesced, reduction_percent, average_wait_ms FROM fraiseql.coalescing_stats;

-- one row an entry
SELECT (SELECT datname FROM pg_database WHERE oid = database) = current_database(), role = current_user::regrole, query,
	key_hash ~ '^[0-9a-f]{16}$', bytes, memory_bytes, tags, valid, expires_at - created_at
FROM fraiseql.cache_entries ORDER BY query;
-- the text of others is theirs; grants make answers invalid, and then the worker frees them when it likes
CREATE ROLE regress_fql_eve;
GRANT USAGE ON SCHEMA cache_monitor TO regress_fql_eve;
SELECT ask('{ things { id } }'), ask('{ things { name } }');
SET ROLE regress_fql_eve;
SELECT query, key_hash FROM fraiseql.cache_entries ORDER BY query;
SELECT hits FROM fraiseql.cache_stats;
SELECT coalesced FROM fraiseql.coalescing_stats;
SELECT fraiseql.cache_reset();
SELECT fraiseql.stats_reset();
SELECT fraiseql.expose('tb_thing');
SELECT fraiseql.hide('tb_thing');
SELECT fraiseql.track('tb_thing');
SELECT * FROM fraiseql.exposure;
RESET ROLE;
GRANT pg_read_all_stats TO regress_fql_eve;
SELECT ask('{ things { id } }'), ask('{ things { name } }');
SET ROLE regress_fql_eve;
SELECT query FROM fraiseql.cache_entries ORDER BY query;
RESET ROLE;

-- every reason has a name, a kind and a sentence
SELECT count(*) > 20, bool_and(reason <> '' AND kind IN ('bypass', 'rejected') AND description LIKE '%.') FROM fraiseql.bypass_stats;
SELECT count(*) = count(DISTINCT reason) FROM fraiseql.bypass_stats;

-- reset
SELECT fraiseql.cache_reset();
SELECT entries, memory_bytes FROM fraiseql.cache_stats;
SELECT ask('{ things { name } }');
SELECT fraiseql.stats_reset();
SELECT hits, misses, fills FROM fraiseql.cache_stats;
SELECT executions, reduction_percent FROM fraiseql.coalescing_stats;

-- time to live: the setting, and the type's own when it is shorter
SET fraiseql.cache_ttl = '1h';
SELECT ask('{ things { name id } }');
SELECT fraiseql.expose('tb_thing', 'Thing', '{"ttl": 60}');
SELECT ask('{ things { id name } }');
SELECT expires_at - created_at FROM fraiseql.cache_entries WHERE valid ORDER BY query;
RESET fraiseql.cache_ttl;

-- settings are there, with a description
SELECT name, boot_val, unit, context, short_desc <> '' FROM pg_settings WHERE name LIKE 'fraiseql.%' ORDER BY name COLLATE "C";

-- every object of the extension has a comment
SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fraiseql')
	AND obj_description(objid, classid::regclass::name) IS NULL
	AND classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_event_trigger'::regclass)
ORDER BY 1;
SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
WHERE relnamespace = 'fraiseql'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 AND col_description(attrelid, attnum) IS NULL
ORDER BY 1, 2;
-- and what only administrators may call is not for everybody
SELECT p.proname FROM pg_proc p WHERE pronamespace = 'fraiseql'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE') ORDER BY 1;

SET client_min_messages = warning;
DROP SCHEMA cache_monitor CASCADE;
DROP ROLE regress_fql_eve;
