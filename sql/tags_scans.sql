-- Each shape of a scan: a write to a row that it could return makes the answer invalid, a write to another row of the
-- same table does not, or, where the scan names no values ("coarse"), does too.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\pset null null
CREATE SCHEMA tags_scans;
SET search_path = tags_scans, ask;
-- the plans that the planner likes best, not those that precise.c would choose for an answer to be kept
SET fraiseql.cache_plan_factor = 1;
SET max_parallel_workers_per_gather = 0;

CREATE TABLE tb_item (id int PRIMARY KEY, grp int, sub int, maybe int, flag bool NOT NULL, name text NOT NULL);
CREATE INDEX ON tb_item (grp, sub);
CREATE INDEX ON tb_item (maybe);
CREATE INDEX ON tb_item (flag);
INSERT INTO tb_item SELECT i, i % 100, i / 100, CASE WHEN i % 200 > 3 THEN i % 200 END, i % 250 = 0, 'item ' || i
	FROM generate_series(1, 1000) AS i;
CREATE TABLE tb_part (id int PRIMARY KEY, item_id int REFERENCES tb_item, name text NOT NULL);
CREATE INDEX ON tb_part (item_id);
INSERT INTO tb_part SELECT i, 1 + i % 300, 'part ' || i FROM generate_series(1, 3000) AS i;
CREATE TABLE tb_small (id int PRIMARY KEY, item_id int REFERENCES tb_item, name text NOT NULL);
INSERT INTO tb_small VALUES (1, 7, 'one'), (2, 7, 'two'), (3, 8, 'three');
CREATE TABLE tb_none (id int PRIMARY KEY, name text);
CREATE TABLE tb_pair (id int PRIMARY KEY, a int, b int, name text NOT NULL);
CREATE INDEX ON tb_pair (a);
CREATE INDEX ON tb_pair (b);
INSERT INTO tb_pair SELECT i, i % 100, i / 100 % 100, repeat('pair', 20) FROM generate_series(1, 20000) AS i;
VACUUM ANALYZE;

-- What is asked for is the view "probe", a new one each time.
CREATE VIEW probe AS SELECT id, name FROM tb_item;
SELECT fraiseql.expose('probe', 'Probe'), fraiseql.expose('tb_item', 'Item'), fraiseql.expose('tb_part', 'Part'),
	fraiseql.expose('tb_small', 'Small'), fraiseql.expose('tb_none', 'None'), fraiseql.expose('tb_pair', 'Pair');

-- What the cache did, checked against an answer that it had no part in: a transaction that has an id bypasses it.
CREATE FUNCTION outcome(query text, variables jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	told text := ask(query, variables);
	answer text := substr(told, strpos(told, ': ') + 2);
BEGIN
	PERFORM pg_current_xact_id();
	IF fraiseql.execute(query, variables)::text <> answer THEN
		RETURN 'STALE ' || left(told, 100);
	END IF;
	RETURN split_part(told, ': ', 1) || CASE WHEN told LIKE '%"errors"%' THEN ' ' || answer ELSE '' END;
END
$$;

-- The node that the plan must have, so that a section tests what it says.
CREATE FUNCTION has_node(node text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXPLAIN (COSTS OFF) SELECT * FROM probe LOOP
		IF line ~ ('^( *->  )?( *)' || node || '( |$)') THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END
$$;

-- Outcomes after a write that the answer should outlive, and after one that it must not.  "node": see has_node().
CREATE PROCEDURE probe(node text, definition text, unrelated text, related text,
	INOUT result text DEFAULT NULL, query text DEFAULT '{ probes { id name } }', variables jsonb DEFAULT NULL)
LANGUAGE plpgsql AS $$
BEGIN
	IF definition IS NOT NULL THEN
		EXECUTE 'CREATE OR REPLACE VIEW probe AS ' || definition;
		IF NOT has_node(node) THEN
			result := 'another plan, ';
		END IF;
	END IF;
	COMMIT;
	result := concat(result, outcome(query, variables));
	COMMIT;
	result := concat(result, ', ', outcome(query, variables));
	COMMIT;
	EXECUTE unrelated;
	COMMIT;
	result := concat(result, ', ', outcome(query, variables));
	COMMIT;
	EXECUTE related;
	COMMIT;
	result := concat(result, ', ', outcome(query, variables));
	COMMIT;
	-- the usual outcome: kept, found again, ...
	result := regexp_replace(result, '^miss kept, hit, ', '');
	result := CASE result WHEN 'hit, miss kept' THEN 'precise' WHEN 'miss kept, miss kept' THEN 'coarse' ELSE result END;
END
$$;

-- a row of that item gets another name
CREATE FUNCTION rename(item int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT format('UPDATE tags_scans.tb_item SET name = name || ''.'' WHERE id = %s', item)
$$;
CREATE FUNCTION rename_part(part int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT format('UPDATE tags_scans.tb_part SET name = name || ''.'' WHERE id = %s', part)
$$;

\echo index scan, by a constant, by a parameter
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = 7', rename(8), rename(7));
CALL probe(NULL, NULL, rename(8), rename(7), query => '{ item(id: 7) { name } }');
CALL probe(NULL, NULL, rename(8), rename(7), query => 'query ($id: Int!) { item(id: $id) { name } }',
	variables => '{"id": 7}');
SET plan_cache_mode = force_generic_plan;
CALL probe(NULL, NULL, rename(8), rename(7), query => 'query ($id: Int!) { item(id: $id) { id name } }',
	variables => '{"id": 7}');
RESET plan_cache_mode;

\echo the row goes, comes, moves in and out
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = 901', 'DELETE FROM tags_scans.tb_item WHERE id = 902',
	'DELETE FROM tags_scans.tb_item WHERE id = 901');
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = 901', 'UPDATE tags_scans.tb_item SET id = 902 WHERE id = 903',
	'UPDATE tags_scans.tb_item SET id = 901 WHERE id = 904');
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = 901', 'UPDATE tags_scans.tb_item SET id = 903 WHERE id = 902',
	'UPDATE tags_scans.tb_item SET id = 904 WHERE id = 901');
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = 5000',
	'INSERT INTO tags_scans.tb_item VALUES (5001, 0, 0, 0, false, '''')',
	'INSERT INTO tags_scans.tb_item VALUES (5000, 0, 0, 0, false, '''')');

