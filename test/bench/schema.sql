-- The data of the benchmark: an answer of about one kilobyte, and two tables that differ only in being tracked.
CREATE EXTENSION fraiseql;
CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL, bio text);
CREATE TABLE tb_post (id int PRIMARY KEY, title text NOT NULL, user_id int NOT NULL REFERENCES tb_user);
CREATE INDEX ON tb_post (user_id);
INSERT INTO tb_user SELECT n, 'user ' || n, repeat('about user ' || n || '. ', 20) FROM generate_series(1, 1000) AS n;
INSERT INTO tb_post SELECT n, 'A post with a title of ordinary length, number ' || n, 1 + n % 1000 FROM generate_series(1, 10000) AS n;
SELECT fraiseql.expose('tb_user'), fraiseql.expose('tb_post');
CREATE TABLE plain (id int PRIMARY KEY, value int) WITH (fillfactor = 50);
CREATE TABLE tracked (id int PRIMARY KEY, value int) WITH (fillfactor = 50);
INSERT INTO plain SELECT n, 0 FROM generate_series(1, 10000) AS n;
INSERT INTO tracked SELECT * FROM plain;
CREATE TABLE bulk_plain (id int, value int);
CREATE TABLE bulk_tracked (id int, value int);
SELECT fraiseql.track('tracked'), fraiseql.track('bulk_tracked');
VACUUM ANALYZE;
-- the constant that the hits are compared with: the very bytes of the answer
SELECT format('CREATE FUNCTION answer() RETURNS json IMMUTABLE LANGUAGE sql AS %L',
	format('SELECT %L::json', fraiseql.execute('{ user(id: 1) { name bio posts { title } } }'))) \gexec
