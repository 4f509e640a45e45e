-- Input that means harm: a clean error each time, and the server stands.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA hostile;
SET search_path = hostile;
CREATE TABLE tb_item (id int PRIMARY KEY, name text, price numeric, data jsonb);
INSERT INTO tb_item VALUES (1, 'one', 123456789012345678901234567890, '{"n": 123456789012345678901234567890}');
SELECT fraiseql.expose('tb_item', 'Item');

-- the errors of a response, shortened
CREATE FUNCTION errors(query text, variables jsonb DEFAULT NULL, operation text DEFAULT NULL) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s at %s:%s %s', e #>> '{extensions,code}', e #>> '{locations,0,line}', e #>> '{locations,0,column}', left(e ->> 'message', 90))
	FROM json_array_elements(fraiseql.execute(query, variables, operation) -> 'errors') AS e
$$;

-- nothing, and next to nothing
SELECT errors(NULL);
SELECT errors('');
SELECT errors(E' \t\r\n,,, # only a comment');
SELECT errors('{ items { id } }', NULL, '');
SELECT errors('{ items { id } }', NULL, repeat('x', 100000));
SELECT errors('query a { items { id } } query b { items { id } }');

-- 100,000 random bytes, as far as they are text
SELECT setseed(0.5);
SELECT count(*) FROM (SELECT errors(string_agg(chr(1 + (random() * 126)::int), '')) FROM generate_series(1, 100000)) AS e;
SELECT count(*) FROM (SELECT errors(string_agg(chr(1 + (random() * 55000)::int), '')) FROM generate_series(1, 50000)) AS e;
SELECT errors(E'{ items { id } \x7f }');
SELECT errors(U&'{ items(where: {name: {eq: "\FEFF\+01F600 \2028"}}) { id } \00A0 }');

-- 100,000 levels of everything that nests
SELECT errors(repeat(x, 100000)) FROM unnest('{"{a","{a{","[","(","query($a:[","{a(b:[","{a(b:{c:","{a(b:[[{c:","{...{","{a @b(c:[","fragment x on y {"}'::text[]) AS x;
SELECT errors('query($x: ' || repeat('[', 100000) || 'Int' || repeat(']', 100000) || ') { items { id } }');
SELECT errors('{ items(where: ' || repeat('{_not:', 1000) || '{}' || repeat('}', 1000) || ') { id } }');
SELECT errors('query($w: ItemWhere) { items(where: $w) { id } }', (repeat('{"_not":', 400) || '{}' || repeat('}', 400))::jsonb -> '_not');
SELECT errors('query($w: ItemWhere) { items(where: $w) { id } }', ('{"w":' || repeat('{"_not":', 5000) || '{}' || repeat('}', 5000) || '}')::jsonb);

-- 50 MB, and floods below the limits
SELECT errors(repeat('x', 50000000));
SELECT errors(repeat(' ', 262145));
SELECT errors(repeat(' ', 262000) || '{ items { id } }');
SELECT errors('{' || repeat(' __typename', 3000) || '}');
SELECT errors('{' || repeat(' a: __typename', 30) || '}');
SELECT errors('{' || string_agg(' a' || n || ': __typename', '') || '}') FROM generate_series(1, 100) AS n;
SELECT errors('{' || repeat(' items { id }', 2000) || '}');
SELECT errors('{ items {' || repeat('... on Item {', 60) || 'id' || repeat('}', 60) || '} }');
SELECT errors('{ items { id ' || repeat('@include(if: true) ', 100) || '} }');
SELECT errors('{ items { ...f0 } }' || string_agg(format(' fragment f%s on Item { ...f%s ...f%s }', n, n + 1, n + 1), '') || ' fragment f60 on Item { id }') FROM generate_series(0, 59) AS n;
SELECT errors('{ items { ...a } } fragment a on Item { ...b } fragment b on Item { ...a }');
SELECT errors('{ items { ...f0 } }' || string_agg(format(' fragment f%s on Item { ...f%s }', n, n + 1), '') || ' fragment f2000 on Item { id }') FROM generate_series(0, 1999) AS n;

