-- What a write names: of the answers that depend on rows of a table, those that the write concerns are computed anew,
-- and only those.
--
-- Every question is asked after every write.  recomputed() tells which of the questions were not answered from the
-- cache, and compares each answer with one that is computed on the spot: an answer that should not have survived ends
-- the test.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA tags_writes;
SET search_path = tags_writes;

CREATE TABLE question (place int GENERATED ALWAYS AS IDENTITY, subject text, name text, query text);

CREATE FUNCTION recomputed(about text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	asked question;
	misses_before bigint;
	answer text;
	truth text;
	missed text[] := '{}';
BEGIN
	FOR asked IN SELECT * FROM question WHERE subject = about ORDER BY place LOOP
		misses_before := (SELECT misses FROM fraiseql.cache_stats);
		answer := fraiseql.execute(asked.query);
		IF (SELECT misses FROM fraiseql.cache_stats) > misses_before THEN
			missed := missed || asked.name;
		END IF;
		PERFORM set_config('fraiseql.cache_enabled', 'off', true);
		truth := fraiseql.execute(asked.query);
		PERFORM set_config('fraiseql.cache_enabled', 'on', true);
		IF answer IS DISTINCT FROM truth OR answer LIKE '%"errors"%' THEN
			RAISE EXCEPTION '%: % instead of %', asked.name, answer, truth;
		END IF;
	END LOOP;
	RETURN CASE WHEN missed = '{}' THEN 'none' ELSE array_to_string(missed, ' ') END;
END
$$;

--
-- One table, with every kind of index
--
CREATE TYPE mood AS ENUM ('HAPPY', 'SAD');
CREATE DOMAIN postcode AS varchar(10);
CREATE TABLE person (id int PRIMARY KEY);
INSERT INTO person SELECT generate_series(1, 9);
CREATE TABLE thing (
	id int PRIMARY KEY,
	owner_id int REFERENCES person,		-- a foreign key without an index
	kind text,
	day date,
	code char(6),
	big bigint,
	amount numeric,
	feeling mood,
	post postcode,
	price money,						-- has no hash function
	rank int,
	note text,
	remark text
);
CREATE INDEX ON thing (kind, day) INCLUDE (remark);
CREATE INDEX ON thing USING hash (code);
CREATE INDEX ON thing (big);
CREATE INDEX ON thing (amount);
CREATE INDEX ON thing (feeling);
CREATE INDEX ON thing (post);
CREATE INDEX ON thing (price);
CREATE INDEX ON thing (rank) WHERE rank > 0;
CREATE INDEX ON thing (left(lower(note), 3), remark);
CREATE VIEW priced AS SELECT id, note FROM thing WHERE price = '1'::money;
CREATE VIEW unowned AS SELECT id, note FROM thing WHERE owner_id IS NULL;
CREATE VIEW listed AS SELECT id, note FROM thing WHERE big = ANY ('{5, 6}'::int[]);
SELECT fraiseql.expose('thing'), fraiseql.expose('priced'), fraiseql.expose('unowned'), fraiseql.expose('listed');
INSERT INTO thing VALUES
	(1, 1, 'a', '2026-01-01', 'x', 5, 1.0, 'HAPPY', '1000', '1', 1, 'one', 'r'),
	(2, 2, 'a', '2026-01-02', 'y', 6, 2.0, 'SAD', '2000', '2', 2, 'two', 'r'),
	(3, NULL, 'b', '2026-01-01', NULL, 7, NULL, NULL, NULL, NULL, NULL, 'three', 's');

INSERT INTO question (subject, name, query)
SELECT 'thing', name, format('{ %s { id note } }', field) FROM (VALUES
	('all', 'things'),
	('id1', 'thing(id: 1)'),
	('id2', 'thing(id: 2)'),
	('id8', 'thing(id: 8)'),
	('owner1', 'things(where: {ownerId: {eq: 1}})'),
	('owner2', 'things(where: {ownerId: {eq: 2}})'),
	('unowned', 'unowneds'),
	('kind_a', 'things(where: {kind: {eq: "a"}})'),
	('kind_b', 'things(where: {kind: {eq: "b"}})'),
	('kind_a_day1', 'things(where: {kind: {eq: "a"}, day: {eq: "2026-01-01"}})'),
	('kind_a_day2', 'things(where: {kind: {eq: "a"}, day: {eq: "2026-01-02"}})'),
	('day1', 'things(where: {day: {eq: "2026-01-01"}})'),
	('code_x', 'things(where: {code: {eq: "x"}})'),
	('code_y', 'things(where: {code: {eq: "y"}})'),
	('big5', 'things(where: {big: {eq: 5}})'),
	('big7', 'things(where: {big: {eq: 7}})'),
	('big5or6', 'listeds'),
	('amount1', 'things(where: {amount: {eq: 1.00}})'),
	('amount2', 'things(where: {amount: {eq: 2}})'),
	('happy', 'things(where: {feeling: {eq: HAPPY}})'),
	('sad', 'things(where: {feeling: {eq: SAD}})'),
	('post1000', 'things(where: {post: {eq: "1000"}})'),
	('priced', 'priceds'),
	('rank1', 'things(where: {rank: {eq: 1}})'),
	('rank2', 'things(where: {rank: {eq: 2}})'),
	('note_one', 'things(where: {note: {eq: "one"}})'),
	('remark_r', 'things(where: {remark: {eq: "r"}})')
) AS asked (name, field);
-- answers that read no note: an update of the note leaves them
INSERT INTO question (subject, name, query) VALUES
	('thing', 'ids', '{ things { id } }'),
	('thing', 'ids_kind_a', '{ things(where: {kind: {eq: "a"}}) { id } }'),
	('thing', 'owner_of_1', '{ thing(id: 1) { ownerId } }');

SELECT 'at first:', recomputed('thing');
SELECT 'again:', recomputed('thing');

INSERT INTO thing VALUES (4, 1, 'b', '2026-01-09', 'y', 8, 9, NULL, '9', '9', 9, 'four', 'z');
SELECT 'insert:', recomputed('thing');
INSERT INTO thing (id) VALUES (5);
SELECT 'insert of nulls:', recomputed('thing');
DELETE FROM thing WHERE id = 4;
SELECT 'delete:', recomputed('thing');
DELETE FROM thing WHERE id = 5;
SELECT 'delete of nulls:', recomputed('thing');

UPDATE thing SET owner_id = 2 WHERE id = 1;
SELECT 'moved from owner 1 to 2:', recomputed('thing');
UPDATE thing SET owner_id = NULL WHERE id = 1;
SELECT 'moved to no owner:', recomputed('thing');
UPDATE thing SET owner_id = 1 WHERE id = 1;
SELECT 'and back:', recomputed('thing');
UPDATE thing SET day = '2026-01-02' WHERE id = 1;
SELECT 'second column of an index:', recomputed('thing');
UPDATE thing SET day = '2026-01-01' WHERE id = 1;
SELECT 'and back:', recomputed('thing');
UPDATE thing SET id = 8 WHERE id = 3;
SELECT 'primary key:', recomputed('thing');
UPDATE thing SET id = 3 WHERE id = 8;
SELECT 'and back:', recomputed('thing');

UPDATE thing SET note = note, kind = 'a' WHERE id = 1;
SELECT 'update that changes nothing:', recomputed('thing');
UPDATE thing SET note = 'uno' WHERE id = 1;
SELECT 'update of the note:', recomputed('thing');
UPDATE thing SET remark = 'q' WHERE id = 1;
SELECT 'update of the remark:', recomputed('thing');

-- equal values that are written differently
UPDATE thing SET amount = 1.000 WHERE id = 1;
SELECT 'amount 1.000:', recomputed('thing');
UPDATE thing SET amount = 2.00, code = 'y     ' WHERE id = 1;
SELECT 'amount 2.00, code y:', recomputed('thing');
UPDATE thing SET big = 7, feeling = 'SAD', post = '2000', price = '7', rank = -1 WHERE id = 1;
SELECT 'the others:', recomputed('thing');
UPDATE thing SET amount = 1, code = 'x', big = 5, feeling = 'HAPPY', post = '1000', price = '1', rank = 1 WHERE id = 1;
SELECT 'and back:', recomputed('thing');

-- out of line: the same stored value, and another one
UPDATE thing SET note = (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) AS n) WHERE id = 2;
SELECT 'large note:', recomputed('thing');
UPDATE thing SET remark = 'R' WHERE id = 2;
SELECT 'beside a large note:', recomputed('thing');
UPDATE thing SET note = 'two', remark = 'r' WHERE id = 2;
SELECT 'small again:', recomputed('thing');

