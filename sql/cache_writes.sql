-- Every way to write to a table that an answer read makes the answer invalid; a rollback does not, nor does a write to
-- another table.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA cache_writes;
SET search_path = cache_writes, ask;
CREATE TABLE tb_author (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_book (id int PRIMARY KEY, title text, author_id int REFERENCES tb_author ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE tb_shop (id int PRIMARY KEY, town text);
INSERT INTO tb_author VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO tb_book VALUES (1, 'One', 1), (2, 'Two', 2);
SELECT fraiseql.expose('tb_author', 'Author'), fraiseql.expose('tb_book', 'Book'), fraiseql.expose('tb_shop', 'Shop');

CREATE FUNCTION books() RETURNS text LANGUAGE sql AS $$
	SELECT ask('{ books { title author { name } } }')
$$;
SELECT books();
SELECT books();

-- INSERT, UPDATE, DELETE; of the table itself and of one that is only nested
INSERT INTO tb_book VALUES (3, 'Three', 1);
SELECT books();
UPDATE tb_book SET title = 'Drei' WHERE id = 3;
SELECT books();
UPDATE tb_author SET name = 'Anna' WHERE id = 1;
SELECT books();
DELETE FROM tb_book WHERE id = 3;
SELECT books();

-- a write to a table that the answer did not read
INSERT INTO tb_shop VALUES (1, 'Oslo');
SELECT books();

-- rolled back, wholly and in part
BEGIN;
UPDATE tb_book SET title = 'gone';
ROLLBACK;
SELECT books();
BEGIN;
SAVEPOINT s;
UPDATE tb_book SET title = 'gone';
ROLLBACK TO s;
COMMIT;
SELECT books();

-- COPY
COPY tb_book FROM stdin;
4	Four	2
\.
SELECT books();

-- foreign-key cascades
UPDATE tb_author SET id = 20 WHERE id = 2;
SELECT books();
DELETE FROM tb_author WHERE id = 20;
SELECT books();

-- ON CONFLICT, MERGE, a writable CTE, a function, a writable view
INSERT INTO tb_book VALUES (1, 'Uno', 1) ON CONFLICT (id) DO UPDATE SET title = excluded.title;
SELECT books();
MERGE INTO tb_book USING (VALUES (1, 'Eins'), (9, 'Nine')) AS new (id, title) ON tb_book.id = new.id
	WHEN MATCHED THEN UPDATE SET title = new.title
	WHEN NOT MATCHED THEN INSERT VALUES (new.id, new.title, 1);
SELECT books();
WITH gone AS (DELETE FROM tb_book WHERE id = 9 RETURNING id) SELECT count(*) FROM gone;
SELECT books();
CREATE FUNCTION rename_book() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE tb_book SET title = 'Un'; END $$;
SELECT books();
SELECT rename_book();
SELECT books();
CREATE VIEW book_titles AS SELECT id, title FROM tb_book;
SELECT books();
UPDATE book_titles SET title = 'Ein';
SELECT books();

-- triggers stay silent for nobody: replica role, and DO blocks
SET session_replication_role = replica;
UPDATE tb_book SET title = 'replicated';
RESET session_replication_role;
SELECT books();
DO $$ BEGIN UPDATE tb_book SET title = 'done'; END $$;
SELECT books();

-- TRUNCATE, also by CASCADE from the other table
TRUNCATE tb_book;
SELECT books();
INSERT INTO tb_book VALUES (1, 'One', 1);
SELECT books();
TRUNCATE tb_author CASCADE;
SELECT books();
SELECT books();

-- empty answers and look-ups that find nothing are answers too
SELECT ask('{ author(id: 7) { name } shop(id: 2) { town } }');
SELECT ask('{ author(id: 7) { name } shop(id: 2) { town } }');
INSERT INTO tb_author VALUES (7, 'Gus');
SELECT ask('{ author(id: 7) { name } shop(id: 2) { town } }');

-- partitions: through the parent, directly, moved, attached later, detached
CREATE TABLE tb_event (id int, region text, note text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE event_n PARTITION OF tb_event FOR VALUES IN ('n');
CREATE TABLE event_s PARTITION OF tb_event FOR VALUES IN ('s');
SELECT fraiseql.expose('tb_event', 'Event');
CREATE FUNCTION events() RETURNS text LANGUAGE sql AS $$ SELECT ask('{ events { id region note } }') $$;
INSERT INTO tb_event VALUES (1, 'n', 'a');
SELECT events();
SELECT events();
INSERT INTO tb_event VALUES (2, 's', 'b');
SELECT events();
INSERT INTO event_s VALUES (3, 's', 'c');
SELECT events();
UPDATE tb_event SET region = 's' WHERE id = 1;
SELECT events();
TRUNCATE event_n;
SELECT events();
TRUNCATE event_s;
SELECT events();
CREATE TABLE event_w PARTITION OF tb_event FOR VALUES IN ('w');
SELECT events();
INSERT INTO event_w VALUES (4, 'w', 'd');
SELECT events();
TRUNCATE event_w;
SELECT events();
CREATE TABLE event_e (id int NOT NULL, region text NOT NULL, note text);
INSERT INTO event_e VALUES (5, 'e', 'e');
ALTER TABLE tb_event ATTACH PARTITION event_e FOR VALUES IN ('e');
SELECT events();
SELECT events();
UPDATE event_e SET note = 'E';
SELECT events();
TRUNCATE event_e;
SELECT events();
INSERT INTO event_e VALUES (6, 'e', 'f');
ALTER TABLE tb_event DETACH PARTITION event_e;
SELECT events();

-- one that was exposed by itself before it was attached
CREATE TABLE event_x (id int NOT NULL, region text NOT NULL, note text, PRIMARY KEY (id, region));
SELECT fraiseql.expose('event_x', 'Extra');
ALTER TABLE tb_event ATTACH PARTITION event_x FOR VALUES IN ('x');
SELECT events();
SELECT ask('{ extras { note } }');
INSERT INTO event_x VALUES (7, 'x', 'g');
SELECT events();
SELECT ask('{ extras { note } }');
TRUNCATE event_x;
SELECT events();
SELECT ask('{ extras { note } }');

-- inheritance children, present and future
CREATE TABLE tb_animal (id int PRIMARY KEY, name text);
CREATE TABLE dog () INHERITS (tb_animal);
SELECT fraiseql.expose('tb_animal', 'Animal');
CREATE FUNCTION animals() RETURNS text LANGUAGE sql AS $$ SELECT ask('{ animals { name } }') $$;
SELECT animals();
INSERT INTO dog VALUES (1, 'Rex');
SELECT animals();
CREATE TABLE cat () INHERITS (tb_animal);
SELECT animals();
INSERT INTO cat VALUES (2, 'Tom');
SELECT animals();
SELECT animals();
TRUNCATE cat;
SELECT animals();

-- a table that only a function reads: not kept until it is tracked
CREATE TABLE rate (factor numeric);
INSERT INTO rate VALUES (2);
CREATE FUNCTION factor() RETURNS numeric STABLE LANGUAGE sql AS $$ SELECT factor FROM cache_writes.rate $$;
CREATE VIEW v_price AS SELECT id, factor() AS price FROM tb_author;
SELECT fraiseql.expose('v_price', 'Price');
SELECT ask('{ prices { price } }');
SELECT fraiseql.track('rate');
SELECT ask('{ prices { price } }');
SELECT ask('{ prices { price } }');
UPDATE rate SET factor = 3;
SELECT ask('{ prices { price } }');

SET client_min_messages = warning;
DROP SCHEMA cache_writes CASCADE;
