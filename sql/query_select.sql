-- What a selection set returns: leaves of every scalar type, aliases, fragments, directives, __typename, several root
-- fields, objects with more fields than a function has arguments, and key order.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SET TimeZone = 'UTC';

CREATE SCHEMA query_select;
SET search_path = query_select;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE mood AS ENUM ('HAPPY', 'SAD');
CREATE TYPE size AS ENUM ('extra large', 'small');
CREATE TYPE pair AS (a int, b text);
CREATE TABLE sample (
	id int PRIMARY KEY,
	small smallint,
	big bigint,
	exact numeric,
	single real,
	twice double precision,
	truth boolean,
	words text,
	label varchar(10),
	padded char(4),
	day date,
	at timestamp,
	at_zone timestamptz,
	clock time,
	doc jsonb,
	raw json,
	bytes bytea,
	address inet,
	span interval,
	token uuid,
	feeling mood,
	cut size,
	counted positive,
	couple pair,
	numbers int[],
	bigs bigint[],
	names text[]
);
INSERT INTO sample VALUES
	(1, -32768, 9007199254740993, 123456789012345678901234567890.1234567890, 1.5, 0.1, true,
	 E'tab\t"quote" back\\slash \u00e9 \U0001F600 new\nline', 'varchar', 'ab', '2024-02-29', '2024-02-29 12:34:56.789',
	 '2024-02-29 12:34:56.789+02', '23:59:59', '{"b": [1, 2.50, null], "a": "x : y, z"}', ' {"z": 1,  "a": 2} ',
	 '\xdeadbeef', '10.0.0.1', '1 day 02:00', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'HAPPY', 'extra large', 7,
	 ROW(1, 'two'), '{1,2,NULL}', '{9007199254740993,1}', '{a,"b \"c\""}'),
	(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	 NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(3, 0, -9223372036854775808, 'NaN', 'Infinity', '-Infinity', false, '', '', '', 'infinity', '-infinity', 'infinity',
	 '00:00', 'null', 'null', '', '::1/128', '0', NULL, 'SAD', 'small', 1, NULL, '{}', '{}', '{}');
SELECT fraiseql.expose('sample');

-- every scalar
SELECT fraiseql.execute('{ samples { id small big exact single twice truth words label padded day at atZone clock doc raw
	bytes address span token feeling cut counted couple numbers bigs names } }');

-- numbers as numbers, when the setting says so; NaN stays valid JSON
SET fraiseql.response_bigint_strings = off;
SELECT fraiseql.execute('{ samples { id big exact bigs } }');
RESET fraiseql.response_bigint_strings;

-- the answer is compact, and every byte of a string is kept
SELECT fraiseql.execute('{ sample(id: 1) { doc raw words } }')::jsonb #>> '{data,sample,words}';

-- one row, and none
SELECT fraiseql.execute('{ sample(id: 3) { id } }');
SELECT fraiseql.execute('{ sample(id: 99) { id } }');
SELECT fraiseql.execute('query q($id: Int!) { sample(id: $id) { id words } }', '{"id": 3}');

-- keys in request order, aliases, repeated fields merged, fragments, directives, __typename at every level
SELECT fraiseql.execute('{ b: sample(id: 1) { truth id } a: sample(id: 1) { id truth id } __typename }');
SELECT fraiseql.execute('{ sample(id: 1) { x: id __typename y: id ...f ... on Sample { small } ... { id } } }
	fragment f on Sample { truth z: __typename }');
SELECT fraiseql.execute('query q($yes: Boolean!) { sample(id: 1) { id @skip(if: $yes) small @include(if: $yes) truth } }',
	'{"yes": true}');
SELECT fraiseql.execute('query q($yes: Boolean!) { sample(id: 1) @skip(if: $yes) { id } }', '{"yes": true}');
SELECT fraiseql.execute('{ __typename }');

-- keys longer than an identifier, and keys that are SQL words
SELECT fraiseql.execute(format('{ sample(id: 1) { %s: id %s: small select: id from: truth } }',
	repeat('a', 100) || '1', repeat('a', 100) || '2'));

-- more fields than a function has arguments
SET fraiseql.max_aliases = 1000;
SELECT n, json_object_keys_count = n, first, last
FROM unnest('{1,48,49,50,51,100}'::int[]) AS n,
LATERAL (
	SELECT fraiseql.execute('{ sample(id: 1) {' || string_agg(format('f%s: id', i), ' ' ORDER BY i) || '} }')
		-> 'data' -> 'sample' AS object
	FROM generate_series(1, n) AS i
) AS q,
LATERAL (
	SELECT count(*) AS json_object_keys_count, min(key || value) FILTER (WHERE ordinality = 1) AS first,
		min(key || value) FILTER (WHERE ordinality = n) AS last
	FROM json_each_text(object) WITH ORDINALITY
) AS k;
RESET fraiseql.max_aliases;

-- such as a table of 1000 columns
DO $$
BEGIN
	EXECUTE (SELECT format('CREATE TABLE wide (id int PRIMARY KEY, %s)',
			string_agg(format('c%s int DEFAULT %s', i, i), ', ' ORDER BY i))
		FROM generate_series(1, 1000) AS i);
END
$$;
INSERT INTO wide (id) VALUES (1);
SELECT fraiseql.expose('wide');
SELECT count(*), bool_and(value = ordinality::text), string_agg(key, ',') FILTER (WHERE ordinality <> substr(key, 2)::int)
FROM (SELECT fraiseql.execute('{ wide(id: 1) {' || string_agg(format('c%s', i), ' ' ORDER BY i) || '} }') AS answer
	  FROM generate_series(1, 1000) AS i) AS q,
	json_each_text(answer -> 'data' -> 'wide') WITH ORDINALITY;

-- names that need quotes
CREATE TABLE "Odd ""Name" (id int PRIMARY KEY, "select" text, "mixedCase" text);
INSERT INTO "Odd ""Name" VALUES (1, 'a', 'b');
SELECT fraiseql.expose('"Odd ""Name"', 'Odd', '{"singular": "odd", "plural": "odds"}');
SELECT fraiseql.execute('{ odds(where: {select: {eq: "a"}}, orderBy: {mixedCase: DESC}) { id select mixedCase } }');

-- a search_path cannot change what the statement means
CREATE FUNCTION concat(VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_concat';
CREATE FUNCTION never(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION never(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR = (LEFTARG = int, RIGHTARG = int, FUNCTION = never);
CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = never);
SET search_path = query_select, pg_catalog;
SELECT fraiseql.execute('{ sample(id: 3) { id truth } samples(where: {words: {eq: ""}}) { id } }');

RESET search_path;
DROP SCHEMA query_select CASCADE;