\echo a column that is not read
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = 7', 'UPDATE tags_scans.tb_item SET maybe = 9 WHERE id = 7',
	rename(7));

\echo index-only scan
CALL probe('Index Only Scan', 'SELECT id, ''''::text AS name FROM tb_item WHERE id = 905',
	'DELETE FROM tags_scans.tb_item WHERE id = 906', 'DELETE FROM tags_scans.tb_item WHERE id = 905');
CALL probe('Index Only Scan', 'SELECT sub AS id, ''''::text AS name FROM tb_item WHERE grp = 5 AND sub > 3',
	'UPDATE tags_scans.tb_item SET sub = sub + 10 WHERE id = 706', 'UPDATE tags_scans.tb_item SET sub = sub + 10 WHERE id = 705');

\echo bitmap heap scan: of one index, AND, OR
SET enable_indexscan = off;
SET enable_seqscan = off;
CALL probe('Bitmap Heap Scan', 'SELECT id, name FROM tb_item WHERE grp = 5', rename(6), rename(105));
CALL probe('Bitmap Heap Scan', 'SELECT id, name FROM tb_item WHERE grp = 5',
	'UPDATE tags_scans.tb_item SET grp = 6 WHERE id = 107', 'UPDATE tags_scans.tb_item SET grp = 5 WHERE id = 107');
CALL probe('BitmapAnd', 'SELECT id, name FROM tb_pair WHERE a = 8 AND b = 1',
	'UPDATE tags_scans.tb_pair SET name = ''x'' WHERE a = 9 AND b = 2',
	'UPDATE tags_scans.tb_pair SET name = ''x'' WHERE a = 8 AND b = 1');
CALL probe('BitmapOr', 'SELECT id, name FROM tb_item WHERE grp = 8 OR maybe = 110', rename(9), rename(110));
CALL probe('BitmapOr', 'SELECT id, name FROM tb_item WHERE grp = 8 OR maybe = 110', rename(9), rename(108));
CALL probe('BitmapOr', 'SELECT id, name FROM tb_item WHERE grp = 8 AND sub = 1 OR id IN (1, 2)', rename(208), rename(2));
\echo coarse: one arm is a range
CALL probe('BitmapOr', 'SELECT id, name FROM tb_item WHERE grp = 8 OR maybe > 190', rename(9), rename(108));
RESET enable_indexscan;
RESET enable_seqscan;

\echo sequential scan with a filter
CALL probe('Seq Scan', 'SELECT id, name FROM tb_small WHERE id = 1',
	'UPDATE tags_scans.tb_small SET name = name || ''.'' WHERE id = 2',
	'UPDATE tags_scans.tb_small SET name = name || ''.'' WHERE id = 1');
