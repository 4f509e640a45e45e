-- Filters: every operator on columns, what null means, boolean combinations, filters through relations, and the spellings
-- of FraiseQL that are accepted beside ours.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SET TimeZone = 'UTC';

CREATE SCHEMA query_where;
SET search_path = query_where;
CREATE TYPE mood AS ENUM ('HAPPY', 'SAD');
CREATE TABLE maker (id int PRIMARY KEY, name text);
CREATE TABLE thing (
	id int PRIMARY KEY,
	name text,
	code varchar(10),
	pad char(5),
	tiny smallint,
	big bigint,
	price numeric,
	ratio double precision,
	single real,
	active boolean,
	token uuid,
	day date,
	at timestamp,
	at_zone timestamptz,
	clock time,
	feeling mood,
	address inet,
	span interval,
	doc jsonb,
	sys name,
	letter "char",
	maker_id int REFERENCES maker,
	parent_id int REFERENCES thing
);
INSERT INTO maker VALUES (1, 'Acme'), (2, 'Bolt'), (3, NULL);
INSERT INTO thing VALUES
	(1, 'Apple', 'a', 'x', 1, 10, 1.10, 0.1, 0.1, true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-01-01',
	 '2024-01-01 12:00', '2024-01-01 12:00+00', '08:00', 'HAPPY', '10.0.0.1', '1 day', '{"k": 1}', 'one', 'a', 1, NULL),
	(2, 'banana', 'b', 'y', 2, 20, 2.20, 0.2, 0.2, false, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a22', '2024-02-01',
	 '2024-02-01 12:00', '2024-02-01 12:00+00', '09:00', 'SAD', '10.0.0.2', '2 days', '{"k": 2}', 'two', 'b', 2, 1),
	(3, 'Cherry 100%', 'c', 'z', 3, 30, 123456789012345678901234567890, 0.3, 0.3, NULL,
	 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a33', '2024-03-01', '2024-03-01 12:00', '2024-03-01 12:00+00', '10:00', NULL,
	 NULL, NULL, NULL, 'three', 'c', 3, 2),
	(4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	 NULL, NULL, NULL),
	(5, E'back\\slash_', 'e', 'w', 5, 50, 5.5, 0.5, 0.5, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	 NULL, 1, 1);
SELECT fraiseql.expose('maker');
SELECT fraiseql.expose('thing');

