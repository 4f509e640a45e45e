-- What cannot be exposed, and what the error says.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA schema_errors;
SET search_path = schema_errors;
CREATE TABLE tb_user (id int PRIMARY KEY, name text);

-- Relations that are nobody's to show.
SELECT fraiseql.expose(NULL);
SELECT fraiseql.expose(4000000000);
SELECT fraiseql.expose('pg_class');
SELECT fraiseql.expose('information_schema.tables');
SELECT fraiseql.expose('fraiseql.exposure');
CREATE TEMPORARY TABLE scratch (id int);
SELECT fraiseql.expose('pg_temp.scratch');
CREATE MATERIALIZED VIEW summary AS SELECT 1 AS id;
SELECT fraiseql.expose('summary');
CREATE SEQUENCE numbers;
SELECT fraiseql.expose('numbers');
CREATE INDEX user_name ON tb_user (name);
SELECT fraiseql.expose('user_name');
CREATE TYPE pair AS (x int);
SELECT fraiseql.expose('pair');
CREATE FOREIGN DATA WRAPPER schema_errors_wrapper;
CREATE SERVER schema_errors_server FOREIGN DATA WRAPPER schema_errors_wrapper;
CREATE FOREIGN TABLE far (id int) SERVER schema_errors_server;
SELECT fraiseql.expose('far');
DROP FOREIGN DATA WRAPPER schema_errors_wrapper CASCADE;
SELECT fraiseql.expose_schema(NULL);
SELECT fraiseql.expose_schema(4000000000);
SELECT fraiseql.expose_schema('pg_catalog');
SELECT fraiseql.expose_schema('fraiseql');
SELECT fraiseql.hide(NULL);
SELECT fraiseql.hide(4000000000::regclass);

-- Owners only, and only where the administrator allows it.
CREATE ROLE regress_schema_other;
GRANT USAGE ON SCHEMA schema_errors TO regress_schema_other;
SET ROLE regress_schema_other;
SELECT fraiseql.expose('tb_user');
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraiseql.expose(regclass, text, jsonb), fraiseql.hide(text) TO regress_schema_other;
SET ROLE regress_schema_other;
SELECT fraiseql.expose('tb_user');
SELECT fraiseql.hide('tb_user');
SELECT count(*) FROM fraiseql.exposure;
RESET ROLE;
ALTER TABLE tb_user OWNER TO regress_schema_other;
SET ROLE regress_schema_other;
SELECT fraiseql.expose('tb_user');
SELECT fraiseql.hide('tb_user');
RESET ROLE;
ALTER TABLE tb_user OWNER TO CURRENT_USER;
REVOKE ALL ON FUNCTION fraiseql.expose(regclass, text, jsonb), fraiseql.hide(text) FROM regress_schema_other;

-- Type names.
SELECT fraiseql.expose('tb_user', '');
SELECT fraiseql.expose('tb_user', '__User');
SELECT fraiseql.expose('tb_user', 'two words');
SELECT fraiseql.expose('tb_user', repeat('x', 300));
SELECT fraiseql.expose('tb_user', 'String');
SELECT fraiseql.expose('tb_user', 'Query');
SELECT fraiseql.expose('tb_user', 'StringFilter');

-- Options.
SELECT fraiseql.expose('tb_user', options => '[]');
SELECT fraiseql.expose('tb_user', options => '"x"');
SELECT fraiseql.expose('tb_user', options => '{"exlude": ["name"]}');
SELECT fraiseql.expose('tb_user', options => '{"exclude": "name"}');
SELECT fraiseql.expose('tb_user', options => '{"exclude": [1]}');
SELECT fraiseql.expose('tb_user', options => '{"exclude": ["nmae"]}');
SELECT fraiseql.expose('tb_user', options => '{"exclude": ["id", "name"]}');
SELECT fraiseql.expose('tb_user', options => '{"fields": ["name"]}');
SELECT fraiseql.expose('tb_user', options => '{"fields": {"name": 1}}');
SELECT fraiseql.expose('tb_user', options => '{"fields": {"name": "_name"}}');
SELECT fraiseql.expose('tb_user', options => '{"fields": {"nmae": "name"}}');
SELECT fraiseql.expose('tb_user', options => '{"plural": null}');
SELECT fraiseql.expose('tb_user', options => '{"plural": "user"}');
SELECT fraiseql.expose('tb_user', options => '{"ttl": "1h"}');
SELECT fraiseql.expose('tb_user', options => '{"ttl": 0}');
SELECT fraiseql.expose('tb_user', options => '{"ttl": 1.5}');
SELECT fraiseql.expose('tb_user', options => '{"ttl": 1e40}');
SELECT fraiseql.expose('tb_user', options => '{"relations": {"boss": "x"}}');
SELECT fraiseql.expose('tb_user', options => '{"relations": {"boss": {"toone": "x"}}}');
SELECT fraiseql.expose('tb_user', options => '{"relations": {"boss": {"toOne": "x"}}}');
SELECT fraiseql.expose('tb_user', options => '{"data": {"id": 1}}');

