-- The audit trail: what each committed transaction did to the cache.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA audit;
SET search_path = audit, ask;
CREATE TABLE tb_town (id int PRIMARY KEY, name text);
CREATE TABLE tb_street (id int PRIMARY KEY, name text, town_id int REFERENCES tb_town);
CREATE TABLE ledger (id int PRIMARY KEY, line text);
INSERT INTO tb_town VALUES (1, 'Ulm'), (2, 'Bern');
INSERT INTO tb_street VALUES (1, 'Markt', 1), (2, 'Gasse', 2);
SELECT fraiseql.expose('tb_town', 'Town'), fraiseql.expose('tb_street', 'Street');
SELECT fraiseql.track('ledger');

-- The worker comes by within a moment: wait until it has a record of the last transaction.
CREATE FUNCTION trail(after bigint) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..600 LOOP
		EXIT WHEN EXISTS (SELECT FROM fraiseql.audit_recent WHERE number > after);
		PERFORM pg_sleep(0.05);
	END LOOP;
	PERFORM pg_sleep(0.1);
	RETURN QUERY SELECT concat_ws(' ', status, entities, entity_count, CASE WHEN truncated THEN 'truncated' END,
		CASE WHEN definitions THEN 'definitions' END, 'entries:', entries_invalidated, 'keys:', cardinality(keys), error)
		FROM fraiseql.audit_recent WHERE number > after ORDER BY number;
END $$;
CREATE VIEW newest AS SELECT coalesce(max(number), 0) AS number FROM fraiseql.audit_recent;

-- two answers, one of which dies
SELECT ask('{ town(id: 1) { name } }'), ask('{ town(id: 2) { name } }');
SELECT ask('{ town(id: 1) { name } }'), ask('{ town(id: 2) { name } }');
SELECT pg_sleep(0.2);
SELECT number AS before FROM newest \gset
UPDATE tb_town SET name = 'Ulm an der Donau' WHERE id = 1;
SELECT * FROM trail(:before);
SELECT ask('{ town(id: 1) { name } }'), ask('{ town(id: 2) { name } }');

-- the key is that of the entry
SELECT number AS before FROM newest \gset
SELECT key_hash AS hash FROM fraiseql.cache_entries WHERE query LIKE '%town%' AND valid ORDER BY created_at DESC LIMIT 1 \gset
UPDATE tb_town SET name = 'Ulm' WHERE id = 1;
SELECT count(*) FROM trail(:before);
SELECT keys = ARRAY[:'hash'] FROM fraiseql.audit_recent WHERE number > :before;

-- who, when, where
SELECT xid IS NOT NULL, role::regrole = current_user::regrole, database = (SELECT oid FROM pg_database WHERE datname = current_database()),
	committed_at <= processed_at, latency = processed_at - committed_at, mutation_id IS NULL
FROM fraiseql.audit_recent WHERE number > :before;

-- several rows of several tables; a table that is tracked and not exposed; a rollback; no change
SELECT number AS before FROM newest \gset
BEGIN;
INSERT INTO tb_town VALUES (3, 'Graz');
DELETE FROM tb_street WHERE id = 2;
INSERT INTO ledger VALUES (1, 'x');
SAVEPOINT s;
INSERT INTO ledger VALUES (2, 'gone');
ROLLBACK TO s;
COMMIT;
SELECT * FROM trail(:before);
SELECT number AS before FROM newest \gset
BEGIN;
INSERT INTO tb_town VALUES (4, 'Linz');
ROLLBACK;
UPDATE tb_town SET name = name;
SELECT 1;
INSERT INTO tb_town VALUES (5, 'Wien');
SELECT * FROM trail(:before);

-- more rows than are named; TRUNCATE; definitions
SELECT number AS before FROM newest \gset
BEGIN;
SET LOCAL fraiseql.cascade_max_entities = 1;
INSERT INTO ledger SELECT i, '' FROM generate_series(10, 12) AS i;
COMMIT;
SELECT * FROM trail(:before);
SELECT number AS before FROM newest \gset
TRUNCATE ledger;
SELECT * FROM trail(:before);
SELECT number AS before FROM newest \gset
ALTER TABLE ledger ADD COLUMN more int;
SELECT * FROM trail(:before);

-- totals
SELECT fraiseql.stats_reset();
SELECT cascades, failure_rate, average_latency_ms FROM fraiseql.cascade_stats;
SELECT number AS before FROM newest \gset
INSERT INTO ledger VALUES (20, 'a'), (21, 'b');
SELECT * FROM trail(:before);
SELECT cascades, succeeded, partial, failed, lost, failure_rate, entities, entries_invalidated, average_invalidations,
	average_latency_ms > 0, max_latency_ms >= average_latency_ms, queued_bytes FROM fraiseql.cascade_stats;