\echo ... of a foreign key without an index
CALL probe('Seq Scan', 'SELECT id, name FROM tb_small WHERE item_id = 7',
	'UPDATE tags_scans.tb_small SET name = name || ''.'' WHERE id = 3',
	'UPDATE tags_scans.tb_small SET name = name || ''.'' WHERE id = 1');
\echo ... and another condition, which may be a range
CALL probe('Seq Scan', 'SELECT id, name FROM tb_small WHERE 3 > id AND item_id = 7',
	'UPDATE tags_scans.tb_small SET name = name || ''.'' WHERE id = 3',
	'UPDATE tags_scans.tb_small SET name = name || ''.'' WHERE id = 1');
SET enable_indexscan = off;
SET enable_bitmapscan = off;
CALL probe('Seq Scan', 'SELECT id, name FROM tb_item WHERE id = 1 OR grp = 3 AND sub = 2', rename(103), rename(203));
CALL probe('Seq Scan', 'SELECT id, name FROM tb_item WHERE (id = 1 OR grp = 3) AND (sub = 2 OR id IN (5, 6))',
	rename(104), rename(203));
\echo coarse: a column in no set, a second column of an index, an arm without equality, a range, inequality, no condition
CALL probe('Seq Scan', 'SELECT id, name FROM tb_item WHERE name = ''item 700''', rename(8), rename(700));
CALL probe('Seq Scan', 'SELECT id, name FROM tb_item WHERE sub = 2', rename(8), rename(203));
CALL probe('Seq Scan', 'SELECT id, name FROM tb_item WHERE id = 1 OR name = ''item 700''', rename(8), rename(1));
CALL probe('Seq Scan', 'SELECT id, name FROM tb_item WHERE id > 10 AND id < 20', rename(8), rename(12));
CALL probe('Seq Scan', 'SELECT id, name FROM tb_item WHERE id <> 8', rename(8), rename(12));
CALL probe('Seq Scan', 'SELECT id, name FROM tb_item', rename(8), rename(12));
CALL probe('Seq Scan', 'SELECT id, name FROM tb_item WHERE id + 0 = 12', rename(8), rename(12));
CALL probe('Seq Scan', 'SELECT id, name FROM tb_item WHERE id = sub + 12', rename(8), rename(12));
RESET enable_indexscan;
RESET enable_bitmapscan;
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id > 10 AND id < 20', rename(8), rename(12));

\echo lists of values; nulls in them are nothing, and neither is an empty one
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE id IN (7, 9)', rename(8), rename(9));
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE id = ANY (''{7, 9, NULL, 9}''::int[])', rename(8), rename(9));
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE grp = ANY (''{7, 9}'') AND sub = ANY (''{1, 2}'')', rename(307), rename(207));
CALL probe(NULL, NULL, rename(8), rename(9), query => 'query ($ids: [Int!]) { items(where: {id: {in: $ids}}) { name } }',
	variables => '{"ids": [7, 9]}');
\echo ... so that no write to the table counts
CALL probe(NULL, NULL, rename(8), rename(9), query => 'query ($ids: [Int!]) { items(where: {id: {in: $ids}}) { name } }',
	variables => '{"ids": []}');

\echo null
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE maybe IS NULL', rename(7), rename(3));
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE maybe IS NULL',
	'UPDATE tags_scans.tb_item SET maybe = 1000 WHERE id = 8', 'UPDATE tags_scans.tb_item SET maybe = NULL WHERE id = 8');
\echo coarse: not null
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE maybe IS NOT NULL', rename(3), rename(7));

\echo boolean columns
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE flag', rename(7), rename(250));
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE flag IS TRUE', rename(7), rename(250));
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE NOT flag AND sub = 0', rename(250), rename(7));
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE flag = false AND sub = 0', rename(250), rename(7));
\echo coarse: true or null
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE flag IS NOT FALSE', rename(7), rename(250));

\echo composite: both columns, and the first alone
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE grp = 5 AND sub = 1', rename(205), rename(105));
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE sub = 1 AND 5 = grp', rename(205), rename(105));
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE grp = 5 AND sub > 1', rename(206), rename(205));

\echo nested loop
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_memoize = off;
CALL probe('Nested Loop', 'SELECT p.id, p.name FROM tb_item i JOIN tb_part p ON p.item_id = i.id WHERE i.grp = 5 AND i.sub < 2',
	rename_part(5), rename_part(4));
CALL probe('Nested Loop', 'SELECT p.id, p.name FROM tb_item i JOIN tb_part p ON p.item_id = i.id WHERE i.grp = 5 AND i.sub < 2',
	rename_part(5), 'UPDATE tags_scans.tb_part SET item_id = 5 WHERE id = 5');
