-- What a transaction has changed, as a cascade: objects of exposed types, whatever code changed the rows.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA cascades;
SET search_path = cascades;
CREATE TABLE tb_user (pk_user int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL UNIQUE, name text NOT NULL);
CREATE TABLE tb_post (id int PRIMARY KEY, title text, fk_user int NOT NULL REFERENCES tb_user ON DELETE CASCADE);
CREATE TABLE secret (id int PRIMARY KEY, what text);
CREATE TABLE membership (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE note (code text PRIMARY KEY, line text) PARTITION BY LIST (code);
CREATE TABLE note_a PARTITION OF note FOR VALUES IN ('a', 'b');
CREATE TABLE note_rest PARTITION OF note DEFAULT;
CREATE VIEW v_user AS SELECT u.id, jsonb_build_object('id', u.id, 'name', u.name, 'posts', (SELECT count(*) FROM tb_post p
	WHERE p.fk_user = u.pk_user)) AS data FROM tb_user u;
INSERT INTO tb_user (id, name) SELECT ('00000000-0000-0000-0000-00000000000' || i)::uuid, 'u' || i FROM generate_series(1, 3) AS i;
INSERT INTO tb_post VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 2);
SELECT fraiseql.expose('v_user', 'User'), fraiseql.expose('tb_post', 'Post'), fraiseql.expose('note', 'Note'),
	fraiseql.expose('membership', 'Membership');
SELECT fraiseql.track('secret');

-- the objects, one a line: operation, type, id, what the caller sees of it
CREATE FUNCTION named() RETURNS SETOF text LANGUAGE sql AS $$
	WITH cascade AS MATERIALIZED (SELECT fraiseql.transaction_cascade() AS c)
	SELECT concat_ws(' ', o->>'operation', o->>'__typename', o->>'id', o->'entity')
	FROM cascade, jsonb_path_query(c, '$.*[*] ? (exists(@.__typename))') AS o
	UNION ALL
	SELECT 'truncated' FROM cascade WHERE (c->'metadata'->>'truncated')::boolean
$$;

-- nothing
SELECT fraiseql.transaction_cascade() - 'metadata';

