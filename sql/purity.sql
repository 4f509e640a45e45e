-- What an answer may not depend on besides tables, each with the reason that it gets.  Needs file_fdw, of contrib.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA purity;
SET search_path = purity, ask;
CREATE TABLE tb_item (id int PRIMARY KEY, name text, at timestamptz);
INSERT INTO tb_item VALUES (1, 'one', '2020-01-01 00:00+00');

-- a view that computes a value from a row of tb_item, exposed, and asked twice
CREATE PROCEDURE try(name text, expression text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE VIEW purity.v_%s AS SELECT id, %s AS value FROM purity.tb_item i', name, expression);
	PERFORM fraiseql.expose(('purity.v_' || name)::regclass);
	COMMIT;
	FOR i IN 1..2 LOOP
		RAISE NOTICE '%', split_part(ask.ask(format('{ %s(id: 1) { value } }', name)), '}', 1);
		COMMIT;
	END LOOP;
END
$$;

-- sequences: their functions, and the relation itself
CREATE SEQUENCE counter;
CALL try('nextval', $$nextval('purity.counter') > 0$$);
CALL try('currval', $$currval('purity.counter') > 0$$);
CALL try('lastval', $$lastval() > 0$$);
CALL try('setval', $$setval('purity.counter', 1) > 0$$);
CALL try('lastvalue', $$pg_sequence_last_value('purity.counter') > 0$$);
CALL try('scanned', $$(SELECT last_value FROM purity.counter)$$);

-- statistics and sizes
CALL try('scanning', $$pg_stat_get_numscans('purity.tb_item'::regclass) >= 0$$);
CALL try('transaction', $$pg_stat_get_xact_numscans('purity.tb_item'::regclass) >= 0$$);
CALL try('backend', $$pg_stat_get_backend_pid(-1) IS NULL$$);
CALL try('relation', $$pg_relation_size('purity.tb_item') > 0$$);
CALL try('total', $$pg_total_relation_size('purity.tb_item') > 0$$);
CALL try('database', $$pg_database_size(current_database()) > 0$$);
CALL try('datum', $$pg_column_size(i.name) > 0$$);
CALL try('compression', $$pg_column_compression(i.name) IS NULL$$);

-- the clock, from stable, volatile and words
CALL try('now', $$at < now()$$);
CALL try('clock', $$at < clock_timestamp()$$);
CALL try('day', $$timeofday() <> ''$$);
CALL try('today', $$at < CURRENT_DATE$$);
CREATE FUNCTION is_over(timestamptz) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT $1 < 'now' $$;
CREATE FUNCTION is_past(timestamptz) RETURNS bool VOLATILE LANGUAGE sql AS $$ SELECT $1 < 'now' $$;
CALL try('word', $$is_over(at)$$);
-- in disguise; and a time takes the zone's offset of today
CREATE FUNCTION is_hex(timestamptz) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT $1 < E'\x6eow' $$;
CALL try('hex', $$is_hex(at)$$);
CREATE FUNCTION is_unicode(timestamptz) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT $1 < U&'!006eow' UESCAPE '!' $$;
CALL try('unicode', $$is_unicode(at)$$);
CREATE FUNCTION is_noon(timestamptz) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT $1::timetz < '12:00' $$;
CALL try('noon', $$is_noon(at)$$);
CREATE FUNCTION is_early(timestamptz) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT CAST($1 AS time (3) with time zone) < '12:00' $$;
CALL try('early', $$is_early(at)$$);
CREATE FUNCTION is_old(timestamptz) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT $1 < timestamp with time zone '2999-01-01' OR 'knowledge' <> E'x' $$;
CALL try('old', $$is_old(at)$$);
-- the planner inlines volatile functions, too
CALL try('past', $$is_past(at)$$);

-- other volatile and stable functions
CALL try('random', $$random() < 2$$);
CALL try('uuid', $$gen_random_uuid() IS NOT NULL$$);
CALL try('pid', $$pg_backend_pid() > 0$$);
CALL try('snapshot', $$pg_current_snapshot() IS NOT NULL$$);
CALL try('address', $$inet_client_addr() IS NULL$$);

-- plans that read more than tables, or otherwise than others can see
SET client_min_messages = warning;
CREATE EXTENSION file_fdw SCHEMA purity;
RESET client_min_messages;
CREATE SERVER regress_fraiseql_files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE version (line text) SERVER regress_fraiseql_files OPTIONS (filename 'PG_VERSION');
CALL try('foreigner', $$(SELECT count(*) FROM purity.version)$$);
CALL try('sampled', $$(SELECT count(*) FROM purity.tb_item TABLESAMPLE SYSTEM (100))$$);
CREATE FUNCTION locked() RETURNS int VOLATILE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT id FROM purity.tb_item FOR UPDATE); END $$;
SELECT fraiseql.declare_pure('locked()');
CALL try('locking', $$locked()$$);
CREATE FUNCTION counted() RETURNS bigint STABLE SECURITY DEFINER PARALLEL SAFE LANGUAGE sql
	SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0 SET min_parallel_table_scan_size = 0
	AS $$ SELECT count(*) FROM purity.tb_item $$;
ALTER TABLE tb_item SET (parallel_workers = 2);
CALL try('counting', $$counted()$$);
CREATE TEMPORARY TABLE mine (id int);
CREATE FUNCTION mine() RETURNS bigint STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT count(*) FROM pg_temp.mine $$;
CALL try('mine', $$mine()$$);
DROP TABLE mine;

-- built-ins that are safe, one of each kind
CALL try('typed', $$row_to_json(i)::text$$);
CALL try('zone', $$to_char(at, 'YYYY')$$);
CALL try('identity', $$current_user = session_user$$);
CALL try('catalog', $$pg_has_role('pg_read_all_data', 'USAGE')$$);

-- the reasons are in the view, with what they mean
SELECT reason, kind, count > 0, description FROM fraiseql.bypass_stats
WHERE reason IN ('sequence', 'statistics', 'clock', 'volatile', 'stable', 'foreign', 'sample', 'row_lock', 'parallel', 'temporary') ORDER BY reason;

SET client_min_messages = warning;
DROP SCHEMA purity CASCADE;
DROP SERVER IF EXISTS regress_fraiseql_files CASCADE;
