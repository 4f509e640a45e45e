-- A schema that has everything by the names of pg_catalog, first on the path: nothing that generated SQL or a function of
-- the extension names is looked up there.
--
-- Every function, operator, type and collation of the server that can be made again is made again, such that to use it is
-- an error.  Then operations of every kind are asked, and must be answered as they are without it.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA hostile_names;
SET search_path = hostile_names;

CREATE TYPE color AS ENUM ('RED', 'GREEN');
CREATE DOMAIN code AS varchar(8);
CREATE TABLE maker (id int PRIMARY KEY, name text, uid uuid UNIQUE);
CREATE TABLE thing (
	id int PRIMARY KEY, maker_id int REFERENCES maker, small smallint, big bigint, real4 real, real8 double precision, amount numeric(10, 2),
	flag boolean, name text, label varchar(20) COLLATE "C", padded char(5), tiny "char", nick name, day date, at timestamptz, wall timestamp, clock time,
	span interval, uid uuid, shade color, tag code, numbers int[], names text[], shades color[], data jsonb, raw json, bytes bytea, net inet,
	price money, bits bit(3), area box, range int4range);
INSERT INTO maker VALUES (1, 'Ann', '11111111-1111-1111-1111-111111111111'), (2, 'Bob', '22222222-2222-2222-2222-222222222222');
INSERT INTO thing VALUES
	(1, 1, 1, 10, 1.5, 2.5, 3.25, true, 'one', 'Zed', 'a', 'x', 'n1', '2026-01-01', '2026-01-01 10:00Z', '2026-01-01 10:00', '10:00', '1 day',
		'11111111-1111-1111-1111-111111111111', 'RED', 'c1', '{1,2}', '{a,b}', '{RED}', '{"a": 1}', '{"a": 1}', '\x01', '10.0.0.1', 1, B'101', '(0,0),(1,1)', '[1,3)'),
	(2, 2, 2, 20, 2.5, 3.5, 4.25, false, 'two', 'ann', 'b', 'y', 'n2', '2026-01-02', '2026-01-02 10:00Z', '2026-01-02 10:00', '11:00', '2 days',
		'22222222-2222-2222-2222-222222222222', 'GREEN', 'c2', '{3}', '{}', '{GREEN,RED}', '[]', '[]', '\x02', '10.0.0.2', 2, B'110', '(0,0),(2,2)', '[2,4)');
INSERT INTO thing (id) VALUES (3);
CREATE TABLE tv_card (id int PRIMARY KEY, data jsonb NOT NULL);
INSERT INTO tv_card SELECT id, jsonb_build_object('id', id, 'name', name, 'amount', amount, 'flag', flag, 'day', day, 'at', at, 'uid', uid,
	'small', small, 'big', big, 'real8', real8, 'clock', clock, 'tags', '["a"]'::jsonb,
	'people', (SELECT jsonb_agg(jsonb_build_object('id', m.id, 'name', m.name)) FROM maker AS m), 'friends', '[{"id": 1}, null]'::jsonb,
	'maker', (SELECT jsonb_build_object('id', m.id, 'name', m.name) FROM maker AS m WHERE m.id = maker_id)) FROM thing;
CREATE VIEW v_folder AS SELECT id, name, at, wall, clock, label AS text_label, shade, uid, amount, day, real8, flag, jsonb_build_object('id', id, 'name', name, 'big', big, 'day', day, 'clock', clock, 'uid', uid, 'shade', shade, 'flag', flag, 'small', small, 'real8', real8, 'real4', real4, 'amount', amount, 'at', at, 'wall', wall, 'label', label,
	'nick', nick, 'lower', lower(name), 'sum', small + 1, 'parts', (SELECT jsonb_agg(jsonb_build_object('no', n)) FROM unnest(numbers) AS n),
	'maker', (SELECT jsonb_build_object('id', m.id, 'name', m.name) FROM maker AS m WHERE m.id = maker_id)) AS data FROM thing;
