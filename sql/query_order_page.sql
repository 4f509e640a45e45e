-- orderBy in both spellings, where nulls go, and pages: limit, offset, stability, and lists that are never cut silently.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

CREATE SCHEMA query_order;
SET search_path = query_order;
CREATE TABLE item (id int PRIMARY KEY, kind text, rank int, created_at timestamptz DEFAULT '2024-01-01Z');
INSERT INTO item VALUES (5, 'a', 1), (3, 'b', NULL), (1, 'a', 2), (4, NULL, 1), (2, 'b', 3);
CREATE TABLE tag (id int PRIMARY KEY, item_id int REFERENCES item, name text);
INSERT INTO tag SELECT i, (i % 2) + 1, 'tag' || i FROM generate_series(1, 9) AS i;
SELECT fraiseql.expose('item');
SELECT fraiseql.expose('tag');

CREATE FUNCTION ids(arguments text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((SELECT string_agg(e ->> 'id', ',') FROM json_array_elements(r -> 'data' -> 'items') AS e),
					CASE WHEN r -> 'errors' IS NOT NULL THEN r ->> 'errors' ELSE '-' END)
	FROM fraiseql.execute('{ items' || arguments || ' { id } }') AS r
$$;

-- without orderBy the key decides, and it breaks ties
SELECT a, ids(a) FROM unnest(ARRAY[
	'', '(orderBy: {id: DESC})', '(orderBy: {kind: ASC})', '(orderBy: {kind: DESC})', '(orderBy: {rank: ASC})',
	'(orderBy: {rank: DESC})', '(orderBy: [])', '(orderBy: {})', '(orderBy: null)', '(orderBy: {kind: null})'
]) AS a;

-- nulls
SELECT a, ids(a) FROM unnest(ARRAY[
	'(orderBy: {rank: ASC_NULLS_FIRST})', '(orderBy: {rank: ASC_NULLS_LAST})', '(orderBy: {rank: DESC_NULLS_FIRST})',
	'(orderBy: {rank: DESC_NULLS_LAST})'
]) AS a;

-- several keys: as a list, and in the order of an object's members
SELECT a, ids(a) FROM unnest(ARRAY[
	'(orderBy: [{kind: ASC}, {rank: DESC}])', '(orderBy: {kind: ASC, rank: DESC})', '(orderBy: {rank: DESC, kind: ASC})',
	'(orderBy: [{kind: ASC_NULLS_FIRST}, {id: DESC}])'
]) AS a;

-- the other spelling
SELECT a, ids(a) FROM unnest(ARRAY[
	'(orderBy: [{field: "kind", direction: DESC}, {field: "id", direction: DESC}])', '(orderBy: {field: "createdAt"})',
	'(orderBy: {direction: DESC, field: "rank"})', '(orderBy: {field: "nothing"})', '(orderBy: {field: "kind; DROP"})'
]) AS a;
SELECT fraiseql.execute('query q($o: [ItemOrderBy!]) { items(orderBy: $o) { id } }',
	'{"o": [{"kind": "DESC_NULLS_LAST"}, {"id": "DESC"}]}');
SELECT fraiseql.execute('query q($d: OrderDirection) { items(orderBy: {id: $d}) { id } }', '{"d": "DESC"}');

-- pages
SELECT a, ids(a) FROM unnest(ARRAY[
	'(limit: 2)', '(limit: 2, offset: 2)', '(limit: 2, offset: 4)', '(limit: 2, offset: 5)', '(offset: 3)', '(limit: 0)',
	'(limit: null, offset: null)', '(orderBy: {kind: ASC}, limit: 3)', '(limit: 2, where: {rank: {gt: 1}})'
]) AS a;
SELECT fraiseql.execute('{ items(limit: 0) { id } }');
SELECT fraiseql.execute('query q($l: Int, $o: Int) { items(limit: $l, offset: $o) { id } }', '{"l": 1, "o": 1}');

-- nested lists have pages of their own
SELECT fraiseql.execute('{ items(where: {id: {lt: 4}}) { id tags(orderBy: {id: DESC}, limit: 2, offset: 1) { id }
	first: tags(limit: 1, where: {name: {neq: "tag2"}}) { name } } }');

-- what is no page
SET fraiseql.max_page_size = 1000;
SELECT a, ids(a) FROM unnest(ARRAY[
	'(limit: -1)', '(offset: -1)', '(limit: -2147483648)', '(limit: 2147483648)', '(limit: 1000)', '(limit: 1001)', '(limit: 1.5)'
]) AS a;
SELECT fraiseql.execute('{ items { id tags(limit: -1) { id } } }');
SELECT fraiseql.execute('{ x: items(limit: -1) { id } y: items(offset: -2) { id } }');

-- a list without a limit is complete or an error
SET fraiseql.max_page_size = 5;
SELECT fraiseql.execute('{ items { id } }');
SELECT fraiseql.execute('{ items(limit: 5) { id } }');
SELECT fraiseql.execute('{ items(limit: 6) { id } }');
SET fraiseql.max_page_size = 4;
SELECT fraiseql.execute('{ items { id } }');
SELECT fraiseql.execute('{ items(limit: 4) { id } }');
SELECT fraiseql.execute('{ items(limit: 1) { id tags { id } } }');
SELECT fraiseql.execute('{ items(limit: 1, offset: 1) { id tags { id } } }');
RESET fraiseql.max_page_size;

-- a table without a key
CREATE TABLE heap (value int);
INSERT INTO heap VALUES (2), (1);
SELECT fraiseql.expose('heap');
SELECT fraiseql.execute('{ heaps(orderBy: {value: ASC}) { value } }');

RESET search_path;
DROP SCHEMA query_order CASCADE;