CALL probe('Nested Loop', 'SELECT i.id, p.name FROM tb_item i LEFT JOIN tb_part p ON p.item_id = i.id WHERE i.id = 907',
	rename_part(6), 'INSERT INTO tags_scans.tb_part VALUES (4000, 907, ''new'')');
\echo ... whose inner side is never asked: nothing there counts
CALL probe('Nested Loop', 'SELECT s.id, p.name FROM tb_none s JOIN tb_part p ON p.item_id = s.id',
	rename_part(5), 'INSERT INTO tags_scans.tb_none VALUES (1)');
DELETE FROM tb_none;
\echo semi-join, anti-join
CALL probe('Nested Loop Semi Join', 'SELECT id, name FROM tb_item i WHERE grp = 5 AND EXISTS (SELECT FROM tb_part p WHERE p.item_id = i.id)',
	'DELETE FROM tags_scans.tb_part WHERE id = 6', 'DELETE FROM tags_scans.tb_part WHERE item_id = 205');
CALL probe('Nested Loop Anti Join', 'SELECT id, name FROM tb_item i WHERE grp = 5 AND NOT EXISTS (SELECT FROM tb_part p WHERE p.item_id = i.id)',
	'INSERT INTO tags_scans.tb_part VALUES (4001, 206, '''')', 'INSERT INTO tags_scans.tb_part VALUES (4002, 205, '''')');
RESET enable_memoize;
ANALYZE tb_part;

\echo Memoize, Material
SET enable_material = off;
CALL probe('Memoize', 'SELECT p.id, i.name FROM tb_part p JOIN tb_item i ON i.id = p.item_id', rename(401), rename(105));
RESET enable_material;
CALL probe('Materialize', 'SELECT i.id, i.name FROM tb_small s JOIN tb_item i ON i.grp = 5 AND i.sub > s.id', rename(6), rename(505));

\echo lateral
CALL probe('Nested Loop', 'SELECT i.id, p.name FROM tb_item i, LATERAL (SELECT name FROM tb_part WHERE item_id = i.id ORDER BY id LIMIT 1) p
	WHERE i.grp = 7', rename_part(7), rename_part(306));
RESET enable_hashjoin;
RESET enable_mergejoin;

\echo hash join and merge join: precise outside, coarse inside
SET enable_nestloop = off;
SET enable_mergejoin = off;
CALL probe('Hash Join', 'SELECT p.id, i.name FROM tb_item i JOIN tb_part p ON p.item_id = i.id WHERE i.grp = 5', rename(6), rename(105));
CALL probe('Hash Join', 'SELECT p.id, p.name FROM tb_item i JOIN tb_part p ON p.item_id = i.id WHERE i.grp = 5',
	rename_part(7), rename_part(4));
RESET enable_mergejoin;
SET enable_hashjoin = off;
CALL probe('Merge Join', 'SELECT p.id, i.name FROM tb_item i JOIN tb_part p ON p.item_id = i.id WHERE i.grp = 5', rename(6), rename(105));
CALL probe('Merge Join', 'SELECT p.id, p.name FROM tb_item i JOIN tb_part p ON p.item_id = i.id WHERE i.grp = 5',
	rename_part(7), rename_part(4));
RESET enable_hashjoin;
RESET enable_nestloop;

\echo subplans: in a view, and the lists of a nested selection
CALL probe('SubPlan', 'SELECT id, (SELECT string_agg(name, '','') FROM tb_part WHERE item_id = i.id) AS name FROM tb_item i WHERE grp = 8',
	rename_part(6), rename_part(7));
CALL probe(NULL, NULL, rename_part(6), rename_part(7), query => '{ items(where: {grp: {eq: 8}}) { name parts { name } } }');
CALL probe(NULL, NULL, rename(9), rename(8), query => '{ part(id: 7) { name item { name } } }');

\echo init plans: a value is there only when the scan has asked for it
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = (SELECT max(item_id) FROM tb_small)', rename(7), rename(8));
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = (SELECT max(item_id) FROM tb_small)', rename(7),
	'UPDATE tags_scans.tb_small SET item_id = 9 WHERE id = 3');
SET enable_indexscan = off;
SET enable_bitmapscan = off;
CALL probe('Seq Scan', 'SELECT id, name FROM tb_small WHERE id = (SELECT count(*)::int FROM tb_none)',
	'UPDATE tags_scans.tb_small SET name = name || ''.'' WHERE id = 2', 'INSERT INTO tags_scans.tb_none VALUES (1)');