-- Columns whose names cannot become fields, or become the same.
CREATE TABLE tb_odd ("_hidden" int, "2nd" int, "übel" int, "a-b" int, user_id int, "userId" int);
SELECT fraiseql.expose('tb_odd');
SELECT fraiseql.expose('tb_odd', options => '{"exclude": ["_hidden", "übel", "a-b"]}');
SELECT fraiseql.expose('tb_odd', options => '{"exclude": ["_hidden", "übel", "a-b"], "fields": {"2nd": "second"}}');
SELECT fraiseql.expose('tb_odd', options => '{"exclude": ["_hidden", "übel", "a-b", "userId"], "fields": {"2nd": "second"}}');
CREATE TABLE "Größe" (id int);
SELECT fraiseql.expose('"Größe"');
SELECT fraiseql.expose('"Größe"', 'Size');

-- Relations that would have one type or one root field between them.
SELECT fraiseql.expose('tb_user', options => '{"ttl": 3600}');
CREATE VIEW v_user AS SELECT id, name FROM tb_user;
SELECT fraiseql.expose('v_user');
SELECT fraiseql.expose('v_user', 'Users');
SELECT fraiseql.expose('v_user', 'Person', '{"plural": "user"}');
CREATE TABLE tb_user_where (id int);
SELECT fraiseql.expose('tb_user_where');
CREATE TYPE "user" AS ENUM ('a');
CREATE TABLE tb_holder ("user" "user");
SELECT fraiseql.expose('tb_holder');

-- A foreign key's field that is given the name of a column's.
CREATE TABLE tb_pet (id int PRIMARY KEY, owner int REFERENCES tb_user);
SELECT fraiseql.expose('tb_pet', options => '{"relations": {"tb_pet_owner_fkey": {"toOne": "owner"}}}');
SELECT fraiseql.expose('tb_pet', options => '{"relations": {"tb_pet_owner_fkey": {"toOne": "person", "toMany": "name"}}}');
SELECT fraiseql.expose('tb_pet', options => '{"relations": {"tb_pet_owner_fkey": {"toOne": "person"}}}');

-- Nothing to show.
CREATE TABLE tb_nothing ();
SELECT fraiseql.expose('tb_nothing');

-- Read models that cannot be read.
CREATE TABLE tv_blob (id uuid, data jsonb);
SELECT fraiseql.expose('tv_blob');
CREATE VIEW v_blob AS SELECT id, data FROM tv_blob;
SELECT fraiseql.expose('v_blob');
SELECT fraiseql.expose('tv_blob', options => '{"data": {"x": "Nothing"}}');
SELECT fraiseql.expose('tv_blob', options => '{"data": {"x": "User"}}');
SELECT fraiseql.expose('tv_blob', options => '{"data": {"x": "[[Int]]"}}');
SELECT fraiseql.expose('tv_blob', options => '{"data": {"x-y": "Int"}}');
SELECT fraiseql.expose('tv_blob', options => '{"data": {"x": "Int"}, "exclude": ["x"]}');

-- A whole schema fails as a whole.
SELECT fraiseql.expose_schema('schema_errors');
SELECT relation, type_name, options FROM fraiseql.exposure WHERE relation::text !~ '\.' ORDER BY relation::text COLLATE "C";

-- A problem that some other DDL brought about is left out, and keeps nobody from exposing the rest or mending it.
ALTER TABLE tb_user ADD COLUMN "userName" text, ADD COLUMN user_name text;
ALTER TABLE tb_odd RENAME COLUMN "2nd" TO "3rd";
CREATE TABLE tb_fine (id int PRIMARY KEY);
SELECT fraiseql.expose('tb_fine');
SELECT count(*) FROM regexp_matches(fraiseql.schema_sdl(), '  userName: String\n', 'g');
SELECT fraiseql.expose('tb_user');
SELECT fraiseql.expose('tb_user', options => '{"fields": {"user_name": "login"}}');
ALTER TABLE tb_fine RENAME TO tb_finer;
SELECT fraiseql.schema_sdl() ~ 'type Finer \{';

-- Dates of documents: ISO 8601 and nothing that reads the clock.
SELECT fraiseql.iso_date('2024-02-29'), fraiseql.iso_date('infinity'), fraiseql.iso_date('0044-03-15 BC');
SELECT fraiseql.iso_timestamptz('2024-02-29T12:00:00.123456+00:00') AT TIME ZONE 'UTC',
	fraiseql.iso_timestamptz('2024-02-29 12:00:00Z') AT TIME ZONE 'UTC', fraiseql.iso_time('23:59:59.5'), fraiseql.iso_date(NULL);
SELECT fraiseql.iso_date('today');
SELECT fraiseql.iso_date('');
SELECT fraiseql.iso_date('01-02-2024');
SELECT fraiseql.iso_date('2024-02-30');
SELECT fraiseql.iso_timestamptz('now');
SELECT fraiseql.iso_timestamptz('2024-01-01 12:00 Europe/Paris');
SELECT fraiseql.iso_time('now');
SELECT fraiseql.iso_time('allballs');

-- The guard of lists.
SELECT fraiseql.page_guard('[1,2]', 2, 2, 'users'), fraiseql.page_guard(NULL, 2, 2, 'users') IS NULL,
	fraiseql.page_guard('[]', NULL, NULL, NULL);
SELECT fraiseql.page_guard('[1,2,3]', 3, 2, 'users');
SELECT fraiseql.page_guard(NULL, 3, 2, NULL);

SET client_min_messages = warning;
DROP SCHEMA schema_errors CASCADE;
DROP ROLE regress_schema_other;
