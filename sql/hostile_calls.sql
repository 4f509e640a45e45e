-- Every function of the extension, found in the catalogs, called with every kind of value in every argument, at every
-- place that SQL can be called from: an error is fine, as long as it has a SQLSTATE of its own (not XX000, which says
-- that the code did not expect it), and the server stands.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA hostile_calls;
SET search_path = hostile_calls;
CREATE TABLE tb_item (id int PRIMARY KEY, name text);
INSERT INTO tb_item VALUES (1, 'one');
CREATE SEQUENCE counter;
CREATE TYPE pair AS (a int, b int);
CREATE INDEX tb_item_name ON tb_item (name);
CREATE PROCEDURE a_procedure() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE an_aggregate (int) (SFUNC = int4pl, STYPE = int);
CREATE FUNCTION a_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TABLE a_parent (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE MATERIALIZED VIEW a_matview AS SELECT 1 AS id;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE a_foreign (id int) SERVER nowhere;
CREATE TEMP TABLE a_temp (id int PRIMARY KEY);
SELECT fraiseql.expose('tb_item', 'Item');

-- the values of each type
CREATE TABLE sample (type regtype, value text);
INSERT INTO sample SELECT t::regtype, v FROM (VALUES
	('text', ARRAY['', ' ', 'x', 'Item', '{ items { id } }', '__type', '{', '"', '''', '\', '%s%n%s', '2026-01-01', '0000-00-00',
		'9999999-12-31', '2026-01-01T24:00:00+99:99', '-infinity', '24:00:00', '99:99', repeat('9', 70000), repeat('{', 70000), E'\x01\x7f']),
	('jsonb', ARRAY['null', 'true', '0', '1e1000', '"x"', '[]', '{}', '[null]', '{"": null}', '{"ttl": null}', '{"ttl": 1e400}', '{"ttl": -1}',
		'{"ttl": 2147483648}', '{"exclude": null}', '{"exclude": [null]}', '{"exclude": {"a": []}}', '{"fields": [1]}', '{"fields": {"id": null}}',
		'{"fields": {"id": ""}}', '{"relations": {"": {}}}', '{"relations": [[]]}', '{"data": 0}', '{"plural": {}}', '{"singular": ""}', '{"singular": null}',
		'{"plural": "items", "singular": "items"}', repeat('[', 2000) || repeat(']', 2000), '{"n": ' || repeat('{"a":', 2000) || '1' || repeat('}', 2001)]),
	('json', ARRAY['null', '0', '"x"', '[]', '{}', '{"query": null}', '{"query": 1}', '{"query": []}', '{"query": "{ items { id } }", "query": 1}',
		'{"query": "{ items { id } }", "variables": []}', '{"query": "{ items { id } }", "variables": {"a": 1e999999}}',
		'{"query": "{ items { id } }", "variables": {"a": "\u0000"}}', '{"query": "\u0000"}', '{"query": "\ud800"}',
		'{"query": "{ items { id } }", "operationName": {}}', '{"query": "{ items { id } }", "extensions": 3}',
		repeat('[', 5000) || repeat(']', 5000), '{"variables": ' || repeat('{"a":', 5000) || '1' || repeat('}', 5001)]),
	('boolean', ARRAY['true', 'false']),
	('integer', ARRAY['0', '1', '-1', '2147483647', '-2147483648']),
	('bigint', ARRAY['0', '1', '-1', '9223372036854775807', '-9223372036854775808']),
	('regclass', ARRAY['0', '1', '4294967295', '2147483648', 'pg_class', 'pg_attribute', 'pg_authid', 'pg_views', 'pg_toast.pg_toast_1255', 'fraiseql.exposure',
		'fraiseql.cache_stats', 'information_schema.tables', 'counter', 'pair', 'tb_item_name', 'tb_item', 'a_parent', 'a_matview', 'a_foreign', 'a_temp']),
	('regnamespace', ARRAY['0', '1', '4294967295', 'pg_catalog', 'pg_toast', 'information_schema', 'fraiseql', 'hostile_calls']),
	('regprocedure', ARRAY['0', '1', '4294967295', 'now()', 'fraiseql.cache_reset()', 'a_procedure()', 'an_aggregate(int)', 'a_trigger()', 'pg_catalog.sum(int)'])
) AS s (t, list), unnest(list) AS v;
INSERT INTO sample SELECT 'regnamespace', nspname FROM pg_namespace WHERE oid = pg_my_temp_schema();
INSERT INTO sample SELECT DISTINCT type, NULL FROM sample;

-- a type of argument that has no values here, or one that nobody can write down, is something to add
SELECT DISTINCT t::regtype FROM pg_proc, unnest(proargtypes) AS t
WHERE pronamespace = 'fraiseql'::regnamespace AND t NOT IN (SELECT type FROM sample) ORDER BY 1;

-- Each call is undone, so that none meets what another has done.  Calls whose purpose is to change the cache are among them.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		EXECUTE statement;
		RAISE EXCEPTION USING errcode = 'UNDO0';
	EXCEPTION
		WHEN SQLSTATE 'UNDO0' THEN RETURN 'done';
		WHEN OTHERS THEN RETURN SQLSTATE || CASE WHEN SQLERRM = '' OR SQLERRM ~ 'fql_|0x' THEN ' ' || left(SQLERRM, 80) ELSE '' END;
	END;
END
$$;

-- The calls of a function: each of the values in each argument, beside NULLs, and beside values that fit; and all that fit.
CREATE TABLE fitting (type regtype PRIMARY KEY, value text);
INSERT INTO fitting VALUES ('text', '2026-01-01'), ('jsonb', '{}'), ('json', '{"query": "{ items { id } }"}'), ('boolean', 'true'), ('integer', '1'),
	('bigint', '1'), ('regclass', 'tb_item'), ('regnamespace', 'hostile_calls'), ('regprocedure', 'a_trigger()');
CREATE TABLE call AS
	SELECT p.oid, format('SELECT %s(%s)', p.oid::regproc, arguments) AS statement
	FROM pg_proc AS p, generate_series(1, pronargs) AS place, unnest('{t,f}'::boolean[]) AS fits, sample AS s, LATERAL (
		SELECT string_agg(format('%L::%s', CASE WHEN i = place THEN s.value WHEN fits THEN f.value END, f.type), ', ' ORDER BY i)
		FROM unnest(proargtypes) WITH ORDINALITY AS a (type, i) JOIN fitting AS f ON f.type = a.type) AS a (arguments)
	WHERE pronamespace = 'fraiseql'::regnamespace AND s.type = proargtypes[place - 1]
	UNION ALL
	SELECT p.oid, format('SELECT %s()', p.oid::regproc) FROM pg_proc AS p WHERE pronamespace = 'fraiseql'::regnamespace AND pronargs = 0;
SELECT count(*) > 500 FROM call;

-- each function with all the outcomes that it had
SELECT oid::regprocedure, string_agg(DISTINCT outcome, ' ' ORDER BY outcome)
FROM (SELECT oid, outcome(statement) FROM call) AS c (oid, outcome)
GROUP BY oid ORDER BY oid::regprocedure::text COLLATE "C";

-- In FROM, where a function may return rows, and in places where the caller's rights are narrowed or its statement is not
-- its own: an index expression, a materialized view, a policy, a default, a check, a generated column.
SELECT oid::regprocedure, string_agg(DISTINCT outcome, ' ' ORDER BY outcome)
FROM (SELECT oid, outcome(replace(statement, 'SELECT ', 'SELECT * FROM ')) FROM call) AS c (oid, outcome)
GROUP BY oid ORDER BY oid::regprocedure::text COLLATE "C";
CREATE FUNCTION every_function() RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
	statement text;
	outcomes text := '';
BEGIN
	FOR statement IN SELECT DISTINCT ON (oid) c.statement FROM hostile_calls.call AS c
			ORDER BY oid, c.statement NOT LIKE '%execute%items%', c.statement LIKE '%NULL%' DESC, c.statement COLLATE "C" LOOP
		IF hostile_calls.outcome(statement) LIKE 'XX%' THEN
			outcomes := outcomes || statement || ' ';
		END IF;
	END LOOP;
	RETURN outcomes;
END
$$;
CREATE TABLE host (id int, value text DEFAULT every_function(), CHECK (every_function() = ''), made text GENERATED ALWAYS AS (every_function()) STORED);
INSERT INTO host VALUES (1);
CREATE INDEX ON host ((every_function() || id));
CREATE MATERIALIZED VIEW restricted AS SELECT every_function() || id::text AS outcome FROM host;
REFRESH MATERIALIZED VIEW restricted;
ANALYZE host;
ALTER TABLE host ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON host USING (every_function() = '');
SELECT id, value, made, outcome FROM host, restricted;

-- in parallel workers: functions that say that they may run there, and one that hides what it calls
CREATE FUNCTION hides() RETURNS text PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN
	RETURN fraiseql.execute('{ items { id name } }');
END
$$;
SELECT fraiseql.execute('{ items { id name } }');
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT oid::regprocedure, string_agg(DISTINCT outcome(statement), ' ')
FROM (SELECT p.oid, statement, row_number() OVER (PARTITION BY p.oid ORDER BY length(statement) DESC, statement COLLATE "C") AS n
	FROM call JOIN pg_proc AS p ON p.oid = call.oid WHERE proparallel = 's') AS c
WHERE n <= 4 GROUP BY oid ORDER BY oid::regprocedure::text COLLATE "C";
-- what it calls cannot begin a subtransaction there (PostgreSQL 15 to 17), but a hit needs none
SELECT outcome('SELECT hides()') IN ('25000', 'done');
BEGIN;
UPDATE tb_item SET name = 'uno';
SELECT outcome('SELECT 1 / (hides() LIKE ''%uno%'')::int') IN ('25000', 'done');
ROLLBACK;
SELECT every_function();
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

--
-- Trigger functions called by triggers that are not the extension's, and not as triggers
--
SELECT outcome(format('SELECT %s()', oid::regproc)) FROM pg_proc
WHERE pronamespace = 'fraiseql'::regnamespace AND prorettype = 'trigger'::regtype ORDER BY proname;
CREATE TABLE target (id int PRIMARY KEY, name text);
CREATE TABLE target_rows (id int) PARTITION BY LIST (id);
CREATE TABLE target_row PARTITION OF target_rows DEFAULT;
CREATE VIEW target_view AS SELECT * FROM target;
CREATE FUNCTION try_trigger(relation text, events text, function text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %s VALUES (5)', relation);
	EXECUTE format('CREATE TRIGGER strange %s EXECUTE FUNCTION %s', format(events, relation), function);
	EXECUTE format('INSERT INTO %s VALUES (1)', relation);
	EXECUTE format('UPDATE %s SET id = 2', relation);
	EXECUTE format('DELETE FROM %s', relation);
	IF relation <> 'target_view' THEN
		EXECUTE format('TRUNCATE %s', relation);
	END IF;
	RAISE EXCEPTION USING errcode = 'UNDO0';
EXCEPTION
	WHEN SQLSTATE 'UNDO0' THEN RETURN 'done';
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
SELECT relation, events, string_agg(DISTINCT try_trigger(relation, events, function || argument), ' ')
FROM unnest('{target,target_rows,target_row,target_view}'::text[]) WITH ORDINALITY AS r (relation, n),
	unnest(ARRAY['BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW', 'AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW',
		'BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s',
		'INSTEAD OF INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW', 'AFTER INSERT ON %s REFERENCING NEW TABLE AS n',
		'AFTER UPDATE ON %s REFERENCING OLD TABLE AS o NEW TABLE AS n', 'AFTER UPDATE OF id ON %s FOR EACH ROW WHEN (old.id = 1)']) WITH ORDINALITY AS e (events, m),
	(SELECT oid::regproc::text FROM pg_proc WHERE pronamespace = 'fraiseql'::regnamespace AND prorettype = 'trigger'::regtype) AS f (function),
	unnest(ARRAY['()', '(1)', '(''a'', 1e9, b)']) AS a (argument)
GROUP BY relation, events, n, m ORDER BY n, m;
-- and an event trigger cannot be one of them
CREATE EVENT TRIGGER strange ON ddl_command_end EXECUTE FUNCTION fraiseql.track_row();

-- the server stands, and works
SELECT fraiseql.execute('{ items { id name } }');
SELECT * FROM fraiseql.validate_coherency();
SET client_min_messages = warning;
DROP SCHEMA hostile_calls CASCADE;
DROP FOREIGN DATA WRAPPER nothing CASCADE;