-- every way to write
COPY thing (id, owner_id, kind) FROM stdin;
6	9	c
7	1	c
\.
SELECT 'copy:', recomputed('thing');
MERGE INTO thing USING (VALUES (6, 'b'), (7, 'c')) AS new (id, kind) ON thing.id = new.id
	WHEN MATCHED AND new.kind = 'c' THEN DELETE
	WHEN MATCHED THEN UPDATE SET kind = new.kind;
SELECT 'merge:', recomputed('thing');
INSERT INTO thing (id, kind) VALUES (6, 'z') ON CONFLICT (id) DO NOTHING;
SELECT 'on conflict do nothing:', recomputed('thing');
INSERT INTO thing (id, kind) VALUES (6, 'z') ON CONFLICT (id) DO UPDATE SET kind = 'a';
SELECT 'on conflict do update:', recomputed('thing');
BEGIN;
UPDATE thing SET kind = 'b' WHERE id = 6;
DELETE FROM thing WHERE id = 6;
COMMIT;
SELECT 'two in one transaction:', recomputed('thing');
BEGIN;
UPDATE thing SET kind = 'b', note = 'gone';
ROLLBACK;
SELECT 'rolled back:', recomputed('thing');

-- past the limit the table as a whole
SET fraiseql.bulk_write_limit = 1;
UPDATE thing SET note = note || '!' WHERE id = 3;
SELECT 'up to the limit:', recomputed('thing');
UPDATE thing SET note = note || '!' WHERE id IN (1, 2);
SELECT 'past the limit:', recomputed('thing');
SET fraiseql.bulk_write_limit = 0;
UPDATE thing SET remark = remark || '!' WHERE id = 1;
SELECT 'limit of 0:', recomputed('thing');
UPDATE thing SET remark = remark;
SELECT 'many rows unchanged:', recomputed('thing');
RESET fraiseql.bulk_write_limit;