CREATE VIEW v_person AS SELECT id, jsonb_build_object('id', id, 'name', name) AS data FROM maker;
SELECT fraiseql.expose('maker'), fraiseql.expose('thing'), fraiseql.expose('v_person', 'Person'), fraiseql.expose('v_folder', 'Folder'),
	fraiseql.expose('tv_card', 'Card', '{"data": {"id": "ID!", "name": "String", "amount": "Decimal", "flag": "Boolean", "day": "Date", "at": "DateTime",
		"uid": "ID", "maker": "Person", "clock": "Time", "small": "Int", "big": "BigInt", "real8": "Float", "people": "[Person]", "friends": "[Person!]!", "tags": "[String]"}}');

-- every operator with every field of every type, with a value that some row has; every order
CREATE TABLE operation (place int GENERATED ALWAYS AS IDENTITY, query text, variables jsonb, expected text);
INSERT INTO operation (query) VALUES
	('{ things { id makerId small big real4 real8 amount flag name label padded tiny nick day at wall clock span uid shade tag numbers names shades data raw bytes net price bits area range } }'),
	('{ things(orderBy: [{at: DESC}, {name: ASC}], limit: 2, offset: 1) { id maker { name things(orderBy: {small: DESC}) { id } } } }'),
	('{ makers(where: {name: {icontains: "a"}}) { id name uid things(where: {flag: {eq: true}}) { id } } }'),
	('{ thing(id: 1) { id maker { name } } maker(id: 2) { name } }'),
	('{ things(where: {_or: [{maker: {name: {eq: "Ann"}}}, {_not: {small: {gt: 1}}}, {shade: {in: [GREEN, null]}}]}) { id __typename } }'),
	('{ cards { id name amount flag day at uid clock small big real8 maker { id name } people { id name } friends { id } tags } }'),
	('{ cards(where: {maker: {name: {eq: "Bob"}}}, orderBy: [{amount: DESC}, {day: ASC}]) { id maker { name } } }'),
	('{ card(id: 1) { id name } folder(id: 2) { id name } }'),
	('{ folders { id name big day clock uid shade flag small real8 real4 amount at wall label nick lower sum parts { no } maker { id name } } }'),
	('{ things(where: {_or: [{name: {gt: null}}, {name: {like: null}}, {id: {isnull: null}}]}) { id } }'),
	('{ cards(where: {_or: [{name: {gt: null}}, {amount: {in: [3.25, null]}}]}) { id } }'),
	('{ folders(where: {maker: {id: {gt: 1}}}, orderBy: [{name: DESC}]) { id } }');
-- more fields than one call of concat() takes
INSERT INTO operation (query) SELECT '{ things { ' || string_agg(format('a%s: %s', n, field), ' ') || ' id makerId small big real4 real8 amount flag name label padded tiny } }'
FROM generate_series(1, 40) AS n, LATERAL (SELECT (ARRAY['id', 'name', 'day', 'numbers'])[1 + n % 4]) AS f (field);
INSERT INTO operation (query, variables)
SELECT format('query($where: %sWhere) { %s(where: $where) { id } }', type, list), jsonb_build_object('where', jsonb_build_object(field, jsonb_build_object(op,
	CASE WHEN op IN ('in', 'nin') THEN jsonb_build_array(value, value, NULL) WHEN op LIKE '%null' THEN to_jsonb(true) ELSE value END)))
