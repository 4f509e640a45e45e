-- The data of the benchmark of coalescing: a key whose execution takes as long as one wants, and a site that is read
-- while it is written.
CREATE EXTENSION fraiseql;

-- One execution, which waits and works for as long as its row says.  It counts itself, for everybody to see at once and
-- whatever becomes of its transaction: a sequence is not transactional, and one that is not logged gives the reader no
-- transaction id.  Assignments of PL/pgSQL evaluate such calls without the executor, so that fraiseql sees neither
-- pg_sleep() nor nextval(), and takes the DBA's word for the function.  The count is part of the answer: who has the same
-- text has the answer of the same execution.
CREATE UNLOGGED SEQUENCE executions;
CREATE FUNCTION work(wait_ms float8, loops int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	execution bigint := nextval('executions');
	nothing text := pg_sleep(wait_ms / 1000);
BEGIN
	FOR i IN 1 .. loops LOOP
		nothing := '';
	END LOOP;
	RETURN execution;
END $$;
SELECT fraiseql.declare_pure('work(float8, int)');
CREATE TABLE tb_task (id int PRIMARY KEY, version int NOT NULL DEFAULT 0, wait_ms float8 NOT NULL DEFAULT 0,
	loops int NOT NULL DEFAULT 0);
INSERT INTO tb_task SELECT n FROM generate_series(1, 10000) AS n;
CREATE VIEW v_task AS SELECT id, version, work(wait_ms, loops) AS execution FROM tb_task;
SELECT fraiseql.expose('v_task', 'Task');

-- The site.  Its rows have numbers of their versions, so that an answer shows which of them it is of.
CREATE TABLE tb_user (id int PRIMARY KEY, version int NOT NULL DEFAULT 0, name text NOT NULL, bio text NOT NULL);
CREATE TABLE tb_post (id int PRIMARY KEY, version int NOT NULL DEFAULT 0, user_id int NOT NULL REFERENCES tb_user,
	topic int NOT NULL, score int NOT NULL, title text NOT NULL, body text NOT NULL);
INSERT INTO tb_user SELECT n, 0, 'user ' || n, 'What user ' || n || ' says of himself, in a line.'
FROM generate_series(1, 10000) AS n;
INSERT INTO tb_post SELECT n, 0, 1 + n::bigint * 7919 % 10000, 1 + n % 5, n::bigint * 104729 % 1000,
	'Post ' || n || ', with a title of ordinary length', repeat('Text of post ' || n || '. ', 5)
FROM generate_series(1, 50000) AS n;
CREATE INDEX ON tb_post (user_id);
CREATE INDEX ON tb_post (topic);
SELECT fraiseql.expose('tb_user'), fraiseql.expose('tb_post');
VACUUM ANALYZE;