-- sets that come and go
UPDATE thing SET remark = 'r' WHERE id = 1;
SELECT 'before an index:', recomputed('thing');
CREATE INDEX thing_remark ON thing (remark);
SELECT 'index created:', recomputed('thing');
INSERT INTO thing (id, remark) VALUES (6, 'other');
SELECT 'insert with an index:', recomputed('thing');
UPDATE thing SET remark = 'r' WHERE id = 6;
SELECT 'update with an index:', recomputed('thing');
DROP INDEX thing_remark;
SELECT 'index dropped:', recomputed('thing');
DELETE FROM thing WHERE id = 6;
SELECT 'delete without an index:', recomputed('thing');
ALTER TABLE thing DROP CONSTRAINT thing_owner_id_fkey;
SELECT 'foreign key dropped:', recomputed('thing');
UPDATE thing SET note = 'uno' WHERE id IN (1, 3);
SELECT 'update without a foreign key:', recomputed('thing');
ALTER TABLE thing ADD FOREIGN KEY (owner_id) REFERENCES person;
SELECT 'foreign key added:', recomputed('thing');
UPDATE thing SET note = 'one' WHERE id IN (1, 3);
SELECT 'update with a foreign key:', recomputed('thing');
ALTER TABLE thing ALTER rank TYPE numeric;
SELECT 'type changed:', recomputed('thing');
UPDATE thing SET rank = 1.0 WHERE id = 3;
SELECT 'update of another type:', recomputed('thing');
CREATE UNIQUE INDEX CONCURRENTLY thing_note_key ON thing (note);
SELECT 'invalid index:', recomputed('thing');
INSERT INTO thing (id, note) VALUES (6, 'six');
SELECT 'insert with an invalid index:', recomputed('thing');
UPDATE thing SET note = 'uno' WHERE id = 1;
SELECT 'no longer equal:', recomputed('thing');
REINDEX INDEX thing_note_key;
SELECT 'index made valid:', recomputed('thing');
DELETE FROM thing WHERE id = 6;
SELECT 'delete with the index:', recomputed('thing');
REINDEX TABLE thing;
SELECT 'reindexed, all were valid:', recomputed('thing');
ALTER TABLE thing DROP remark;
DELETE FROM question WHERE name = 'remark_r';
SELECT 'column dropped:', recomputed('thing');
UPDATE thing SET kind = kind, note = 'tres' WHERE id = 3;
SELECT 'update beside a dropped column:', recomputed('thing');
ALTER TABLE thing ADD later text DEFAULT 'later';
SELECT 'column added:', recomputed('thing');
UPDATE thing SET later = 'later';
SELECT 'update to the default that rows before it show:', recomputed('thing');

TRUNCATE thing;
SELECT 'truncate:', recomputed('thing');
INSERT INTO thing (id, owner_id, kind) VALUES (1, 1, 'a');
SELECT 'insert after truncate:', recomputed('thing');

-- a column whose bit others share
DO $$
BEGIN
	EXECUTE (SELECT 'CREATE TABLE wide (id int PRIMARY KEY, ' ||
			 string_agg(format('c%s int', n), ', ' ORDER BY n) || ')' FROM generate_series(2, 80) AS n);
END
$$;
CREATE INDEX ON wide (c70);
SELECT fraiseql.expose('wide');
INSERT INTO wide (id, c70) VALUES (1, 1), (2, 2);
INSERT INTO question (subject, name, query) VALUES
	('wide', 'c2', '{ wides { id c2 } }'),
	('wide', 'c63', '{ wides { id c63 } }'),
	('wide', 'c80', '{ wides { id c80 } }'),
	('wide', 'c2_where_c70_1', '{ wides(where: {c70: {eq: 1}}) { c2 } }'),
	('wide', 'c2_where_c70_2', '{ wides(where: {c70: {eq: 2}}) { c2 } }');
