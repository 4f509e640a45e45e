-- When the cache is not asked, and when an answer is not kept: each reason is made to happen.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA cache_bypass;
SET search_path = cache_bypass, ask;
CREATE TABLE tb_item (id int PRIMARY KEY, name text, at timestamptz);
INSERT INTO tb_item VALUES (1, 'one', '2020-01-01 00:00+00');
SELECT fraiseql.expose('tb_item', 'Item');
SELECT ask('{ items { name } }');

-- off
SET fraiseql.cache_enabled = off;
SELECT ask('{ items { name } }');
RESET fraiseql.cache_enabled;
SELECT ask('{ items { name } }');

-- own writes are seen, before and after ROLLBACK TO, and by nobody else
BEGIN;
SELECT ask('{ items { name } }');
SAVEPOINT s;
UPDATE tb_item SET name = 'mine';
SELECT ask('{ items { name } }');
ROLLBACK TO s;
SELECT ask('{ items { name } }');
ROLLBACK;
SELECT ask('{ items { name } }');

-- isolation levels
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT ask('{ items { name } }');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT ask('{ items { name } }');
SELECT ask('{ items { id name } }');
SELECT ask('{ items { id name } }');
COMMIT;
SET gin_fuzzy_search_limit = 10;
SELECT ask('{ items { name } }');
RESET gin_fuzzy_search_limit;

-- a function that says it may run in a parallel worker, and calls us: neither served nor kept
CREATE FUNCTION mislabelled() RETURNS json LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
	RETURN fraiseql.execute('{ items { name } }');
END $$;
SELECT ask('{ items { name } }');
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT fraiseql.stats_reset();
DO $$
BEGIN
	PERFORM mislabelled();
EXCEPTION WHEN invalid_transaction_state THEN
	NULL; -- before 17 the subtransaction of an execution is refused there
END $$;
SELECT count FROM fraiseql.bypass_stats WHERE reason = 'parallel_worker';
SELECT hits, fills FROM fraiseql.cache_stats;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- an operation too long to be a key
SET fraiseql.max_query_size = '2MB';
SET fraiseql.max_query_tokens = 100000;
SELECT left(ask('{ items(where: {name: {eq: "' || repeat('x', 1100000) || '"}}) { name } }'), 40);
RESET fraiseql.max_query_size;
RESET fraiseql.max_query_tokens;

-- an answer that is too large, and one with an error
SET fraiseql.cache_max_entry_size = '1kB';
UPDATE tb_item SET name = repeat('y', 2000);
SELECT left(ask('{ items { name } }'), 30);
RESET fraiseql.cache_max_entry_size;
UPDATE tb_item SET name = 'one';
CREATE VIEW v_broken AS SELECT id, 1 / (id - 1) AS value FROM tb_item;
SELECT fraiseql.expose('v_broken', 'Broken');
SELECT ask('{ broken(id: 1) { value } }');

