-- Which writes an answer outlives, for plans, definitions and writes that servers newer than 15 add.  Each check is made
-- where the server has the feature, and says the same everywhere.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SELECT current_setting('server_version_num')::int >= 160000 AS has_16,
	current_setting('server_version_num')::int >= 170000 AS has_17,
	current_setting('server_version_num')::int >= 180000 AS has_18 \gset
CREATE SCHEMA tags_versions;
SET search_path = tags_versions, ask;
SET fraiseql.cache_plan_factor = 1;
SET max_parallel_workers_per_gather = 0;

CREATE TABLE tb_item (id int PRIMARY KEY, grp int, sub int, name text NOT NULL, note text);
CREATE INDEX ON tb_item (grp, sub);
INSERT INTO tb_item SELECT i, i % 100, i / 100, 'item ' || i FROM generate_series(1, 3000) AS i;
CREATE TABLE tb_pair (id int PRIMARY KEY, a int, b int);
INSERT INTO tb_pair VALUES (1, 7, 8), (2, 9, NULL);
CREATE TABLE tb_word (id int PRIMARY KEY, item_id int, word text, note text);
CREATE INDEX ON tb_word (item_id);
INSERT INTO tb_word SELECT i, i % 50, 'word ' || i FROM generate_series(1, 500) AS i;
VACUUM ANALYZE tb_item, tb_pair, tb_word;
CREATE VIEW probe AS SELECT id, name FROM tb_item;
SELECT fraiseql.expose('probe', 'Probe'), fraiseql.expose('tb_item', 'Item'), fraiseql.expose('tb_pair', 'Pair'),
	fraiseql.expose('tb_word', 'Word');

-- What the cache did, checked against an answer that it had no part in: a transaction that has an id bypasses it.
CREATE FUNCTION outcome() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	told text := ask('{ probes { id name } }');
	answer text := substr(told, strpos(told, ': ') + 2);
BEGIN
	PERFORM pg_current_xact_id();
	IF fraiseql.execute('{ probes { id name } }')::text <> answer THEN
		RETURN 'STALE ' || left(told, 100);
	END IF;
	RETURN split_part(told, ': ', 1) || CASE WHEN told LIKE '%"errors"%' THEN ' ' || answer ELSE '' END;
END
$$;
CREATE FUNCTION plan_of_probe() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	lines text := '';
BEGIN
	FOR line IN EXPLAIN (COSTS OFF) SELECT * FROM probe LOOP
		lines := lines || line || E'\n';
	END LOOP;
	RETURN lines;
END
$$;

