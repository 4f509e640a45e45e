-- Shadow verification (fraiseql.verify_sample): hits that are executed too, and compared; what is found is counted, the
-- wrong answer goes, and the caller gets the right one.  What the server's log says: test/tap/t/041_verify.pl.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA verify;
SET search_path = verify, ask;
CREATE TABLE tb_measure (id int PRIMARY KEY, n int);
INSERT INTO tb_measure SELECT i, i FROM generate_series(1, 20) AS i;
SELECT fraiseql.expose('tb_measure', 'Measure');
SELECT fraiseql.cache_reset() >= 0;
SELECT fraiseql.stats_reset();
CREATE VIEW seen AS SELECT verified, failures, inconclusive, errors FROM fraiseql.verify_stats;
-- off, as it comes
SHOW fraiseql.verify_sample;
SELECT ask('{ measure(id: 3) { n } }');
SELECT ask('{ measure(id: 3) { n } }');
TABLE seen;
-- on: every hit, and nothing but hits
SET fraiseql.verify_sample = 1;
SELECT ask('{ measure(id: 3) { n } }');
TABLE seen;
SELECT ask('{ measure(id: 4) { n } }');
SELECT fraiseql.execute('query($id: Int!) { measure(id: $id) { n } }', '{"id": 4}');
SELECT fraiseql.execute('query($id: Int!) { measure(id: $id) { n } }', '{"id": 4}');
SELECT fraiseql.execute('query($id: Int!) { measure(id: $id) { n } }', '{"id": 4}');
TABLE seen;
UPDATE tb_measure SET n = 40 WHERE id = 4;
SELECT ask('{ measure(id: 4) { n } }');
SELECT ask('{ measure(id: 4) { n } }');
TABLE seen;
-- within a transaction that keeps its snapshot; it takes no locks and no transaction id with it
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT ask('{ measure(id: 4) { n } }');
SELECT count(*) FROM pg_locks WHERE relation = 'tb_measure'::regclass;
SELECT pg_current_xact_id_if_assigned() IS NULL;
COMMIT;
TABLE seen;
-- half of them
SET fraiseql.verify_sample = 0.5;
SELECT count(fraiseql.execute('{ measure(id: 4) { n } }')) FROM generate_series(1, 400);
SELECT verified BETWEEN 100 AND 300 FROM seen;
SET fraiseql.verify_sample = 1;
-- answers that vary on a setting
CREATE VIEW v_own_measure AS SELECT id, n FROM tb_measure WHERE n = current_setting('verify.n')::int;
SELECT fraiseql.expose('v_own_measure', 'OwnMeasure');
SET verify.n = 5;
SELECT ask('{ ownMeasures { n } }');
SELECT ask('{ ownMeasures { n } }');
SET verify.n = 6;
SELECT ask('{ ownMeasures { n } }');
SELECT ask('{ ownMeasures { n } }');
SELECT failures, inconclusive, errors FROM seen;

-- A promise that is not true: the function depends on a setting, by a name that nobody can see.
CREATE FUNCTION mood() RETURNS text STABLE LANGUAGE plpgsql AS $$
	BEGIN
		IF current_setting('verify.' || 'fails', true) = 'slowly' THEN
			PERFORM pg_sleep(100);
		ELSIF current_setting('verify.' || 'fails', true) = 'at once' THEN
			RAISE EXCEPTION 'bad mood';
		END IF;
		RETURN current_setting('verify.' || 'mood', true);
	END
$$;
SELECT fraiseql.declare_pure('mood()');
CREATE VIEW v_humour AS SELECT id, n, mood() AS mood FROM tb_measure;
SELECT fraiseql.expose('v_humour', 'Humour');
SET verify.mood = 'calm';
SELECT ask('{ humours(where: {id: {eq: 7}}) { id mood } }');
SELECT ask('{ humours(where: {id: {eq: 7}}) { id mood } }');
SELECT failures, inconclusive, errors FROM seen;
SET fraiseql.verify_sample = 0;
SET verify.mood = 'merry';
-- unseen without verification
SELECT ask('{ humours(where: {id: {eq: 7}}) { id mood } }');
SET fraiseql.verify_sample = 1;
SELECT ask('{ humours(where: {id: {eq: 7}}) { id mood } }');
SELECT failures, inconclusive, errors FROM seen;
-- the wrong one is gone
SELECT ask('{ humours(where: {id: {eq: 7}}) { id mood } }');
SELECT ask('{ humours(where: {id: {eq: 7}}) { id mood } }');
SELECT failures, inconclusive, errors FROM seen;
SELECT * FROM fraiseql.validate_coherency();
-- an execution that fails proves nothing, and is not the caller's
SET verify.fails = 'at once';
SELECT ask('{ humours(where: {id: {eq: 7}}) { id mood } }');
SELECT failures, inconclusive, errors FROM seen;
BEGIN;
SELECT ask('{ humours(where: {id: {eq: 7}}) { id mood } }');
SELECT 1;
COMMIT;
-- cancelling is
SET verify.fails = 'slowly';
SET statement_timeout = '200ms';
SELECT ask('{ humours(where: {id: {eq: 7}}) { id mood } }');
RESET statement_timeout;
RESET verify.fails;
SELECT ask('{ humours(where: {id: {eq: 7}}) { id mood } }');
SELECT failures, inconclusive, errors FROM seen;

-- a view whose rows ask again is executed each time, and the hits within it are verified
CREATE VIEW v_nested AS SELECT id, fraiseql.execute('{ measure(id: 8) { n } }') ->> 'data' AS inner_answer FROM tb_measure;
SELECT fraiseql.expose('v_nested', 'Nested');
SELECT ask('{ nesteds(where: {id: {eq: 9}}) { innerAnswer } }');
SELECT ask('{ nesteds(where: {id: {eq: 9}}) { innerAnswer } }');
SELECT failures, inconclusive, errors FROM seen;

-- the counts are for everybody, the setting is not
CREATE ROLE regress_fql_verify;
GRANT USAGE ON SCHEMA verify TO regress_fql_verify;
SET ROLE regress_fql_verify;
SELECT failures, errors FROM fraiseql.verify_stats;
SET fraiseql.verify_sample = 0;
RESET ROLE;
SET fraiseql.verify_sample = 1.5;
SET fraiseql.verify_sample = -1;
SET fraiseql.verify_sample = 'NaN';
RESET fraiseql.verify_sample;
SELECT fraiseql.stats_reset();
TABLE seen;

SET client_min_messages = warning;
DROP SCHEMA verify CASCADE;
DROP ROLE regress_fql_verify;