SELECT 'wide:', recomputed('wide');
UPDATE wide SET c63 = 1 WHERE id = 1;
SELECT 'c63:', recomputed('wide');
UPDATE wide SET c75 = 1 WHERE id = 1;
SELECT 'c75:', recomputed('wide');
UPDATE wide SET c70 = 2 WHERE id = 1;
SELECT 'c70:', recomputed('wide');

-- cascades, and rows found by their foreign key
CREATE TABLE author (id int PRIMARY KEY, name text);
CREATE TABLE book (id int PRIMARY KEY, title text, author_id int REFERENCES author ON UPDATE CASCADE ON DELETE SET NULL);
INSERT INTO author VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO book VALUES (1, 'One', 1), (2, 'Two', 2);
SELECT fraiseql.expose('author'), fraiseql.expose('book');
INSERT INTO question (subject, name, query) VALUES
	('book', 'author1', '{ author(id: 1) { name books { title } } }'),
	('book', 'author2', '{ author(id: 2) { name books { title } } }'),
	('book', 'author3', '{ author(id: 3) { name books { title } } }'),
	('book', 'book1', '{ book(id: 1) { title author { name } } }'),
	('book', 'book2', '{ book(id: 2) { title author { name } } }');
SELECT 'books:', recomputed('book');
INSERT INTO book VALUES (3, 'Three', 2);
SELECT 'a book more:', recomputed('book');
UPDATE author SET name = 'Anna' WHERE id = 1;
SELECT 'an author renamed:', recomputed('book');
UPDATE author SET id = 3 WHERE id = 2;
SELECT 'cascaded update:', recomputed('book');
DELETE FROM author WHERE id = 3;
SELECT 'set null:', recomputed('book');

-- partitions: each has sets of its own
CREATE TABLE event (id int, region text, room int, note text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE event_n PARTITION OF event FOR VALUES IN ('n');
CREATE TABLE event_s PARTITION OF event FOR VALUES IN ('s');
CREATE INDEX ON event (room);
INSERT INTO event VALUES (1, 'n', 1, 'a'), (2, 's', 1, 'b'), (3, 's', 2, 'c');
SELECT fraiseql.expose('event');
INSERT INTO question (subject, name, query) VALUES
	('event', 'room1', '{ events(where: {room: {eq: 1}}) { id note } }'),
	('event', 'room2', '{ events(where: {room: {eq: 2}}) { id note } }'),
	('event', 'north', '{ events(where: {region: {eq: "n"}}) { id note } }'),
	('event', 'south', '{ events(where: {region: {eq: "s"}}) { id note } }');
SELECT 'events:', recomputed('event');
INSERT INTO event VALUES (4, 'n', 1, 'd');
SELECT 'insert north:', recomputed('event');
UPDATE event SET region = 's' WHERE id = 1;
SELECT 'moved south:', recomputed('event');
UPDATE event_s SET note = 'C' WHERE id = 3;
SELECT 'update of a partition:', recomputed('event');
TRUNCATE event_n;
SELECT 'truncate north:', recomputed('event');

-- a foreign key of two columns is one set, and not its first column alone; a row that moves takes its referrers along
CREATE TABLE guest (id int PRIMARY KEY, region text, event_id int,
	FOREIGN KEY (region, event_id) REFERENCES event ON UPDATE CASCADE);
INSERT INTO event VALUES (10, 'n', 5, 'e');
INSERT INTO guest VALUES (1, 'n', 10), (2, 's', 2);
SELECT fraiseql.expose('guest');
INSERT INTO question (subject, name, query) VALUES
	('guest', 'of_n10', '{ guests(where: {region: {eq: "n"}, eventId: {eq: 10}}) { id } }'),
	('guest', 'of_s10', '{ guests(where: {region: {eq: "s"}, eventId: {eq: 10}}) { id } }'),
	('guest', 'of_s2', '{ guests(where: {region: {eq: "s"}, eventId: {eq: 2}}) { id } }'),
	('guest', 'of_10', '{ guests(where: {eventId: {eq: 10}}) { id } }'),
	('guest', 'of_2', '{ guests(where: {eventId: {eq: 2}}) { id } }');
SELECT 'guests:', recomputed('guest');
UPDATE event SET region = 's' WHERE id = 10;
SELECT 'moved with their event:', recomputed('guest');
DELETE FROM guest WHERE id = 2;
SELECT 'a guest less:', recomputed('guest');

-- the trigger function called otherwise than the extension does: by statement, there is no row to look at
CREATE TRIGGER also AFTER UPDATE ON author EXECUTE FUNCTION fraiseql.track_row();
UPDATE author SET name = name;
SELECT 'by statement:', recomputed('book');

RESET client_min_messages;
