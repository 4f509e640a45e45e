-- fraiseql.operation_stats: what each operation of each role did, and what it cost.
--
-- Times are not printed, but what must be true of them is.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA operation_stats;
SET search_path = operation_stats, ask;
CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_post (id int PRIMARY KEY, title text, user_id int NOT NULL REFERENCES tb_user);
INSERT INTO tb_user VALUES (1, 'Ann'), (2, '"{[\'), (3, 'Carl');
INSERT INTO tb_post VALUES (1, '{', 1), (2, 'a]"}', 1), (3, '\"', 2);
CREATE VIEW v_document AS SELECT 1 AS id, '{"a": [{}, [{"b": "}"}], "]\""], "c": {}}'::jsonb AS content;
CREATE VIEW v_clock AS SELECT id, now() > '2000-01-01' AS value FROM tb_user;
CREATE VIEW v_random AS SELECT id, random() < 2 AS value FROM tb_user;
CREATE VIEW v_broken AS SELECT id, 1 / (id - 1) AS value FROM tb_user;
CREATE FUNCTION fn_rename(id int, name text) RETURNS tb_user LANGUAGE sql AS $$
	UPDATE operation_stats.tb_user SET name = $2 WHERE id = $1 RETURNING * $$;
CREATE FUNCTION fn_fail() RETURNS tb_user LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no {'; END $$;
SELECT count(*) FROM (SELECT fraiseql.expose(r::regclass) FROM unnest('{tb_user,tb_post,v_document,v_clock,v_random,v_broken}'::text[]) AS r) AS e;
SELECT fraiseql.expose_function('fn_rename(int, text)'), fraiseql.expose_function('fn_fail()');

-- What is counted of this role's operations, in the order in which they were first asked.
CREATE VIEW counted AS SELECT query, kind, operation_name, calls, hits, misses, bypasses, rejected, errors, executions, rows, bytes, last_reason
	FROM fraiseql.operation_stats WHERE role = current_user::regrole ORDER BY first_seen;
SELECT fraiseql.cache_reset() >= 0;
SELECT fraiseql.stats_reset();
SELECT count(*) FROM fraiseql.operation_stats;

-- hits and misses; white space and literals make no other operation, and each call is counted where it belongs
SELECT ask('{ user(id: 1) { name } }'), ask('{ user(id: 1) { name } }');
SELECT ask('{ user(id: 2) { name } }'), ask('{  user( id : 2 ) { name }, }');
SELECT ask('query One($id: Int!) { user(id: $id) { name } }', '{"id": 3}'), ask('query One($id: Int!) { user(id: $id) { name } }', '{"id": 1}');
SELECT ask('query One($id: Int!) { user(id: $id) { name } }', '{"id": 3}'), ask('query One($id: Int!) { user(id: $id) { name } }', '{"id": 4}');
SELECT * FROM counted;
-- objects and bytes of what was executed: objects within others, in documents, and braces in strings
SELECT fraiseql.stats_reset();
SELECT ask('{ users(orderBy: [{id: ASC}]) { name posts(orderBy: [{id: ASC}]) { title } } }');
SELECT ask('{ users(orderBy: [{id: ASC}]) { name posts(orderBy: [{id: ASC}]) { title } } }');
SELECT ask('{ document(id: 1) { content } }');
SELECT ask('{ __typename }');
SELECT ask('{ user(id: 9) { name } }');
SELECT * FROM counted;
SELECT sum(bytes), octet_length('{"data":{"user":null}}') FROM counted WHERE query LIKE '%user(%';

-- bypasses, with the last reason
SELECT fraiseql.stats_reset();
SET fraiseql.cache_enabled = off;
SELECT ask('{ users { id } }');
SELECT bypasses, last_reason FROM counted;
RESET fraiseql.cache_enabled;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT ask('{ users { id } }');
COMMIT;
SELECT bypasses, last_reason FROM counted;
BEGIN;
INSERT INTO tb_user VALUES (4, 'Dora');
SELECT ask('{ users { id } }');
-- what it has written does not show in this
SELECT ask('{ document(id: 1) { id } }');
ROLLBACK;
SELECT bypasses, last_reason FROM counted;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT ask('{ users { id } }');
COMMIT;
SELECT ask('{ users { id } }'), ask('{ users { id } }');
SELECT * FROM counted;

-- rejections, with the last reason; errors
SELECT fraiseql.stats_reset();
SELECT ask('{ clock(id: 1) { value } }'), ask('{ random(id: 1) { value } }');
SELECT ask('{ broken(id: 1) { value } }');
SELECT ask('{ broken(id: 2) { value } user(id: 1) { id } }');
SELECT ask('{ broken(id: 1) { value } user(id: 1) { id } }');
-- refused before it is looked for, and so counted nowhere: no operation, a variable of another type
SELECT ask('{ nothing }');
SELECT ask('query ($id: Int!) { user(id: $id) { name } }', '{"id": "x"}');
-- refused after it was looked for
SELECT ask('query ($skip: Boolean = true) { users @skip(if: $skip) { id } }', '{"skip": null}');
SELECT * FROM counted;

-- mutations
SELECT fraiseql.stats_reset();
SELECT left(ask('mutation Rename { renameUser: rename(id: 3, name: "{}") { id name } }'), 60);
SELECT left(ask('mutation Rename { renameUser: rename(id: 1, name: "Anna") { id name } }'), 60);
SELECT left(ask('mutation { fail { id } }'), 60);
SELECT query, kind, operation_name, calls, hits, misses, bypasses, rejected, errors, executions, rows, bytes > 300, last_reason FROM counted;

-- an operation within another is counted like any other
CREATE FUNCTION inner_names() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN fraiseql.execute('{ users { inner: name } }'); END $$;
CREATE VIEW v_outer AS SELECT 1 AS id, inner_names() IS NOT NULL AS value;
SELECT fraiseql.expose('v_outer');
SELECT fraiseql.stats_reset();
SELECT ask('{ outer(id: 1) { value } }'), ask('{ outer(id: 1) { value } }');
SELECT query, calls, hits, misses, rejected, last_reason FROM counted ORDER BY query;

-- what follows from what
SELECT count(*) AS wrong FROM fraiseql.operation_stats WHERE NOT (
	calls = hits + misses + bypasses AND executions <= misses + bypasses AND errors <= calls AND rejected <= misses
	AND hit_rate IS NOT DISTINCT FROM hits / nullif(hits + misses, 0)::float8
	AND total_exec_ms > 0 AND max_exec_ms BETWEEN total_exec_ms / executions * 0.999 AND total_exec_ms * 1.001
	AND abs(mean_exec_ms - total_exec_ms / executions) <= mean_exec_ms / 1e6
	AND abs(time_saved_ms - hits * mean_exec_ms) <= time_saved_ms / 1e6
	AND abs(mean_bytes - bytes / executions::float8) < 1e-6
	AND first_seen <= last_executed_at AND last_executed_at <= clock_timestamp()
	AND (last_reason IS NULL) = (last_reason_at IS NULL) AND (last_reason IS NULL OR last_reason_at >= first_seen));
-- the sums are those of the cache, and of reasons
SELECT sum(o.hits) = s.hits, sum(o.misses) = s.misses, sum(o.bypasses) = s.bypasses, sum(rejected) = fills_rejected
FROM fraiseql.operation_stats AS o, fraiseql.cache_stats AS s GROUP BY s.hits, s.misses, s.bypasses, fills_rejected;
-- the hash of an operation is the same in every cluster; so it may be compared across servers
SELECT fraiseql.stats_reset();
SELECT ask('{ user(id: 1) { name } }');
SELECT operation_id FROM fraiseql.operation_stats;

-- before the first execution there is no time to save
SELECT fraiseql.stats_reset();
SELECT ask('{ user(id: 1) { name } }');
SELECT calls, hits, hit_rate, executions, total_exec_ms, mean_exec_ms, max_exec_ms, time_saved_ms, rows, bytes, mean_bytes, last_executed_at FROM fraiseql.operation_stats;

-- no literal is kept, and none makes another operation: defaults are none of it either, though they do make other answers
SELECT fraiseql.stats_reset();
SELECT ask('query Secret($s: String = "Anna", $l: [Int!] = [7, 8]) { users(where: {_or: [{name: {eq: $s}}, {id: {in: $l}}, {name: {eq: "secret"}}]}) { id } }');
SELECT ask('query Secret($s: String = "Carl", $l: [Int!] = [2, 8]) { users(where: {_or: [{name: {eq: $s}}, {id: {in: $l}}, {name: {eq: "ünknown"}}]}) { id } }');
SELECT ask('query Secret($s: String = "Carl", $l: [Int!] = [2, 8]) { users(where: {_or: [{name: {eq: $s}}, {id: {in: $l}}, {name: {eq: "ünknown"}}]}) { id } }');
SELECT * FROM counted;

-- long texts and names are cut, and differ all the same by what was cut off
SELECT fraiseql.stats_reset();
SELECT count(fraiseql.execute(format('query %s { %s: users { id } %s: users { id } }', repeat('N', 200), repeat('x', 2000), 'y' || n)))
FROM unnest('{1,2,3,3,4,4}'::int[]) AS n;
SELECT calls, hits, octet_length(operation_name), octet_length(query), count(*) OVER (PARTITION BY query)
FROM fraiseql.operation_stats ORDER BY calls, octet_length(query);
SELECT count(DISTINCT operation_id) FROM fraiseql.operation_stats;

-- Each role has its own, in one session too, and by the role that the call has; nobody sees another's operations.
CREATE ROLE regress_fql_one;
CREATE ROLE regress_fql_two;
GRANT USAGE ON SCHEMA operation_stats TO regress_fql_one, regress_fql_two;
GRANT SELECT ON tb_user TO regress_fql_one, regress_fql_two;
CREATE FUNCTION as_one() RETURNS json LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN fraiseql.execute('query Shared { users { id } }'); END $$;
ALTER FUNCTION as_one() OWNER TO regress_fql_one;
SELECT fraiseql.stats_reset();
SET ROLE regress_fql_one;
SELECT count(fraiseql.execute('query Shared { users { id } }')) FROM generate_series(1, 3);
SET ROLE regress_fql_two;
SELECT count(fraiseql.execute('query Shared { users { id } }')) FROM generate_series(1, 2);
SELECT as_one() IS NOT NULL;
SELECT count(fraiseql.execute('query Shared { users { id } }')) FROM generate_series(1, 2);
SELECT role::regrole, operation_id IS NULL, operation_name, kind, query, calls, hits, misses FROM fraiseql.operation_stats ORDER BY role::regrole::text;
RESET ROLE;
SELECT role::regrole, operation_id IS NULL, operation_name, kind, query, calls, hits, misses FROM fraiseql.operation_stats ORDER BY role::regrole::text;
SELECT count(DISTINCT operation_id), count(DISTINCT database) FROM fraiseql.operation_stats;
GRANT pg_read_all_stats TO regress_fql_two;
GRANT regress_fql_two TO regress_fql_one;
SET ROLE regress_fql_two;
SELECT role::regrole, operation_id IS NULL, operation_name, query FROM fraiseql.operation_stats ORDER BY role::regrole::text;
RESET ROLE;
REVOKE pg_read_all_stats FROM regress_fql_two;
SET ROLE regress_fql_one;
-- a member sees what is its role's
SELECT role::regrole, operation_id IS NULL, operation_name, query FROM fraiseql.operation_stats ORDER BY role::regrole::text;
RESET ROLE;

-- Many roles in one session: more than the session remembers places of.
SET client_min_messages = warning;
CREATE FUNCTION by_many(rounds int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	FOR round IN 1 .. rounds LOOP
		FOR i IN 1 .. 20 LOOP
			EXECUTE format('SET LOCAL ROLE regress_fql_many_%s', i);
			PERFORM fraiseql.execute('query Many { users { id } }');
		END LOOP;
	END LOOP;
	RESET ROLE;
END
$$;
SELECT format('CREATE ROLE regress_fql_many_%s IN ROLE regress_fql_one', i) FROM generate_series(1, 20) AS i \gexec
SELECT fraiseql.stats_reset();
SELECT by_many(7);
SELECT count(*), sum(calls), min(calls), max(calls), sum(hits + misses) FROM fraiseql.operation_stats WHERE operation_name = 'Many';

-- reset empties it, and sessions that had places begin anew
SELECT fraiseql.stats_reset();
SELECT by_many(2);
SELECT count(*), min(calls), max(calls), min(hits) FROM fraiseql.operation_stats WHERE operation_name = 'Many';

SELECT format('DROP ROLE regress_fql_many_%s', i) FROM generate_series(1, 20) AS i \gexec
SELECT fraiseql.stats_reset();
DROP SCHEMA operation_stats CASCADE;
DROP ROLE regress_fql_one, regress_fql_two;