-- how long cascades took: to be processed, and to be written into responses, which those of SQL are not
SELECT p99_latency_ms >= average_latency_ms, max_latency_ms >= p99_latency_ms, extractions, average_extraction_ms, p99_extraction_ms,
	max_extraction_ms, stats_reset BETWEEN now() - interval '1 hour' AND now() FROM fraiseql.cascade_stats;
SELECT fraiseql.expose('tb_town', 'Town', '{"mutations": true}');
CREATE FUNCTION mutate(query text) RETURNS text LANGUAGE sql AS
	$$SELECT regexp_replace(fraiseql.execute(query)::text, ',"extensions":{"cascade":.*}}$', '}')$$;
-- Until it has one of this mutation, and of all that committed before.
CREATE FUNCTION processed(mutation text, after bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..600 LOOP
		EXIT WHEN EXISTS (SELECT FROM fraiseql.audit_recent WHERE mutation_id = mutation AND number > after);
		PERFORM pg_sleep(0.05);
	END LOOP;
	RETURN EXISTS (SELECT FROM fraiseql.audit_recent WHERE mutation_id = mutation AND number > after);
END $$;
SELECT number AS before FROM newest \gset
SELECT mutate('mutation { insertTowns(objects: [{id: 30, name: "Rom"}]) { affectedCount } }');
SELECT extractions, max_extraction_ms > 0, average_extraction_ms = max_extraction_ms, p99_extraction_ms = max_extraction_ms
FROM fraiseql.cascade_stats;
-- one that fails has a response too, and so has one that is rolled back; one with two fields has one cascade
SELECT mutate('mutation { insertTowns(objects: [{id: 30}]) { affectedCount } }');
BEGIN;
SELECT mutate('mutation { a: insertTowns(objects: [{id: 31}]) { affectedCount } b: insertTowns(objects: [{id: 32}]) { affectedCount } }');
ROLLBACK;
-- a query has none, and transaction_cascade() is no mutation's
SELECT ask('{ towns { id } }') IS NOT NULL, fraiseql.transaction_cascade() IS NOT NULL;
SELECT extractions, average_extraction_ms <= max_extraction_ms, p99_extraction_ms = max_extraction_ms FROM fraiseql.cascade_stats;
-- metrics() says the same, in seconds
SELECT processed('insertTowns', :before);
SELECT name, abs(sample::float8 - CASE WHEN name ~ 'seconds' THEN value / 1000 ELSE value END) < 1e-9 AS same
FROM fraiseql.cascade_stats AS c,
	LATERAL (VALUES ('latency_average_seconds', average_latency_ms), ('latency_p99_seconds', p99_latency_ms),
		('latency_max_seconds', max_latency_ms), ('extractions_total', extractions),
		('extraction_average_seconds', average_extraction_ms), ('extraction_p99_seconds', p99_extraction_ms),
		('extraction_max_seconds', max_extraction_ms)) AS v (name, value)
	LEFT JOIN LATERAL (SELECT split_part(line, ' ', 2) FROM string_to_table(fraiseql.metrics(), E'\n') AS line
		WHERE line LIKE 'fraiseql_cascade_' || name || ' %') AS m (sample) ON true;
SELECT fraiseql.stats_reset();
SELECT extractions, average_extraction_ms, p99_extraction_ms, max_extraction_ms, p99_latency_ms, max_latency_ms,
	clock_timestamp() - stats_reset < interval '1 hour' FROM fraiseql.cascade_stats;
SELECT number AS before FROM newest \gset
SELECT mutate('mutation { deleteTowns(where: {id: {eq: 30}}) { affectedCount } }');
SELECT processed('deleteTowns', :before);
SELECT extractions, p99_latency_ms <= max_latency_ms FROM fraiseql.cascade_stats;

-- for monitoring alone: it has ids of rows
CREATE ROLE regress_audit_nobody;
CREATE ROLE regress_audit_monitor IN ROLE pg_monitor;
SET ROLE regress_audit_nobody;
SELECT count(*) FROM fraiseql.audit_recent;
SELECT cascades > 0 FROM fraiseql.cascade_stats;
SET ROLE regress_audit_monitor;
SELECT count(*) > 0 FROM fraiseql.audit_recent;
RESET ROLE;

SELECT fraiseql.hide('tb_town'), fraiseql.hide('tb_street');
SET client_min_messages = warning;
DROP SCHEMA audit CASCADE;
DROP ROLE regress_audit_nobody, regress_audit_monitor;