-- Of an answer with this definition, whose plan matches the pattern: outcomes after a write that it should outlive, and
-- after one that it must not.
CREATE PROCEDURE probe(pattern text, definition text, unrelated text, related text, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'CREATE OR REPLACE VIEW probe AS ' || definition;
	IF plan_of_probe() !~ pattern THEN
		result := E'another plan:\n' || plan_of_probe();
	END IF;
	COMMIT;
	result := concat(result, outcome());
	COMMIT;
	result := concat(result, ', ', outcome());
	COMMIT;
	EXECUTE unrelated;
	COMMIT;
	result := concat(result, ', ', outcome());
	COMMIT;
	EXECUTE related;
	COMMIT;
	result := concat(result, ', ', outcome());
	COMMIT;
	result := regexp_replace(result, '^miss kept, hit, ', '');
	result := CASE result WHEN 'hit, miss kept' THEN 'precise' WHEN 'miss kept, miss kept' THEN 'coarse' ELSE result END;
END
$$;
CREATE FUNCTION rename(item int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT format('UPDATE tags_versions.tb_item SET name = name || ''.'' WHERE id = %s', item)
$$;
CREATE FUNCTION remark(item int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT format('UPDATE tags_versions.tb_item SET note = concat(note, ''.'') WHERE id = %s', item)
$$;

-- 16: an anti join that keeps rows of the side that is hashed
\set anti coarse
\set anti_column precise
\if :has_16
SET enable_nestloop = off;
SET enable_mergejoin = off;
CALL probe('Hash Right Anti Join', 'SELECT p.id, p.a::text AS name FROM tb_pair p WHERE NOT EXISTS (SELECT FROM tb_item i WHERE i.name = ''item '' || p.a)',
	'UPDATE tags_versions.tb_item SET name = ''other'' WHERE id = 3', 'UPDATE tags_versions.tb_item SET name = ''x'' WHERE id = 7') \gset anti_
SELECT :'anti_result' AS anti \gset
CALL probe('Hash Right Anti Join', 'SELECT p.id, p.a::text AS name FROM tb_pair p WHERE NOT EXISTS (SELECT FROM tb_item i WHERE i.name = ''item '' || p.a)',
	remark(9), 'UPDATE tags_versions.tb_item SET name = ''x'' WHERE id = 9') \gset anti_
SELECT :'anti_result' AS anti_column \gset
RESET enable_nestloop;
RESET enable_mergejoin;
\endif
SELECT :'anti' AS anti, :'anti_column' AS anti_column;

-- 17: an index hands out rows of several values in order
\set in_order precise
\set in_order_out precise
\if :has_17
SET enable_bitmapscan = off;
SET enable_sort = off;
CALL probe('Limit\n *->  Index Scan[^\n]*\n *Index Cond: [^\n]*ANY', 'SELECT id, name FROM tb_item WHERE grp = ANY (ARRAY[8, 7, 7, NULL]) ORDER BY grp, sub LIMIT 40',
	rename(9), rename(108)) \gset in_order_
SELECT :'in_order_result' AS in_order \gset
CALL probe('Limit\n *->  Index Scan', 'SELECT id, name FROM tb_item WHERE grp = ANY (ARRAY[8, 7, 7, NULL]) ORDER BY grp, sub LIMIT 40',
	'UPDATE tags_versions.tb_item SET sub = 0, grp = 10 WHERE id = 9', 'UPDATE tags_versions.tb_item SET grp = 7, sub = 0 WHERE id = 9') \gset in_order_
SELECT :'in_order_result' AS in_order_out \gset
RESET enable_bitmapscan;
RESET enable_sort;
\endif
SELECT :'in_order' AS in_order, :'in_order_out' AS in_order_out;

-- 17: IN with a subquery about the outer row becomes a join
\set correlated precise
\if :has_17
CALL probe('Semi Join|Nested Loop', 'SELECT i.id, i.name FROM tb_item i WHERE i.id = 7 AND i.grp IN (SELECT w.item_id FROM tb_word w WHERE w.id = i.id)',
	'UPDATE tags_versions.tb_word SET item_id = 1 WHERE id = 8', 'UPDATE tags_versions.tb_word SET item_id = 1 WHERE id = 7') \gset correlated_
SELECT :'correlated_result' AS correlated \gset
\endif
SELECT :'correlated' AS correlated;

-- 17: COPY that leaves out rows which are wrong; MERGE with what has no match, in a query
\set before t
\set copied t
\set others t
\set merged t
\if :has_17
CREATE TABLE tb_stock (id int PRIMARY KEY, amount int);
INSERT INTO tb_stock VALUES (1, 10), (2, 20), (3, 30), (4, 40);
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_stock', 'Stock')) AS e \gset
SELECT ask('{ stock(id: 5) { amount } }') LIKE 'miss kept: %null%' AND ask('{ stock(id: 6) { amount } }') LIKE 'miss kept: %null%' AND
	ask('{ stock(id: 2) { amount } }') LIKE 'miss kept: %20%' AND ask('{ stock(id: 3) { amount } }') LIKE 'miss kept: %30%' AS before \gset
SET client_min_messages = warning;
COPY tb_stock FROM PROGRAM 'printf "5,50\nsix,60\n6,sixty\n"' (FORMAT csv, ON_ERROR ignore);
RESET client_min_messages;
SELECT ask('{ stock(id: 5) { amount } }') LIKE 'miss kept: %50%' AS copied \gset
SELECT ask('{ stock(id: 6) { amount } }') LIKE 'hit: %' AND ask('{ stock(id: 3) { amount } }') LIKE 'hit: %' AS others \gset
WITH merged AS (
	MERGE INTO tb_stock s USING (VALUES (1, 11), (3, 30)) AS n (id, amount) ON s.id = n.id
		WHEN MATCHED THEN UPDATE SET amount = n.amount
		WHEN NOT MATCHED BY SOURCE AND s.id = 2 THEN DELETE
		RETURNING merge_action(), s.id)
SELECT count(*) FILTER (WHERE merge_action = 'DELETE') AS gone FROM merged \gset
SELECT ask('{ stock(id: 2) { amount } }') LIKE 'miss kept: %null%' AND ask('{ stock(id: 3) { amount } }') LIKE 'hit: %30%' AND
	ask('{ stock(id: 5) { amount } }') LIKE 'hit: %50%' AS merged \gset
\endif
SELECT :'before' AS before, :'copied' AS copied, :'others' AS others, :'merged' AS merged;

-- 18: OR that becomes "= ANY", of constants and of columns of the outer side; IN (VALUES ...)
\set alternatives precise
\set joined precise
\set joined_null precise
\set listed precise
\if :has_18
CALL probe('^Index Scan[^\n]*\n *Index Cond: [^\n]*ANY', 'SELECT id, name FROM tb_item WHERE id = 7 OR id = 8 OR id = NULL', rename(9), rename(8)) \gset alternatives_
SELECT :'alternatives_result' AS alternatives \gset
CALL probe('Nested Loop.*Index Cond: [^\n]*ANY [^\n]*ARRAY', 'SELECT i.id, i.name FROM tb_pair p JOIN tb_item i ON i.id = p.a OR i.id = p.b', rename(10), rename(8)) \gset joined_
SELECT :'joined_result' AS joined \gset
CALL probe('Nested Loop.*Index Cond: [^\n]*ANY [^\n]*ARRAY', 'SELECT i.id, i.name FROM tb_pair p JOIN tb_item i ON i.id = p.a OR i.id = p.b', rename(10), 'UPDATE tags_versions.tb_pair SET b = 10 WHERE id = 2') \gset joined_
SELECT :'joined_result' AS joined_null \gset
CALL probe('^Index Scan[^\n]*\n *Index Cond: [^\n]*ANY', 'SELECT id, name FROM tb_item WHERE id IN (VALUES (11), (12))', rename(13), rename(12)) \gset listed_
SELECT :'listed_result' AS listed \gset
\endif
SELECT :'alternatives' AS alternatives, :'joined' AS joined, :'joined_null' AS joined_null, :'listed' AS listed;

-- 18: an index serves without its first column, whose values are then not known
\set skipped coarse
\if :has_18
CREATE TABLE tb_few (id int PRIMARY KEY, kind int, number int, name text);
CREATE INDEX ON tb_few (kind, number) INCLUDE (id, name);
INSERT INTO tb_few SELECT i, i % 3, i / 3, 'few ' || i FROM generate_series(1, 30000) AS i;
VACUUM ANALYZE tb_few;
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_few', 'Few')) AS e \gset
CALL probe('^Index Only Scan[^\n]*\n *Index Cond: \(number = ', 'SELECT id, name FROM tb_few WHERE number = 5',
	'UPDATE tags_versions.tb_few SET name = ''other'' WHERE number = 6', 'UPDATE tags_versions.tb_few SET name = ''new'' WHERE id = 16') \gset skipped_
SELECT :'skipped_result' AS skipped \gset
\endif
SELECT :'skipped' AS skipped;

-- 18: a table joined with itself is read once
\set once precise
\set once_column precise
\if :has_18
CALL probe('^(Index|Bitmap Heap) Scan', 'SELECT a.id, b.name FROM tb_item a JOIN tb_item b ON a.id = b.id WHERE a.grp = 17', rename(18), rename(17)) \gset once_
SELECT :'once_result' AS once \gset
CALL probe('^Seq Scan[^\n]*\n[^\n]*\n$', 'SELECT a.id, b.name FROM tb_item a JOIN tb_item b ON a.id = b.id AND a.note IS NULL', 'UPDATE tags_versions.tb_item SET sub = -1 WHERE id = 8', remark(8)) \gset once_
SELECT :'once_result' AS once_column \gset
\endif
SELECT :'once' AS once, :'once_column' AS once_column;

-- 18: EXCEPT and INTERSECT of two inputs; a semi join that hashes the side of which rows are kept
\set except precise
\set except_second precise
\set semi precise
\if :has_18
CALL probe('SetOp Except', 'SELECT id, name FROM tb_item WHERE id IN (7, 8) EXCEPT SELECT item_id, word FROM tb_word WHERE id = 9', rename(9), rename(8)) \gset except_
SELECT :'except_result' AS except \gset
CALL probe('SetOp Except', 'SELECT id, note AS name FROM tb_item WHERE id IN (7, 8) EXCEPT SELECT item_id, note FROM tb_word WHERE id = 8',
	'UPDATE tags_versions.tb_word SET word = ''x'' WHERE id = 8', 'UPDATE tags_versions.tb_word SET note = ''x'' WHERE id = 8') \gset except_
SELECT :'except_result' AS except_second \gset
SET enable_nestloop = off;
SET enable_mergejoin = off;
CALL probe('Hash Right Semi Join', 'SELECT p.id, p.a::text AS name FROM tb_pair p WHERE EXISTS (SELECT FROM tb_item i WHERE i.name = ''item '' || p.a)',
	remark(5), 'UPDATE tags_versions.tb_item SET name = ''item 7'' WHERE id = 5') \gset semi_
SELECT :'semi_result' AS semi \gset
RESET enable_nestloop;
RESET enable_mergejoin;
\endif
SELECT :'except' AS except, :'except_second' AS except_second, :'semi' AS semi;

-- 18: a column that is computed when it is read stands for the columns that it is made of
\set virtual precise
\set virtual_second precise
\set virtual_filter precise
\set virtual_row precise
\set virtual_part precise
\if :has_18
CREATE TABLE tb_line (id int PRIMARY KEY, amount int, price int, note text, name text,
	total int GENERATED ALWAYS AS (amount * price) VIRTUAL, label text GENERATED ALWAYS AS (name || '!') VIRTUAL);
INSERT INTO tb_line VALUES (1, 2, 3, 'note', 'one'), (2, 3, 3, 'note', 'two');
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_line', 'Line')) AS e \gset
CALL probe('.', 'SELECT id, total::text AS name FROM tb_line', 'UPDATE tags_versions.tb_line SET note = concat(note, ''.''), name = ''new''',
	'UPDATE tags_versions.tb_line SET price = 4 WHERE id = 1') \gset virtual_
SELECT :'virtual_result' AS virtual \gset
CALL probe('.', 'SELECT id, total::text AS name FROM tb_line WHERE id = 1', 'UPDATE tags_versions.tb_line SET price = 5 WHERE id = 2',
	'UPDATE tags_versions.tb_line SET amount = 5 WHERE id = 1') \gset virtual_
SELECT :'virtual_result' AS virtual_second \gset
CALL probe('.', 'SELECT id, name FROM tb_line WHERE total > 10', 'UPDATE tags_versions.tb_line SET note = ''new''',
	'UPDATE tags_versions.tb_line SET amount = -amount WHERE id = 1') \gset virtual_
SELECT :'virtual_result' AS virtual_filter \gset
CALL probe('.', 'SELECT id, to_jsonb(l) ->> ''label'' AS name FROM tb_line l WHERE id = 1', 'UPDATE tags_versions.tb_line SET name = ''newer'' WHERE id = 2',
	'UPDATE tags_versions.tb_line SET name = ''newer'' WHERE id = 1') \gset virtual_
SELECT :'virtual_result' AS virtual_row \gset
CREATE TABLE tb_day (id int, day int, amount int, note text, twice int GENERATED ALWAYS AS (amount * 2) VIRTUAL, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
CREATE TABLE tb_day_1 PARTITION OF tb_day FOR VALUES IN (1);
CREATE TABLE tb_day_2 (note text, twice int GENERATED ALWAYS AS (amount * 3) VIRTUAL, amount int, day int NOT NULL, id int NOT NULL);
ALTER TABLE tb_day ATTACH PARTITION tb_day_2 FOR VALUES IN (2);
INSERT INTO tb_day VALUES (1, 1, 5), (2, 2, 5);
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_day', 'Day')) AS e \gset
CALL probe('.', 'SELECT id, twice::text AS name FROM tb_day', 'UPDATE tags_versions.tb_day SET note = ''new''',
	'UPDATE tags_versions.tb_day SET amount = 6 WHERE id = 2') \gset virtual_
SELECT :'virtual_result' AS virtual_part \gset
\endif
SELECT :'virtual' AS virtual, :'virtual_second' AS virtual_second, :'virtual_filter' AS virtual_filter, :'virtual_row' AS virtual_row,
	:'virtual_part' AS virtual_part;

-- 18: the columns of a foreign key that nobody enforces, or that is valid for a period, name rows like those of others
\set loose precise
\set enforced precise
\set temporal precise
\set temporal_key coarse
\if :has_18
CREATE TABLE tb_note (id int PRIMARY KEY, fk_item int CONSTRAINT to_item REFERENCES tb_item (id) NOT ENFORCED, body text);
INSERT INTO tb_note VALUES (1, 99, 'a'), (2, -99, 'b'), (3, 99, 'c');
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_note', 'Note')) AS e \gset
CALL probe('^Seq Scan', 'SELECT id, body AS name FROM tb_note WHERE fk_item = -99',
	'UPDATE tags_versions.tb_note SET body = ''new'' WHERE id = 1', 'UPDATE tags_versions.tb_note SET fk_item = -99 WHERE id = 1') \gset loose_
SELECT :'loose_result' AS loose \gset
UPDATE tb_note SET fk_item = 99;
ALTER TABLE tb_note ALTER CONSTRAINT to_item ENFORCED;
CALL probe('^Seq Scan', 'SELECT id, body AS name FROM tb_note WHERE fk_item = 100',
	'UPDATE tags_versions.tb_note SET body = ''newer'' WHERE id = 1', 'UPDATE tags_versions.tb_note SET fk_item = 100 WHERE id = 1') \gset enforced_
SELECT :'enforced_result' AS enforced \gset
CREATE TABLE tb_room (id int4range, during daterange, name text, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE tb_stay (id int PRIMARY KEY, room int4range, during daterange, name text, FOREIGN KEY (room, PERIOD during) REFERENCES tb_room (id, PERIOD during));
INSERT INTO tb_room VALUES ('[1,2)', '[2020-01-01,2021-01-01)', 'blue'), ('[2,3)', '[2020-01-01,2021-01-01)', 'red');
INSERT INTO tb_stay VALUES (1, '[1,2)', '[2020-02-01,2020-03-01)', 'Ann'), (2, '[2,3)', '[2020-02-01,2020-03-01)', 'Bob');
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_room', 'Room'), fraiseql.expose('tb_stay', 'Stay')) AS e \gset
CALL probe('.', 'SELECT lower(id) AS id, name FROM tb_room WHERE id = ''[1,2)'' AND during @> date ''2020-02-01''',
	'UPDATE tags_versions.tb_room SET name = ''green'' WHERE id = ''[2,3)''', 'UPDATE tags_versions.tb_room SET name = ''pink'' WHERE id = ''[1,2)''') \gset temporal_
SELECT :'temporal_result' AS temporal_key \gset
-- with a column that has names beside the period, where the server has btree_gist
SELECT count(*) > 0 AS has_gist FROM pg_available_extensions WHERE name = 'btree_gist' \gset
\if :has_gist
CREATE EXTENSION btree_gist;
CREATE TABLE tb_desk (id int, during daterange, name text, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE tb_seat (id int PRIMARY KEY, desk int, during daterange, name text, FOREIGN KEY (desk, PERIOD during) REFERENCES tb_desk (id, PERIOD during));
INSERT INTO tb_desk VALUES (1, '[2020-01-01,2021-01-01)', 'blue'), (2, '[2020-01-01,2021-01-01)', 'red');
INSERT INTO tb_seat VALUES (1, 1, '[2020-02-01,2020-03-01)', 'Ann'), (2, 2, '[2020-02-01,2020-03-01)', 'Bob');
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_desk', 'Desk'), fraiseql.expose('tb_seat', 'Seat')) AS e \gset
CALL probe('.', 'SELECT id, name FROM tb_seat WHERE desk = 1 AND during @> date ''2020-02-01''',
	'UPDATE tags_versions.tb_seat SET name = ''Cid'' WHERE id = 2', 'UPDATE tags_versions.tb_seat SET during = ''[2020-02-02,2020-03-01)'' WHERE id = 1') \gset temporal_
SELECT :'temporal_result' AS temporal \gset
\endif
\endif
SELECT :'loose' AS loose, :'enforced' AS enforced, :'temporal' AS temporal, :'temporal_key' AS temporal_key;

-- functions in SQL, of which 18 keeps the plans: each call names its own rows, be it the same plan
CREATE FUNCTION item_name(int) RETURNS text STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT name FROM tags_versions.tb_item WHERE id = $1 $$;
CREATE FUNCTION item_names(int[]) RETURNS SETOF text STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT name FROM tags_versions.tb_item WHERE id = ANY ($1) $$;
SET plan_cache_mode = force_generic_plan;
CALL probe('.', 'SELECT id, item_name(a) || item_name(b) AS name FROM tb_pair WHERE id = 1', rename(9), rename(8));
CALL probe('.', 'SELECT id, item_name(b) || item_name(a) AS name FROM tb_pair WHERE id = 1', rename(9), rename(7));
CALL probe('.', 'SELECT 1 AS id, string_agg(n, '''') AS name FROM (VALUES (1), (2)) AS v (i), item_names(ARRAY[10 + i, 20 + i]) AS n', rename(13), rename(22));
RESET plan_cache_mode;
SET client_min_messages = warning;
DROP SCHEMA tags_versions CASCADE;
