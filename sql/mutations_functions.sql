-- Mutations that are functions: their names, arguments and results; serial execution, where a field that fails is undone
-- alone; selections that see what was changed; and that all of it happens as the calling role.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

CREATE SCHEMA mutations_functions;
SET search_path = mutations_functions;

-- A response without its cascade, which tells the time.
CREATE FUNCTION run(query text, variables jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$SELECT regexp_replace(fraiseql.execute(query, variables)::text, ',"extensions":{"cascade":.*}}$', '}')$$;

-- The definitions of the types whose name matches.
CREATE FUNCTION sdl(pattern text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT definition FROM unnest(string_to_array(rtrim(fraiseql.schema_sdl(), E'\n'), E'\n\n')) AS definition
	WHERE definition ~ ('(^|\n)[a-z]+ (' || pattern || ')( |$)')
$$;

CREATE TABLE tb_author (id int PRIMARY KEY, name text NOT NULL, fans bigint, secret text);
CREATE TABLE tb_book (id int PRIMARY KEY, author_id int REFERENCES tb_author, title text NOT NULL);
CREATE VIEW v_shelf AS SELECT id, jsonb_build_object('id', id, 'label', title) AS data FROM tb_book;
SELECT fraiseql.expose('tb_author', options => '{"exclude": ["secret"]}'), fraiseql.expose('tb_book'), fraiseql.expose('v_shelf');

-- Without one there is no such operation.
SELECT run('mutation { nothing }');
SELECT * FROM sdl('Mutation');

--
-- Names
--
CREATE FUNCTION fn_create_author(p_id int, p_name text, p_fans bigint DEFAULT 0) RETURNS tb_author LANGUAGE sql
	AS 'INSERT INTO mutations_functions.tb_author VALUES (p_id, p_name, p_fans, ''hush'') RETURNING *';
COMMENT ON FUNCTION fn_create_author IS 'a new author';
SELECT fraiseql.expose_function('fn_create_author(int, text, bigint)');
SELECT * FROM sdl('Mutation');
SELECT fraiseql.expose_function('fn_create_author(int, text, bigint)', 'newAuthor', '{"arguments": {"p_fans": "admirers"}}');
SELECT fraiseql.expose_function('fn_create_author(int, text, bigint)', options => '{"schemaPrefix": true}');
SELECT fraiseql.expose_function('fn_create_author(int, text, bigint)');

-- mistakes
CREATE FUNCTION fn_unnamed(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION fn_any(x anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT x';
CREATE FUNCTION fn_record() RETURNS record LANGUAGE sql AS 'SELECT 1, 2';
CREATE FUNCTION fn_twice(p_x int, x int) RETURNS int LANGUAGE sql AS 'SELECT x';
CREATE FUNCTION create_author() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION "fn_ünnamable"() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE fn_procedure() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE fn_aggregate(int) (SFUNC = int4pl, STYPE = int);
CREATE FUNCTION fn_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT fraiseql.expose_function('fn_unnamed(int)');
SELECT fraiseql.expose_function('fn_any(anyelement)');
SELECT fraiseql.expose_function('fn_record()');
SELECT fraiseql.expose_function('fn_twice(int, int)');
SELECT fraiseql.expose_function('fn_twice(int, int)', options => '{"arguments": {"p_x": "y"}}');
SELECT fraiseql.hide('fn_twice(int, int)'), fraiseql.hide('fn_twice(int, int)');
SELECT fraiseql.expose_function('create_author()');
SELECT fraiseql.expose_function('"fn_ünnamable"()');
SELECT fraiseql.expose_function('fn_procedure()');
SELECT fraiseql.expose_function('fn_aggregate(int)');
SELECT fraiseql.expose_function('fn_trigger()');
SELECT fraiseql.expose_function('create_author()', 'not a name');
SELECT fraiseql.expose_function('create_author()', '__name');
SELECT fraiseql.expose_function('create_author()', 'other', '{"arguments": {"none": "x"}}');
SELECT fraiseql.expose_function('create_author()', 'other', '{"argument": {}}');
SELECT fraiseql.expose_function('create_author()', 'other', '{"arguments": 1}');
SELECT fraiseql.expose_function('create_author()', 'other', '{"schemaPrefix": 1}');
SELECT fraiseql.expose_function('create_author()', 'other', '{"entity": "Nobody"}');
SELECT fraiseql.expose_function('create_author()', 'other', '[]');
SELECT fraiseql.expose_function(NULL), fraiseql.expose_function('create_author()', 'other', '1');
SELECT fraiseql.expose_function('pg_sleep(double precision)');
SELECT fraiseql.expose_function('fraiseql.cache_reset()');
SELECT fraiseql.expose_function('mutations_functions.no_such_function()');
SELECT fraiseql.hide(NULL::regprocedure);
SELECT fraiseql.expose_function('create_author()', 'authorNumber');
SELECT function, field_name, options FROM fraiseql.exposed_function ORDER BY function::text COLLATE "C";

--
-- Arguments
--
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN short AS text CHECK (length(VALUE) <= 5);
CREATE TYPE place AS (street text, number int, tags text[]);
CREATE TYPE stay AS (at place, nights int);
CREATE FUNCTION fn_echo(a_int int DEFAULT NULL, a_big bigint DEFAULT NULL, a_num numeric DEFAULT NULL, a_real float8 DEFAULT NULL,
	a_bool boolean DEFAULT NULL, a_text text DEFAULT NULL, a_short short DEFAULT NULL, a_char char(3) DEFAULT NULL,
	a_bit bit(3) DEFAULT NULL, a_uuid uuid DEFAULT NULL, a_date date DEFAULT NULL, a_time time DEFAULT NULL,
	a_at timestamp DEFAULT NULL, a_tz timestamptz DEFAULT NULL, a_json json DEFAULT NULL, a_jsonb jsonb DEFAULT NULL,
	a_mood mood DEFAULT NULL, a_ip inet DEFAULT NULL, a_ints int[] DEFAULT NULL, a_moods mood[] DEFAULT NULL,
	a_shorts short[] DEFAULT NULL, a_stay stay DEFAULT NULL, a_places place[] DEFAULT NULL, a_book tb_book DEFAULT NULL,
	a_bytes bytea DEFAULT NULL, a_class regclass DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object('int', a_int, 'big', a_big, 'num', a_num, 'real', a_real, 'bool', a_bool,
		'text', a_text, 'short', a_short, 'char', a_char, 'bit', a_bit::text, 'uuid', a_uuid, 'date', a_date, 'time', a_time, 'at', a_at,
		'tz', a_tz, 'json', a_json, 'jsonb', a_jsonb, 'mood', a_mood, 'ip', a_ip, 'ints', a_ints, 'moods', a_moods,
		'shorts', a_shorts, 'stay', a_stay, 'places', a_places, 'book', a_book, 'bytes', encode(a_bytes, 'hex'), 'class', a_class::text))
$$;
SELECT count(*) FROM (SELECT fraiseql.expose_function(oid) FROM pg_proc WHERE oid = 'fn_echo'::regproc) AS s;
SELECT string_agg(argument, E'\n') FROM sdl('Mutation') AS definition,
	regexp_split_to_table(substring(definition FROM 'echo\((.*)\): JSON'), ', ') AS argument;
SELECT * FROM sdl('BookInput|PlaceInput|StayInput|Mood');
SET timezone = 'UTC';
SELECT run('mutation { echo }');
SELECT run('mutation { echo(aInt: -7, aBig: "9007199254740993", aNum: 1.00000000000000000001, aReal: 2.5, aBool: true,
	aText: "é \" \\ '' $1 /* */", aShort: "five5", aChar: "x", aBit: "101", aUuid: "00000000-0000-0000-0000-00000000000A",
	aDate: "2024-02-29", aTime: "12:30", aAt: "2024-02-29T12:00:00+02:00", aTz: "2024-02-29T12:00:00+02:00",
	aJson: {k: [1, {x: null}]}, aJsonb: "s", aMood: bad, aIp: "10.0.0.0/8", aInts: [1, null, 3], aMoods: [good],
	aShorts: ["a"], aStay: {at: {street: "\"q\", (x)", number: 5, tags: ["a,b", null]}, nights: 2},
	aPlaces: [{street: "one"}, null, {number: 2}], aBook: {id: 1, title: "t"}, aBytes: "\\x00ff", aClass: "pg_class") }');
-- an item stands for a list of itself; an empty list; null is not the default
SELECT run('mutation { echo(aInts: 5, aMoods: [], aPlaces: {street: "s"}) }');
CREATE FUNCTION fn_default(x int DEFAULT 7, y text DEFAULT upper('y')) RETURNS text LANGUAGE sql AS
	$$SELECT coalesce(x::text, 'null') || coalesce(y, 'null')$$;
SELECT fraiseql.expose_function('fn_default(int, text)');
SELECT run('mutation($n: Int, $t: String) { a: default b: default(x: null) c: default(y: "z") d: default(x: 1, y: null) e: default(x: $n, y: $t) }',
	'{"t": "v"}');
-- values that a type refuses are the field's error, a uuid is known before
SELECT run('mutation { echo(aShort: "longer") }');
SELECT run('mutation { echo(aIp: "here") }');
SELECT run('mutation { echo(aClass: "mutations_functions.no_such") }');
SELECT run('mutation { echo(aUuid: "no") }');
SELECT run('mutation { echo(aMood: ugly) }');
SELECT run('mutation { echo(aStay: {at: {number: "x"}}) }');
SELECT run('mutation($s: StayInput) { echo(aStay: $s) }', '{"s": {"at": {"street": "v", "number": 1}, "nights": 3}}');
SELECT run('mutation($s: StayInput) { echo(aStay: $s) }', '{"s": {"att": {}}}');
SELECT run('mutation { createAuthor(id: 1) { id } }');
SELECT run('mutation { createAuthor(id: null, name: "x") { id } }');
SELECT run('mutation { createAuthor(id: 1, name: "x", nme: "y") { id } }');
-- VARIADIC is a list
CREATE FUNCTION fn_join(p_by text, VARIADIC p_words text[]) RETURNS text LANGUAGE sql AS 'SELECT array_to_string(p_words, p_by)';
SELECT fraiseql.expose_function('fn_join(text, text[])');
SELECT run('mutation { join(by: "-", words: ["a", "b"]) none: join(by: "-") one: join(by: "-", words: "x") }');

--
-- Results
--
CREATE FUNCTION fn_books(p_author int, VARIADIC p_titles text[]) RETURNS SETOF tb_book LANGUAGE sql AS
	'INSERT INTO mutations_functions.tb_book SELECT 10 * p_author + n, p_author, t FROM unnest(p_titles) WITH ORDINALITY AS u (t, n) RETURNING *';
CREATE FUNCTION fn_drop_book(p_id int) RETURNS tb_book LANGUAGE sql AS 'DELETE FROM mutations_functions.tb_book WHERE id = p_id RETURNING *';
CREATE FUNCTION fn_shelve(p_id int) RETURNS v_shelf LANGUAGE sql AS 'SELECT * FROM mutations_functions.v_shelf WHERE id = p_id';
CREATE FUNCTION fn_touch() RETURNS void LANGUAGE sql AS 'UPDATE mutations_functions.tb_author SET name = name || ''!''';
CREATE FUNCTION fn_totals(OUT authors bigint, OUT best_title text) LANGUAGE sql AS
	'SELECT count(*), (SELECT max(title) FROM mutations_functions.tb_book) FROM mutations_functions.tb_author';
CREATE FUNCTION fn_table(p_n int) RETURNS TABLE (number int, square_root numeric, words text[]) LANGUAGE sql AS
	'SELECT n, n * n::numeric, ARRAY[n::text] FROM generate_series(1, p_n) AS n';
CREATE FUNCTION fn_place() RETURNS place LANGUAGE sql AS $$SELECT ROW('s', 1, ARRAY['t'])::place$$;
CREATE FUNCTION fn_places() RETURNS SETOF place LANGUAGE sql AS $$VALUES ('a', 1, NULL::text[]), ('b', NULL, '{}')$$;
CREATE FUNCTION fn_numbers() RETURNS SETOF bigint LANGUAGE sql AS 'VALUES (1::bigint), (NULL), (3)';
CREATE FUNCTION fn_words() RETURNS text[] LANGUAGE sql AS $$SELECT ARRAY['a', NULL, '"']$$;
CREATE FUNCTION fn_word_lists() RETURNS SETOF text[] LANGUAGE sql AS $$VALUES (ARRAY['a']), (NULL)$$;
CREATE FUNCTION fn_mood() RETURNS mood LANGUAGE sql AS $$SELECT 'bad'::mood$$;
CREATE FUNCTION fn_short() RETURNS short LANGUAGE sql AS $$SELECT 'short'$$;
CREATE FUNCTION fn_null_row() RETURNS tb_author LANGUAGE sql AS 'SELECT * FROM mutations_functions.tb_author WHERE false';
CREATE FUNCTION fn_half_row() RETURNS tb_author LANGUAGE sql AS 'SELECT 5, NULL::text, 1::bigint, NULL::text';
CREATE FUNCTION fn_half_rows() RETURNS SETOF tb_author LANGUAGE sql AS $$VALUES (5, 'x', 1::bigint, NULL::text), (5, NULL, NULL, NULL)$$;
SELECT fraiseql.expose_function(oid) FROM pg_proc WHERE pronamespace = 'mutations_functions'::regnamespace AND proname = ANY
	('{fn_books,fn_drop_book,fn_shelve,fn_touch,fn_totals,fn_table,fn_place,fn_places,fn_numbers,fn_words,fn_word_lists,fn_mood,fn_short,fn_null_row,fn_half_row,fn_half_rows}')
	ORDER BY proname COLLATE "C";
SELECT definition FROM sdl('Mutation') AS s, regexp_split_to_table(s, '\n') AS definition WHERE definition !~ 'echo';
SELECT * FROM sdl('TotalsResult|TableResult|Place');
-- the selection sees what was changed, and leads on from the returned rows; so does the next field, and what came before
SELECT run('mutation { createAuthor(id: 1, name: "Ann") { __typename key: id name fans books { id } }
	books(author: 1, titles: ["A", "B"]) { title author { name books(orderBy: {id: DESC}) { id } } }
	touch totals { authors bestTitle } shelve(id: 11) { id label } dropBook(id: 11) { id title author { name books { title } } } }');
SELECT fraiseql.execute('{ authors { name fans books { id } } }');
SELECT run('mutation { table(n: 2) { number squareRoot words } place { street number tags } places { street tags } }');
SELECT run('mutation { numbers words wordLists mood short nullRow { id } none: table(n: 0) { number } }');
-- a row with nulls where the relation has none
SELECT run('mutation { halfRow { id fans } }');
SELECT run('mutation { halfRow { id name } touch }');
SELECT run('mutation { halfRows { id name } }');
-- a _cascade in a jsonb result is taken out of it
CREATE FUNCTION fn_first() RETURNS jsonb LANGUAGE sql AS $$SELECT '{"ok": true, "_cascade": {"updated": []}}'::jsonb$$;
CREATE FUNCTION fn_list() RETURNS jsonb LANGUAGE sql AS $$SELECT '["_cascade"]'::jsonb$$;
SELECT fraiseql.expose_function('fn_first()'), fraiseql.expose_function('fn_list()');
SELECT run('mutation { first list }');
-- a list is complete or an error
SET fraiseql.max_page_size = 3;
SELECT run('mutation { three: table(n: 3) { number } four: table(n: 4) { number } }');
RESET fraiseql.max_page_size;
-- fragments, directives, aliases, one field in two places
SELECT run('mutation M($no: Boolean!) { ...f a: mood @skip(if: $no) b: mood @include(if: $no) touch touch } fragment f on Mutation { place { ...p } } fragment p on Place { street place: number }', '{"no": true}');
SELECT run('mutation { place { street } place { number } }');
SELECT run('mutation { mood { x } }');
SELECT run('mutation { place }');
SELECT run('mutation { x: touch @skip(if: true) }');
SELECT fraiseql.execute('subscription { touch }');
SELECT run('mutation { __schema { types { name } } }');

--
-- One after the other; what fails is undone alone
--
TRUNCATE tb_author CASCADE;
CREATE FUNCTION fn_fail(p_id int) RETURNS tb_author LANGUAGE plpgsql AS $$
BEGIN INSERT INTO mutations_functions.tb_author VALUES (p_id, 'gone'); RAISE EXCEPTION 'no % today', p_id USING DETAIL = 'inner', ERRCODE = 'AB123'; END $$;
CREATE FUNCTION fn_bad_name() RETURNS int LANGUAGE plpgsql AS $$BEGIN EXECUTE 'SELECT nothing FROM nowhere'; RETURN 1; END$$;
CREATE FUNCTION fn_divide(p_by int) RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1 / p_by; END$$;
CREATE FUNCTION fn_conflict() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE 'again' USING ERRCODE = '40001'; END$$;
SELECT fraiseql.expose_function('fn_fail(int)'), fraiseql.expose_function('fn_bad_name()'), fraiseql.expose_function('fn_divide(int)'),
	fraiseql.expose_function('fn_conflict()');
SELECT run('mutation { a: createAuthor(id: 1, name: "one") { id } f: fail(id: 2) { id } a2: createAuthor(id: 1, name: "twice") { id }
	b: createAuthor(id: 2, name: "two") { id name } n: badName d: divide(by: 0) e: divide(by: 1) }');
SELECT id, name FROM tb_author ORDER BY id;
-- an error in the selection undoes its field too
CREATE FUNCTION fn_add_book(p_id int) RETURNS tb_book LANGUAGE sql AS
	$$INSERT INTO mutations_functions.tb_author VALUES (p_id, 'x'); INSERT INTO mutations_functions.tb_book VALUES (p_id, p_id, 'x') RETURNING *$$;
SELECT fraiseql.expose_function('fn_add_book(int)');
SELECT run('mutation { addBook(id: 3) { id author { name } } }');
SELECT run('mutation { addBook(id: 5) { id author { books(limit: -1) { id } } } }');
SELECT run('mutation { addBook(id: 5) { id author { books(where: {title: {regex: "("}}) { id } } } }');
SELECT id, name FROM tb_author ORDER BY id;
-- errors of the session leave the statement, and nothing stands
SELECT run('mutation { a: createAuthor(id: 9, name: "nine") { id } conflict }');
SELECT count(*) FROM tb_author WHERE id = 9;
-- the caller's transaction decides about the rest, savepoints included
BEGIN;
SELECT run('mutation { createAuthor(id: 20, name: "kept") { id } }');
SAVEPOINT s;
SELECT run('mutation { createAuthor(id: 21, name: "undone") { id } fail(id: 22) { id } }');
SELECT fraiseql.execute('{ authors(where: {id: {gte: 20}}) { name } }');
ROLLBACK TO s;
SELECT fraiseql.execute('{ authors(where: {id: {gte: 20}}) { name } }');
COMMIT;
BEGIN; SELECT run('mutation { createAuthor(id: 30, name: "rolled back") { id } }'); ROLLBACK;
SELECT fraiseql.execute('{ authors(where: {id: {gte: 20}}) { name } }');
-- what was returned may be changed by a deferred or a statement trigger before the selection reads on
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN UPDATE mutations_functions.tb_author SET name = upper(name) WHERE name <> upper(name); RETURN NULL; END$$;
CREATE TRIGGER shout AFTER INSERT ON tb_book FOR EACH STATEMENT EXECUTE FUNCTION shout();
SELECT run('mutation { addBook(id: 40) { title author { name } } }');
DROP TRIGGER shout ON tb_book;

-- isolation levels; read-only transactions
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT run('mutation { createAuthor(id: 50, name: "rr") { id books { id } } touch }');
SELECT fraiseql.execute('{ author(id: 50) { name } }');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT run('mutation { createAuthor(id: 50, name: "ser") { id books { id } } touch }');
SELECT fraiseql.execute('{ author(id: 50) { name } }');
ROLLBACK;
BEGIN READ ONLY;
SELECT run('mutation { createAuthor(id: 50, name: "ro") { id } }');
COMMIT;

-- the cache is neither asked nor given anything, and answers that a mutation changes are fresh at once
SELECT fraiseql.cache_reset() >= 0, fraiseql.stats_reset();
SELECT fraiseql.execute('{ author(id: 1) { name } }');
SELECT fraiseql.execute('{ author(id: 1) { name } }');
SELECT run('mutation { touch }');
SELECT run('mutation { touch }');
SELECT fraiseql.execute('{ author(id: 1) { name } }');
SELECT hits, misses, bypasses, fills FROM fraiseql.cache_stats;
SELECT reason, count FROM fraiseql.bypass_stats WHERE count > 0;
SELECT fraiseql.explain('mutation { touch }') - 'normalized';
SELECT name FROM tb_author WHERE id = 1;

-- the response says what was changed, by all fields that stand, whoever changed it, and what functions say themselves; no
-- more than the caller may see (cascade.sql has the rest)
CREATE FUNCTION fn_claim() RETURNS jsonb LANGUAGE sql AS
	$$SELECT '{"ok": true, "_cascade": {"updated": [{"__typename": "Book", "id": 3}, {"__typename": "Nothing", "id": 1}]}}'::jsonb$$;
CREATE FUNCTION fn_remove_author(p_id int) RETURNS void LANGUAGE sql AS 'DELETE FROM mutations_functions.tb_author WHERE id = p_id';
SELECT fraiseql.expose_function('fn_claim()'), fraiseql.expose_function('fn_remove_author(int)');
INSERT INTO tb_author VALUES (100, 'to go');
SELECT member, part - 'deletedAt' FROM jsonb_each(fraiseql.execute('mutation { createAuthor(id: 101, name: "new") { id } fail(id: 102) { id }
	claim removeAuthor(id: 100) }')::jsonb->'extensions'->'cascade') AS c (member, parts), jsonb_array_elements(parts) AS part
	WHERE member IN ('updated', 'deleted') ORDER BY member, part->>'__typename', part->>'id';
SELECT fraiseql.execute('mutation { mood }')::jsonb #- '{extensions,cascade,metadata}';

-- the audit has it under the operation's name, or its first field's; not what was undone, nor what came later in SQL
CREATE FUNCTION audited(after bigint, last text) RETURNS TABLE (mutation_id text, status text, entities jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..600 LOOP
		EXIT WHEN EXISTS (SELECT FROM fraiseql.audit_recent AS r WHERE r.number > after AND r.entities::text LIKE '%' || last || '%');
		PERFORM pg_sleep(0.05);
	END LOOP;
	RETURN QUERY SELECT r.mutation_id, r.status, r.entities FROM fraiseql.audit_recent AS r WHERE r.number > after ORDER BY r.number;
END $$;
SELECT coalesce(max(number), 0) AS before FROM fraiseql.audit_recent \gset
INSERT INTO tb_author VALUES (113, 'a mark');
SELECT count(*) > 0 FROM audited(:before, '"113"');
SELECT coalesce(max(number), 0) AS before FROM fraiseql.audit_recent \gset
SELECT run('mutation NewAuthor { fail(id: 1) { id } createAuthor(id: 110, name: "x") { id } }');
SELECT run('mutation { mood fail(id: 1) { id } removeAuthor(id: 110) }');
SELECT run('mutation { createAuthor(id: 111, name: "x") { id } removeAuthor(id: 111) }');
SELECT run('mutation Undone { fail(id: 1) { id } }');
INSERT INTO tb_author VALUES (112, 'by SQL');
SELECT * FROM audited(:before, '"112"');

--
-- Who may
--
CREATE ROLE mutations_caller;
CREATE FUNCTION fn_definer(p_id int) RETURNS tb_author LANGUAGE sql SECURITY DEFINER AS
	'INSERT INTO mutations_functions.tb_author VALUES (p_id, ''definer'', 1, ''hush'') RETURNING *';
CREATE FUNCTION fn_hidden() RETURNS place LANGUAGE sql AS $$SELECT ROW('s', 1, NULL)::mutations_functions.place$$;
CREATE FUNCTION fn_visible() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT fraiseql.expose_function('fn_definer(int)'), fraiseql.expose_function('fn_hidden()'), fraiseql.expose_function('fn_visible()');
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA mutations_functions FROM PUBLIC;
GRANT USAGE ON SCHEMA mutations_functions TO mutations_caller;
GRANT EXECUTE ON FUNCTION sdl(text), run(text, jsonb), fn_definer(int), fn_visible(), fn_create_author(int, text, bigint) TO mutations_caller;
SET ROLE mutations_caller;
SELECT fraiseql.expose_function('fn_visible()');
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraiseql.expose_function(regprocedure, text, jsonb), fraiseql.hide(text) TO mutations_caller;
SET ROLE mutations_caller;
SELECT fraiseql.expose_function('fn_visible()');
SELECT fraiseql.hide('fn_visible()');
SELECT * FROM sdl('Mutation|Place|TotalsResult|StayInput');
-- EXECUTE alone: neither columns of the returned row nor other rows are shown that the role may not read
SELECT run('mutation { visible hidden { street } }');
SELECT run('mutation { definer(id: 60) { __typename } }');
SELECT run('mutation { definer(id: 61) { id name } }');
SELECT run('mutation { createAuthor(id: 62, name: "x") { __typename } }');
RESET ROLE;
GRANT SELECT (id, name) ON tb_author TO mutations_caller;
SET ROLE mutations_caller;
SELECT * FROM sdl('Mutation');
SELECT run('mutation { definer(id: 63) { id name } }');
SELECT run('mutation { definer(id: 64) { id fans } }');
SELECT run('mutation { definer(id: 65) { id books { id } } }');
RESET ROLE;
SELECT id FROM tb_author WHERE id >= 60 ORDER BY id;

-- row security holds for what the selection leads to
ALTER TABLE tb_book ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON tb_book USING (id % 2 = 0);
GRANT SELECT ON tb_book TO mutations_caller;
INSERT INTO tb_author VALUES (70, 'rls');
INSERT INTO tb_book VALUES (700, 70, 'even'), (701, 70, 'odd');
CREATE FUNCTION fn_find(p_id int) RETURNS tb_author LANGUAGE sql AS 'SELECT id, name, NULL::bigint, NULL::text FROM mutations_functions.tb_author WHERE id = p_id';
SELECT fraiseql.expose_function('fn_find(int)');
SET ROLE mutations_caller;
SELECT run('mutation { find(id: 70) { id name books { title } } }');
RESET ROLE;

-- another function of the same name that suits the arguments better is not what was exposed
CREATE FUNCTION fn_default(x int) RETURNS text LANGUAGE sql AS $$SELECT 'hijacked'$$;
SELECT run('mutation { default(x: 1) }');
SELECT run('mutation { default(x: 1, y: "y") }');
DROP FUNCTION fn_default(int);
SELECT run('mutation { default(x: 1) }');

-- definitions: replaced, renamed, given other defaults, dropped
CREATE OR REPLACE FUNCTION fn_visible() RETURNS int LANGUAGE sql AS 'SELECT 2';
SELECT run('mutation { visible }');
ALTER FUNCTION fn_visible() RENAME TO fn_seen;
SELECT run('mutation { visible }');
SELECT run('mutation { seen }');
DROP FUNCTION fn_seen();
SELECT run('mutation { seen }');
SELECT count(*) FROM fraiseql.exposed_function AS e WHERE NOT EXISTS (SELECT FROM pg_proc WHERE oid = e.function);
SELECT fraiseql.expose_function('fn_mood()');
SELECT count(*) FROM fraiseql.exposed_function AS e WHERE NOT EXISTS (SELECT FROM pg_proc WHERE oid = e.function);
-- a function without any relation
BEGIN;
SELECT count(fraiseql.hide(relation)) > 0 FROM fraiseql.exposure;
SELECT run('mutation { mood }'), fraiseql.execute('{ mood }');
ROLLBACK;

-- names that need quotes; names that look like SQL
CREATE SCHEMA "odd "" schema";
CREATE FUNCTION "odd "" schema"."fn ""); DROP"("p; DROP TABLE" text, "select" int DEFAULT 1) RETURNS TABLE ("a""b;" text) LANGUAGE sql AS 'SELECT $1';
SELECT fraiseql.expose_function(oid, 'odd', '{"arguments": {"p; DROP TABLE": "x"}}') FROM pg_proc WHERE proname = 'fn "); DROP';
ALTER FUNCTION "odd "" schema"."fn ""); DROP"(text, int) RENAME TO "fn ""; DROP";
DROP FUNCTION "odd "" schema"."fn ""; DROP";
CREATE FUNCTION "odd "" schema"."fn ""; DROP"("p; DROP TABLE" text, "select" int DEFAULT 1) RETURNS text LANGUAGE sql AS 'SELECT $1 || $2';
SELECT fraiseql.expose_function(oid, 'odd', '{"arguments": {"p; DROP TABLE": "x"}}') FROM pg_proc WHERE proname = 'fn "; DROP';
SELECT run('mutation { odd(x: "''); DROP TABLE tb_author; --", select: 2) }');
CREATE TABLE "fraiseql_result" (id int, name text);
INSERT INTO fraiseql_result VALUES (666, 'not this');
SELECT run('mutation { createAuthor(id: 80, name: "this") { id name } }');

-- nested calls: a function that runs operations and mutations of its own; a query that runs a mutation is not kept
CREATE FUNCTION fn_nested(p_id int) RETURNS json LANGUAGE sql AS $$
	SELECT mutations_functions.run('mutation($id: Int!) { createAuthor(id: $id, name: "inner") { id name } fail(id: 1) { id } }', jsonb_build_object('id', p_id))::json $$;
SELECT fraiseql.expose_function('fn_nested(int)');
SELECT run('mutation { outer: createAuthor(id: 81, name: "outer") { id } nested(id: 82) again: createAuthor(id: 82, name: "x") { id } }');
CREATE FUNCTION count_up() RETURNS int LANGUAGE plpgsql AS $$BEGIN PERFORM fraiseql.execute('mutation { touch }'); RETURN 1; END$$;
CREATE VIEW v_counting AS SELECT 1 AS id, count_up() AS value;
SELECT fraiseql.expose('v_counting');
SELECT fraiseql.stats_reset();
SELECT fraiseql.execute('{ countings { value } }');
SELECT hits, misses, fills FROM fraiseql.cache_stats;
SELECT reason, count FROM fraiseql.bypass_stats WHERE count > 0 ORDER BY reason;

SELECT count(fraiseql.hide(relation)) > 0 FROM fraiseql.exposure;
SELECT count(fraiseql.hide(function)) > 0 FROM fraiseql.exposed_function;
REVOKE ALL ON FUNCTION fraiseql.expose_function(regprocedure, text, jsonb), fraiseql.hide(text) FROM mutations_caller;
DROP SCHEMA mutations_functions, "odd "" schema" CASCADE;
DROP ROLE mutations_caller;
