-- FraiseQL read models: views and tables of (id, data jsonb), whose fields are keys of the document.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SET TimeZone = 'UTC';

CREATE SCHEMA query_documents;
SET search_path = query_documents;
CREATE TABLE tb_user (pk_user int PRIMARY KEY, id uuid NOT NULL UNIQUE, name text, age int, balance numeric, joined_at timestamptz,
	born date, vip boolean, visits bigint);
CREATE TABLE tb_post (pk_post int PRIMARY KEY, id uuid NOT NULL UNIQUE, fk_user int REFERENCES tb_user, title text);
CREATE TABLE tb_comment (pk_comment int PRIMARY KEY, id uuid NOT NULL UNIQUE, fk_post int REFERENCES tb_post, body text);
INSERT INTO tb_user VALUES
	(1, '00000000-0000-0000-0000-00000000000a', 'Ann', 30, 12345678901234567890.123, '2024-01-01 10:00+00', '1994-02-03', true, 9007199254740993),
	(2, '00000000-0000-0000-0000-00000000000b', 'Bob', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO tb_post VALUES
	(1, '10000000-0000-0000-0000-000000000001', 1, 'First'), (2, '10000000-0000-0000-0000-000000000002', 1, 'Second'),
	(3, '10000000-0000-0000-0000-000000000003', NULL, 'Orphan'), (4, '10000000-0000-0000-0000-000000000004', 2, 'Fourth');
INSERT INTO tb_comment VALUES (1, '20000000-0000-0000-0000-000000000001', 1, 'one'),
	(2, '20000000-0000-0000-0000-000000000002', 1, 'two'), (3, '20000000-0000-0000-0000-000000000003', 2, 'three');
CREATE VIEW v_user AS SELECT id, jsonb_build_object('id', id, 'name', name, 'age', age, 'balance', balance, 'joined_at', joined_at,
	'born', born, 'vip', vip, 'visits', visits, 'home', jsonb_build_object('city', 'Paris', 'zip_code', '75001')) AS data FROM tb_user;
CREATE VIEW v_comment AS SELECT id, fk_post, jsonb_build_object('id', id, 'body', body) AS data FROM tb_comment;
CREATE VIEW v_post AS SELECT p.id, jsonb_build_object('id', p.id, 'title', p.title, 'author', u.data, 'comments',
	coalesce((SELECT jsonb_agg(c.data ORDER BY c.data ->> 'id') FROM v_comment c WHERE c.fk_post = p.pk_post), '[]')) AS data
	FROM tb_post p LEFT JOIN tb_user t ON t.pk_user = p.fk_user LEFT JOIN v_user u ON u.id = t.id;
SELECT fraiseql.expose('v_user'), fraiseql.expose('v_comment'), fraiseql.expose('v_post');

-- one, many, values as stored
SELECT fraiseql.execute('{ user(id: "00000000-0000-0000-0000-00000000000A") { id name age balance joinedAt born vip visits
	home { city zipCode __typename } __typename } }');
SELECT fraiseql.execute('{ users { id name age balance vip } }');
SELECT fraiseql.execute('{ user(id: "00000000-0000-0000-0000-00000000000f") { id } }');
SELECT fraiseql.execute('{ user(id: "no uuid") { id } }');

-- nested objects and lists
SELECT fraiseql.execute('{ posts { title author { name home { city } } comments { body } } }');
SELECT fraiseql.execute('{ post(id: "10000000-0000-0000-0000-000000000003") { title author { name } comments { id } } }');