-- numbers keep their digits, or are refused
SELECT fraiseql.execute('query($p: Decimal) { items(where: {price: {eq: $p}}) { price } }', '{"p": 123456789012345678901234567890}');
SELECT fraiseql.execute('query($p: Decimal) { items(where: {price: {eq: $p}}) { price } }', '{"p": "123456789012345678901234567890.0"}');
SELECT fraiseql.execute('{ items(where: {price: {eq: 123456789012345678901234567890}}) { price data } }');
SELECT fraiseql.execute('{ items(where: {price: {eq: 123456789012345678901234567891}}) { price } }');
SELECT errors('{ item(id: 2147483648) { id } }');
SELECT errors('query($n: Int!) { item(id: $n) { id } }', x) FROM unnest('{"{\"n\": 2147483648}","{\"n\": 1.5}","{\"n\": \"1\"}","{\"n\": null}","{\"n\": {}}","{}","[1]","\"x\"","null"}'::jsonb[]) AS x;
SELECT errors('{ items(limit: 99999999999999999999) { id } }');
SELECT errors('{ items(limit: -1) { id } }');
SELECT errors('{ items(where: {price: {eq: 1e999999}}) { id } }');

SELECT errors('query($s: String) { items(where: {name: {eq: $s}}) { id } }', jsonb_build_object('s', repeat('x', 2000000)));
SELECT fraiseql.execute('{ items { id @skip(if: true) } item(id: 1) { id @include(if: false) } }');

-- quotes, backslashes, keywords: values are never SQL
SELECT fraiseql.execute('query($s: String) { items(where: {name: {eq: $s}}) { id } }', jsonb_build_object('s', s))
FROM unnest(ARRAY['''; DROP TABLE hostile.tb_item; --', '\', '\''', '$1', '%s', '"', E'\n']) AS s;
SELECT fraiseql.execute('{ items(where: {name: {contains: "%"}}) { id } b: items(where: {name: {contains: "n"}}) { id } }');
SELECT errors('{ items(where: {name: {regex: "("}}) { id } }');
SELECT errors('{ items(where: {name: {eq: "a\u0000b"}}) { id } }');
SELECT errors('{ items(orderBy: {name: "ASC; DROP"}) { id } }');
SELECT errors('{ items { "id" } }');

-- every function of ours, with nothing but NULL
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE statement INTO answer;
	RETURN coalesce(left(answer, 100), 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT p.oid::regprocedure, outcome(format('SELECT %s(%s)::text', p.oid::regproc, nulls))
FROM pg_proc p, LATERAL (SELECT string_agg('NULL::' || t::regtype, ', ') FROM unnest(proargtypes) AS t) AS n (nulls)
WHERE pronamespace = 'fraiseql'::regnamespace AND prorettype <> 'trigger'::regtype AND pronargs > 0
ORDER BY p.oid::regprocedure::text COLLATE "C";
-- and with values that fit nothing
SELECT outcome(s) FROM unnest(ARRAY[
	'SELECT fraiseql.expose(0)', 'SELECT fraiseql.expose(4294967295)', 'SELECT fraiseql.hide(0::regclass)', 'SELECT fraiseql.hide(0)', 'SELECT fraiseql.track(0)',
	'SELECT fraiseql.expose(''pg_class'')', 'SELECT fraiseql.track(''pg_class'')', 'SELECT fraiseql.expose(''fraiseql.exposure'')',
	'SELECT fraiseql.expose(''hostile.tb_item'', '''')', 'SELECT fraiseql.expose(''hostile.tb_item'', ''__Item'')',
	'SELECT fraiseql.expose(''hostile.tb_item'', repeat(''x'', 100000)) IS NULL', 'SELECT fraiseql.expose(''hostile.tb_item'', NULL, ''[]'')',
	'SELECT fraiseql.expose(''hostile.tb_item'', NULL, ''{"ttl": -1}'')', 'SELECT * FROM fraiseql.expose_schema(0)',
	'SELECT fraiseql.page_guard(''[]'', 9223372036854775807, -2147483648, NULL)', 'SELECT fraiseql.page_guard(NULL, -1, 0, NULL)',
	'SELECT fraiseql.iso_date(repeat(''9'', 100000))', 'SELECT fraiseql.iso_date('''')', 'SELECT fraiseql.iso_timestamptz(''now'')', 'SELECT fraiseql.iso_time(''allballs'')',
	'SELECT fraiseql.graphql(''"x"'')', 'SELECT fraiseql.graphql(''{}'')', 'SELECT fraiseql.graphql(''{"query": "{ __typename }", "variables": 3}'')',
	'SELECT fraiseql.graphql(''{"query": "{ __typename }", "variables": {"a": 1}, "operationName": null, "extensions": {"x": []}}'')']) AS s;
SELECT fraiseql.track_row();

SELECT fraiseql.execute('{ items { id name } }');
SET client_min_messages = warning;
DROP SCHEMA hostile CASCADE;
