-- What is asked is part of the key to the last alias: no two requests that mean different things share an answer, by
-- selection, alias, argument, directive, fragment, operation name, variable, default, or by text that looks like a key.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA requests;
SET search_path = requests;
CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL, nick text NOT NULL, age int, born date);
CREATE TABLE tb_post (id int PRIMARY KEY, fk_user int NOT NULL REFERENCES tb_user, title text, name text);
CREATE INDEX ON tb_post (fk_user);
INSERT INTO tb_user VALUES (1, 'Ann', 'a', 30, '1990-01-01'), (2, 'Bob', 'b', 40, '1980-01-01'), (12, 'Cid', 'c', NULL, NULL),
	(13, 'Ann, Bob', 'd', 20, '2000-01-01'), (14, 'Ann", "Bob', 'e', 50, '1970-01-01'), (15, 'Ann,Bob', 'f', 60, '1960-01-01');
INSERT INTO tb_post VALUES (1, 1, 'first', 'one'), (2, 1, 'second', 'two'), (3, 2, 'third', 'three');
SELECT fraiseql.expose('tb_user', 'User'), fraiseql.expose('tb_post', 'Post');

-- Requests of one topic give different answers, each.
CREATE TABLE request (n serial, topic text, query text, variables jsonb, operation text);
INSERT INTO request (topic, query) VALUES
	('selection', '{ users { id } }'),
	('selection', '{ users { id name } }'),
	('selection', '{ users { name id } }'),
	('selection', '{ users { id nick } }'),
	('selection', '{ users { id __typename } }'),
	('selection', '{ users { id } posts { id } }'),
	('selection', '{ posts { id } users { id } }'),
	('selection', '{ users { id posts { id } } }'),
	('selection', '{ users { id posts { id title } } }'),
	('alias', '{ a: users { id } }'),
	('alias', '{ b: users { id } }'),
	('alias', '{ users { a: name b: nick } }'),
	('alias', '{ users { a: nick b: name } }'),
	('alias', '{ users { b: name a: nick } }'),
	('alias', '{ users { name: nick nick: name } }'),
	('alias', '{ users { name nick } }'),
	('alias', '{ posts: users { id } users: posts { id } }'),
	('alias', '{ users { id posts { x: title } } }'),
	('alias', '{ users { id posts { title: name } } }'),
	('argument', '{ user(id: 1) { name } }'),
	('argument', '{ user(id: 2) { name } }'),
	('argument', '{ user(id: 12) { name } }'),
	('argument', '{ user(id: 3) { name } }'),
	('argument', '{ a: user(id: 1) { name } b: user(id: 2) { name } }'),
	('argument', '{ a: user(id: 2) { name } b: user(id: 1) { name } }'),
	('argument', '{ users(limit: 1) { name } }'),
	('argument', '{ users(offset: 1) { name } }'),
	('argument', '{ users(limit: 1, offset: 1) { name } }'),
	('argument', '{ users(limit: 2, offset: 1) { name } }'),
	('argument', '{ users(orderBy: {name: DESC}) { name } }'),
	('argument', '{ users(orderBy: {name: DESC}, limit: 1) { name } }'),
	('argument', '{ users(where: {age: {gt: 40}}) { name } }'),
	('argument', '{ users(where: {age: {gte: 30}}, orderBy: {name: ASC}) { name } }'),
	('argument', '{ users(where: {age: {lt: 30}}) { name } }'),
	('argument', '{ users(where: {age: {isnull: true}}) { name age } }'),
	('argument', '{ users(where: {age: {isnull: false}}) { name age } }'),
	('argument', '{ users(where: {name: {in: ["Ann", "Bob"]}}) { nick } }'),
	('argument', '{ users(where: {name: {in: ["Ann, Bob"]}}) { name nick } }'),
	('argument', '{ users(where: {name: {in: ["Ann\", \"Bob"]}}) { nick name } }'),
	('argument', '{ users(where: {name: {eq: "Bob"}, nick: {eq: "b"}}) { age } }'),
	('argument', '{ users(where: {name: {eq: "Ann"}, nick: {eq: "a"}}) { age } }'),
	('directive', '{ users { id name @skip(if: true) } }'),
	('directive', '{ users { id name @skip(if: false) } }'),
	('directive', '{ users { id @include(if: false) name } }'),
	('directive', '{ users @include(if: false) { id } posts { id } }'),
	('directive', '{ users { id } posts @skip(if: false) { id } }'),
	('fragment', '{ users { ...F } } fragment F on User { id }'),
	('fragment', '{ users { ...F } } fragment F on User { name }'),
	('fragment', '{ users { ...F ...G } } fragment F on User { id } fragment G on User { nick }'),
	('fragment', '{ users { ...G ...F } } fragment F on User { id } fragment G on User { nick }'),
	('fragment', '{ users { ... on User { age } } }'),
	('fragment', '{ users { ... on User @skip(if: true) { age } born } }'),
	('literal', '{ users(where: {name: {eq: "\u0041nn"}}) { born } }'),
	('literal', '{ users(where: {name: {eq: "\\u0041nn"}}) { born } }'),
	('literal', '{ users(where: {name: {eq: """Bob"""}}) { born } }'),
	('literal', '{ users(where: {name: {neq: "} } }"}}) { x: id } }'),
	('literal', '{ users(where: {name: {neq: "Ann"}}) { x: id } }'),
	('literal', '{ users(where: {born: {gt: "1985-01-01"}}) { x: id } }'),
	('literal', '{ users(where: {born: {lt: "1985-01-01"}}) { y: id } }');