FROM (SELECT * FROM (VALUES ('things', 'Thing', 1), ('cards', 'Card', 6), ('folders', 'Folder', 9)) AS t (list, type, place) JOIN operation USING (place)) AS t,
	LATERAL jsonb_each(fraiseql.execute(query)::jsonb #> ARRAY['data', list, '0']) AS f (field, value),
	unnest('{eq,neq,gt,gte,lt,lte,in,nin,isnull,is_not_null,contains,icontains,startswith,istartswith,endswith,iendswith,like,ilike,nlike,nilike,regex,iregex,nregex,niregex}'::text[]) AS op
WHERE jsonb_typeof(value) NOT IN ('object', 'array');
INSERT INTO operation (query)
SELECT format('{ %s(orderBy: {%s: %s}) { id } }', list, field, direction)
FROM (VALUES ('things', 1), ('cards', 6), ('folders', 9)) AS t (list, place) JOIN operation USING (place),
	LATERAL jsonb_object_keys(fraiseql.execute(query)::jsonb #> ARRAY['data', list, '0']) AS field, unnest('{ASC,DESC_NULLS_LAST}'::text[]) AS direction;
-- those that the schema does not offer are not asked
UPDATE operation SET expected = fraiseql.execute(query, variables);
DELETE FROM operation WHERE expected LIKE '%"errors"%' AND expected !~ '"sqlstate"';
SELECT count(*) > 400, count(*) FILTER (WHERE expected LIKE '%"errors"%') FROM operation;

-- the schema that has everything
CREATE SCHEMA hostile;
CREATE FUNCTION hostile_names.try(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN true;
EXCEPTION WHEN OTHERS THEN
	RETURN false;
END
$$;
CREATE FUNCTION hostile.raise() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile'; END $$;
SELECT count(*) > 60 FROM pg_type AS t WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r') AND typelem = 0
	AND try(format('CREATE DOMAIN hostile.%I AS pg_catalog.%I CHECK (hostile.raise())', typname, typname));
-- a collation in another order, where the server has any such
SELECT try('CREATE COLLATION hostile."default" (provider = icu, locale = ''und'')') IS NOT NULL;
-- functions with the same arguments, or with texts where those of the server take anything
SELECT count(*) > 2000 FROM pg_proc AS p, LATERAL (
	SELECT coalesce(string_agg(CASE WHEN provariadic <> 0 AND i = pronargs THEN 'VARIADIC ' ELSE '' END
		|| CASE WHEN t <> '"any"'::regtype THEN 'pg_catalog.' || quote_ident(typname) WHEN provariadic <> 0 THEN 'pg_catalog.text[]' ELSE 'pg_catalog.text' END, ', ' ORDER BY i), '')
	FROM unnest(proargtypes) WITH ORDINALITY AS a (t, i) JOIN pg_type ON pg_type.oid = t) AS a (arguments)
WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind <> 'p' AND try(format(
	'CREATE FUNCTION hostile.%I(%s) RETURNS pg_catalog.bool LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION ''hostile''; END $f$', proname, arguments));
SELECT count(*) > 700 FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND try(format(
	'CREATE FUNCTION hostile."raise %s"(%s) RETURNS pg_catalog.bool LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION ''hostile''; END $f$;'
	'CREATE OPERATOR hostile.%s (FUNCTION = hostile."raise %s"%s, RIGHTARG = pg_catalog.%I)', oid,
	concat_ws(', ', 'pg_catalog.' || quote_ident((SELECT typname FROM pg_type AS t WHERE t.oid = oprleft)), 'pg_catalog.' || quote_ident((SELECT typname FROM pg_type AS t WHERE t.oid = oprright))),
	oprname, oid, ', LEFTARG = pg_catalog.' || quote_ident((SELECT typname FROM pg_type AS t WHERE t.oid = oprleft)), (SELECT typname FROM pg_type AS t WHERE t.oid = oprright)));

-- what is asked, along the path given
CREATE FUNCTION differing(path text) RETURNS TABLE (query text, variables jsonb, answer text) LANGUAGE plpgsql AS $$
DECLARE
	o operation;
BEGIN
	FOR o IN SELECT * FROM operation ORDER BY place LOOP
		query := o.query;
		variables := o.variables;
		PERFORM set_config('search_path', path, true);
		BEGIN
			answer := fraiseql.execute(query, variables);
		EXCEPTION WHEN OTHERS THEN
			answer := SQLERRM;
		END;
		PERFORM pg_catalog.set_config('search_path', 'pg_catalog, hostile_names', true);
		IF answer IS DISTINCT FROM o.expected THEN
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;
SELECT count(*) FROM differing('hostile_names');
-- does it work?
CREATE FUNCTION along(path text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM set_config('search_path', path, true);
	BEGIN
		EXECUTE statement INTO answer;
	EXCEPTION WHEN OTHERS THEN
		answer := SQLERRM;
	END;
	PERFORM pg_catalog.set_config('search_path', 'hostile_names', true);
	RETURN answer;
END
$$;
SELECT along('hostile, pg_catalog', s) FROM unnest(ARRAY['SELECT 1 = 1', 'SELECT ''a''::pg_catalog.text || ''b''::pg_catalog.text', 'SELECT lower(''A''::pg_catalog.text)',
	'SELECT concat(''a'', ''b'')', 'SELECT (''1''::pg_catalog.text)::int8', 'SELECT ''{}''::pg_catalog.jsonb -> ''a''', 'SELECT 1 IN (2, 3)', 'SELECT 1 IS DISTINCT FROM 2',
	'SELECT ''a''::pg_catalog.text LIKE ''a''::pg_catalog.text']) WITH ORDINALITY AS u (s, n) ORDER BY n;

SELECT * FROM differing('hostile, hostile_names, pg_catalog');
SET fraiseql.cache_enabled = off;
SELECT * FROM differing('hostile, hostile_names, pg_catalog');
RESET fraiseql.cache_enabled;

-- the functions and views of the extension, and its triggers
SELECT s, along('hostile, pg_catalog', s) FROM unnest(ARRAY['SELECT fraiseql.hide(''hostile_names.maker'')', 'SELECT fraiseql.expose(''hostile_names.maker'')',
	'SELECT fraiseql.track(''hostile_names.thing'')', 'SELECT fraiseql.declare_pure(''hostile_names.try(pg_catalog.text)'')',
	'SELECT fraiseql.declare_pure(''hostile_names.try(pg_catalog.text)'', false)', 'SELECT pg_catalog.length(fraiseql.schema_sdl()) OPERATOR(pg_catalog.>) 1000',
	'SELECT pg_catalog.max(detail) FROM fraiseql.validate_coherency()', 'SELECT fraiseql.explain(''{ things { id } }'') OPERATOR(pg_catalog.->>) ''cacheable''',
	'SELECT fraiseql.cache_reset() OPERATOR(pg_catalog.>=) 0', 'SELECT fraiseql.stats_reset()', 'SELECT hits FROM fraiseql.cache_stats', 'SELECT bytes FROM fraiseql.cache_entries',
	'SELECT pg_catalog.max(count) FROM fraiseql.bypass_stats', 'SELECT errors FROM fraiseql.verify_stats', 'SELECT fraiseql.graphql(''{"query": "{ maker(id: 1) { name } }"}'')',
	'UPDATE hostile_names.maker SET name = ''Anna'' WHERE id OPERATOR(pg_catalog.=) 1 RETURNING name', 'SELECT fraiseql.graphql(''{"query": "{ maker(id: 1) { name } }"}'')',
	'UPDATE hostile_names.maker SET name = ''Ann'' WHERE id OPERATOR(pg_catalog.=) 1 RETURNING name', 'SELECT fraiseql.graphql(''{"query": "{ maker(id: 1) { name } }"}'')'])
	WITH ORDINALITY AS u (s, n) ORDER BY n;

-- Temporary tables come before everything else, on every path, and their names are types too.  (From here on the test's
-- own names lead nowhere either.)
CREATE TEMP TABLE thing (id int);
CREATE TEMP TABLE exposure (relation int);
CREATE TEMP TABLE cache_stats (hits int);
CREATE TEMP TABLE pg_class (oid int);
CREATE TEMP TABLE pg_trigger (oid int);
SELECT bool_and(try(format('CREATE TEMP TABLE %I (a pg_catalog.int4)', typname))) FROM pg_catalog.pg_type
WHERE typname IN ('json', 'jsonb', 'int4', 'int8', 'bool', 'numeric', 'float8', 'date', 'time', 'timestamptz', 'uuid', 'regclass', 'oid', 'text') AND typtype = 'b';
SELECT * FROM hostile_names.differing('hostile_names');
SELECT * FROM hostile_names.differing('pg_temp, hostile, hostile_names, pg_catalog');
SELECT hostile_names.along('pg_temp, hostile, pg_catalog', 'SELECT fraiseql.expose(''hostile_names.maker'')');
SELECT hostile_names.along('pg_temp, hostile, pg_catalog', 'SELECT pg_catalog.max(detail) FROM fraiseql.validate_coherency()');
DISCARD TEMP;

DROP SCHEMA hostile CASCADE;
DROP SCHEMA hostile_names CASCADE;
