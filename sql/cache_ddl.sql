-- Every kind of command about definitions, privileges, roles and storage: what could change an answer makes it invalid at
-- COMMIT, and not at ROLLBACK; what cannot leaves it alone.
--
-- A case is a command and a query.  The query's answer is in the cache before; the command is run and rolled back, which
-- must leave the answer in place; it is run again, and then the line says whether the answer stays or goes, what the
-- cache did, and the answer, which has to be the one that executing gives.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE regress_fql_reader;
CREATE ROLE regress_fql_group;
CREATE ROLE regress_fql_owner;
CREATE SCHEMA cache_ddl;
CREATE SCHEMA cache_ddl_aside;
GRANT USAGE ON SCHEMA cache_ddl, cache_ddl_aside TO regress_fql_reader, regress_fql_group, regress_fql_owner;
GRANT CREATE ON SCHEMA cache_ddl TO regress_fql_owner;
GRANT SET ON PARAMETER fraiseql.cache_enabled TO PUBLIC;
SET search_path = cache_ddl;

-- What answers are made of
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE DOMAIN price AS int;
CREATE TYPE place AS (street text, number int);
CREATE COLLATION alphabet FROM "C";
CREATE FUNCTION shout(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT upper($1) $$;
CREATE FUNCTION praise(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 'good ' || $1; END $$;
CREATE FUNCTION same_letters(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT lower($1) = lower($2) $$;
CREATE OPERATOR === (FUNCTION = same_letters, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION number_of(mood) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 7; END $$;
CREATE FUNCTION other_number_of(mood) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 8; END $$;
CREATE CAST (mood AS int) WITH FUNCTION number_of(mood);
-- what it means is looked up by name when it is planned
CREATE FUNCTION cast_mood(mood) RETURNS int LANGUAGE sql STABLE AS $$ SELECT $1::int $$;
CREATE AGGREGATE glued(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION english_words (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION english_words ADD MAPPING FOR asciiword WITH words;
CREATE TABLE tb_note (id int PRIMARY KEY, owner name, body text, mood mood, price price, place place);
INSERT INTO tb_note VALUES (1, 'regress_fql_reader', 'the tea', 'glad', 5, ('Main', 1)),
	(2, 'regress_fql_group', 'Milk', 'sad', 6, ('Side', 2)), (3, 'postgres', 'secret', 'sad', 7, ('Back', 3));
CREATE TABLE tb_secret (id int PRIMARY KEY, body text);
INSERT INTO tb_secret VALUES (1, 'hidden');
CREATE TABLE cache_ddl_aside.tb_aside (id int);
INSERT INTO cache_ddl_aside.tb_aside VALUES (1), (2);
CREATE FUNCTION number_aside() RETURNS int LANGUAGE sql STABLE SET search_path = cache_ddl, cache_ddl_aside
	AS $$ SELECT count(*)::int FROM tb_aside $$;
CREATE FUNCTION secrets() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM cache_ddl.tb_secret $$;
ALTER TABLE tb_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tb_note USING (owner = current_user);
CREATE POLICY shared ON tb_note TO regress_fql_group USING (owner = 'regress_fql_group');
CREATE TABLE tb_parent (id int, body text);
CREATE TABLE tb_child (id int, body text);
INSERT INTO tb_parent VALUES (1, 'parent');
INSERT INTO tb_child VALUES (2, 'child');
CREATE TABLE tb_whole (id int, body text) PARTITION BY RANGE (id);
CREATE TABLE tb_part_1 PARTITION OF tb_whole FOR VALUES FROM (0) TO (10);
CREATE TABLE tb_part_2 (id int, body text);
INSERT INTO tb_part_1 VALUES (1, 'one');
INSERT INTO tb_part_2 VALUES (11, 'eleven');
CREATE MATERIALIZED VIEW summary AS SELECT id, body, repeat(md5(body), 200) AS long FROM tb_note;
CREATE UNIQUE INDEX ON summary (id);

CREATE VIEW v_open AS SELECT id, body FROM tb_note;
CREATE VIEW v_mine WITH (security_invoker = true) AS SELECT id, body FROM tb_note;
CREATE VIEW v_spoken AS SELECT id, shout(body) AS loud, praise(body) AS praise FROM tb_note WHERE id < 3;
CREATE VIEW v_felt AS SELECT id, mood::text AS mood, cast_mood(mood) AS number FROM tb_note WHERE id < 3;
CREATE VIEW v_priced AS SELECT id, price::text::price AS price, to_json(place)::text AS place FROM tb_note WHERE id < 3;
CREATE VIEW v_found AS SELECT id, body FROM tb_note WHERE body === 'milk';
CREATE VIEW v_glued AS SELECT 1 AS id, glued(body ORDER BY body COLLATE alphabet) AS body FROM tb_note;
CREATE VIEW v_indexed AS SELECT id, to_tsvector('cache_ddl.english_words', body)::text AS words FROM tb_note WHERE id = 1;
CREATE VIEW v_heir AS SELECT id, body FROM tb_parent;
CREATE VIEW v_whole AS SELECT id, body FROM tb_whole;
CREATE VIEW v_summary AS SELECT id, body, length(long) AS length FROM summary;
CREATE VIEW v_secret AS SELECT 1 AS id, secrets() AS number;
CREATE VIEW v_aside AS SELECT 1 AS id, number_aside() AS number;
CREATE VIEW v_member AS SELECT 1 AS id, pg_has_role('regress_fql_group', 'USAGE') AS member, current_user AS name;
GRANT SELECT ON tb_note, v_open, v_mine, v_spoken, v_felt, v_priced, v_found, v_glued, v_indexed, v_heir, v_whole, v_summary,
	v_secret, v_aside, v_member, cache_ddl_aside.tb_aside TO regress_fql_reader, regress_fql_group, regress_fql_owner;
SELECT fraiseql.expose(format('v_%s', name)::regclass, initcap(name))
FROM unnest('{open,mine,spoken,felt,priced,found,glued,indexed,heir,whole,summary,secret,aside,member}'::text[]) AS name;
SELECT fraiseql.expose('tb_note', 'Note'), fraiseql.track('cache_ddl_aside.tb_aside'), fraiseql.track('tb_secret'),
	fraiseql.track('tb_parent'), fraiseql.track('tb_child');

-- The walk
CREATE FUNCTION answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer json;
BEGIN
	answer := fraiseql.execute(query);
	RETURN coalesce('error: ' || (answer #>> '{errors, 0, message}'), answer ->> 'data');
EXCEPTION WHEN others THEN
	RETURN 'error: ' || sqlerrm;
END $$;

CREATE FUNCTION executed_answer(query text) RETURNS text LANGUAGE sql
	SET fraiseql.cache_enabled = off AS $$ SELECT cache_ddl.answer(query) $$;

CREATE FUNCTION is_hit(query text, OUT is_hit boolean, OUT answer text) LANGUAGE plpgsql AS $$
DECLARE
	before bigint := (SELECT hits FROM fraiseql.cache_stats);
BEGIN
	answer := cache_ddl.answer(query);
	is_hit := (SELECT hits FROM fraiseql.cache_stats) > before;
END $$;

-- Have the answer in the cache, if it can be kept.  (The second attempt is for one that a setting was learnt for.)
CREATE PROCEDURE fill(asker name, query text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', asker, true), cache_ddl.answer(query), cache_ddl.answer(query);
	PERFORM set_config('cache_ddl.was_kept', (cache_ddl.is_hit(query)).is_hit::text, false);
END $$;

CREATE FUNCTION look(asker name, query text, what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	seen record;
BEGIN
	PERFORM set_config('role', asker, true);
	SELECT * INTO seen FROM cache_ddl.is_hit(query);
	RETURN CASE WHEN seen.answer <> cache_ddl.executed_answer(query) THEN 'STALE ' ELSE '' END ||
		CASE WHEN current_setting('cache_ddl.was_kept') = 'false' THEN 'was not' WHEN seen.is_hit THEN 'stays' ELSE 'goes' END ||
		format(': %s => %s', what, seen.answer);
END $$;

CREATE FUNCTION look_after_rollback(asker name, query text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT line FROM cache_ddl.look(asker, query, 'ROLLBACK') AS line WHERE line !~ '^(stays|was not):'
$$;

-- Some commands do not run in a transaction: they are not rolled back first.
CREATE TABLE tb_case (number serial, query text, command text, asker name DEFAULT 'regress_fql_reader',
	alone boolean DEFAULT false, label text);
CREATE VIEW walk AS
	SELECT format('CALL cache_ddl.fill(%L, %L)', asker, query) AS fill,
		CASE WHEN NOT alone THEN 'BEGIN' END AS begin,
		CASE WHEN NOT alone THEN real_command END AS in_vain,
		CASE WHEN NOT alone THEN 'ROLLBACK' END AS rollback,
		CASE WHEN NOT alone THEN format('SELECT cache_ddl.look_after_rollback(%L, %L)', asker, query) END AS still,
		real_command AS command, format('SELECT cache_ddl.look(%L, %L, %L)', asker, query, coalesce(label, command)) AS look
	FROM tb_case, replace(command, 'this_database', quote_ident(current_database())) AS real_command ORDER BY number;
GRANT USAGE ON SCHEMA cache_ddl TO PUBLIC;

-- Views and functions
INSERT INTO tb_case (query, command) SELECT '{ spokens { loud praise } }', unnest(ARRAY[
	$$CREATE OR REPLACE FUNCTION cache_ddl.shout(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1 || ''!'''$$,
	$$CREATE OR REPLACE FUNCTION cache_ddl.praise(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN ''fine '' || $1; END'$$,
	$$ALTER FUNCTION cache_ddl.shout(text) VOLATILE$$,
	$$ALTER FUNCTION cache_ddl.shout(text) STABLE$$,
	$$ALTER FUNCTION cache_ddl.shout(text) SET extra_float_digits = 0$$,
	$$ALTER FUNCTION cache_ddl.shout(text) RESET ALL$$,
	$$ALTER FUNCTION cache_ddl.shout(text) SECURITY DEFINER$$,
	$$ALTER FUNCTION cache_ddl.shout(text) OWNER TO regress_fql_owner$$,
	$$ALTER FUNCTION cache_ddl.shout(text) RENAME TO shouted$$,
	$$ALTER FUNCTION cache_ddl.shouted(text) SET SCHEMA cache_ddl_aside$$,
	$$REVOKE EXECUTE ON FUNCTION cache_ddl_aside.shouted(text) FROM PUBLIC$$,
	$$GRANT EXECUTE ON FUNCTION cache_ddl_aside.shouted(text) TO regress_fql_group$$,
	$$GRANT regress_fql_group TO regress_fql_reader$$,
	$$REVOKE regress_fql_group FROM regress_fql_reader$$,
	$$GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cache_ddl_aside TO PUBLIC$$,
	$$CREATE OR REPLACE VIEW cache_ddl.v_spoken AS SELECT id, body AS loud, '-'::text AS praise FROM cache_ddl.tb_note WHERE id < 3$$,
	$$ALTER VIEW cache_ddl.v_spoken RENAME COLUMN loud TO low$$,
	$$ALTER VIEW cache_ddl.v_spoken RENAME COLUMN low TO loud$$,
	$$ALTER VIEW cache_ddl.v_spoken SET SCHEMA cache_ddl_aside$$,
	$$ALTER VIEW cache_ddl_aside.v_spoken SET SCHEMA cache_ddl$$,
	$$ALTER VIEW cache_ddl.v_spoken RENAME TO v_said$$,
	$$ALTER VIEW cache_ddl.v_said RENAME TO v_spoken$$]);
INSERT INTO tb_case (query, command) SELECT '{ opens { body } }', unnest(ARRAY[
	$$ALTER VIEW cache_ddl.v_open SET (security_invoker = true)$$,
	$$ALTER TABLE cache_ddl.v_open RESET (security_invoker)$$,
	$$ALTER VIEW cache_ddl.v_open SET (security_barrier = true)$$,
	$$ALTER VIEW cache_ddl.v_open OWNER TO regress_fql_owner$$,
	$$ALTER VIEW cache_ddl.v_open OWNER TO CURRENT_USER$$]);
INSERT INTO tb_case (query, command) SELECT '{ secrets { number } }', unnest(ARRAY[
	$$ALTER FUNCTION cache_ddl.secrets() SECURITY DEFINER$$,
	$$ALTER FUNCTION cache_ddl.secrets() OWNER TO regress_fql_owner$$,
	$$GRANT SELECT ON cache_ddl.tb_secret TO regress_fql_owner$$,
	$$REVOKE SELECT ON cache_ddl.tb_secret FROM regress_fql_owner$$]);
INSERT INTO tb_case (query, command) SELECT '{ asides { number } }', unnest(ARRAY[
	$$CREATE TABLE cache_ddl.tb_aside (id int)$$,
	$$DROP TABLE cache_ddl.tb_aside$$,
	$$REVOKE USAGE ON SCHEMA cache_ddl_aside FROM regress_fql_reader$$,
	$$GRANT USAGE ON SCHEMA cache_ddl_aside TO regress_fql_reader$$,
	$$ALTER SCHEMA cache_ddl_aside RENAME TO cache_ddl_elsewhere$$,
	$$ALTER SCHEMA cache_ddl_elsewhere RENAME TO cache_ddl_aside$$,
	$$ALTER FUNCTION cache_ddl.number_aside() SET search_path = cache_ddl$$,
	$$ALTER SCHEMA cache_ddl_aside OWNER TO regress_fql_owner$$]);

-- Types, casts, operators, aggregates, collations, text search
INSERT INTO tb_case (query, command) SELECT '{ felts { mood number } }', unnest(ARRAY[
	$$ALTER TYPE cache_ddl.mood RENAME VALUE 'glad' TO 'happy'$$,
	$$ALTER TYPE cache_ddl.mood ADD VALUE 'bored' BEFORE 'sad'$$,
	$$ALTER TYPE cache_ddl.mood RENAME TO feeling$$,
	$$ALTER TYPE cache_ddl.feeling RENAME TO mood$$,
	$$ALTER TYPE cache_ddl.mood SET SCHEMA cache_ddl_aside$$,
	$$ALTER TYPE cache_ddl_aside.mood SET SCHEMA cache_ddl$$,
	$$ALTER TYPE cache_ddl.mood OWNER TO regress_fql_owner$$,
	$$DROP CAST (cache_ddl.mood AS int)$$,
	$$CREATE CAST (cache_ddl.mood AS int) WITH FUNCTION cache_ddl.other_number_of(cache_ddl.mood)$$]);
INSERT INTO tb_case (query, command) SELECT '{ priceds { price place } }', unnest(ARRAY[
	$$ALTER DOMAIN cache_ddl.price ADD CONSTRAINT small CHECK (VALUE < 6) NOT VALID$$,
	$$ALTER DOMAIN cache_ddl.price RENAME CONSTRAINT small TO tiny$$,
	$$ALTER DOMAIN cache_ddl.price DROP CONSTRAINT tiny$$,
	$$ALTER DOMAIN cache_ddl.price SET NOT NULL$$,
	$$ALTER DOMAIN cache_ddl.price RENAME TO cost$$,
	$$ALTER TYPE cache_ddl.place ADD ATTRIBUTE town text$$,
	$$ALTER TYPE cache_ddl.place RENAME ATTRIBUTE street TO road$$]);
INSERT INTO tb_case (query, command) SELECT '{ founds { body } }', unnest(ARRAY[
	$$CREATE OR REPLACE FUNCTION cache_ddl.same_letters(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2'$$,
	$$ALTER OPERATOR cache_ddl.=== (text, text) SET (RESTRICT = NONE)$$,
	$$ALTER OPERATOR cache_ddl.=== (text, text) SET SCHEMA cache_ddl_aside$$,
	$$ALTER OPERATOR cache_ddl_aside.=== (text, text) OWNER TO regress_fql_owner$$]);
INSERT INTO tb_case (query, command) SELECT '{ glueds { body } }', unnest(ARRAY[
	$$CREATE OR REPLACE AGGREGATE cache_ddl.glued(text) (SFUNC = textcat, STYPE = text, INITCOND = '>')$$,
	$$ALTER AGGREGATE cache_ddl.glued(text) RENAME TO joined$$,
	$$ALTER COLLATION cache_ddl.alphabet RENAME TO letters$$,
	$$ALTER COLLATION cache_ddl.letters SET SCHEMA cache_ddl_aside$$]);
INSERT INTO tb_case (query, command) SELECT '{ indexeds { words } }', unnest(ARRAY[
	$$ALTER TEXT SEARCH DICTIONARY cache_ddl.words (STOPWORDS)$$,
	$$ALTER TEXT SEARCH CONFIGURATION cache_ddl.english_words DROP MAPPING FOR asciiword$$,
	$$ALTER TEXT SEARCH CONFIGURATION cache_ddl.english_words ADD MAPPING FOR asciiword WITH english_stem$$,
	$$ALTER TEXT SEARCH CONFIGURATION cache_ddl.english_words RENAME TO words$$]);

-- Tables, policies, triggers, rules
INSERT INTO tb_case (query, command) SELECT '{ mines { body } }', unnest(ARRAY[
	$$ALTER POLICY own ON cache_ddl.tb_note USING (id < 3)$$,
	$$ALTER POLICY own ON cache_ddl.tb_note RENAME TO mine$$,
	$$CREATE POLICY open ON cache_ddl.tb_note USING (true)$$,
	$$CREATE POLICY narrow ON cache_ddl.tb_note AS RESTRICTIVE USING (id = 1)$$,
	$$DROP POLICY narrow ON cache_ddl.tb_note$$,
	$$DROP POLICY open ON cache_ddl.tb_note$$,
	$$ALTER TABLE cache_ddl.tb_note DISABLE ROW LEVEL SECURITY$$,
	$$ALTER TABLE cache_ddl.tb_note ENABLE ROW LEVEL SECURITY$$,
	$$ALTER TABLE cache_ddl.tb_note OWNER TO regress_fql_reader$$,
	$$ALTER TABLE cache_ddl.tb_note FORCE ROW LEVEL SECURITY$$,
	$$ALTER TABLE cache_ddl.tb_note NO FORCE ROW LEVEL SECURITY$$,
	$$ALTER TABLE cache_ddl.tb_note OWNER TO CURRENT_USER$$,
	$$GRANT SELECT ON cache_ddl.tb_note TO regress_fql_reader$$,
	$$REVOKE SELECT ON cache_ddl.tb_note FROM regress_fql_reader$$,
	$$GRANT SELECT (id, owner) ON cache_ddl.tb_note TO regress_fql_reader$$,
	$$GRANT SELECT (body) ON cache_ddl.tb_note TO regress_fql_reader$$,
	$$REVOKE SELECT (body) ON cache_ddl.tb_note FROM regress_fql_reader$$,
	$$GRANT SELECT ON ALL TABLES IN SCHEMA cache_ddl TO regress_fql_reader$$,
	$$ALTER TABLE cache_ddl.tb_note RENAME COLUMN body TO text$$,
	$$ALTER TABLE cache_ddl.tb_note RENAME TO tb_remark$$,
	$$ALTER TABLE cache_ddl.tb_remark SET SCHEMA cache_ddl_aside$$,
	$$ALTER TABLE cache_ddl_aside.tb_remark SET SCHEMA cache_ddl$$,
	$$ALTER TABLE cache_ddl.tb_remark RENAME TO tb_note$$,
	$$ALTER TABLE cache_ddl.tb_note RENAME COLUMN text TO body$$,
	$$ALTER TABLE cache_ddl.tb_note RENAME CONSTRAINT tb_note_pkey TO note_key$$,
	$$ALTER INDEX cache_ddl.note_key RENAME TO tb_note_pkey$$,
	$$CREATE INDEX note_body ON cache_ddl.tb_note (body)$$,
	$$DROP INDEX cache_ddl.note_body$$,
	$$CREATE RULE silent AS ON DELETE TO cache_ddl.tb_note DO INSTEAD NOTHING$$,
	$$ALTER TABLE cache_ddl.tb_note DISABLE RULE silent$$,
	$$DROP RULE silent ON cache_ddl.tb_note$$,
	$$ALTER TABLE cache_ddl.tb_note DISABLE TRIGGER USER$$]);
INSERT INTO tb_case (query, command) SELECT '{ mines { body } }', unnest(ARRAY[
	$$DO 'BEGIN PERFORM fraiseql.expose(''cache_ddl.tb_note'', ''Note''); END'$$]);
INSERT INTO tb_case (query, command) SELECT '{ notes { id price } }', unnest(ARRAY[
	$$ALTER TABLE cache_ddl.tb_note ADD COLUMN more int DEFAULT 1$$,
	$$ALTER TABLE cache_ddl.tb_note DROP COLUMN more$$,
	$$ALTER TABLE cache_ddl.tb_note ALTER price SET DEFAULT 0$$]);
INSERT INTO tb_case (query, command) SELECT '{ heirs { body } }', unnest(ARRAY[
	$$ALTER TABLE cache_ddl.tb_child INHERIT cache_ddl.tb_parent$$,
	$$CREATE TABLE cache_ddl.tb_grandchild (more int) INHERITS (cache_ddl.tb_child)$$,
	$$DROP TABLE cache_ddl.tb_grandchild$$,
	$$ALTER TABLE cache_ddl.tb_child NO INHERIT cache_ddl.tb_parent$$,
	$$ALTER TABLE cache_ddl.tb_parent ALTER COLUMN body SET STORAGE PLAIN$$,
	$$DROP VIEW cache_ddl.v_heir$$]);
INSERT INTO tb_case (query, command, alone) SELECT '{ wholes { body } }', command, command LIKE '%CONCURRENTLY' FROM unnest(ARRAY[
	$$ALTER TABLE cache_ddl.tb_whole ATTACH PARTITION cache_ddl.tb_part_2 FOR VALUES FROM (10) TO (20)$$,
	$$ALTER TABLE cache_ddl.tb_whole DETACH PARTITION cache_ddl.tb_part_2$$,
	$$ALTER TABLE cache_ddl.tb_whole ATTACH PARTITION cache_ddl.tb_part_2 FOR VALUES FROM (10) TO (20)$$,
	$$ALTER TABLE cache_ddl.tb_whole DETACH PARTITION cache_ddl.tb_part_2 CONCURRENTLY$$,
	$$CREATE TABLE cache_ddl.tb_part_3 PARTITION OF cache_ddl.tb_whole DEFAULT$$,
	$$DROP TABLE cache_ddl.tb_part_1$$]) AS command;

-- Catalogs written by hand, and commands that a command runs
CREATE FUNCTION note_comment() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE $f$CREATE OR REPLACE FUNCTION cache_ddl.praise(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN ''bad '' || $1; END'$f$;
END $$;
INSERT INTO tb_case (query, command) SELECT '{ opens { body } }', unnest(ARRAY[
	$$UPDATE pg_class SET relforcerowsecurity = true WHERE oid = 'cache_ddl.tb_note'::regclass$$,
	$$UPDATE pg_class SET relforcerowsecurity = false WHERE oid = 'cache_ddl.tb_note'::regclass$$]);
INSERT INTO tb_case (query, command) SELECT '{ praiseds { praise } }', unnest(ARRAY[
	$$CREATE EVENT TRIGGER regress_fql_comments ON ddl_command_end WHEN TAG IN ('COMMENT') EXECUTE FUNCTION cache_ddl.note_comment()$$,
	$$COMMENT ON TABLE cache_ddl.tb_note IS 'notes'$$,
	$$DROP EVENT TRIGGER regress_fql_comments$$,
	$$DO 'BEGIN ALTER FUNCTION cache_ddl.praise(text) COST 1; END'$$,
	$$ALTER EXTENSION fraiseql ADD FUNCTION cache_ddl.praise(text)$$,
	$$ALTER EXTENSION fraiseql DROP FUNCTION cache_ddl.praise(text)$$]);
CREATE VIEW v_praised AS SELECT id, praise(body) AS praise FROM tb_note WHERE id < 2;
GRANT SELECT ON v_praised TO regress_fql_reader;
SELECT fraiseql.expose('v_praised', 'Praised');

-- Roles
INSERT INTO tb_case (query, command) SELECT '{ members { member name } mines { body } }', unnest(ARRAY[
	$$GRANT regress_fql_group TO regress_fql_reader$$,
	$$NOINHERIT$$,
	$$INHERIT$$,
	$$REVOKE regress_fql_group FROM regress_fql_reader$$,
	$$ALTER GROUP regress_fql_group ADD USER regress_fql_reader$$,
	$$ALTER GROUP regress_fql_group DROP USER regress_fql_reader$$,
	$$CREATE ROLE regress_fql_between ROLE regress_fql_reader IN ROLE regress_fql_group$$,
	$$DROP ROLE regress_fql_between$$,
	$$CREATE ROLE regress_fql_mighty SUPERUSER$$,
	$$DROP ROLE regress_fql_mighty$$,
	$$ALTER ROLE regress_fql_reader BYPASSRLS$$,
	$$ALTER ROLE regress_fql_reader NOBYPASSRLS$$,
	$$ALTER ROLE regress_fql_reader SUPERUSER$$,
	$$ALTER ROLE regress_fql_reader NOSUPERUSER$$,
	$$ALTER ROLE regress_fql_reader PASSWORD 'x' BYPASSRLS$$,
	$$ALTER ROLE regress_fql_reader NOBYPASSRLS$$,
	$$CREATE ROLE regress_fql_creator CREATEROLE NOINHERIT$$,
	$$DO 'BEGIN SET LOCAL ROLE regress_fql_creator; CREATE ROLE regress_fql_created; END'$$,
	$$ALTER ROLE regress_fql_group RENAME TO regress_fql_team$$,
	$$ALTER ROLE regress_fql_team RENAME TO regress_fql_group$$]);
INSERT INTO tb_case (query, command, asker) SELECT '{ members { member name } opens { body } }', command, 'regress_fql_owner' FROM unnest(ARRAY[
	$$ALTER VIEW cache_ddl.v_open OWNER TO regress_fql_group$$,
	$$REASSIGN OWNED BY regress_fql_group TO regress_fql_owner$$,
	$$REASSIGN OWNED BY regress_fql_owner TO CURRENT_USER$$,
	$$DROP OWNED BY regress_fql_owner$$]) AS command;

-- What no answer follows from
INSERT INTO tb_case (query, command, alone) SELECT '{ members { member name } praiseds { praise } }', command,
	command ~ 'VACUUM|CONCURRENTLY|ALTER SYSTEM|SUBSCRIPTION'
FROM unnest(ARRAY[
	$$ALTER ROLE regress_fql_reader PASSWORD 'x'$$,
	$$ALTER ROLE regress_fql_reader PASSWORD NULL VALID UNTIL '2040-01-01' CONNECTION LIMIT 3$$,
	$$ALTER ROLE regress_fql_reader LOGIN CREATEDB CREATEROLE REPLICATION$$,
	$$ALTER ROLE regress_fql_reader NOLOGIN NOCREATEDB NOCREATEROLE NOREPLICATION$$,
	$$ALTER ROLE regress_fql_reader SET work_mem = '1MB'$$,
	$$ALTER ROLE regress_fql_reader IN DATABASE this_database SET DateStyle = 'ISO'$$,
	$$ALTER ROLE regress_fql_reader RESET ALL$$,
	$$ALTER ROLE regress_fql_reader IN DATABASE this_database RESET ALL$$,
	$$ALTER DATABASE this_database SET work_mem = '1MB'$$,
	$$ALTER DATABASE this_database RESET work_mem$$,
	$$ALTER SYSTEM SET vacuum_cost_limit = 201$$,
	$$ALTER SYSTEM RESET vacuum_cost_limit$$,
	$$CREATE ROLE regress_fql_lone LOGIN NOSUPERUSER INHERIT CREATEDB BYPASSRLS PASSWORD 'x' VALID UNTIL '2040-01-01'$$,
	$$ALTER DEFAULT PRIVILEGES IN SCHEMA cache_ddl GRANT SELECT ON TABLES TO regress_fql_lone$$,
	$$ALTER DEFAULT PRIVILEGES IN SCHEMA cache_ddl REVOKE SELECT ON TABLES FROM regress_fql_lone$$,
	$$VACUUM FULL cache_ddl.tb_note$$,
	$$VACUUM ANALYZE cache_ddl.tb_note$$,
	$$CLUSTER cache_ddl.tb_note USING tb_note_pkey$$,
	$$REINDEX TABLE cache_ddl.tb_note$$,
	$$REINDEX TABLE CONCURRENTLY cache_ddl.tb_note$$,
	$$ALTER TABLE cache_ddl.tb_note SET (autovacuum_vacuum_scale_factor = 0.1, fillfactor = 90, toast.autovacuum_enabled = false)$$,
	$$ALTER TABLE cache_ddl.tb_note RESET (fillfactor), ALTER body SET STATISTICS 500$$,
	$$CREATE STATISTICS cache_ddl.of_note ON id, body FROM cache_ddl.tb_note$$,
	$$ALTER STATISTICS cache_ddl.of_note SET STATISTICS 100$$,
	$$COMMENT ON VIEW cache_ddl.v_open IS 'open'$$,
	$$DO 'BEGIN PERFORM lo_unlink(lo_from_bytea(0, ''x'')); END'$$,
	$$CREATE PUBLICATION regress_fql_published FOR TABLE cache_ddl.tb_note$$,
	$$ALTER PUBLICATION regress_fql_published SET (publish = 'insert')$$,
	$$CREATE SUBSCRIPTION regress_fql_subscribed CONNECTION '' PUBLICATION nothing WITH (connect = false)$$,
	$$ALTER SUBSCRIPTION regress_fql_subscribed SET (slot_name = NONE)$$,
	$$DROP SUBSCRIPTION regress_fql_subscribed$$,
	$$REFRESH MATERIALIZED VIEW cache_ddl.summary$$]) AS command;

-- but storage options do not hide others, and a table's are not a view's
INSERT INTO tb_case (query, command) SELECT '{ praiseds { praise } }', unnest(ARRAY[
	$$ALTER TABLE cache_ddl.tb_note SET (fillfactor = 80), ENABLE ROW LEVEL SECURITY$$,
	$$ALTER TABLE cache_ddl.v_praised SET (security_invoker = true)$$,
	$$ALTER ROLE regress_fql_lone PASSWORD 'y' SUPERUSER$$,
	$$DROP ROLE regress_fql_lone$$]);

-- Materialized views: their rows, and who reads them
INSERT INTO tb_case (query, command, alone) SELECT '{ summary(id: 1) { body length } }', command, command ~ 'VACUUM' FROM unnest(ARRAY[
	$$UPDATE cache_ddl.tb_note SET body = body || '.' WHERE id < 3$$,
	$$REFRESH MATERIALIZED VIEW cache_ddl.summary$$,
	$$VACUUM FULL cache_ddl.summary$$,
	$$CLUSTER cache_ddl.summary USING summary_id_idx$$,
	$$REFRESH MATERIALIZED VIEW cache_ddl.summary WITH NO DATA$$,
	$$REFRESH MATERIALIZED VIEW cache_ddl.summary$$,
	$$UPDATE cache_ddl.tb_note SET body = body || '.' WHERE id < 3$$,
	$$ALTER MATERIALIZED VIEW cache_ddl.summary RENAME TO digest$$,
	$$REFRESH MATERIALIZED VIEW CONCURRENTLY cache_ddl.digest$$,
	$$ALTER MATERIALIZED VIEW cache_ddl.digest RENAME COLUMN body TO content$$]) AS command;
INSERT INTO tb_case (query, command) SELECT '{ mine(id: 1) { body } }', unnest(ARRAY[
	$$REFRESH MATERIALIZED VIEW cache_ddl.digest$$,
	$$REFRESH MATERIALIZED VIEW CONCURRENTLY cache_ddl.digest$$,
	$$DROP VIEW cache_ddl.v_summary$$]);

-- Who inherits the privileges of a role is told by the member, and from PostgreSQL 16 on by the membership.
UPDATE tb_case SET label = 'membership, ' || command, command = CASE
	WHEN current_setting('server_version_num')::int < 160000 THEN 'ALTER ROLE regress_fql_reader ' || command
	ELSE format('GRANT regress_fql_group TO regress_fql_reader WITH INHERIT %s', (command = 'INHERIT')::text) END
WHERE command IN ('INHERIT', 'NOINHERIT');

-- Temporary objects, at the end because answers with functions are not for sessions that have any
INSERT INTO tb_case (query, command) SELECT '{ mine(id: 1) { body } }', unnest(ARRAY[
	$$CREATE TEMP TABLE scratch (id int)$$,
	$$CREATE INDEX ON scratch (id)$$,
	$$DROP TABLE scratch$$]);

SET client_min_messages = error;
\set ECHO none
SELECT * FROM walk \gexec
\set ECHO all

-- where it began
DROP PUBLICATION regress_fql_published;
REVOKE SET ON PARAMETER fraiseql.cache_enabled FROM PUBLIC;
DROP SCHEMA cache_ddl, cache_ddl_aside CASCADE;
DROP ROLE regress_fql_reader, regress_fql_group, regress_fql_owner, regress_fql_creator, regress_fql_created;