-- functions
CREATE VIEW v_random AS SELECT id, random() < 2 AS value FROM tb_item;
CREATE VIEW v_clock AS SELECT id, at < now() AS value FROM tb_item;
CREATE VIEW v_today AS SELECT id, at < CURRENT_DATE AS value FROM tb_item;
CREATE VIEW v_offset AS SELECT id, (timetz '10:00+00' AT TIME ZONE 'Europe/Paris') IS NOT NULL AS value FROM tb_item;
CREATE VIEW v_age AS SELECT id, age(at) > interval '1 day' AS value FROM tb_item;
CREATE VIEW v_cast AS SELECT id, 'now'::text::timestamptz > at AS value FROM tb_item;
CREATE VIEW v_setting AS SELECT id, current_setting('work_mem') IS NOT NULL AS value FROM tb_item;
CREATE VIEW v_named AS SELECT id, current_setting('application' || left(name, 0) || '_name') IS NOT NULL AS value FROM tb_item;
CREATE VIEW v_keyed AS SELECT id, current_setting('app.tenant_id', true) AS value FROM tb_item;
CREATE VIEW v_backend AS SELECT id, pg_backend_pid() > 0 AS value FROM tb_item;
CREATE VIEW v_whoami AS SELECT id, current_user = session_user AS value FROM tb_item;
CREATE VIEW v_shown AS SELECT id, to_char(at, 'YYYY') AS value FROM tb_item;
CREATE SEQUENCE counter;
CREATE VIEW v_sequence AS SELECT id, nextval('cache_bypass.counter') > 0 AS value FROM tb_item;
CREATE FUNCTION opaque() RETURNS bool STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN now() IS NOT NULL; END $$;
CREATE VIEW v_opaque AS SELECT id, opaque() AS value FROM tb_item;
CREATE FUNCTION pure(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1 + 1; END $$;
CREATE VIEW v_pure AS SELECT id, pure(id) AS value FROM tb_item;
CREATE FUNCTION hidden_clock() RETURNS bool STABLE LANGUAGE sql AS $$ SELECT now() IS NOT NULL $$;
CREATE VIEW v_inlined AS SELECT id, hidden_clock() AS value FROM tb_item;
CREATE FUNCTION nested_clock() RETURNS bool STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT now() IS NOT NULL $$;
CREATE VIEW v_nested AS SELECT id, nested_clock() AS value FROM tb_item;
CREATE FUNCTION remember(bool, int) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT random() < 2 $$;
CREATE AGGREGATE impure(int) (sfunc = remember, stype = bool);
CREATE VIEW v_aggregate AS SELECT id, impure(id) AS value FROM tb_item GROUP BY id;

-- relations and plan nodes
CREATE TABLE plain (id int PRIMARY KEY, value text);
CREATE VIEW v_untracked AS SELECT i.id, p.value FROM tb_item i LEFT JOIN plain p USING (id);
CREATE VIEW v_catalog AS SELECT i.id, c.relname AS value FROM tb_item i JOIN pg_class c ON c.relname = 'tb_item' LIMIT 1;
CREATE VIEW v_sample AS SELECT id, name AS value FROM tb_item TABLESAMPLE BERNOULLI (100);
CREATE VIEW v_system AS SELECT id, xmin::text <> '' AS value FROM tb_item;
CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS value FROM tb_item;
CREATE VIEW v_total AS SELECT 1 AS id, value FROM totals;
SELECT count(*) FROM (SELECT fraiseql.expose(('v_' || name)::regclass, initcap(name))
	FROM unnest('{random,clock,today,offset,age,cast,setting,named,keyed,backend,whoami,shown,sequence,opaque,pure,inlined,nested,aggregate,untracked,catalog,sample,system,total}'::text[]) AS name) AS exposed;
-- expose() has given triggers to every table that it could see: take those of one away
ALTER TABLE plain DISABLE TRIGGER USER;

SELECT name || ' ' || ask('{ ' || name || '(id: 1) { value } }')
FROM unnest('{random,clock,today,offset,age,cast,setting,named,keyed,backend,whoami,shown,opaque,pure,inlined,nested,aggregate,untracked,catalog,sample,system,total,sequence}'::text[]) WITH ORDINALITY AS o (name, n)
ORDER BY n;

-- functions that no plan shows: casts to json, checks of domains, input functions of filter values, words for the
-- present in the text of an SQL function
CREATE TYPE feeling AS (word text);
CREATE FUNCTION feeling_to_json(feeling) RETURNS json STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN to_json(($1).word || (now() IS NULL)); END $$;
CREATE VIEW v_feeling AS SELECT id, to_json(ROW(name)::feeling) AS value FROM tb_item;
SELECT fraiseql.expose('v_feeling', 'Feeling');
SELECT ask('{ feeling(id: 1) { value } }');
CREATE CAST (feeling AS json) WITH FUNCTION feeling_to_json(feeling);
SELECT ask('{ feeling(id: 1) { value } }');
DROP CAST (feeling AS json);
SELECT ask('{ feeling(id: 1) { value } }');
CREATE DOMAIN past AS timestamptz CHECK (value < now());
CREATE DOMAIN short AS text CHECK (length(value) < 100);
CREATE VIEW v_past AS SELECT id, at::past AS value FROM tb_item;
CREATE VIEW v_short AS SELECT id, name::short AS value FROM tb_item;
CREATE FUNCTION is_over(timestamptz) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT $1 < 'now' $$;
CREATE FUNCTION is_late(timestamptz) RETURNS bool STABLE LANGUAGE sql BEGIN ATOMIC SELECT $1 > timestamptz '2000-01-01 00:00+00'; END;
CREATE FUNCTION is_known(timestamptz) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT $1 IS NOT NULL /* knowing */ $$;
CREATE VIEW v_over AS SELECT id, is_over(at) AS value FROM tb_item;
CREATE VIEW v_late AS SELECT id, is_late(at) AS value FROM tb_item;
CREATE VIEW v_known AS SELECT id, is_known(at) AS value FROM tb_item;
CREATE TABLE tb_stay (id int PRIMARY KEY, during tstzrange, day date);
INSERT INTO tb_stay VALUES (1, '[2020-01-01 00:00+00,2020-01-02 00:00+00)', '2020-01-01');
SELECT fraiseql.expose('v_past', 'Past'), fraiseql.expose('v_short', 'Short'), fraiseql.expose('v_over', 'Over'),
	fraiseql.expose('v_late', 'Late'), fraiseql.expose('v_known', 'Known'), fraiseql.expose('tb_stay', 'Stay');
SELECT ask('{ past(id: 1) { value } }');
SELECT ask('{ short(id: 1) { value } }');
SELECT ask('{ over(id: 1) { value } }');
SELECT ask('{ late(id: 1) { value } }');
SELECT ask('{ known(id: 1) { value } }');
SELECT ask('{ stays(where: {during: {neq: "[2020-01-01 00:00+00,2020-01-02 00:00+00)"}}) { id } }');
SELECT ask('{ stays(where: {day: {gt: "2019-01-01"}}) { id } }');

-- what the parser makes of a function's text: a literal that goes on in the next line, and one whose type has elements
-- with a check, which is evaluated while it is parsed
CREATE FUNCTION is_split(timestamptz) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT $1 < 'no' -- and
	'w' $$;
CREATE DOMAIN low AS int CHECK (value < current_setting('app.low', true)::int);
CREATE FUNCTION is_low(int) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT $1 < ('{5}'::cache_bypass.low[])[1] $$;
CREATE FUNCTION is_plain(int) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT $1 < '5' $$;
CREATE VIEW v_split AS SELECT id, is_split(at) AS value FROM tb_item;
CREATE VIEW v_low AS SELECT id, is_low(id) AS value FROM tb_item;
CREATE VIEW v_plain AS SELECT id, is_plain(id) AS value FROM tb_item;
SELECT fraiseql.expose('v_split', 'Split'), fraiseql.expose('v_low', 'Low'), fraiseql.expose('v_plain', 'Plain');
SET app.low = 10;
SELECT ask('{ split(id: 1) { value } }');
SELECT ask('{ low(id: 1) { value } }');
SELECT ask('{ plain(id: 1) { value } }');
-- where no check depends on anything but the value, such literals are what they look like
ALTER DOMAIN low DROP CONSTRAINT low_check;
ALTER DOMAIN low ADD CHECK (value < 10);
ALTER DOMAIN past DROP CONSTRAINT past_check;
SELECT ask('{ low(id: 1) { value } }');
SELECT ask('{ low(id: 1) { value } }');
RESET app.low;

-- a function that says it is immutable and reads a table: folded while planning, and seen there
CREATE TABLE seen (value int);
INSERT INTO seen VALUES (0);
CREATE FUNCTION seen() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT value FROM cache_bypass.seen';
CREATE VIEW v_seen AS SELECT id, seen() AS value FROM tb_item;
SELECT fraiseql.expose('v_seen', 'Seen'), fraiseql.track('seen');
DO $$ BEGIN FOR i IN 1..10 LOOP UPDATE cache_bypass.seen SET value = i; COMMIT;
	PERFORM fraiseql.execute('{ seen(id: 1) { value } }'); COMMIT; END LOOP; END $$;
SELECT ask('{ seen(id: 1) { value } }');
UPDATE seen SET value = 11;
SELECT ask('{ seen(id: 1) { value } }');

-- an operation inside itself
CREATE FUNCTION again() RETURNS json VOLATILE LANGUAGE sql AS $$ SELECT fraiseql.execute('{ again(id: 1) { value } }') $$;
CREATE VIEW v_again AS SELECT id, again() AS value FROM tb_item;
SELECT fraiseql.expose('v_again', 'Again');
SELECT fraiseql.execute('{ again(id: 1) { value } }');

-- row locks in a function
CREATE FUNCTION locked() RETURNS text VOLATILE LANGUAGE sql AS $$ SELECT name FROM cache_bypass.tb_item WHERE id = 1 FOR UPDATE $$;
CREATE VIEW v_locked AS SELECT id, locked() AS value FROM tb_item;
SELECT fraiseql.expose('v_locked', 'Locked');
SELECT ask('{ locked(id: 1) { value } }');

-- a disabled or incomplete trigger is as good as none
SELECT ask('{ items { name } }');
ALTER TABLE tb_item ENABLE REPLICA TRIGGER fraiseql_track_row;
SELECT ask('{ items { name } }');
SELECT fraiseql.track('tb_item');
SELECT ask('{ items { name } }');
ALTER TABLE tb_item DISABLE TRIGGER fraiseql_track_truncate;
SELECT ask('{ items { name } }');
DROP TRIGGER fraiseql_track_truncate ON tb_item;
SELECT ask('{ items { name } }');
SELECT fraiseql.track('tb_item');
SELECT ask('{ items { name } }');
SELECT ask('{ items { name } }');

-- REFRESH is a write
SELECT ask('{ total(id: 1) { value } }');
INSERT INTO tb_item VALUES (2, 'two', NULL);
SELECT ask('{ total(id: 1) { value } }');
REFRESH MATERIALIZED VIEW totals;
SELECT ask('{ total(id: 1) { value } }');

-- temporary tables: their session does not share answers that one could take part in
CREATE VIEW v_factor AS SELECT id, 0 AS value FROM tb_item;
CREATE TABLE rate (value int);
INSERT INTO rate VALUES (1);
CREATE FUNCTION rate() RETURNS int STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT value FROM rate';
CREATE OR REPLACE VIEW v_factor AS SELECT id, rate() AS value FROM tb_item;
SELECT fraiseql.expose('v_factor', 'Factor'), fraiseql.track('rate');
SELECT ask('{ factor(id: 1) { value } }');
SELECT ask('{ factor(id: 1) { value } }');
CREATE TEMPORARY TABLE rate (value int);
INSERT INTO pg_temp.rate VALUES (100);
SELECT ask('{ factor(id: 1) { value } }');
SELECT ask('{ factor(id: 1) { value } }');
-- nor do others get what this session computed: a function that reads a view of its own, and names by search_path
CREATE TEMPORARY VIEW tb_item AS SELECT 7 AS id;
CREATE FUNCTION items() RETURNS bigint STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM tb_item';
CREATE VIEW v_count AS SELECT 1 AS id, items() AS value, 'cache_bypass.tb_item'::regclass AS name;
SELECT fraiseql.expose('v_count', 'Count');
SELECT ask('{ count(id: 1) { value name } }');
DROP VIEW pg_temp.tb_item;
-- and creating them disturbs nobody
SELECT ask('{ total(id: 1) { value } }');
CREATE TEMPORARY TABLE other (value int);
DROP TABLE pg_temp.other;
SELECT ask('{ total(id: 1) { value } }');
-- which still shares lists that none could take part in
SELECT ask('{ items { id } }');
SELECT ask('{ items { id } }');

SET client_min_messages = warning;
DROP TABLE pg_temp.rate;
DROP SCHEMA cache_bypass CASCADE;
