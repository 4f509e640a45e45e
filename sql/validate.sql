-- validate_coherency(): no row about a coherent cache, in every state that a session can bring about, and who may ask.
-- That it sees damage is shown in test/tap/t/040_validate.pl.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA validate;
SET search_path = validate, ask;
CREATE TABLE tb_sample (id int PRIMARY KEY, name text, tenant text);
INSERT INTO tb_sample SELECT i, 'name ' || i, 'a' FROM generate_series(1, 300) AS i;
SELECT fraiseql.expose('tb_sample', 'Sample');
SELECT fraiseql.cache_reset() >= 0;
SELECT * FROM fraiseql.validate_coherency();
-- answers, long ones, and some about single rows
SELECT length(ask('{ samples { id name } }')) > 5000;
SELECT count(ask(format('{ sample(id: %s) { name } }', i))) FROM generate_series(1, 50) AS i;
SELECT * FROM fraiseql.validate_coherency();
-- after writes, in a transaction that has written, after a rollback
UPDATE tb_sample SET name = 'other' WHERE id < 10;
SELECT * FROM fraiseql.validate_coherency();
BEGIN;
DELETE FROM tb_sample WHERE id = 1;
SELECT * FROM fraiseql.validate_coherency();
SAVEPOINT one;
TRUNCATE tb_sample;
ROLLBACK TO one;
SELECT * FROM fraiseql.validate_coherency();
ROLLBACK;
SELECT * FROM fraiseql.validate_coherency();
-- a table whose tracking is off has no answers; the session that turns it off knows before the others
SELECT ask('{ sample(id: 3) { name } }');
BEGIN;
ALTER TABLE tb_sample DISABLE TRIGGER USER;
SELECT * FROM fraiseql.validate_coherency();
COMMIT;
SELECT * FROM fraiseql.validate_coherency();
SELECT ask('{ sample(id: 3) { name } }');
SELECT * FROM fraiseql.validate_coherency();
-- answers that vary on a setting
CREATE VIEW v_own_sample AS SELECT id, name FROM tb_sample WHERE tenant = current_setting('validate.tenant', true);
SELECT fraiseql.expose('v_own_sample', 'OwnSample');
SET validate.tenant = 'b';
SELECT ask('{ ownSamples { id } }');
SELECT ask('{ ownSamples { id } }');
SELECT * FROM fraiseql.validate_coherency();
-- other isolation levels
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT * FROM fraiseql.validate_coherency();
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT * FROM fraiseql.validate_coherency();
COMMIT;
-- for those who watch the server
CREATE ROLE regress_fql_watcher;
SET ROLE regress_fql_watcher;
SELECT * FROM fraiseql.validate_coherency();
RESET ROLE;
GRANT pg_monitor TO regress_fql_watcher;
SET ROLE regress_fql_watcher;
SELECT * FROM fraiseql.validate_coherency();
RESET ROLE;
-- an answer that is still right: the others the worker may have freed
SELECT ask('{ ownSamples { id } }');
SELECT fraiseql.cache_reset() > 0;
SELECT * FROM fraiseql.validate_coherency();

SET client_min_messages = warning;
DROP SCHEMA validate CASCADE;
DROP ROLE regress_fql_watcher;
