-- fraiseql.declare_pure(): the DBA's word for functions that nobody can look into.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA declare_pure;
SET search_path = declare_pure, ask;
CREATE TABLE tb_item (id int PRIMARY KEY, price int);
CREATE TABLE rate (value int);
INSERT INTO tb_item VALUES (1, 10);
INSERT INTO rate VALUES (2);
SELECT fraiseql.track('rate');
CREATE FUNCTION gross(int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1 * (SELECT value FROM declare_pure.rate); END $$;
CREATE VIEW v_opaque AS SELECT id, gross(price) AS value FROM tb_item;
SELECT fraiseql.expose('v_opaque', 'Opaque');

SELECT ask('{ opaque(id: 1) { value } }');
SELECT fraiseql.declare_pure('gross(int)');
SELECT ask('{ opaque(id: 1) { value } }');
SELECT ask('{ opaque(id: 1) { value } }');
-- what its queries read is seen
UPDATE rate SET value = 3;
SELECT ask('{ opaque(id: 1) { value } }');
SELECT ask('{ opaque(id: 1) { value } }');
-- what they say for themselves, too
CREATE OR REPLACE FUNCTION gross(int) RETURNS int STABLE LANGUAGE plpgsql AS $$
BEGIN RETURN (SELECT $1 * value FROM declare_pure.rate WHERE now() IS NOT NULL); END $$;
SELECT ask('{ opaque(id: 1) { value } }');
-- the word stays when the function is replaced
CREATE OR REPLACE FUNCTION gross(int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1 * 4; END $$;
SELECT ask('{ opaque(id: 1) { value } }');
SELECT ask('{ opaque(id: 1) { value } }');
-- taken back, what was kept is gone; in a transaction that does not commit, it is not
BEGIN;
SELECT fraiseql.declare_pure('gross(int)', false);
ROLLBACK;
SELECT ask('{ opaque(id: 1) { value } }');
SELECT fraiseql.declare_pure('gross(int)', false);
SELECT ask('{ opaque(id: 1) { value } }');
-- the same with SECURITY LABEL
SECURITY LABEL FOR fraiseql ON FUNCTION gross(int) IS 'pure';
SELECT ask('{ opaque(id: 1) { value } }');
SELECT ask('{ opaque(id: 1) { value } }');
SECURITY LABEL FOR fraiseql ON FUNCTION gross(int) IS NULL;
SELECT ask('{ opaque(id: 1) { value } }');

-- a volatile one, and one whose text names the clock
CREATE FUNCTION unsure(int) RETURNS int VOLATILE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION worded(int) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT 'now' <> '' /* only a word */ $$;
CREATE VIEW v_unsure AS SELECT id, unsure(price) AS value FROM tb_item;
CREATE VIEW v_worded AS SELECT id, worded(price) AS value FROM tb_item;
SELECT fraiseql.expose('v_unsure', 'Unsure'), fraiseql.expose('v_worded', 'Worded');
SELECT ask('{ unsure(id: 1) { value } }');
SELECT ask('{ worded(id: 1) { value } }');
SELECT fraiseql.declare_pure('unsure(int)'), fraiseql.declare_pure('worded(int)', pure => true);
SELECT ask('{ unsure(id: 1) { value } }');
SELECT ask('{ unsure(id: 1) { value } }');
SELECT ask('{ worded(id: 1) { value } }');
SELECT ask('{ worded(id: 1) { value } }');
-- a write is a write
CREATE TABLE trace (value int);
CREATE FUNCTION writes(int) RETURNS int VOLATILE LANGUAGE plpgsql AS $$ BEGIN INSERT INTO declare_pure.trace VALUES ($1); RETURN $1; END $$;
CREATE VIEW v_writes AS SELECT id, writes(price) AS value FROM tb_item;
SELECT fraiseql.expose('v_writes', 'Writes'), fraiseql.declare_pure('writes(int)');
SELECT ask('{ writes(id: 1) { value } }');
SELECT ask('{ writes(id: 1) { value } }');
-- and an operation within an operation is seen, though PL/pgSQL calls it without the executor
CREATE FUNCTION again() RETURNS json VOLATILE LANGUAGE plpgsql AS $$ BEGIN RETURN fraiseql.execute('{ opaque(id: 1) { value } }'); END $$;
CREATE VIEW v_again AS SELECT id, again() AS value FROM tb_item;
SELECT fraiseql.expose('v_again', 'Again'), fraiseql.declare_pure('again()');
SELECT fraiseql.declare_pure('gross(int)');
SELECT ask('{ opaque(id: 1) { value } }');
SELECT ask('{ again(id: 1) { value } }');
SELECT ask('{ again(id: 1) { value } }');

-- functions that no plan shows: a cast to json, and the support functions of an aggregate
CREATE TYPE feeling AS (word text);
CREATE FUNCTION feeling_to_json(feeling) RETURNS json STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN to_json(($1).word); END $$;
CREATE CAST (feeling AS json) WITH FUNCTION feeling_to_json(feeling);
CREATE FUNCTION longest(int, int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN greatest($1, $2); END $$;
CREATE AGGREGATE longest(int) (sfunc = longest, stype = int);
CREATE VIEW v_feeling AS SELECT id, to_json(ROW('glad')::feeling) AS value FROM tb_item;
CREATE VIEW v_longest AS SELECT id, longest(price) AS value FROM tb_item GROUP BY id;
SELECT fraiseql.expose('v_feeling', 'Feeling'), fraiseql.expose('v_longest', 'Longest');
SELECT ask('{ feeling(id: 1) { value } }');
SELECT ask('{ longest(id: 1) { value } }');
SELECT fraiseql.declare_pure('feeling_to_json(feeling)'), fraiseql.declare_pure('longest(int, int)');
SELECT ask('{ feeling(id: 1) { value } }');
SELECT ask('{ longest(id: 1) { value } }');
SELECT fraiseql.declare_pure('feeling_to_json(feeling)', false);
SELECT ask('{ feeling(id: 1) { value } }');
DROP CAST (feeling AS json);

-- what cannot be declared, and who cannot
\set VERBOSITY default
SELECT fraiseql.declare_pure(NULL);
SELECT fraiseql.declare_pure('gross(int)', NULL);
SELECT fraiseql.declare_pure(987654321::regprocedure);
SELECT fraiseql.declare_pure('now()');
SELECT fraiseql.declare_pure('longest(int)');
SELECT fraiseql.declare_pure('fraiseql.cache_reset()');
CREATE PROCEDURE proceed() LANGUAGE sql AS '';
SELECT fraiseql.declare_pure('proceed()');
SECURITY LABEL FOR fraiseql ON FUNCTION gross(int) IS 'nearly pure';
SECURITY LABEL FOR fraiseql ON TABLE tb_item IS 'pure';
SECURITY LABEL FOR fraiseql ON AGGREGATE longest(int) IS 'pure';
CREATE ROLE regress_fraiseql_declarer;
GRANT ALL ON SCHEMA declare_pure TO regress_fraiseql_declarer;
SET ROLE regress_fraiseql_declarer;
CREATE FUNCTION own(int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
SELECT fraiseql.declare_pure('own(int)');
SECURITY LABEL FOR fraiseql ON FUNCTION own(int) IS 'pure';
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraiseql.declare_pure(regprocedure, boolean) TO regress_fraiseql_declarer;
SET ROLE regress_fraiseql_declarer;
SELECT fraiseql.declare_pure('own(int)');
RESET ROLE;

-- a caught error may come from any row, so the answer is not kept, declared or not
CREATE TABLE tb_part (id int PRIMARY KEY, owner int, x int);
CREATE INDEX ON tb_part (owner);
INSERT INTO tb_part VALUES (1, 5, 1), (2, 6, 0);
ANALYZE tb_part;
CREATE FUNCTION divides(x int) RETURNS bool IMMUTABLE COST 0.1 LANGUAGE plpgsql AS $$ BEGIN RETURN 10 / x > 0; END $$;
CREATE FUNCTION total(int) RETURNS int STABLE LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT sum(x) FROM declare_pure.tb_part WHERE declare_pure.divides(x) AND owner = $1);
EXCEPTION WHEN division_by_zero THEN
	RETURN -1;
END $$;
SELECT fraiseql.declare_pure('total(int)'), fraiseql.track('tb_part');
CREATE VIEW v_total AS SELECT id, total(5) AS value FROM tb_item;
SELECT fraiseql.expose('v_total', 'Total');
SELECT ask('{ total(id: 1) { value } }');
UPDATE tb_part SET x = 1 WHERE id = 2;
SELECT ask('{ total(id: 1) { value } }');
SELECT ask('{ total(id: 1) { value } }');

-- a function that reads a table and is labelled immutable is folded into the plans that functions keep, but not for good
CREATE TABLE tb_word (k text PRIMARY KEY, v text);
INSERT INTO tb_word VALUES ('x', 'first');
CREATE FUNCTION word(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT v FROM declare_pure.tb_word WHERE k = $1';
CREATE FUNCTION looked_up() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT declare_pure.word('x') || max(x) FROM declare_pure.tb_part); END $$;
SELECT fraiseql.declare_pure('looked_up()'), fraiseql.track('tb_word');
CREATE VIEW v_lookup AS SELECT id, looked_up() AS value FROM tb_item;
SELECT fraiseql.expose('v_lookup', 'Lookup');
SELECT ask('{ lookup(id: 1) { value } }');
UPDATE tb_word SET v = 'second';
SELECT ask('{ lookup(id: 1) { value } }');
UPDATE tb_word SET v = 'third';
SELECT ask('{ lookup(id: 1) { value } }');

-- explain() within an operation, like execute(), hides what it read
CREATE FUNCTION explained() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN fraiseql.explain('{ total(id: 1) { value } }') -> 'cached'; END $$;
SELECT fraiseql.declare_pure('explained()');
CREATE VIEW v_explained AS SELECT id, explained() AS value FROM tb_item;
SELECT fraiseql.expose('v_explained', 'Explained');
SELECT ask('{ explained(id: 1) { value } }');

-- the word goes with the function
SELECT objname, label FROM pg_seclabels WHERE provider = 'fraiseql' ORDER BY objname COLLATE "C";
SET client_min_messages = warning;
DROP SCHEMA declare_pure CASCADE;
DROP OWNED BY regress_fraiseql_declarer;
DROP ROLE regress_fraiseql_declarer;
SELECT count(*) FROM pg_seclabels WHERE provider = 'fraiseql';