DELETE FROM tb_none;
\echo ... one that is never asked for is not run: writes to its table do not count, all those to the one that is scanned do
CALL probe('Seq Scan', 'SELECT id, name FROM tb_none WHERE id = (SELECT max(item_id) FROM tb_small)',
	'UPDATE tags_scans.tb_small SET item_id = 10 WHERE id = 3', 'INSERT INTO tags_scans.tb_none VALUES (3)');
TRUNCATE tb_none;
RESET enable_indexscan;
RESET enable_bitmapscan;
\echo ... one whose value is null: no row of the scan counts
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = (SELECT max(id) FROM tb_none)', rename(7),
	'INSERT INTO tags_scans.tb_none VALUES (3)');
TRUNCATE tb_none;

\echo CTE, recursive CTE, UNION, subquery with LIMIT, LIMIT, aggregate
CALL probe('CTE Scan', 'WITH i AS MATERIALIZED (SELECT id, name FROM tb_item WHERE grp = 5) SELECT id, name FROM i', rename(6), rename(105));
SET enable_hashjoin = off;
SET enable_mergejoin = off;
CALL probe('Recursive Union', 'WITH RECURSIVE up AS (SELECT id, name, maybe FROM tb_item WHERE id = 107
	UNION SELECT i.id, i.name, i.maybe FROM up JOIN tb_item i ON i.id = up.maybe - 1) SELECT id, name FROM up', rename(108), rename(106));
RESET enable_hashjoin;
RESET enable_mergejoin;
CALL probe('Append', 'SELECT id, name FROM tb_item WHERE grp = 5 UNION ALL SELECT id, name FROM tb_part WHERE item_id = 8',
	rename_part(8), rename_part(7));
