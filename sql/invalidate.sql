-- invalidate() and invalidate_cascade(): answers found by the objects that they show.  Each call returns how many answers
-- died; then follow the names of those that are no longer in the cache, and all are computed again.
\set ECHO none
SET client_min_messages = warning;
CREATE SCHEMA by_hand;
SET search_path = by_hand, fraiseql;
CREATE TABLE writer (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE book (id int PRIMARY KEY, title text NOT NULL, writer_id int REFERENCES writer (id));
CREATE TABLE shelf (code text PRIMARY KEY, size int NOT NULL);
CREATE TABLE seat (hall int, number int, note text, PRIMARY KEY (hall, number));
CREATE TABLE tb_guest (pk_guest int PRIMARY KEY, id uuid NOT NULL UNIQUE, name text NOT NULL);
CREATE VIEW v_guest AS
	SELECT id, jsonb_build_object('id', id, 'name', name, 'seat', jsonb_build_object('id', pk_guest, 'row', 7)) AS data
	FROM tb_guest;
INSERT INTO writer VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Cy');
INSERT INTO book VALUES (10, 'One', 1), (11, 'Two', 1), (12, 'Three', 2), (13, 'Anonymous', NULL);
INSERT INTO shelf VALUES ('A', 1), ('B"\', 2), (E'tab\t', 3), ('ü', 4), (repeat('x', 1100), 5);
INSERT INTO seat VALUES (1, 1, 'window');
INSERT INTO tb_guest VALUES (1, 'aaaaaaaa-0000-4000-8000-00000000000a', 'Gil'), (2, 'bbbbbbbb-0000-4000-8000-00000000000b', 'Hal');
DO $$
BEGIN
	PERFORM fraiseql.expose(r) FROM unnest('{writer, book, shelf, seat, v_guest}'::regclass[]) AS r;
END
$$;
CREATE TABLE question (name text PRIMARY KEY, query text NOT NULL);

-- Ask all questions, so that all answers are in the cache.
CREATE FUNCTION ask_all() RETURNS void LANGUAGE sql AS $$
	SELECT count(fraiseql.execute(query)) FROM question
$$;
CREATE FUNCTION gone() RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(name, ' ' ORDER BY name), '-') FROM question
	WHERE NOT (fraiseql.explain(query)->>'cached')::boolean
$$;
-- Other questions; nothing is left of what was asked before.
CREATE FUNCTION forget() RETURNS boolean LANGUAGE sql AS $$
	DELETE FROM question;
	SELECT fraiseql.cache_reset() >= 0
$$;
-- What a call invalidated, all answers there before and after.
CREATE FUNCTION by_call(call text, OUT died bigint, OUT which text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM ask_all();
	EXECUTE 'SELECT ' || call INTO died;
	which := gone();
	PERFORM ask_all();
	ASSERT gone() = '-';
END
$$;
\set ECHO all

-- objects with their ids, without, in lists, nested, and none
INSERT INTO question VALUES
	('one', '{ writer(id: 1) { id name } }'),
	('two', '{ writer(id: 2) { name id } }'),
	('two_aliased', '{ x: writer(id: 2) { key: id } }'),
	('nameless', '{ writer(id: 2) { name } }'),
	('nobody', '{ writer(id: 99) { id } }'),
	('list', '{ writers { id } }'),
	('both', '{ a: writer(id: 1) { id } b: writer(id: 2) { id } }'),
	('book_one', '{ book(id: 10) { id writer { id name } } }'),
	('books', '{ books(where: {id: {lt: 13}}) { id writer { id } } }'),
	('anonymous', '{ book(id: 13) { id title writer { id } } }'),
	('writer_books', '{ writer(id: 1) { id books { title } } }'),
	('typename', '{ __typename }');
SELECT * FROM by_call($$invalidate('Writer', '1')$$);
SELECT * FROM by_call($$invalidate('Writer', '2')$$);
SELECT * FROM by_call($$invalidate('Writer', '3')$$);
SELECT * FROM by_call($$invalidate('Writer')$$);
SELECT * FROM by_call($$invalidate('Book', '10')$$);
SELECT * FROM by_call($$invalidate('Book', '12')$$);
SELECT * FROM by_call($$invalidate('Book')$$);

-- twice is once
SELECT ask_all();
SELECT invalidate('Writer', '1'), invalidate('Writer', '1'), invalidate('Writer'), invalidate('Writer');
-- what a write has made invalid has died already
SELECT ask_all();
UPDATE writer SET name = 'Ada L.' WHERE id = 1;
SELECT invalidate('Writer', '1');
SELECT gone();

-- names are compared exactly, and what nobody knows concerns nobody
SELECT * FROM by_call($$invalidate('writer', '1')$$);
SELECT * FROM by_call($$invalidate('Writers')$$);
SELECT * FROM by_call($$invalidate('Query')$$);
SELECT * FROM by_call($$invalidate('')$$);
SELECT * FROM by_call($$invalidate('Writer', '')$$);
SELECT * FROM by_call($$invalidate('Writer', '01')$$);
SELECT * FROM by_call($$invalidate('Writer:1')$$);
SELECT invalidate(NULL);
SELECT invalidate(NULL, '1');

-- other keys: a column that is not "id", two columns, documents and what they hold
SELECT forget();
INSERT INTO question VALUES
	('a', '{ shelf(code: "A") { code size } }'),
	('b', '{ shelf(code: "B\"\\") { code } }'),
	('tab', '{ shelf(code: "tab\t") { code } }'),
	('umlaut', '{ shelf(code: "ü") { code } }'),
	('long', format('{ shelf(code: "%s") { code } }', repeat('x', 1100))),
	('seat', '{ seat(hall: 1, number: 1) { hall number } }'),
	('guest', '{ guest(id: "aaaaaaaa-0000-4000-8000-00000000000a") { id name } }'),
	('guest_seat', '{ guest(id: "bbbbbbbb-0000-4000-8000-00000000000b") { name seat { id row } id } }'),
	('guests', '{ guests { id } }');
SELECT * FROM by_call($$invalidate('Shelf', 'A')$$);
SELECT * FROM by_call($$invalidate('Shelf', 'B"\')$$);
SELECT * FROM by_call($$invalidate('Shelf', E'tab\t')$$);
SELECT * FROM by_call($$invalidate('Shelf', 'ü')$$);
SELECT * FROM by_call($$invalidate('Shelf')$$);
SELECT * FROM by_call($$invalidate('Seat', '1')$$);
SELECT * FROM by_call($$invalidate('Guest', 'aaaaaaaa-0000-4000-8000-00000000000a')$$);
SELECT * FROM by_call($$invalidate('Guest', 'AAAAAAAA-0000-4000-8000-00000000000A')$$);
SELECT * FROM by_call($$invalidate('GuestSeat', '2')$$);
SELECT * FROM by_call($$invalidate('GuestSeat', '1')$$);

-- values that look like the text around them do not lead astray: JSON, brackets and quotes in strings, nothing at all
CREATE TABLE odd (id text PRIMARY KEY, body jsonb, words text[], friend text REFERENCES odd (id), nothing json);
INSERT INTO odd VALUES
	('1', '{"id": "2", "friend": {"id": "3"}, "list": [{"id": "4"}, "}", "]", "\"", null]}', '{"}]","\"id\":\"5\"",",",""}', NULL, '[]'),
	('","id":"6', '"\\\""', '{}', '1', '{"data": {"odd": {"id": "7"}}}'),
	('{', '[[[]]]', NULL, '","id":"6', 'null');
SELECT fraiseql.expose('odd');
SELECT forget();
INSERT INTO question VALUES
	('one', '{ odd(id: "1") { body words nothing id } }'),
	('quote', '{ odd(id: "\",\"id\":\"6") { words body id nothing oddByFriend { nothing id body words } } }'),
	('brace', '{ odd(id: "{") { oddByFriend { id oddByFriend { id } } id body words } }');
SELECT * FROM by_call($$invalidate('Odd', '1')$$);
SELECT * FROM by_call($$invalidate('Odd', '","id":"6')$$);
SELECT * FROM by_call($$invalidate('Odd', '{')$$);
SELECT * FROM by_call('invalidate_cascade((SELECT jsonb_build_object(''updated'', jsonb_agg(jsonb_build_object(''type'', ''Odd'', ''id'', i)))
	FROM generate_series(2, 7) AS i))');

-- fragments, directives, variables; the list of settings that an operation varies on is no answer
SELECT forget();
INSERT INTO question VALUES
	('fragment', '{ writer(id: 1) { ...w } } fragment w on Writer { id books { id } }'),
	('skipped', '{ writer(id: 1) { id @skip(if: true) name } }'),
	('twice', '{ writer(id: 1) { id } writer(id: 1) { name } }');
SELECT * FROM by_call($$invalidate('Writer', '1')$$);
SELECT * FROM by_call($$invalidate('Writer', '2')$$);
SELECT * FROM by_call($$invalidate('Book', '11')$$);
CREATE VIEW mine AS SELECT id, title FROM book WHERE writer_id = current_setting('by_hand.writer', true)::int;
SELECT fraiseql.expose('mine');
SELECT forget();
INSERT INTO question VALUES ('mine', '{ mines { id } }');
SET by_hand.writer = 1;
SELECT ask_all();
SET by_hand.writer = 2;
SELECT * FROM by_call($$invalidate('Mine')$$);

-- more objects than fraiseql.cache_max_tags: any of the type
SELECT forget();
INSERT INTO question VALUES ('books', '{ books(where: {id: {lt: 13}}) { id writer { id } } }');
SELECT * FROM by_call($$invalidate('Writer', '3')$$);
SET fraiseql.cache_max_tags = 1;
SELECT cache_reset();
SELECT * FROM by_call($$invalidate('Writer', '3')$$);
RESET fraiseql.cache_max_tags;

-- cascades in the form of today: updated, deleted, and hints that name no object
SELECT forget();
INSERT INTO question VALUES
	('one', '{ writer(id: 1) { id } }'), ('two', '{ writer(id: 2) { id } }'), ('list', '{ writers { id } }'),
	('ten', '{ book(id: 10) { id } }'), ('eleven', '{ book(id: 11) { id } }');
SELECT * FROM by_call($$invalidate_cascade('{"updated": [{"__typename": "Writer", "id": "1", "operation": "UPDATED", "entity": {"id": "2"}}],
	"deleted": [{"__typename": "Book", "id": "10", "deletedAt": "2026-01-01T00:00:00Z"}],
	"invalidations": [{"queryName": "writers", "strategy": "INVALIDATE", "scope": "PREFIX"}],
	"metadata": {"depth": 1, "truncated": false}}')$$);
SELECT * FROM by_call($$invalidate_cascade('{"updated": [{"type": "Writer", "id": 1}, {"type": "Writer", "id": 2}, {"type": "Writer", "id": "1"}]}')$$);
SELECT * FROM by_call($$invalidate_cascade('{"deleted": [{"type": "Book", "id": 11}]}')$$);
-- in the first one: an object of invalidations
SELECT * FROM by_call($$invalidate_cascade('{"invalidations": {"updated": [{"type": "Book", "id": 10}], "deleted": [{"type": "Writer", "id": "2"}]}}')$$);
-- within responses
SELECT * FROM by_call($$invalidate_cascade('{"data": {"cascade": {"updated": [{"__typename": "Book", "id": "10"}]}}}')$$);
SELECT * FROM by_call($$invalidate_cascade('{"data": {"updateBook": {"id": 1, "cascade": {"updated": [{"__typename": "Book", "id": "10"}]}},
	"other": {"cascade": {"deleted": [{"__typename": "Writer", "id": 1}]}}}}')$$);
SELECT * FROM by_call($$invalidate_cascade('{"data": {"updateBook": {"id": 10}}, "extensions": {"cascade": {"updated": [{"__typename": "Book", "id": "11"}]}}}')$$);
-- nothing
SELECT * FROM by_call($$invalidate_cascade(NULL)$$);
SELECT * FROM by_call($$invalidate_cascade('null')$$);
SELECT * FROM by_call($$invalidate_cascade('{}')$$);
SELECT * FROM by_call($$invalidate_cascade('{"data": {"updateBook": null}}')$$);
SELECT * FROM by_call($$invalidate_cascade('{"updated": [], "deleted": null, "invalidations": null}')$$);
SELECT * FROM by_call($$invalidate_cascade('{"updated": [{"__typename": "Nobody", "id": 1}]}')$$);
-- not all is named
SELECT invalidate_cascade('{"updated": [{"__typename": "Book", "id": "10"}], "metadata": {"truncated": true}}');
SELECT ask_all();

-- malformed: an error, and nothing is invalidated
CREATE FUNCTION refused(cascade jsonb, OUT state text, OUT message text, OUT detail text, OUT has_hint boolean, OUT which text)
LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	PERFORM ask_all();
	BEGIN
		PERFORM invalidate_cascade(cascade);
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	END;
	has_hint := hint <> '';
	which := gone();
END
$$;
SELECT c.n, r.* FROM (VALUES
	(1, '[]'::jsonb), (2, '"Book:10"'), (3, '{"some": "thing"}'),
	(4, '{"updated": [{"__typename": "Book", "id": "10"}, {"__typename": "Book"}]}'),
	(5, '{"updated": [{"__typename": "Book", "id": "10"}, {"id": "10"}]}'),
	(6, '{"updated": [{"__typename": "Book", "id": "10"}], "deleted": [{"__typename": "Book", "id": null}]}'),
	(7, '{"updated": [{"__typename": "Book", "id": {"n": 1}}]}'),
	(8, '{"updated": [{"__typename": 7, "id": 1}]}'),
	(9, '{"updated": ["Book:10"]}'), (10, '{"updated": {"__typename": "Book", "id": "10"}}'),
	(11, '{"invalidations": "all"}'), (12, '{"invalidations": {"updated": [{"type": "Book"}]}}'),
	(13, '{"data": {"cascade": [1]}}')) AS c (n, cascade), refused(c.cascade) AS r ORDER BY n;

-- counted as invalidations
SELECT stats_reset();
SELECT invalidate('Book');
SELECT invalidations FROM cache_stats;

-- not for everybody
CREATE ROLE regress_by_hand;
SET ROLE regress_by_hand;
SELECT invalidate('Book');
SELECT invalidate_cascade('{}');
RESET ROLE;
DROP ROLE regress_by_hand;

SELECT * FROM validate_coherency();
SET client_min_messages = warning;
DROP SCHEMA by_hand CASCADE;
