-- A transaction that has written: it sees its own writes whatever it asks, is served kept answers that show none of them,
-- and keeps nothing.  "hit" stands for a kept answer, "executed" for one that was not; the answer follows.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA own_writes;
SET search_path = own_writes;
CREATE TABLE tb_town (id int PRIMARY KEY, name text NOT NULL, mayor text);
CREATE TABLE tb_street (id int PRIMARY KEY, name text, town_id int NOT NULL REFERENCES tb_town ON DELETE CASCADE);
CREATE INDEX ON tb_street (town_id);
CREATE TABLE tb_tree (id int PRIMARY KEY, kind text);
CREATE TABLE diary (id serial, line text);
INSERT INTO tb_town VALUES (1, 'Ulm', 'Ann'), (2, 'Bern', 'Bob');
INSERT INTO tb_street VALUES (1, 'Hafen', 1), (2, 'Markt', 2);
INSERT INTO tb_tree VALUES (1, 'oak'), (2, 'elm');
SELECT fraiseql.expose('tb_town', 'Town'), fraiseql.expose('tb_street', 'Street'), fraiseql.expose('tb_tree', 'Tree');

CREATE FUNCTION hits() RETURNS bigint LANGUAGE sql AS 'SELECT hits FROM fraiseql.cache_stats';
CREATE FUNCTION own(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before bigint := hits();
	answer text := fraiseql.execute(query)->'data';
BEGIN
	RETURN CASE WHEN hits() > before THEN 'hit ' ELSE 'executed ' END || answer;
END $$;
-- all of these are in the cache when a transaction begins
CREATE FUNCTION town(id int) RETURNS text LANGUAGE sql AS $$ SELECT own(format('{ town(id: %s) { name } }', id)) $$;
CREATE FUNCTION mayor(id int) RETURNS text LANGUAGE sql AS $$ SELECT own(format('{ town(id: %s) { mayor } }', id)) $$;
CREATE FUNCTION streets(id int) RETURNS text LANGUAGE sql AS
	$$ SELECT own(format('{ town(id: %s) { streets { name } } }', id)) $$;
CREATE FUNCTION towns() RETURNS text LANGUAGE sql AS $$ SELECT own('{ towns { name } }') $$;
CREATE FUNCTION trees() RETURNS text LANGUAGE sql AS $$ SELECT own('{ trees { kind } }') $$;
CREATE FUNCTION warm() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..2 LOOP
		PERFORM town(1), town(2), mayor(1), mayor(2), streets(1), streets(2), town(3), towns(), trees();
	END LOOP;
	RETURN 'warm';
END $$;

-- a write to a table that nobody tracks, and an xid alone
SELECT warm();
BEGIN;
INSERT INTO diary (line) VALUES ('dear diary');
SELECT town(1);
SELECT trees();
ROLLBACK;
BEGIN;
SELECT pg_current_xact_id() IS NOT NULL;
SELECT town(1);
ROLLBACK;

-- an update of one column of one row: its readers execute, those of other rows, columns and tables do not
BEGIN;
UPDATE tb_town SET name = 'Ulm an der Donau' WHERE id = 1;
SELECT town(1);
SELECT mayor(1);
SELECT town(2);
SELECT streets(1);
SELECT towns();
SELECT trees();
ROLLBACK;
SELECT town(1);
SELECT towns();

-- rows that come, go, and move from one list to the other
BEGIN;
INSERT INTO tb_town VALUES (3, 'Graz', 'Cleo');
SELECT town(3);
SELECT towns();
SELECT town(1);
DELETE FROM tb_tree WHERE id = 2;
SELECT trees();
UPDATE tb_street SET town_id = 2 WHERE id = 1;
SELECT streets(1);
SELECT streets(2);
ROLLBACK;

-- many rows at once
BEGIN;
SET LOCAL fraiseql.bulk_write_limit = 1;
UPDATE tb_street SET name = upper(name);
SELECT streets(1);
SELECT streets(2);
SELECT town(1);
ROLLBACK;

-- a cascade, TRUNCATE, COPY
BEGIN;
DELETE FROM tb_town WHERE id = 2;
SELECT streets(2);
SELECT streets(1);
SELECT town(2);
ROLLBACK;
BEGIN;
TRUNCATE tb_tree;
SELECT trees();
SELECT town(1);
ROLLBACK;
BEGIN;
COPY tb_tree FROM stdin;
3	ash
\.
SELECT trees();
SELECT town(1);
ROLLBACK;

-- savepoints: what is undone shows no more, though it still counts as changed
BEGIN;
SAVEPOINT s;
UPDATE tb_tree SET kind = 'fir';
SELECT trees();
ROLLBACK TO s;
SELECT trees();
UPDATE tb_town SET mayor = 'Dan' WHERE id = 2;
ROLLBACK TO s;
SELECT mayor(2);
SELECT town(2);
COMMIT;
SELECT trees();

-- definitions and privileges count too
BEGIN;
ALTER TABLE tb_tree ADD COLUMN age int;
SELECT trees();
SELECT town(1);
ROLLBACK;
SELECT warm();

-- nothing that a transaction computes after it has written is kept for others, whatever it shows
BEGIN;
INSERT INTO tb_tree VALUES (9, 'yew');
SELECT own('{ trees { id kind } }');
SELECT own('{ trees { id kind } }');
SELECT own('{ towns { id mayor } }');
SELECT own('{ towns { id mayor } }');
ROLLBACK;
SELECT own('{ trees { id kind } }');
SELECT own('{ towns { id mayor } }');

-- REPEATABLE READ and SERIALIZABLE
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_town SET name = 'Ulm an der Donau' WHERE id = 1;
SELECT town(1);
SELECT town(2);
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE tb_town SET name = 'Ulm an der Donau' WHERE id = 1;
SELECT town(1);
SELECT town(2);
ROLLBACK;

-- Within a statement that writes, rows are changed that no trigger has named yet.  Each function here sees what the
-- statement has done so far (it writes itself, which advances the command counter).
CREATE FUNCTION count_trees() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO diary (line) VALUES ('I counted the trees');
	RETURN json_array_length(fraiseql.execute('{ trees { kind } }')->'data'->'trees');
END $$;
SELECT warm();
SELECT count_trees();
BEGIN;
INSERT INTO tb_tree SELECT 10 + i, 'pine ' || count_trees() FROM generate_series(1, 3) AS i RETURNING kind;
ROLLBACK;
BEGIN;
WITH planted AS (INSERT INTO tb_tree SELECT 10 + i, 'larch ' || count_trees() FROM generate_series(1, 3) AS i RETURNING kind)
SELECT kind FROM planted;
ROLLBACK;
ALTER TABLE tb_tree ALTER COLUMN kind SET DEFAULT 'palm ' || count_trees();
SELECT warm();
BEGIN;
INSERT INTO diary (line) VALUES ('');
COPY tb_tree (id) FROM stdin;
21
22
\.
SELECT id, kind FROM tb_tree WHERE id > 20 ORDER BY id;
ROLLBACK;

-- a trigger that runs before the tracking triggers of the same rows
CREATE FUNCTION note_trees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '%', trees();
	RETURN NULL;
END $$;
CREATE TRIGGER aaa AFTER INSERT ON tb_tree FOR EACH ROW EXECUTE FUNCTION note_trees();
ALTER TABLE tb_tree ALTER COLUMN kind DROP DEFAULT;
SELECT warm();
INSERT INTO tb_tree VALUES (31, 'birch');
DELETE FROM tb_tree WHERE id = 31;
DROP TRIGGER aaa ON tb_tree;
-- and one that is deferred until all statements have ended
CREATE CONSTRAINT TRIGGER zzz AFTER INSERT ON tb_tree DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION note_trees();
SELECT warm();
BEGIN;
INSERT INTO tb_tree VALUES (32, 'beech');
SELECT trees();
COMMIT;
DELETE FROM tb_tree WHERE id = 32;
DROP TRIGGER zzz ON tb_tree;

-- a statement that fails leaves nothing behind: the session is served again
SELECT warm();
BEGIN;
INSERT INTO diary (line) VALUES ('');
SAVEPOINT s;
INSERT INTO tb_tree VALUES (1, 'twice');
ROLLBACK TO s;
SELECT town(1);
SAVEPOINT t;
COPY tb_tree FROM stdin;
1	twice
\.
ROLLBACK TO t;
SELECT town(1);
COMMIT;

SELECT fraiseql.hide('tb_town'), fraiseql.hide('tb_street'), fraiseql.hide('tb_tree');
SET client_min_messages = warning;
DROP SCHEMA own_writes CASCADE;