CALL probe('Limit', 'SELECT id, name FROM tb_item WHERE grp = 5 ORDER BY sub LIMIT 2', rename(6), rename(5));
CALL probe('Aggregate', 'SELECT 1 AS id, max(name) AS name FROM tb_item WHERE grp = 5', rename(6), rename(105));
\echo ... count(*) outlives updates of the rows that it counts
CALL probe('Aggregate', 'SELECT 1 AS id, count(*)::text AS name FROM tb_item WHERE grp = 5', rename(105),
	'INSERT INTO tags_scans.tb_item VALUES (5005, 5, 0, 0, false, '''')');

\echo partitions: pruned by the planner, at start, while running
CREATE TABLE tb_event (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF tb_event FOR VALUES FROM (0) TO (1000);
CREATE TABLE event_2 PARTITION OF tb_event FOR VALUES FROM (1000) TO (2000);
CREATE TABLE event_3 PARTITION OF tb_event FOR VALUES FROM (2000) TO (3000);
INSERT INTO tb_event SELECT i, 'event ' || i FROM generate_series(0, 2999) AS i;
SELECT fraiseql.expose('tb_event', 'Event');
VACUUM ANALYZE tb_event;
CREATE FUNCTION rename_event(event int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT format('UPDATE tags_scans.tb_event SET name = name || ''.'' WHERE id = %s', event)
$$;
CALL probe('Index Scan', 'SELECT id, name FROM tb_event WHERE id = 1007', rename_event(1008), rename_event(1007));
SET plan_cache_mode = force_generic_plan;
CALL probe(NULL, NULL, rename_event(1008), rename_event(1007), query => '{ event(id: 1007) { name } }');
CALL probe(NULL, NULL, rename_event(7), rename_event(1007), query => '{ event(id: 1007) { id name } }');
RESET plan_cache_mode;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
CALL probe('Nested Loop', 'SELECT i.id, e.name FROM tb_item i JOIN tb_event e ON e.id = i.maybe * 100 WHERE i.id IN (10, 15)',
	rename_event(1001), rename_event(1000));
CALL probe('Nested Loop', 'SELECT i.id, e.name FROM tb_item i JOIN tb_event e ON e.id = i.maybe * 100 WHERE i.id IN (10, 15)',
	'DELETE FROM tags_scans.tb_event WHERE id = 2001', 'DELETE FROM tags_scans.tb_event WHERE id = 1500');
RESET enable_hashjoin;
RESET enable_mergejoin;

\echo inheritance: a child has indexes of its own, or is read as a whole
CREATE TABLE tb_animal (id int PRIMARY KEY, name text);
CREATE TABLE dog (PRIMARY KEY (id)) INHERITS (tb_animal);
CREATE TABLE cat () INHERITS (tb_animal);
INSERT INTO tb_animal VALUES (1, 'Ape'), (2, 'Bear');
INSERT INTO dog VALUES (1, 'Rex'), (2, 'Bella');
INSERT INTO cat VALUES (2, 'Tom');
SELECT fraiseql.expose('tb_animal', 'Animal');
CALL probe('Append', 'SELECT id, name FROM tb_animal WHERE id = 1', 'UPDATE tags_scans.tb_animal SET name = ''Bull'' WHERE id = 2 AND tableoid <> ''tags_scans.cat''::regclass',
	'UPDATE tags_scans.dog SET name = ''Max'' WHERE id = 1');
CALL probe('Append', 'SELECT id, name FROM tb_animal WHERE id = 1', 'INSERT INTO tags_scans.dog VALUES (1000, ''Fido'')',
	'UPDATE tags_scans.cat SET name = ''Puss'' WHERE id = 2');
CALL probe('Append', 'SELECT id, name FROM tb_animal WHERE id = 1000', 'DELETE FROM tags_scans.dog WHERE id = 2',
	'DELETE FROM tags_scans.dog WHERE id = 1000');

\echo functions in SQL, inlined and not, and in PL/pgSQL
CREATE FUNCTION item_name(int) RETURNS text STABLE LANGUAGE sql AS $$ SELECT name FROM tags_scans.tb_item WHERE id = $1 $$;
CREATE FUNCTION hidden_name(int) RETURNS text STABLE SECURITY DEFINER LANGUAGE sql AS $$
	SELECT name FROM tags_scans.tb_item WHERE id = $1
$$;
CREATE FUNCTION item_of(int) RETURNS SETOF tb_item STABLE LANGUAGE sql AS $$ SELECT * FROM tags_scans.tb_item WHERE id = $1 $$;
CALL probe('Seq Scan', 'SELECT id, item_name(item_id) AS name FROM tb_small', rename(6), rename(7));
CALL probe('Seq Scan', 'SELECT id, hidden_name(item_id) AS name FROM tb_small', rename(6), rename(7));
CALL probe('Index Scan', 'SELECT id, name FROM item_of(7)', rename(6), rename(7));
CREATE FUNCTION record_name(int) RETURNS text STABLE LANGUAGE plpgsql AS $$
DECLARE
	small record;
	item record;
BEGIN
	SELECT * INTO small FROM tags_scans.tb_small WHERE id = $1;
	FOR item IN SELECT * FROM tags_scans.tb_item WHERE id = small.item_id LOOP
		RETURN item.name;
	END LOOP;
	RETURN NULL;
END
$$;
SELECT fraiseql.declare_pure('record_name(int)');
CALL probe('Seq Scan', 'SELECT id, record_name(id) AS name FROM tb_small', rename(6), rename(7));
SET plan_cache_mode = force_generic_plan;
CALL probe('Seq Scan', 'SELECT id + 1 AS id, record_name(id) AS name FROM tb_small', rename(6), rename(7));
RESET plan_cache_mode;
\echo ... whose record cannot give the value, which the scan of an empty table never asks for
CREATE FUNCTION unassigned_name(int) RETURNS text STABLE LANGUAGE plpgsql AS $$
DECLARE
	small record;
	found text := 'found none';
BEGIN
	IF $1 < 2 THEN
		SELECT * INTO small FROM tags_scans.tb_small WHERE id = $1;
	END IF;
	SELECT name INTO found FROM tags_scans.tb_none WHERE id = small.item_id;
	RETURN found;
END
$$;
SELECT fraiseql.declare_pure('unassigned_name(int)');
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT unassigned_name(id) FROM tb_small;
CALL probe('.*Scan', 'SELECT id, unassigned_name(id) AS name FROM tb_small WHERE id < 3', rename(7),
	'UPDATE tags_scans.tb_small SET item_id = 3 WHERE id = 1');
RESET enable_indexscan;
RESET enable_bitmapscan;

\echo a cursor that stays open, and is read after the answer
CREATE FUNCTION opens_cursor(int) RETURNS text STABLE LANGUAGE plpgsql AS $$
DECLARE
	cursor CONSTANT refcursor := 'left_open';
	found text;
BEGIN
	OPEN cursor FOR SELECT name FROM tags_scans.tb_item WHERE grp = $1 ORDER BY id;
	FETCH cursor INTO found;
	RETURN found;
END
$$;
SELECT fraiseql.declare_pure('opens_cursor(int)');
CREATE OR REPLACE VIEW probe AS SELECT id, opens_cursor(8) AS name FROM tb_small WHERE id = 1;
BEGIN;
SELECT ask('{ probes { id name } }');
FETCH 2 FROM left_open;
SELECT count(*) FROM (SELECT ask('{ item(id: 7) { name } }')) AS asked;
FETCH 1 FROM left_open;
COMMIT;
CALL probe('.*Scan', 'SELECT id, name FROM tb_item WHERE id = 7', rename(8), rename(7));

\echo an argument that the scan itself computes: by an index; in a filter, which might never be evaluated, coarse
SET app.tenant_id = '7';
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = current_setting(''app.tenant_id'')::int', rename(8), rename(7));
SET enable_indexscan = off;
SET enable_seqscan = off;
CALL probe('Bitmap Heap Scan', 'SELECT id, name FROM tb_item WHERE grp = current_setting(''app.tenant_id'')::int', rename(8), rename(7));
CALL probe('BitmapOr', 'SELECT id, name FROM tb_item WHERE grp = current_setting(''app.tenant_id'')::int OR id = 1', rename(8), rename(7));
RESET enable_indexscan;
RESET enable_seqscan;
CALL probe('Seq Scan', 'SELECT id, name FROM tb_small WHERE id = length(current_setting(''app.tenant_id''))',
	'UPDATE tags_scans.tb_small SET name = name || ''.'' WHERE id = 2',
	'UPDATE tags_scans.tb_small SET name = name || ''.'' WHERE id = 1');
RESET app.tenant_id;

\echo values of each type: equal ones under two names, a pair that differs
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE DOMAIN price AS numeric(10, 2);
CREATE DOMAIN label AS varchar(20);
CREATE COLLATION no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE tb_typed (id int PRIMARY KEY, name text);
SELECT fraiseql.expose('tb_typed', 'Typed');

-- rows 1 and 2 hold the values; asked for is what equals the first
CREATE PROCEDURE probe_type(type text, first text, second text, asked text, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql AS $$
BEGIN
	DROP VIEW IF EXISTS probe;
	DROP TABLE tb_typed;
	EXECUTE format('CREATE TABLE tb_typed (id int PRIMARY KEY, name text, value %s)', type);
	CREATE INDEX ON tb_typed (value);
	EXECUTE format('INSERT INTO tb_typed VALUES (1, '''', %s), (2, '''', %s)', first, second);
	EXECUTE format('CREATE VIEW probe AS SELECT id, name FROM tb_typed WHERE value = %s', asked);
	IF (SELECT array_agg(id) FROM probe) IS DISTINCT FROM '{1}' THEN
		RAISE 'the value does not tell the rows apart';
	END IF;
	PERFORM fraiseql.expose('probe', 'Probe');
	COMMIT;
	CALL probe(NULL, NULL, 'UPDATE tags_scans.tb_typed SET name = ''x'' WHERE id = 2',
		'UPDATE tags_scans.tb_typed SET name = ''x'' WHERE id = 1', result);
	result := type || ': ' || result;
END
$$;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
CALL probe_type('int2', '1', '2', '1::int8');
CALL probe_type('int4', '1', '2', '1::int8');
CALL probe_type('int8', '1', '2', '1::int2');
CALL probe_type('oid', '1', '2', '1');
CALL probe_type('float4', '1.5', '2', '1.5::float8');
CALL probe_type('float8', '''-0''', '2', '0::float8');
CALL probe_type('numeric', '1.50', '2', '1.5');
CALL probe_type('numeric', '''NaN''', '2', '''NaN''');
CALL probe_type('price', '1.50', '2', '1.5');
CALL probe_type('text', '''a''', '''b''', '''a''');
CALL probe_type('text', '''a''', '''b''', '''a''::varchar');
CALL probe_type('text', '''a''', '''b''', '''a''::char(5)');
CALL probe_type('varchar(5)', '''a''', '''b''', '''a''');
CALL probe_type('label', '''a''', '''b''', '''a''::text');
CALL probe_type('char(5)', '''a''', '''b''', '''a   ''');
CALL probe_type('name', '''a''', '''b''', '''a''::text');
CALL probe_type('"char"', '''a''', '''b''', '''a''');
CALL probe_type('bytea', '''a''', '''b''', '''a''');
CALL probe_type('bool', 'true', 'false', 'true');
CALL probe_type('mood', '''glad''', '''sad''', '''glad''');
CALL probe_type('uuid', '''00000000-0000-0000-0000-00000000000A''', '''00000000-0000-0000-0000-00000000000b''',
	'''{00000000-0000-0000-0000-00000000000a}''');
CALL probe_type('date', '''2020-02-01''', '''2020-02-02''', '''2020-02-01''');
CALL probe_type('time', '''10:00''', '''11:00''', '''10:00''');
CALL probe_type('timestamp', '''2020-02-01''', '''2020-02-02''', '''2020-02-01 00:00''');
CALL probe_type('timestamptz', '''2020-02-01 10:00+00''', '''2020-02-02''', '''2020-02-01 11:00+01''::timestamptz');
CALL probe_type('interval', '''1 day''', '''2 days''', '''24 hours''');
CALL probe_type('inet', '''10.0.0.1''', '''10.0.0.2''', '''10.0.0.1''');
CALL probe_type('jsonb', '''{"a": 1}''', '''{}''', '''{ "a": 1.0 }''');
CALL probe_type('text COLLATE no_case', '''a''', '''b''', '''a'' COLLATE "C"');
\echo coarse: collations that hold different bytes for equal, containers, types of another hash family
CALL probe_type('text COLLATE no_case', '''a''', '''b''', '''A''');
CALL probe_type('text', '''a''', '''b''', '''A'' COLLATE no_case');
CALL probe_type('int[]', '''{1}''', '''{2}''', '''{1}''');
CALL probe_type('int4range', '''[1,2)''', '''[2,3)''', '''[1,1]''');
CALL probe_type('mood[]', '''{glad}''', '''{sad}''', '''{glad}''');
CALL probe_type('bit(3)', '''101''', '''111''', '''101''');
CALL probe_type('date', '''2020-02-01''', '''2020-02-02''', '''2020-02-01''::timestamp');
CALL probe_type('int4', '1', '2', '1::float8');
-- a type like citext: what its own functions hash cannot be known
SET client_min_messages = warning;
CREATE TYPE loud;
CREATE FUNCTION loud_in(cstring) RETURNS loud IMMUTABLE STRICT LANGUAGE internal AS 'textin';
CREATE FUNCTION loud_out(loud) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'textout';
CREATE TYPE loud (input = loud_in, output = loud_out, like = text);
RESET client_min_messages;
CREATE FUNCTION loud_equal(loud, loud) RETURNS bool IMMUTABLE STRICT LANGUAGE internal AS 'byteaeq';
CREATE FUNCTION loud_compare(loud, loud) RETURNS int IMMUTABLE STRICT LANGUAGE internal AS 'byteacmp';
CREATE FUNCTION loud_hash(loud) RETURNS int IMMUTABLE STRICT LANGUAGE internal AS 'hashvarlena';
CREATE FUNCTION loud_hash_extended(loud, int8) RETURNS int8 IMMUTABLE STRICT LANGUAGE internal AS 'hashvarlenaextended';
CREATE OPERATOR = (function = loud_equal, leftarg = loud, rightarg = loud, commutator = =, hashes, merges);
CREATE OPERATOR CLASS loud_ops DEFAULT FOR TYPE loud USING btree AS OPERATOR 3 =, FUNCTION 1 loud_compare(loud, loud);
CREATE OPERATOR CLASS loud_ops DEFAULT FOR TYPE loud USING hash AS OPERATOR 1 =, FUNCTION 1 loud_hash(loud),
	FUNCTION 2 loud_hash_extended(loud, int8);
CALL probe_type('loud', '''a''', '''b''', '''a''::tags_scans.loud');
RESET enable_indexscan;
RESET enable_bitmapscan;

\echo the number of tags is bounded: past it the relation counts as a whole
DROP VIEW probe;
CREATE VIEW probe AS SELECT id, name FROM tb_item WHERE id = ANY (ARRAY(SELECT generate_series(1, 40)));
SELECT fraiseql.expose('probe', 'Probe');
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = ANY (ARRAY(SELECT generate_series(1, 40)))', rename(41), rename(40));
SET fraiseql.cache_max_tags = 39;
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = ANY (ARRAY(SELECT generate_series(1, 40)))', rename(41), rename(40));
SET fraiseql.cache_max_tags = 40;
CALL probe('Index Scan', 'SELECT id, name FROM tb_item WHERE id = ANY (ARRAY(SELECT generate_series(1, 40)))', rename(41), rename(40));
RESET fraiseql.cache_max_tags;

\echo with every node timed, as auto_explain does
DO $$ BEGIN LOAD 'auto_explain'; EXCEPTION WHEN undefined_file THEN NULL; END $$;
SET auto_explain.log_analyze = on;
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_min_duration = 0;
CALL probe('Nested Loop', 'SELECT i.id, p.name FROM tb_item i, LATERAL (SELECT name FROM tb_part WHERE item_id = i.id ORDER BY id LIMIT 1) p
	WHERE i.id IN (7, 8)', rename_part(8), rename_part(306));
RESET auto_explain.log_min_duration;

SET client_min_messages = warning;
DROP SCHEMA tags_scans CASCADE;