-- The ids of the things that a filter lets through, or the errors.
CREATE FUNCTION ids(filter text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((SELECT string_agg(e ->> 'id', ',') FROM json_array_elements(r -> 'data' -> 'things') AS e),
					CASE WHEN r -> 'errors' IS NOT NULL THEN r ->> 'errors' ELSE '-' END)
	FROM fraiseql.execute('{ things(where: ' || filter || ') { id } }') AS r
$$;

-- comparisons
SELECT f, ids(f) FROM unnest(ARRAY[
	'{id: {eq: 2}}', '{id: {neq: 2}}', '{id: {gt: 2}}', '{id: {gte: 2}}', '{id: {lt: 2}}', '{id: {lte: 2}}',
	'{name: {eq: "Apple"}}', '{name: {gt: "Apple"}}', '{code: {eq: "b"}}', '{pad: {eq: "x"}}', '{pad: {eq: "x    "}}',
	'{tiny: {eq: 3}}', '{tiny: {lt: 70000}}', '{tiny: {eq: 70000}}', '{big: {gte: "20"}}', '{big: {eq: 50}}',
	'{price: {eq: "123456789012345678901234567890"}}', '{price: {lt: 2.2}}', '{price: {eq: 1.1}}',
	'{ratio: {eq: 0.3}}', '{single: {eq: 0.3}}', '{active: {eq: true}}', '{active: {neq: true}}',
	'{token: {eq: "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A22"}}', '{token: {eq: "{a0eebc999c0b4ef8bb6d6bb9bd380a33}"}}',
	'{day: {gt: "2024-01-15"}}', '{clock: {lte: "09:00"}}', '{feeling: {eq: SAD}}', '{address: {eq: "10.0.0.2"}}',
	'{sys: {eq: "two"}}', '{letter: {eq: "a"}}', '{letter: {eq: "abc"}}'
]) AS f;
SELECT ids(format('{sys: {eq: "%s"}}', repeat('x', 100)));

-- a date and time with an offset is that instant; without one it is the column's own clock
SELECT f, ids(f) FROM unnest(ARRAY[
	'{at: {eq: "2024-01-01T12:00:00"}}', '{at: {eq: "2024-01-01T12:00:00Z"}}', '{at: {eq: "2024-01-01T14:00:00+02:00"}}',
	'{at: {in: ["2024-02-01T12:00:00", "2024-01-01T14:00:00+02:00"]}}',
	'{atZone: {eq: "2024-01-01T14:00:00+02:00"}}', '{atZone: {gt: "2024-01-15T00:00:00Z"}}'
]) AS f;

-- lists
SELECT f, ids(f) FROM unnest(ARRAY[
	'{id: {in: [1, 3, 99]}}', '{id: {in: []}}', '{id: {in: 2}}', '{id: {nin: [1, 3]}}', '{name: {nin: ["Apple"]}}',
	'{name: {nin: []}}', '{tiny: {in: [1, 70000]}}', '{price: {in: ["1.1", 5.50]}}', '{feeling: {in: [HAPPY, SAD]}}',
	'{token: {in: ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a33"]}}'
]) AS f;

-- null: eq and neq test for it, in a list it stands for rows that are null, every other operator knows nothing about
-- it, and a filter that is null is none
SELECT f, ids(f) FROM unnest(ARRAY[
	'{name: {isnull: true}}', '{name: {isnull: false}}', '{name: {is_not_null: true}}', '{name: {is_not_null: false}}',
	'{name: {eq: null}}', '{name: {neq: null}}', '{name: {in: [null]}}', '{name: {in: [null, "Apple"]}}',
	'{name: {nin: [null]}}', '{name: {nin: [null, "Apple"]}}', '{name: {gt: null}}', '{_not: {name: {gt: null}}}',
	'{name: {in: null}}',
	'{name: {contains: null}}', '{name: {isnull: null}}', '{name: null}', '{maker: null}', '{_and: null}', '{_not: null}'
]) AS f;

-- text: contains and its kin take the text as it is, like takes a pattern
SELECT f, ids(f) FROM unnest(ARRAY[
	'{name: {contains: "an"}}', '{name: {contains: "AN"}}', '{name: {icontains: "AN"}}', '{name: {startswith: "App"}}',
	'{name: {istartswith: "app"}}', '{name: {endswith: "na"}}', '{name: {iendswith: "NA"}}', '{name: {contains: "%"}}',
	'{name: {contains: "_"}}', '{name: {contains: "\\"}}', '{name: {endswith: "0%"}}', '{name: {startswith: ""}}',
	'{name: {like: "%an%"}}', '{name: {like: "b_n_n_"}}', '{name: {ilike: "APPLE"}}', '{name: {nlike: "%a%"}}',
	'{name: {nilike: "%A%"}}', '{name: {regex: "^[A-C]"}}', '{name: {iregex: "^[a-b]"}}', '{name: {nregex: "e"}}',
	'{name: {niregex: "A"}}', '{code: {startswith: "a"}}'
]) AS f;

-- siblings are ANDed; empty _and is true, empty _or false
SELECT f, ids(f) FROM unnest(ARRAY[
	'{}', '{name: {}}', '{id: {gt: 1, lt: 4}}', '{id: {gt: 1}, name: {neq: "banana"}}', '{_and: []}', '{_or: []}',
	'{_not: {}}', '{_or: [{id: {eq: 1}}, {id: {eq: 3}}]}', '{_and: [{id: {gt: 1}}, {id: {lt: 4}}]}',
	'{_not: {id: {in: [1, 2]}}}', '{_or: [{id: {eq: 1}}, {_and: [{id: {gt: 1}}, {id: {lt: 3}}]}], id: {lt: 2}}',
	'{_or: {id: {eq: 5}}}', '{_or: [{}, {id: {eq: 1}}]}', '{_not: {_or: [{id: {eq: 1}}, {_not: {id: {lt: 4}}}]}}'
]) AS f;

-- through relations, mixed with direct filters; an empty nested filter asks for the row to be there
SELECT f, ids(f) FROM unnest(ARRAY[
	'{maker: {name: {eq: "Acme"}}}', '{maker: {name: {eq: "Acme"}}, id: {gt: 1}}', '{maker: {}}', '{_not: {maker: {}}}',
	'{maker: {name: {isnull: true}}}', '{parent: {maker: {name: {eq: "Bolt"}}}}', '{parent: {parent: {id: {eq: 1}}}}',
	'{parent: {id: {eq: 1}, maker: {name: {startswith: "A"}}}, name: {contains: "n"}}',
	'{_or: [{maker: {name: {eq: "Bolt"}}}, {parent: {name: {eq: "Apple"}}}]}'
]) AS f;

-- other spellings
SELECT f, ids(f) FROM unnest(ARRAY[
	'{id: {_eq: 2}}', '{id: {_in: [1, 2]}}', '{name: {_is_null: true}}', '{id: {ne: 2}}', '{id: {notin: [1, 2]}}',
	'{AND: [{id: {gt: 1}}, {id: {lt: 3}}]}', '{OR: [{id: {eq: 1}}, {id: {eq: 2}}]}', '{NOT: {id: {gt: 1}}}',
	'{id: {gt: 1, _lt: 3}}'
]) AS f;

-- variables: a whole filter, a part of one, null and absence are different
SELECT fraiseql.execute('query q($w: ThingWhere) { things(where: $w) { id } }', '{"w": {"name": {"contains": "an"}}}');
SELECT fraiseql.execute('query q($w: ThingWhere) { things(where: $w) { id } }', '{"w": null}');
SELECT fraiseql.execute('query q($w: ThingWhere) { things(where: $w) { id } }');
SELECT fraiseql.execute('query q($n: String) { things(where: {name: {eq: $n}}) { id } }', '{"n": null}');
SELECT fraiseql.execute('query q($n: String) { things(where: {name: {eq: $n}, id: {lt: 3}}) { id } }');
SELECT fraiseql.execute('query q($l: [Int!]) { things(where: {id: {in: $l}}) { id } }', '{"l": [5, 1]}');
SELECT fraiseql.execute('query q($p: Decimal) { things(where: {price: {eq: $p}}) { id price } }',
	'{"p": 123456789012345678901234567890}');

-- values are values: nothing in them is SQL
SELECT ids('{name: {eq: "'' OR true --"}}'), ids('{name: {contains: "''; DROP TABLE thing; --"}}'),
	ids('{name: {eq: "$1"}}');

-- many operands
SELECT fraiseql.execute('query q($l: [Int!]) { things(where: {id: {in: $l}}) { id } }',
	jsonb_build_object('l', (SELECT jsonb_agg(i) FROM generate_series(2, 5000) AS i)));
SELECT ids('{_or: [' || string_agg(format('{id: {eq: %s}}', i), ', ') || ']}') FROM generate_series(3, 500) AS i;

RESET search_path;
DROP SCHEMA query_where CASCADE;