INSERT INTO request (topic, query, variables) VALUES
	('variable', 'query ($a: Int!, $b: Int!) { user(id: $a) { name } users(limit: $b) { id } }', '{"a": 1, "b": 2}'),
	('variable', 'query ($a: Int!, $b: Int!) { user(id: $a) { name } users(limit: $b) { id } }', '{"a": 2, "b": 1}'),
	('variable', 'query ($a: Int!, $b: Int!) { user(id: $a) { name } users(limit: $b) { id } }', '{"a": 12, "b": 2}'),
	('variable', 'query ($a: Int!, $b: Int!) { user(id: $a) { name } users(limit: $b) { id } }', '{"a": 1, "b": 22}'),
	('variable', 'query ($a: Int!, $b: Int!) { user(id: $b) { name } users(limit: $a) { id } }', '{"a": 3, "b": 12}'),
	('variable', 'query ($n: String, $m: String) { users(where: {_or: [{name: {eq: $n}}, {nick: {eq: $m}}]}) { id } }', '{"n": "Ann", "m": "b"}'),
	('variable', 'query ($n: String, $m: String) { users(where: {_or: [{name: {eq: $n}}, {nick: {eq: $m}}]}) { id } }', '{"n": "Bob", "m": "c"}'),
	('variable', 'query ($n: String, $m: String) { users(where: {_or: [{name: {eq: $n}}, {nick: {eq: $m}}]}) { id } }', '{"n": "Ann\", \"Bob", "m": ""}'),
	('variable', 'query ($l: [String!]) { users(where: {name: {in: $l}}) { id age } }', '{"l": ["Ann", "Bob"]}'),
	('variable', 'query ($l: [String!]) { users(where: {name: {in: $l}}) { id age } }', '{"l": ["Ann"]}'),
	('variable', 'query ($l: [String!]) { users(where: {name: {in: $l}}) { id age } }', '{"l": ["Ann,Bob"]}'),
	('variable', 'query ($w: UserWhere) { users(where: $w) { id } }', '{"w": {"name": {"eq": "Cid"}}}'),
	('variable', 'query ($w: UserWhere) { users(where: $w) { id } }', '{"w": {"nick": {"eq": "b"}}}'),
	('variable', 'query ($w: UserWhere) { users(where: $w) { id } }', '{"w": {"nick": {"eq": "f"}}}'),
	('variable', 'query ($s: Boolean!) { users { id name @skip(if: $s) } posts { id } }', '{"s": true}'),
	('variable', 'query ($s: Boolean!) { users { id name @skip(if: $s) } posts { id } }', '{"s": false}'),
	('variable', 'query ($s: Boolean!) { users { name id @include(if: $s) } posts { id } }', '{"s": false}'),
	('default', 'query ($n: Int = 1) { users(limit: $n) { nick } }', NULL),
	('default', 'query ($n: Int = 2) { users(limit: $n) { nick } }', NULL),
	('default', 'query ($n: Int = 2) { users(limit: $n) { nick } }', '{"n": null}'),
	('default', 'query ($n: Int = 2, $m: Int = 2) { users(limit: $n, offset: $m) { nick } }', '{"n": 1}'),
	('default', 'query ($n: Int = 2, $m: Int = 1) { users(limit: $m, offset: $n) { nick age } }', '{"n": 1}'),
	('default', 'query ($n: Int = 2, $m: Int = 1) { users(limit: $m, offset: $n) { nick age } }', '{"m": 5}');