CREATE FUNCTION titles(arguments text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((SELECT string_agg(e ->> 'title', ',') FROM json_array_elements(r -> 'data' -> 'posts') AS e),
					CASE WHEN r -> 'errors' IS NOT NULL THEN r ->> 'errors' ELSE '-' END)
	FROM fraiseql.execute('{ posts' || arguments || ' { title } }') AS r
$$;
CREATE FUNCTION names(arguments text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((SELECT string_agg(e ->> 'name', ',') FROM json_array_elements(r -> 'data' -> 'users') AS e),
					CASE WHEN r -> 'errors' IS NOT NULL THEN r ->> 'errors' ELSE '-' END)
	FROM fraiseql.execute('{ users' || arguments || ' { name } }') AS r
$$;

-- filters compare by the type of the key
SELECT f, names('(where: ' || f || ')') FROM unnest(ARRAY[
	'{name: {eq: "Ann"}}', '{name: {icontains: "o"}}', '{age: {gt: 9}}', '{age: {isnull: true}}', '{age: {eq: null}}',
	'{age: {in: [30, 31]}}', '{balance: {gt: "12345678901234567890.12"}}', '{balance: {gt: "12345678901234567890.123"}}',
	'{joinedAt: {eq: "2024-01-01T11:00:00+01:00"}}', '{joinedAt: {lt: "2024-01-01T10:00:00Z"}}', '{born: {eq: "1994-02-03"}}',
	'{vip: {eq: true}}', '{visits: {eq: "9007199254740993"}}', '{visits: {eq: 9007199254740992}}',
	'{id: {eq: "00000000-0000-0000-0000-00000000000A"}}', '{id: {in: ["00000000-0000-0000-0000-00000000000b"]}}',
	'{id: {eq: "no uuid"}}', '{home: {city: {eq: "Paris"}}}', '{home: {zipCode: {startswith: "75"}}, name: {neq: "Ann"}}'
]) AS f;

-- filters through embedded objects; IDs of documents are text, UUIDs in any case
SELECT f, titles('(where: ' || f || ')') FROM unnest(ARRAY[
	'{author: {name: {eq: "Ann"}}}', '{author: {name: {eq: "Ann"}}, title: {eq: "Second"}}', '{author: {}}', '{_not: {author: {}}}',
	'{author: {age: {isnull: true}}}', '{author: {id: {eq: "00000000-0000-0000-0000-00000000000A"}}}',
	'{author: {id: {nin: ["00000000-0000-0000-0000-00000000000A"]}}}', '{author: {id: {eq: "whatever"}}}',
	'{author: {home: {city: {eq: "Paris"}}}}', '{_or: [{title: {eq: "Orphan"}}, {author: {name: {eq: "Bob"}}}]}'
]) AS f;

-- order and pages
SELECT a, titles(a) FROM unnest(ARRAY[
	'', '(orderBy: {title: ASC})', '(orderBy: {id: DESC})', '(orderBy: {title: DESC}, limit: 2)', '(limit: 1, offset: 3)'
]) AS a;
SELECT a, names(a) FROM unnest(ARRAY[
	'(orderBy: {age: ASC_NULLS_FIRST})', '(orderBy: {age: DESC_NULLS_LAST})', '(orderBy: {joinedAt: ASC})',
	'(orderBy: {field: "balance", direction: DESC})'
]) AS a;

-- a table of documents that says what is in it; documents that do not keep their word
CREATE TABLE tv_odd (id uuid PRIMARY KEY, data jsonb);
INSERT INTO tv_odd VALUES
	('30000000-0000-0000-0000-000000000001', '{"id": "30000000-0000-0000-0000-000000000001", "count": 1, "tags": ["a", "b"],
	  "owner": {"id": "x", "name": "O"}, "parts": [{"body": "p"}, {"body": null}], "extra": {"k": [1, {"z": null}]}}'),
	('30000000-0000-0000-0000-000000000002', '{"count": "two", "tags": null, "owner": null, "parts": null, "extra": null}'),
	('30000000-0000-0000-0000-000000000003', '{"count": {"a": 1}, "tags": 5, "owner": 7, "parts": {"body": "no list"}}'),
	('30000000-0000-0000-0000-000000000004', '{"owner": [1], "parts": [null, 1, {"body": "p"}, [2]]}'),
	('30000000-0000-0000-0000-000000000005', '[]'), ('30000000-0000-0000-0000-000000000006', 'null'),
	('30000000-0000-0000-0000-000000000007', NULL);
SELECT fraiseql.expose('tv_odd', 'Odd', '{"data": {"id": "ID!", "count": "Int", "tags": "[String]", "owner": "User",
	"parts": "[Comment!]", "extra": "JSON"}}');
SELECT json_array_elements(fraiseql.execute('{ odds { id count tags owner { name } parts { body } extra } }') -> 'data' -> 'odds');

-- a stored value that is not what the type says fails the field, not the statement
SELECT fraiseql.execute('{ odds(where: {count: {gt: 0}}) { id } ok: users(limit: 1) { name } }');
SELECT fraiseql.execute('{ odd(id: "30000000-0000-0000-0000-000000000001") { count } users(where: {name: {eq: "Bob"}}) { name } }');

-- dates in documents are read as ISO 8601, never as words that read the clock
CREATE TABLE tv_day (id uuid PRIMARY KEY, data jsonb);
INSERT INTO tv_day VALUES ('40000000-0000-0000-0000-000000000001', '{"id": "40000000-0000-0000-0000-000000000001", "day": "2024-01-01"}');
SELECT fraiseql.expose('tv_day', NULL, '{"data": {"id": "ID!", "day": "Date"}}');
SELECT fraiseql.execute('{ days(where: {day: {lte: "2024-01-01"}}) { day } }');
INSERT INTO tv_day VALUES ('40000000-0000-0000-0000-000000000002', '{"id": "40000000-0000-0000-0000-000000000002", "day": "today"}');
SELECT fraiseql.execute('{ day(id: "40000000-0000-0000-0000-000000000002") { day } }');
SELECT (fraiseql.execute('{ days(where: {day: {lte: "2024-01-01"}}) { day } }') -> 'errors' -> 0 -> 'extensions') ->> 'sqlstate';

RESET search_path;
DROP SCHEMA query_documents CASCADE;
