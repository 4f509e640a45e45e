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

-- A column of the view that is the value of a key serves filters and orders in the document's place, with the same
-- answers.  v_thing has such columns, v_plain has the same documents without; every question is asked of both.
CREATE TYPE mood AS ENUM ('SAD', 'OK', 'HAPPY');
CREATE DOMAIN short_text AS text CHECK (length(value) < 100);
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE tb_thing (id uuid PRIMARY KEY, name text, label varchar(20), title text COLLATE "und-x-icu", code text COLLATE any_case,
	note short_text, fixed char(6), sys name, owner_id uuid, mood mood, small int2, age int4, visits int8, score float8, ratio float4,
	price numeric, active boolean, born date, seen timestamptz, local timestamp, at time, zoned timetz);
INSERT INTO tb_thing VALUES
	('50000000-0000-0000-0000-000000000001', 'a', 'a', 'a', 'abc', 'n', 'f', 's', 'ABCDEF00-0000-0000-0000-00000000000A', 'HAPPY', -1, 1, 9007199254740993, 0.1, 0.1,
	 1.50, true, '2024-01-01', '2024-01-01 10:00+00', '2024-03-31 02:30', '10:00', '10:00+02'),
	('50000000-0000-0000-0000-000000000002', 'B', 'B', 'B', 'ABC', 'N', 'F', 'S', '0bcdef00-0000-0000-0000-00000000000a', 'SAD', 2, 10, -5, 'NaN', 'NaN',
	 'NaN', false, '0044-03-15 BC', '1890-01-01 00:00+00', '2024-03-31 03:30', '24:00', '10:00-02'),
	('50000000-0000-0000-0000-000000000003', '', 'null', 'ä', 'Abc', '', '', '', NULL, 'OK', 0, 2, 0, '-Infinity', '-Infinity',
	 1.5, NULL, 'infinity', '-infinity', '2024-10-27 02:30', '00:00', '00:00+00'),
	('50000000-0000-0000-0000-000000000004', 'null', E'q"\\%_', 'b', 'x', 'null', 'null', 'null', '0BCDEF00-0000-0000-0000-00000000000a', 'OK', 32767, 2147483647,
	 9223372036854775807, 0.30000000000000004, 16777216, 1e-30, true, '10000-12-31', '2024-01-01 10:00:00.000001+00', '2024-10-27 02:30', '09:59:59.999999', '09:00+01'),
	('50000000-0000-0000-0000-000000000005', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE INDEX ON tb_thing (name);
CREATE INDEX ON tb_thing (owner_id);
CREATE INDEX ON tb_thing (mood);
CREATE INDEX ON tb_thing (title);
CREATE INDEX ON tb_thing (age);

-- counts documents
CREATE SEQUENCE built;
CREATE FUNCTION counted(v text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('query_documents.built'); RETURN v; END $$;
SELECT format($$
	CREATE VIEW v_thing AS SELECT id, %1$s, %2$s AS data FROM tb_thing;
	CREATE VIEW v_plain AS SELECT id, %2$s AS data FROM tb_thing;
	CREATE VIEW v_holder AS SELECT h.id, t.id AS thing__id, t.name AS thing__name, t.age AS thing__age, t.title AS thing__title,
		jsonb_build_object('id', h.id, 'thing', t.data) AS data
		FROM tb_thing h LEFT JOIN v_thing t ON t.id = h.id AND (t.name <> 'B' OR t.name IS NULL);
	CREATE VIEW v_bare AS SELECT h.id, jsonb_build_object('id', h.id, 'thing', t.data) AS data
		FROM tb_thing h LEFT JOIN v_thing t ON t.id = h.id AND (t.name <> 'B' OR t.name IS NULL);
	CREATE VIEW v_handed AS SELECT t.id, t.name, t.age, t.data FROM v_thing t WHERE t.name IS NOT NULL;
	$$, string_agg(quote_ident(attname), ', ' ORDER BY attnum),
	'jsonb_build_object(''id'', id, ''counted'', counted(id::text)) || jsonb_build_object(' ||
	string_agg(format('%L, %I', attname, attname), ', ' ORDER BY attnum) || ')')
FROM pg_attribute WHERE attrelid = 'tb_thing'::regclass AND attnum > 1 AND NOT attisdropped \gexec
SELECT fraiseql.expose('v_thing', 'Thing', '{"plural": "things"}'), fraiseql.expose('v_plain', 'Plain', '{"plural": "plains"}'),
	fraiseql.expose('v_holder', 'Holder', '{"plural": "holders"}'), fraiseql.expose('v_bare', 'Bare', '{"plural": "bares"}'),
	fraiseql.expose('v_handed', 'Handed', '{"plural": "handeds"}');

-- the last digits of the ids; or the error
CREATE FUNCTION ids(plural text, arguments text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((SELECT string_agg(right(e ->> 'id', 1), '') FROM json_array_elements(r -> 'data' -> plural) AS e),
					r -> 'errors' -> 0 ->> 'message', '-')
	FROM fraiseql.execute('{ ' || plural || arguments || ' { id } }') AS r
$$;
CREATE FUNCTION same(arguments text, a text DEFAULT 'things', b text DEFAULT 'plains') RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN x = y OR (x LIKE 'Field%' AND y LIKE 'Field%') THEN x ELSE x || ' IS NOT ' || y END
	FROM (SELECT ids(a, arguments) AS x, ids(b, arguments) AS y OFFSET 0) AS s
$$;
CREATE TABLE operand (field text, value text);
INSERT INTO operand SELECT f, v FROM unnest(ARRAY['name', 'label', 'title', 'code', 'note', 'fixed', 'sys']) AS f,
	unnest(ARRAY['"a"', '"B"', '"b"', '""', '"null"', '"abc"', '"n"', '"f"', '"s"', '"f     "', 'null']) AS v;
INSERT INTO operand VALUES ('ownerId', '"abcdef00-0000-0000-0000-00000000000a"'), ('ownerId', '"{0BCDEF000000000000000000000000A}"'),
	('ownerId', '"0BCDEF00-0000-0000-0000-00000000000A"'), ('ownerId', '"no uuid"'), ('ownerId', '"5"'), ('ownerId', 'null'),
	('mood', 'SAD'), ('mood', 'OK'), ('mood', 'HAPPY'), ('mood', 'null'),
	('small', '-1'), ('small', '70000'), ('small', 'null'), ('age', '2'), ('age', '2147483647'), ('age', 'null'),
	('visits', '"9007199254740993"'), ('visits', '0'), ('visits', '"9223372036854775807"'),
	('score', '0.1'), ('score', '0.3'), ('score', '0.30000000000000004'), ('score', '1e308'), ('ratio', '0.1'), ('ratio', '16777217'),
	('price', '"1.500"'), ('price', '1.5'), ('price', '"1.50000000000000000000000000001"'), ('price', '"0.000000000000000000000000000001"'), ('price', 'null'),
	('active', 'true'), ('active', 'false'), ('active', 'null'), ('born', '"2024-01-01"'), ('born', '"9999-12-31"'), ('born', 'null'),
	('seen', '"2024-01-01T10:00:00Z"'), ('seen', '"2024-01-01T11:00:00.000001+01:00"'), ('seen', '"1890-01-01T00:00:00Z"'), ('seen', 'null'),
	('local', '"2024-03-31T02:30:00"'), ('local', '"2024-03-31T03:30:00"'), ('local', '"2024-10-27T02:30:00+02:00"'), ('local', '"2024-10-27T02:30:00+01:00"'), ('local', 'null'),
	('at', '"10:00:00"'), ('at', '"00:00:00"'), ('at', 'null'), ('zoned', '"10:00:00"'), ('zoned', '"09:30:00"');
CREATE TABLE question (q text);
INSERT INTO question
	SELECT format('where: {%s: {%s: %s}}', field, op, value) FROM operand,
		unnest(ARRAY['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'contains', 'icontains', 'startswith', 'like', 'regex', 'nilike']) AS op
		WHERE field IN ('name', 'label', 'title', 'code', 'note', 'fixed', 'sys', 'ownerId') OR op IN ('eq', 'neq') OR
			(op IN ('gt', 'gte', 'lt', 'lte') AND field <> 'active')
	UNION SELECT format('where: {%s: {%s: %s}}', field, op, list) FROM operand, unnest(ARRAY['in', 'nin']) AS op,
		unnest(ARRAY['[' || value || ']', '[' || value || ', ' || value || ']', '[]']) AS list WHERE field <> 'active' AND value <> 'null'
	UNION SELECT format('where: {_not: {%s: {eq: %s}}}', field, value) FROM operand
	UNION SELECT format('where: {%s: {isnull: %s}}', field, b) FROM operand, unnest(ARRAY['true', 'false']) AS b
	UNION SELECT format('orderBy: {%s: %s}', field, d) FROM operand, unnest(ARRAY['ASC', 'DESC', 'ASC_NULLS_FIRST', 'DESC_NULLS_LAST']) AS d;
CREATE VIEW verdict AS SELECT count(*) AS questions, count(*) FILTER (WHERE r ~ '^\d+$') > 1300 AS most_with_rows, count(*) FILTER (WHERE r !~ '^(\d+|-)$') AS refused,
	coalesce(string_agg(q || ' ' || r, '; ') FILTER (WHERE r ~ ' IS NOT '), 'all the same') AS verdict
	FROM (SELECT q, same('(' || q || ')') AS r FROM question) AS s;
SELECT * FROM verdict;
SET TimeZone = 'Europe/Paris';
SET extra_float_digits = 0;
SELECT * FROM verdict;
SET TimeZone = 'UTC';
SET extra_float_digits = 1;
SELECT q, same('(where: {' || q || '})') FROM unnest(ARRAY['title: {eq: "b"}', 'title: {gt: ""}', 'code: {eq: "abc"}', 'code: {icontains: "ABC"}',
	'ownerId: {eq: "0BCDEF00000000000000{00000000000A"}', 'ownerId: {in: ["no uuid", "ABCDEF00-0000-0000-0000-00000000000A"]}', 'mood: {gt: OK}',
	'price: {eq: "1.5"}', 'fixed: {eq: "f"}', 'fixed: {eq: "f     "}']) AS q;
SELECT q, same('(where: {' || q || '})', 'holders', 'bares') FROM unnest(ARRAY['thing: {name: {eq: "a"}}', 'thing: {name: {eq: "B"}}', 'thing: {name: {isnull: true}}',
	'_not: {thing: {name: {isnull: true}}}', 'thing: {name: {neq: "a"}}', '_not: {thing: {name: {eq: "a"}}}', 'thing: {id: {eq: "50000000-0000-0000-0000-000000000001"}}',
	'thing: {id: {in: ["50000000-0000-0000-0000-000000000001", "no uuid"]}}', 'thing: {title: {gt: ""}, age: {lt: 10}}', 'thing: {label: {eq: "a"}}', 'thing: {}']) AS q;
SELECT ids('handeds', a) FROM unnest(ARRAY['(where: {name: {eq: "a"}})', '(where: {age: {gte: 2}})', '(orderBy: {age: DESC}, limit: 3)']) AS a;

-- only documents that are returned are built (a document that the filter reads for each row is built five times here)
CREATE FUNCTION documents(plural text, arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE before bigint; result text;
BEGIN
	SELECT nextval('query_documents.built') INTO before;
	result := ids(plural, arguments);
	RETURN format('%s: %s built', result, nextval('query_documents.built') - before - 1);
END $$;
SELECT a, documents('things', a), documents('plains', a) FROM unnest(ARRAY['(where: {name: {eq: "a"}}, limit: 7)', '(where: {title: {eq: "b"}}, limit: 7)',
	'(where: {label: {contains: "q"}}, limit: 7)', '(where: {ownerId: {in: ["0BCDEF00-0000-0000-0000-00000000000a"]}}, limit: 7)', '(where: {mood: {eq: SAD}}, limit: 7)',
	'(where: {price: {gt: "2"}}, limit: 7)', '(where: {local: {gt: "2024-10-01T00:00:00"}}, limit: 7)', '(orderBy: {age: DESC}, limit: 2)', '(orderBy: {mood: ASC}, limit: 2)',
	'(where: {fixed: {eq: "f     "}}, limit: 7)', '(where: {ownerId: {eq: "no uuid"}}, limit: 7)']) AS a;
-- not as one scan, as PostgreSQL 18 would: that builds each document once more
SELECT count(set_config(name, 'off', false)) AS ignored FROM pg_settings WHERE name = 'enable_self_join_elimination' \gset
SELECT documents('holders', '(where: {thing: {name: {eq: "a"}}}, limit: 7)'), documents('bares', '(where: {thing: {name: {eq: "a"}}}, limit: 7)');
SELECT documents('handeds', '(where: {name: {eq: "a"}}, limit: 7)');

-- the columns' indexes serve
ANALYZE tb_thing;
SET enable_seqscan = off;
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT ids('things', '(where: {name: {eq: "a"}}, limit: 6)'), ids('things', '(where: {ownerId: {eq: "ABCDEF00-0000-0000-0000-00000000000A"}}, limit: 6)'),
	ids('things', '(where: {mood: {eq: SAD}}, limit: 6)'), ids('things', '(where: {title: {eq: "b"}}, limit: 6)'), ids('things', '(where: {age: {lt: 2}}, limit: 6)');
SELECT c.relname, pg_stat_get_xact_numscans(c.oid) > 0 FROM pg_index JOIN pg_class c ON c.oid = indexrelid
	WHERE indrelid = 'tb_thing'::regclass ORDER BY c.relname;
COMMIT;
RESET enable_seqscan;

-- a column that only looks like the value of a key does not serve
CREATE TABLE tb_trap (id uuid PRIMARY KEY, name text, label text);
INSERT INTO tb_trap VALUES ('60000000-0000-0000-0000-000000000001', 'a', 'x'), ('60000000-0000-0000-0000-000000000002', 'b', 'name'),
	('60000000-0000-0000-0000-000000000003', NULL, 'name');
CREATE SEQUENCE dice;
CREATE VIEW v_swapped AS SELECT id, name AS label, label AS name, jsonb_build_object('id', id, 'name', name, 'label', label) AS data FROM tb_trap;
CREATE VIEW v_twice AS SELECT id, name, jsonb_build_object('id', id, 'name', name, 'name', 'a') AS data FROM tb_trap;
CREATE VIEW v_joined AS SELECT id, name, jsonb_build_object('id', id, 'name', name) || jsonb_build_object('name', 'a') AS data FROM tb_trap;
CREATE VIEW v_computed AS SELECT id, name, jsonb_build_object('id', id, 'name', name, label, 'a') AS data FROM tb_trap;
CREATE VIEW v_cased AS SELECT id, name, CASE WHEN name = 'a' THEN jsonb_build_object('id', id, 'name', name) END AS data FROM tb_trap;
CREATE VIEW v_united AS SELECT id, name, jsonb_build_object('id', id, 'name', name) AS data FROM tb_trap
	UNION ALL SELECT id, 'b', jsonb_build_object('id', id, 'name', 'a') FROM tb_trap;
CREATE VIEW v_diced AS SELECT id, nextval('dice') % 2 = 0 AS even, jsonb_build_object('id', id, 'even', nextval('dice') % 2 = 0) AS data FROM tb_trap;
CREATE VIEW v_sized AS SELECT id, length(name)::numeric AS size, jsonb_build_object('id', id, 'size', length(name)) AS data FROM tb_trap;
CREATE VIEW v_kept AS SELECT id, name, jsonb_build_object('id', id, 'name', name) AS data FROM tb_trap;
CREATE TABLE tv_kept AS SELECT id, 'b'::text AS name, data FROM v_kept;
SELECT fraiseql.expose(('v_' || x)::regclass, initcap(x), jsonb_build_object('plural', x || 's'))
	FROM unnest(ARRAY['swapped', 'twice', 'joined', 'computed', 'cased', 'united', 'diced', 'sized']) AS x;
SELECT fraiseql.expose('tv_kept', 'Kept', '{"plural": "kepts"}');
SELECT p, ids(p, '(where: {name: {eq: "a"}})'), ids(p, '(where: {name: {eq: "b"}})')
	FROM unnest(ARRAY['swappeds', 'twices', 'joineds', 'computeds', 'caseds', 'uniteds', 'kepts']) AS p;
SELECT ids('swappeds', '(where: {label: {eq: "name"}})'), ids('diceds', '(where: {even: {eq: true}})'), ids('sizeds', '(where: {size: {eq: 1}})');

-- nor one that the role may not read: the document says the same
CREATE ROLE regress_documents;
GRANT USAGE ON SCHEMA query_documents TO regress_documents;
GRANT SELECT (id, data) ON v_swapped TO regress_documents;
SET ROLE regress_documents;
SELECT ids('swappeds', '(where: {name: {eq: "a"}})'), ids('swappeds', '(orderBy: {name: DESC})');
RESET ROLE;

RESET search_path;
DROP SCHEMA query_documents CASCADE;
DROP ROLE regress_documents;