INSERT INTO request (topic, query, operation) VALUES
	('operation', 'query A { users(limit: 1) { id } } query B { posts(limit: 1) { id } } query C { users(limit: 1) { id name } }', 'A'),
	('operation', 'query A { users(limit: 1) { id } } query B { posts(limit: 1) { id } } query C { users(limit: 1) { id name } }', 'B'),
	('operation', 'query A { users(limit: 1) { id } } query B { posts(limit: 1) { id } } query C { users(limit: 1) { id name } }', 'C'),
	('operation', 'query A { posts(limit: 2) { id } } query B { users(limit: 2) { id } }', 'A'),
	('operation', 'query A { posts(limit: 2) { id } } query B { users(limit: 2) { id } }', 'B'),
	('operation', 'query A { users(limit: 1) { id } } query B { posts(limit: 1) { id } } query C { users(limit: 1) { id name } }', 'D'),
	('operation', 'query A { users(limit: 1) { id } } query B { posts(limit: 1) { id } } query C { users(limit: 1) { id name } }', NULL);

-- Without the cache, filling it, again in the opposite order, and as a request object.
CREATE FUNCTION try_requests(OUT topic text, OUT requests int, OUT answers int, OUT errors int, OUT hits int, OUT hits_of_objects int,
	OUT wrong text) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	all_ request[];
	r request;
	expected text[];
	answer text;
	pass text;
BEGIN
	FOR topic, all_ IN SELECT q.topic, array_agg(q ORDER BY n) FROM request q GROUP BY 1 ORDER BY min(n) LOOP
		requests := cardinality(all_);
		expected := '{}';
		wrong := NULL;
		FOREACH pass IN ARRAY '{uncached,filling,again,object}'::text[] LOOP
			PERFORM set_config('fraiseql.cache_enabled', (pass <> 'uncached')::text, false), fraiseql.stats_reset();
			FOR i IN 1 .. requests LOOP
				r := all_[CASE pass WHEN 'again' THEN requests + 1 - i ELSE i END];
				IF pass = 'object' THEN
					answer := fraiseql.graphql(json_build_object('query', r.query, 'variables', r.variables, 'operationName', r.operation));
				ELSE
					answer := fraiseql.execute(r.query, r.variables, r.operation);
				END IF;
				IF pass = 'uncached' THEN
					expected := expected || answer;
				ELSIF answer IS DISTINCT FROM expected[r.n - all_[1].n + 1] THEN
					wrong := concat_ws(E'\n', wrong, format('WRONG, %s: %s %s %s: %s instead of %s', pass, r.query, r.variables, r.operation,
						answer, expected[r.n - all_[1].n + 1]));
				END IF;
			END LOOP;
			IF pass = 'again' THEN
				SELECT s.hits INTO hits FROM fraiseql.cache_stats s;
			END IF;
		END LOOP;
		SELECT s.hits INTO hits_of_objects FROM fraiseql.cache_stats s;
		SELECT count(DISTINCT e), count(*) FILTER (WHERE e LIKE '%"errors"%') INTO answers, errors FROM unnest(expected) e;
		RETURN NEXT;
	END LOOP;
END
$$;
-- topic: requests, different answers, errors, hits asked again, hits as objects
SELECT * FROM try_requests();
-- nothing of this says anything where two requests have one answer
SELECT topic, query, variables FROM (SELECT *, count(*) OVER (PARTITION BY topic, fraiseql.execute(query, variables, operation)::text) AS same FROM request) r
WHERE same > 1 ORDER BY n;

-- What means the same, on the other hand, is asked for once: a request, and others that hit its answer.
CREATE FUNCTION kept_for(query text, VARIADIC others text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text := fraiseql.execute(query);
	other text;
	before bigint;
	outcome text := '';
BEGIN
	FOREACH other IN ARRAY others LOOP
		before := (SELECT hits FROM fraiseql.cache_stats);
		IF fraiseql.execute(other)::text <> answer THEN RETURN 'different: ' || other; END IF;
		outcome := outcome || CASE WHEN (SELECT hits FROM fraiseql.cache_stats) > before THEN ' hit' ELSE ' miss' END;
	END LOOP;
	RETURN outcome;
END
$$;
SELECT kept_for('{ posts { id title } }', 'query { posts { id title } }', '{posts{id,title}} # comment');
SELECT kept_for('{ posts(limit: 1, offset: 1) { id } }', '{ posts(offset: 1, limit: 1) { id } }');
-- a variable's value and a literal are two requests, of one answer
SELECT kept_for('{ posts(limit: 2) { title } }', 'query ($n: Int = 2) { posts(limit: $n) { title } }', 'query ($n: Int = 2) { posts(limit: $n) { title } }');

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA requests CASCADE;
