-- A change of a definition makes answers invalid like a write: views, functions, types, columns, exposures.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA cache_definitions;
SET search_path = cache_definitions, ask;
CREATE TABLE tb_word (id int PRIMARY KEY, text text NOT NULL);
INSERT INTO tb_word VALUES (1, 'a'), (2, 'b');
CREATE FUNCTION shown(text) RETURNS text STABLE LANGUAGE sql AS 'SELECT upper($1)';
CREATE VIEW v_shown AS SELECT id, shown(text) AS text, 1 AS one FROM tb_word;
SELECT fraiseql.expose('tb_word', 'Word'), fraiseql.expose('v_shown', 'Shown');
CREATE FUNCTION words() RETURNS text LANGUAGE sql AS $$ SELECT ask('{ words { text } shown(id: 1) { text one } }') $$;
SELECT words();
SELECT words();

CREATE OR REPLACE FUNCTION shown(text) RETURNS text STABLE LANGUAGE sql AS 'SELECT $1 || $1';
SELECT words();
CREATE OR REPLACE VIEW v_shown AS SELECT id, shown(text) AS text, 2 AS one FROM tb_word;
SELECT words();
ALTER TABLE tb_word ALTER COLUMN text TYPE varchar(10) USING text || '!';
DROP VIEW v_shown;
ALTER TABLE tb_word ALTER COLUMN text TYPE varchar(10) USING text || '!';
SELECT words();
CREATE VIEW v_shown AS SELECT id, shown(text) AS text, 3 AS one FROM tb_word;
SELECT fraiseql.expose('v_shown', 'Shown');
SELECT words();

-- a transaction sees its own definitions, and a rollback takes them back for everybody
BEGIN;
ALTER TABLE tb_word RENAME COLUMN text TO body;
SELECT ask('{ words { body } }');
SELECT words();
ROLLBACK;
SELECT words();
ALTER TABLE tb_word RENAME COLUMN text TO body;
SELECT ask('{ words { body } }');
SELECT words();
ALTER TABLE tb_word RENAME COLUMN body TO text;
SELECT words();

-- hide, and expose again; the exposure table itself
SELECT fraiseql.hide('v_shown'), fraiseql.hide('v_shown');
SELECT words();
SELECT fraiseql.expose('v_shown', 'Shown');
SELECT words();
UPDATE fraiseql.exposure SET type_name = 'Seen' WHERE relation = 'v_shown'::regclass;
SELECT words();
SELECT ask('{ seen(id: 2) { one } }');
BEGIN;
SELECT fraiseql.expose('v_shown', 'Shown');
SELECT words();
ROLLBACK;
SELECT words();
SELECT fraiseql.expose('v_shown', 'Shown');

-- renamed, dropped
SELECT words();
ALTER VIEW v_shown RENAME TO v_displayed;
SELECT words();
SELECT words();
DROP VIEW v_displayed;
SELECT words();
SELECT ask('{ words { text } }');

-- a function that an immutable one calls, which is folded into plans: ours, and those that functions keep
CREATE FUNCTION inner_word() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'old'; END $$;
CREATE FUNCTION outer_word() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN cache_definitions.inner_word(); END $$;
CREATE FUNCTION asked_word() RETURNS text STABLE LANGUAGE plpgsql AS
	$$ BEGIN RETURN (SELECT cache_definitions.outer_word() || count(*) FROM cache_definitions.tb_word); END $$;
SELECT fraiseql.declare_pure('asked_word()');
CREATE VIEW v_folded AS SELECT id, outer_word() AS ours, asked_word() AS theirs FROM tb_word;
SELECT fraiseql.expose('v_folded', 'Folded');
SET plan_cache_mode = force_generic_plan;
SELECT ask('{ folded(id: 1) { ours theirs } }');
CREATE OR REPLACE FUNCTION inner_word() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'new'; END $$;
SELECT ask('{ folded(id: 1) { ours theirs } }');
-- also after a rollback
BEGIN;
CREATE OR REPLACE FUNCTION inner_word() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'newest'; END $$;
SELECT asked_word();
SELECT ask('{ folded(id: 2) { ours theirs } }');
SELECT asked_word();
ROLLBACK;
SELECT ask('{ folded(id: 2) { ours theirs } }');
RESET plan_cache_mode;

-- what does not change a definition disturbs nothing
SELECT ask('{ words { text } }');
VACUUM tb_word;
ANALYZE tb_word;
COMMENT ON TABLE tb_word IS 'words';
SET work_mem = '5MB';
PREPARE one AS SELECT 1;
EXECUTE one;
DEALLOCATE one;
SELECT ask('{ words { text } }');

-- a catalog changed by hand
UPDATE pg_catalog.pg_description SET description = 'Words' WHERE description = 'words';
SELECT ask('{ words { text } }');

SET client_min_messages = warning;
DROP SCHEMA cache_definitions CASCADE;
