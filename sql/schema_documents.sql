-- FraiseQL read models: (id, data jsonb), fields from the definition of the view.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA schema_documents;
SET search_path = schema_documents;

CREATE FUNCTION sdl(pattern text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT definition FROM unnest(string_to_array(rtrim(fraiseql.schema_sdl(), E'\n'), E'\n\n')) AS definition
	WHERE definition ~ ('(^|\n)[a-z]+ (' || pattern || ')( |$)')
$$;

CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE tb_user (pk_user bigint PRIMARY KEY, id uuid NOT NULL, name text, age int, score bigint, ratio float8,
	balance numeric, active boolean, born date, created_at timestamptz, wakes time, tags text[], meta jsonb, mood mood,
	ip inet);
CREATE TABLE tb_post (pk_post bigint PRIMARY KEY, id uuid NOT NULL, fk_user bigint REFERENCES tb_user, title text);
CREATE TABLE tb_comment (pk_comment bigint PRIMARY KEY, id uuid NOT NULL, fk_post bigint REFERENCES tb_post, body text);

-- Scalars, by the type of each value; keys in snake_case; objects within objects.
CREATE VIEW v_user AS
SELECT u.id, u.pk_user, jsonb_build_object('id', u.id, 'name', u.name, 'age', u.age, 'score', u.score, 'ratio', u.ratio,
	'balance', u.balance, 'active', u.active, 'born', u.born, 'created_at', u.created_at, 'wakes', u.wakes,
	'tags', u.tags, 'meta', u.meta, 'mood', u.mood, 'ip', u.ip, 'kind', 'user', 'is_adult', u.age >= 18,
	'home_address', jsonb_build_object('city', upper(u.name), 'geo', json_build_object('lat', u.ratio))) AS data
FROM tb_user AS u;
SELECT fraiseql.expose('v_user');
SELECT * FROM sdl('Query|User.*|Mood');

-- Lists of another view's documents: not exposed, they make a type of their own; exposed, they are its type.
CREATE VIEW v_comment AS
SELECT c.id, c.fk_post, jsonb_build_object('id', c.id, 'body', c.body) AS data FROM tb_comment AS c;
CREATE VIEW v_post AS
SELECT p.id, jsonb_build_object('id', p.id, 'title', p.title, 'author', vu.data,
	'comments', COALESCE((SELECT jsonb_agg(vc.data ORDER BY vc.id) FROM v_comment AS vc WHERE vc.fk_post = p.pk_post),
		'[]'::jsonb)) AS data
FROM tb_post AS p LEFT JOIN v_user AS vu ON vu.pk_user = p.fk_user;
SELECT fraiseql.expose('v_post');
SELECT * FROM sdl('Post.*');
SELECT fraiseql.expose('v_comment');
SELECT * FROM sdl('Post|PostComments|Comment|PostWhere');

-- Every way in which a definition may be written: LATERAL, CTE, sub-queries, joins, GROUP BY, UNION, ||, -, ->, casts,
-- CASE, rows, arrays.
CREATE VIEW v_feed AS
WITH authored AS (SELECT p.*, u.data AS author FROM tb_post AS p JOIN v_user AS u ON u.pk_user = p.fk_user)
SELECT a.id, jsonb_build_object(
		'id', a.id,
		'author', a.author,
		'lateral', l.comments,
		'inline', (SELECT jsonb_agg(jsonb_build_object('body', c.body, 'post', jsonb_build_object('id', a.id)))
			FROM tb_comment AS c),
		'bodies', (SELECT json_agg(c.body) FROM tb_comment AS c)::jsonb,
		'array', to_jsonb(ARRAY(SELECT c.body FROM tb_comment AS c)),
		'documents', (SELECT array_agg(c.data) FROM v_comment AS c),
		'row', to_jsonb(t),
		'rows', (SELECT jsonb_agg(s) FROM (SELECT c.id, c.body AS words FROM tb_comment AS c) AS s),
		'either', CASE WHEN a.title IS NULL THEN NULL ELSE (SELECT data FROM v_comment LIMIT 1) END,
		'city', a.author -> 'home_address' -> 'city',
		'address', a.author -> 'home_address',
		'grouped', g.data,
		'united', (SELECT d.x FROM (SELECT data AS x FROM v_comment UNION ALL SELECT data FROM v_comment) AS d LIMIT 1),
		'given', v.x,
		'whatever', jsonb_path_query_first(a.author, '$.name'),
		'matrix', jsonb_build_array(jsonb_build_array(1)))
	|| (jsonb_build_object('extra', 1, 'gone', 2) - 'gone') || json_build_object('more', a.title)::jsonb AS data
FROM authored AS a
LEFT JOIN LATERAL (SELECT jsonb_agg(c.data) AS comments FROM v_comment AS c WHERE c.fk_post = a.pk_post) AS l ON true
LEFT JOIN tb_comment AS t USING (id)
LEFT JOIN (SELECT c.fk_post, c.data FROM v_comment AS c GROUP BY c.fk_post, c.data) AS g ON g.fk_post = a.pk_post
CROSS JOIN (VALUES (jsonb_build_object('n', 1))) AS v (x);
SELECT fraiseql.expose('v_feed');
SELECT * FROM sdl('Feed|Feed[A-Za-z]+[a-z](?<!Where|OrderBy)');

-- A view that hands on another's documents has its keys; keys can be renamed and left out, nested ones too.
CREATE VIEW v_member AS SELECT id, data FROM v_user;
SELECT fraiseql.expose('v_member', options => '{"fields": {"name": "fullName", "home_address.city": "town"},
	"exclude": ["age", "score", "ratio", "balance", "active", "born", "wakes", "tags", "meta", "mood", "ip", "kind",
		"is_adult", "home_address.geo"]}');
SELECT * FROM sdl('Member.*');

-- A table tv_x has the keys of the view v_x, and embedded v_x is then its type.
CREATE TABLE tv_tag (id uuid PRIMARY KEY, fk_post bigint, data jsonb NOT NULL, updated_at timestamptz);
CREATE VIEW v_tag AS SELECT p.id, jsonb_build_object('id', p.id, 'label', p.title) AS data FROM tb_post AS p;
CREATE VIEW v_tagged AS
SELECT p.id, jsonb_build_object('id', p.id, 'tag', t.data, 'same', s.data) AS data
FROM tb_post AS p, tv_tag AS t, v_tag AS s;
SELECT fraiseql.expose('tv_tag'), fraiseql.expose('v_tagged');
SELECT * FROM sdl('Query|Tag|Tagged');

-- Without a definition the options declare the keys; they also correct what was read.
CREATE TABLE tv_box (id bigint PRIMARY KEY, data jsonb);
SELECT fraiseql.expose('tv_box', options => '{"data": {"label": "String!", "tags": "[Tag!]!", "top": "Tag",
	"sizes": "[Int]", "opened_at": "DateTime"}}');
SELECT * FROM sdl('Query|Box.*');
SELECT fraiseql.expose('v_tag', 'Label', '{"data": {"label": "ID", "more": "JSON"}}');
SELECT * FROM sdl('Label.*');

-- A table that merely has these columns is an ordinary table.
CREATE TABLE event (id int PRIMARY KEY, data jsonb);
SELECT fraiseql.expose('event');
SELECT * FROM sdl('Event');

-- A circle of read models ends.
CREATE TABLE tv_ping (id int PRIMARY KEY, data jsonb);
CREATE TABLE tv_pong (id int PRIMARY KEY, data jsonb);
CREATE VIEW v_ping AS SELECT id, jsonb_build_object('id', id, 'pong', data, 'self', data -> 'pong') AS data FROM tv_pong;
CREATE VIEW v_pong AS SELECT id, data || jsonb_build_object('ping', data) AS data FROM tv_ping;
SELECT fraiseql.expose('tv_ping');
SELECT * FROM sdl('Ping|Ping[A-Za-z]*(?<!Where|OrderBy)');

SET client_min_messages = warning;
DROP SCHEMA schema_documents CASCADE;
