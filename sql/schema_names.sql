-- Names: what GraphQL calls relations, columns and SQL types.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA schema_names;
SET search_path = schema_names;

-- The definitions of the types whose name matches.
CREATE FUNCTION sdl(pattern text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT definition FROM unnest(string_to_array(rtrim(fraiseql.schema_sdl(), E'\n'), E'\n\n')) AS definition
	WHERE definition ~ ('(^|\n)[a-z]+ (' || pattern || ')( |$)')
$$;

-- One prefix is stripped; snake_case becomes PascalCase and camelCase; singular and plural follow small rules.
CREATE TABLE tb_order_item (id int PRIMARY KEY);
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE tb_address (id int PRIMARY KEY);
CREATE TABLE category (id int PRIMARY KEY);
CREATE TABLE cities (id int PRIMARY KEY);
CREATE TABLE boxes (id int PRIMARY KEY);
CREATE TABLE warehouses (id int PRIMARY KEY);
CREATE TABLE statuses (id int PRIMARY KEY);
CREATE TABLE movies (id int PRIMARY KEY);
CREATE TABLE sizes (id int PRIMARY KEY);
CREATE TABLE branch (id int PRIMARY KEY);
CREATE TABLE day (id int PRIMARY KEY);
CREATE TABLE alias (id int PRIMARY KEY);
CREATE TABLE "CamelCase" (id int PRIMARY KEY);
CREATE TABLE "HTTP_log" (id int PRIMARY KEY);
CREATE VIEW v_tb_nested AS SELECT 1 AS id;
SELECT * FROM fraiseql.expose_schema('schema_names') ORDER BY relation::text COLLATE "C";
SELECT * FROM sdl('Query');
SELECT count(fraiseql.hide(oid::regclass)) FROM pg_class WHERE relnamespace = 'schema_names'::regnamespace AND relkind IN ('r', 'v');

-- A type name of one's own names the root fields too; singular and plural overrule both.
CREATE TABLE tb_sheep (id int PRIMARY KEY);
SELECT fraiseql.expose('tb_sheep', 'HTTPRequest');
SELECT * FROM sdl('Query');
SELECT fraiseql.expose('tb_sheep', options => '{"singular": "oneSheep", "plural": "flock"}');
SELECT * FROM sdl('Query');
SELECT fraiseql.hide('tb_sheep');
SELECT fraiseql.hide('tb_sheep');

-- Every kind of column.  Descriptions are the comments.
CREATE TYPE mood AS ENUM ('happy', 'so_so', 'SAD');
CREATE TYPE punctuated AS ENUM ('ok', 'not ok');
CREATE TYPE pair AS (x int, y int);
CREATE DOMAIN short AS varchar(10) CHECK (VALUE <> '');
CREATE DOMAIN shorts AS short[];
CREATE TABLE tb_everything (
	id uuid PRIMARY KEY, small int2, "int" int4, big int8 NOT NULL, real4 real, real8 float8, dec numeric(10, 2),
	flag boolean, txt text, vc varchar(5), ch char(3), nm name, short short NOT NULL,
	js json, jsb jsonb, day date, at timestamp, at_tz timestamptz, hour time, hour_tz timetz,
	ip inet, span interval, bytes bytea, cash money, spot point, "range" int4range, bits bit(3), doc xml,
	mood mood, punctuated punctuated, pair pair, pairs pair[],
	texts text[], uuids uuid[] NOT NULL, moods mood[], shorts shorts,
	trailing_ text, "camelCase" text, line_2 text, "ID_number" text, dropped text
);
ALTER TABLE tb_everything DROP COLUMN dropped;
COMMENT ON TABLE tb_everything IS 'one of "everything"';
COMMENT ON COLUMN tb_everything.mood IS E'two\nlines';
SELECT fraiseql.expose('tb_everything');
SELECT * FROM sdl('Everything.*|Mood|.*Filter|OrderDirection');

-- Columns can be renamed and left out.  The name of an enum is its own.
SELECT fraiseql.expose('tb_everything', 'Thing', '{"fields": {"txt": "text", "ch": "three_letters"},
	"exclude": ["small", "int", "big", "real4", "real8", "dec", "flag", "vc", "nm", "short", "js", "jsb", "day", "at",
		"at_tz", "hour", "hour_tz", "ip", "span", "bytes", "cash", "spot", "range", "bits", "doc", "punctuated", "pair",
		"pairs", "texts", "uuids", "moods", "shorts", "trailing_", "camelCase", "line_2", "ID_number"]}');
SELECT * FROM sdl('Query|Thing.*|Mood');

-- The trinity: pk_* and fk_* are never shown beside a public id, which then is the key.
CREATE TABLE tb_author (pk_author bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL, identifier text,
	fk_boss bigint REFERENCES tb_author);
SELECT fraiseql.hide('tb_everything');
SELECT fraiseql.expose('tb_author');
SELECT * FROM sdl('Query|Author');
-- Unless they are asked for.
SELECT fraiseql.expose('tb_author', options => '{"fields": {"fk_boss": "bossKey"}}');
SELECT * FROM sdl('Author');
SELECT fraiseql.hide('tb_author');

-- Keys: composite ones, a view's id, none at all.
CREATE TABLE tb_seat (room int, number text, note text, PRIMARY KEY (room, number));
CREATE TABLE tb_heap (note text);
CREATE TABLE tb_keyed (pk_keyed int PRIMARY KEY, note text);
CREATE VIEW v_guest AS SELECT 1::bigint AS id, 'x'::text AS name;
CREATE VIEW v_total AS SELECT count(*) AS total FROM tb_seat;
SELECT fraiseql.expose(relation) FROM unnest('{tb_seat,tb_heap,tb_keyed,v_guest,v_total}'::regclass[]) AS relation;
SELECT * FROM sdl('Query|Seat|Heap|Keyed|Guest|Total');

-- Of several relations for one entity expose_schema() shows the first: tv_, v_, tb_, then the bare name.  What is
-- exposed already stays, and partitions belong to their parent.
CREATE SCHEMA schema_names_2;
CREATE TABLE schema_names_2.tb_a (id int PRIMARY KEY);
CREATE VIEW schema_names_2.v_a AS SELECT id FROM schema_names_2.tb_a;
CREATE TABLE schema_names_2.b (id int PRIMARY KEY);
CREATE TABLE schema_names_2.tb_b (id int PRIMARY KEY);
CREATE TABLE schema_names_2.tb_c (id int PRIMARY KEY);
CREATE VIEW schema_names_2.v_c AS SELECT id FROM schema_names_2.tb_c;
CREATE TABLE schema_names_2.tb_d (id int, part int, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE schema_names_2.tb_d_1 PARTITION OF schema_names_2.tb_d FOR VALUES IN (1);
SELECT fraiseql.expose('schema_names_2.tb_c', 'Sea');
SELECT * FROM fraiseql.expose_schema('schema_names_2') ORDER BY relation::text COLLATE "C";
SELECT * FROM fraiseql.expose_schema('schema_names_2') ORDER BY relation::text COLLATE "C";

-- A role sees what it may read.
CREATE ROLE regress_schema_reader;
GRANT USAGE ON SCHEMA schema_names TO regress_schema_reader;
GRANT SELECT (room, number) ON tb_seat TO regress_schema_reader;
SET ROLE regress_schema_reader;
SELECT * FROM sdl('Query|Seat|SeatWhere|Heap|HeapWhere');
RESET ROLE;

-- A relation that is gone shows nothing, and its exposure goes with the next one.
DROP TABLE tb_heap;
SELECT * FROM sdl('Heap');
SELECT count(*) FROM fraiseql.exposure AS e WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = e.relation);
SELECT fraiseql.expose('tb_keyed');
SELECT count(*) FROM fraiseql.exposure AS e WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = e.relation);

SET client_min_messages = warning;
DROP SCHEMA schema_names, schema_names_2 CASCADE;
DROP ROLE regress_schema_reader;