-- what it is made of
BEGIN;
INSERT INTO tb_post VALUES (4, 'four', 3);
DELETE FROM tb_post WHERE id = 1;
SELECT jsonb_pretty(fraiseql.transaction_cascade() #- '{metadata,timestamp}' #- '{metadata,transactionId}' #- '{deleted,0,deletedAt}');
SELECT fraiseql.transaction_cascade()->'metadata'->>'transactionId' = pg_current_xact_id()::text,
	(fraiseql.transaction_cascade()->'metadata'->>'timestamp')::timestamptz = now(),
	(fraiseql.transaction_cascade()->'deleted'->0->>'deletedAt')::timestamptz = now();
ROLLBACK;

-- a table behind a view: named by the view's id
BEGIN;
UPDATE tb_user SET name = 'Ann' WHERE pk_user = 1;
SELECT * FROM named();
ROLLBACK;

-- several changes of one row are one
BEGIN;
INSERT INTO tb_post VALUES (5, 'five', 1);
UPDATE tb_post SET title = 'V' WHERE id = 5;
INSERT INTO tb_post VALUES (6, 'six', 1);
DELETE FROM tb_post WHERE id = 6;
UPDATE tb_post SET title = 'I' WHERE id = 1;
UPDATE tb_post SET title = 'i' WHERE id = 1;
DELETE FROM tb_post WHERE id = 2;
INSERT INTO tb_post VALUES (2, 'again', 1);
UPDATE tb_post SET id = 33 WHERE id = 3;
UPDATE tb_post SET title = title;
SELECT * FROM named();
ROLLBACK;
SELECT * FROM named();

-- savepoints, also within each other
BEGIN;
UPDATE tb_post SET title = 'kept' WHERE id = 1;
SAVEPOINT a;
UPDATE tb_post SET title = 'gone' WHERE id = 1;
UPDATE tb_post SET title = 'gone' WHERE id = 2;
SAVEPOINT b;
DELETE FROM tb_post WHERE id = 3;
RELEASE b;
DELETE FROM tb_post WHERE id = 1;
SELECT * FROM named();
ROLLBACK TO a;
SELECT * FROM named();
DELETE FROM tb_post WHERE id = 2;
SELECT * FROM named();
ROLLBACK;

-- foreign keys, functions, COPY, partitions by any name, a key that is no id
BEGIN;
DELETE FROM tb_user WHERE pk_user = 2;
SELECT * FROM named();
ROLLBACK;
BEGIN;
COPY note FROM stdin (DELIMITER ' ');
a in-a
c in-rest
\.
INSERT INTO note_a VALUES ('b', 'by its own name');
INSERT INTO membership VALUES (1, 2);
SELECT * FROM named();
ROLLBACK;

-- what is not exposed is not named; TRUNCATE and too many rows say that there is more
BEGIN;
INSERT INTO secret VALUES (1, 'x');
SELECT * FROM named();
TRUNCATE tb_post;
SELECT * FROM named();
ROLLBACK;
BEGIN;
SET LOCAL fraiseql.cascade_max_entities = 2;
INSERT INTO tb_post SELECT i, 'p' || i, 1 FROM generate_series(10, 15) AS i;
DELETE FROM tb_post WHERE id = 10;
SELECT * FROM named();
ROLLBACK;
BEGIN;
SET LOCAL fraiseql.cascade_max_entities = 0;
INSERT INTO tb_post VALUES (10, 'p', 1);
SELECT * FROM named();
ROLLBACK;

-- only what the caller sees
CREATE ROLE regress_cascade_reader;
GRANT USAGE ON SCHEMA cascades TO regress_cascade_reader;
GRANT SELECT ON note TO regress_cascade_reader;
GRANT SELECT (id, title) ON tb_post TO regress_cascade_reader;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY a_only ON note TO regress_cascade_reader USING (code < 'c');
BEGIN;
INSERT INTO note VALUES ('a', 'mine'), ('c', 'not mine');
UPDATE tb_user SET name = 'Ann' WHERE pk_user = 1;
UPDATE tb_post SET title = 'seen' WHERE id = 1;
SET LOCAL ROLE regress_cascade_reader;
SELECT * FROM named();
SELECT fraiseql.transaction_cascade()->'invalidations';
RESET ROLE;
DELETE FROM note;
DELETE FROM tb_post WHERE id = 2;
SELECT * FROM named();
SET LOCAL ROLE regress_cascade_reader;
SELECT * FROM named();
ROLLBACK;

-- deleted rows of a table with policies: named to its owner, and to who bypasses them, not where they are forced upon the owner
CREATE ROLE regress_cascade_owner;
CREATE ROLE regress_cascade_bypass BYPASSRLS;
GRANT USAGE ON SCHEMA cascades TO regress_cascade_owner, regress_cascade_bypass;
INSERT INTO note VALUES ('a', 'mine'), ('c', 'not mine');
BEGIN;
ALTER TABLE note OWNER TO regress_cascade_owner;
GRANT SELECT ON note TO regress_cascade_bypass, regress_cascade_reader;
DELETE FROM note;
SELECT * FROM named();
SET LOCAL ROLE regress_cascade_owner;
SELECT * FROM named();
SET LOCAL ROLE regress_cascade_bypass;
SELECT * FROM named();
SET LOCAL ROLE regress_cascade_reader;
SELECT * FROM named();
SET LOCAL ROLE regress_cascade_owner;
ALTER TABLE note FORCE ROW LEVEL SECURITY;
SELECT * FROM named();
ROLLBACK;
DELETE FROM note;

-- ids of all kinds
CREATE TABLE tb_kind_text (id text PRIMARY KEY, x int);
CREATE TABLE tb_kind_big (id bigint PRIMARY KEY, x int);
CREATE TABLE tb_kind_number (id numeric PRIMARY KEY, x int);
CREATE TABLE tb_kind_date (id date PRIMARY KEY, x int);
SELECT fraiseql.expose_schema('cascades') IS NOT NULL AS exposed LIMIT 1;
BEGIN;
INSERT INTO tb_kind_text VALUES ('a "quoted" one', 1), (repeat('long', 100), 2), ('', 3);
INSERT INTO tb_kind_big VALUES (9223372036854775807, 1), (-1, 2);
INSERT INTO tb_kind_number VALUES (12345678901234567890.5, 1);
INSERT INTO tb_kind_date VALUES ('2026-01-31', 1);
SELECT * FROM named();
ROLLBACK;

SET client_min_messages = warning;
SELECT count(fraiseql.hide(relation)) > 0 FROM fraiseql.exposure WHERE relation::text !~ '\.';
DROP SCHEMA cascades CASCADE;
DROP ROLE regress_cascade_reader, regress_cascade_owner, regress_cascade_bypass;
