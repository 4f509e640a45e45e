-- Which columns an answer read: an UPDATE of others leaves it valid; of these it does not, nor does the coming or going of
-- a row.  Each case is a query and writes; after each write it says whether the answer was still there, and whether it was
-- the one that executing gives.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA tags_columns;
SET search_path = tags_columns, ask;

-- "hit" or "miss kept", and STALE where the answer is not what executing gives
CREATE FUNCTION told(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before jsonb := (SELECT jsonb_object_agg(name, count) FROM ask.counters());
	answer text := fraiseql.execute(query);
	outcome text;
BEGIN
	SELECT string_agg(name, ' ' ORDER BY name = 'miss' DESC, name) INTO outcome
	FROM ask.counters() WHERE count > coalesce((before ->> name)::bigint, 0);
	IF answer LIKE '%"errors"%' THEN
		RETURN answer;
	END IF;
	IF current_setting('is_superuser')::bool THEN
		PERFORM set_config('fraiseql.cache_enabled', 'off', true);
		IF answer <> fraiseql.execute(query)::text THEN
			outcome := outcome || ' STALE: ' || answer;
		END IF;
		PERFORM set_config('fraiseql.cache_enabled', 'on', true);
	END IF;
	RETURN outcome;
END
$$;

-- the statements of a case, each to be run in a transaction of its own
CREATE FUNCTION steps(query text, VARIADIC writes text[]) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('SELECT told(%L)', query)
	UNION ALL
	SELECT s FROM unnest(writes) WITH ORDINALITY AS w (write, i),
		LATERAL (VALUES (1, write), (2, format('SELECT told(%L)', query))) AS v (n, s)
$$;

CREATE TABLE tb_owner (id int PRIMARY KEY, name text, town text, age int);
CREATE TABLE tb_item (id int PRIMARY KEY, name text, price int, rank int, note text, hidden bool DEFAULT false,
	owner_id int REFERENCES tb_owner, twice int GENERATED ALWAYS AS (price * 2) STORED);
INSERT INTO tb_owner VALUES (1, 'Ann', 'Oslo', 30), (2, 'Bob', 'Rome', 40), (3, 'Cid', 'Bern', 50);
INSERT INTO tb_item (id, name, price, rank, note, owner_id) SELECT i, 'item' || i, i, -i, 'note', i % 2 + 1
FROM generate_series(1, 6) AS i;
SELECT fraiseql.expose('tb_owner', 'Owner'), fraiseql.expose('tb_item', 'Item');

-- selected fields; rows that come and go; an update that changes nothing
SELECT steps('{ items { name } }',
	$$UPDATE tb_item SET note = note || '+', price = price + 1$$,
	$$UPDATE tb_item SET name = name$$,
	$$UPDATE tb_item SET name = 'new' WHERE id = 1$$,
	$$INSERT INTO tb_item VALUES (7, 'seven')$$,
	$$DELETE FROM tb_item WHERE id = 7$$) \gexec
SELECT steps('{ item(id: 1) { name } }',
	$$UPDATE tb_item SET note = note || '+' WHERE id = 1$$,
	$$UPDATE tb_item SET name = 'newer' WHERE id = 1$$) \gexec
SELECT steps('{ items { twice } }',
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET price = price + 1 WHERE id = 1$$) \gexec

-- nested lists and objects: the columns that join count too
SELECT steps('{ owners { name items { name } } }',
	$$UPDATE tb_owner SET town = town || '+'$$,
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_owner SET name = 'Anna' WHERE id = 1$$,
	$$UPDATE tb_item SET name = 'one' WHERE id = 1$$,
	$$UPDATE tb_item SET owner_id = 3 WHERE id = 1$$) \gexec
SELECT steps('{ items { note owner { town } } }',
	$$UPDATE tb_owner SET name = name || '+'$$,
	$$UPDATE tb_item SET name = name || '+'$$,
	$$UPDATE tb_owner SET town = 'Kiel' WHERE id = 1$$,
	$$UPDATE tb_item SET owner_id = 2 WHERE id = 1$$) \gexec

-- filters and orders on what is not selected
SELECT steps('{ items(where: {price: {gt: 3}}) { name } }',
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET price = 0 WHERE id = 6$$) \gexec
SELECT steps('{ items(orderBy: {rank: ASC}) { name } }',
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET rank = -rank$$) \gexec
SELECT steps('{ items(where: {owner: {town: {eq: "Rome"}}}) { name } }',
	$$UPDATE tb_owner SET name = name || '+'$$,
	$$UPDATE tb_owner SET town = 'Rome'$$) \gexec

-- views: columns that nobody selects, joins, aggregates
CREATE VIEW v_plain AS SELECT id, name, price, note FROM tb_item;
CREATE VIEW v_join AS SELECT i.id, i.name, o.town, o.age FROM tb_item i JOIN tb_owner o ON o.id = i.owner_id;
CREATE VIEW v_count AS SELECT 1 AS id, count(*) AS number FROM tb_item;
CREATE VIEW v_sum AS SELECT owner_id AS id, sum(price) AS total, max(rank) AS best FROM tb_item GROUP BY owner_id;
CREATE VIEW v_having AS SELECT owner_id AS id, count(*) AS number FROM tb_item GROUP BY owner_id HAVING max(rank) > -100;
CREATE VIEW v_sets AS SELECT row_number() OVER (ORDER BY owner_id, hidden) AS id, owner_id, hidden, count(*) AS number
	FROM tb_item GROUP BY GROUPING SETS ((owner_id), (hidden), ());
CREATE VIEW v_part_sum AS SELECT 1 AS id, sum(price) FILTER (WHERE hidden) AS total,
	string_agg(name, ',' ORDER BY rank) AS names FROM tb_item;
CREATE VIEW v_repeated AS SELECT id, name, generate_series(1, price) AS number FROM tb_item;
SELECT fraiseql.expose('v_part_sum', 'PartSum'), fraiseql.expose('v_repeated', 'Repeated');
SELECT fraiseql.expose('v_plain', 'Plain'), fraiseql.expose('v_join', 'Pair'), fraiseql.expose('v_count', 'Total'),
	fraiseql.expose('v_sum', 'Sum'), fraiseql.expose('v_having', 'Group'), fraiseql.expose('v_sets', 'Set');
SELECT steps('{ plains { name } }',
	$$UPDATE tb_item SET note = note || '+', price = price + 1$$,
	$$UPDATE tb_item SET name = 'uno' WHERE id = 1$$) \gexec
SELECT steps('{ pairs { name town } }',
	$$UPDATE tb_owner SET name = name || '+', age = age + 1$$,
	$$UPDATE tb_item SET note = note || '+', price = price + 1$$,
	$$UPDATE tb_owner SET town = 'Bonn' WHERE id = 1$$,
	$$UPDATE tb_item SET owner_id = 1 WHERE id = 1$$) \gexec
SELECT steps('{ totals { number } }',
	$$UPDATE tb_item SET name = name || '+', note = note || '+', price = price + 1, owner_id = 1$$,
	$$INSERT INTO tb_item VALUES (8, 'eight')$$,
	$$DELETE FROM tb_item WHERE id = 8$$) \gexec
SELECT steps('{ sums { total } }',
	$$UPDATE tb_item SET rank = rank - 1, note = note || '+'$$,
	$$UPDATE tb_item SET price = price + 1 WHERE id = 1$$,
	$$UPDATE tb_item SET owner_id = 2 WHERE id = 1$$) \gexec
SELECT steps('{ groups { number } }',
	$$UPDATE tb_item SET price = price + 1, note = note || '+'$$,
	$$UPDATE tb_item SET rank = -1000 WHERE owner_id = 1$$) \gexec
SELECT steps('{ sets { number } }',
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET hidden = true WHERE id = 2$$) \gexec
SELECT steps('{ partSums { total names } }',
	$$UPDATE tb_item SET note = note || '+', owner_id = 1$$,
	$$UPDATE tb_item SET hidden = true WHERE id = 3$$,
	$$UPDATE tb_item SET rank = -rank$$) \gexec
UPDATE tb_item SET owner_id = id % 2 + 1, rank = -id, hidden = false, price = id;
SELECT steps('{ repeateds { name } }',
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET price = price - 1$$) \gexec

-- rows that are compared, numbered, kept or handed on as a whole
CREATE VIEW v_distinct AS SELECT DISTINCT owner_id AS id, hidden FROM tb_item;
CREATE VIEW v_first AS SELECT DISTINCT ON (owner_id) owner_id AS id, name, note FROM tb_item ORDER BY owner_id, price;
CREATE VIEW v_union AS SELECT id, name, town AS more FROM tb_owner UNION SELECT id, name, note FROM tb_item;
CREATE VIEW v_union_all AS SELECT id, name, town AS more FROM tb_owner UNION ALL SELECT id + 100, name, note FROM tb_item;
CREATE VIEW v_except AS SELECT id, rank FROM tb_item EXCEPT SELECT id, price FROM tb_item;
CREATE VIEW v_window AS SELECT * FROM
	(SELECT id, name, row_number() OVER (PARTITION BY owner_id ORDER BY rank) AS place FROM tb_item) AS w WHERE place <= 2;
CREATE VIEW v_cte AS WITH c AS MATERIALIZED (SELECT id, name, price FROM tb_item) SELECT id, name FROM c;
CREATE VIEW v_tree AS WITH RECURSIVE t AS (SELECT id, name FROM tb_item WHERE id = 1 UNION ALL
	SELECT i.id, i.name FROM tb_item i JOIN t ON i.id = t.id + 1) SELECT id, name FROM t;
CREATE VIEW v_top AS SELECT id, name FROM tb_item ORDER BY rank LIMIT 2;
CREATE VIEW v_ties AS SELECT id, name FROM tb_item ORDER BY owner_id FETCH FIRST 1 ROW WITH TIES;
CREATE VIEW v_whole AS SELECT id, row_to_json(i) ->> 'name' AS name FROM tb_item i;
CREATE VIEW v_latest AS SELECT o.id, l.name FROM tb_owner o,
	LATERAL (SELECT name, price FROM tb_item i WHERE i.owner_id = o.age ORDER BY rank LIMIT 1) AS l;
CREATE VIEW v_exists AS SELECT id, name FROM tb_owner o WHERE EXISTS (SELECT * FROM tb_item i WHERE i.owner_id = o.age);
CREATE VIEW v_max AS SELECT o.id, (SELECT max(price) FROM tb_item i WHERE i.owner_id = o.id) AS dearest FROM tb_owner o;
SELECT fraiseql.expose('v_distinct', 'Distinct'), fraiseql.expose('v_first', 'First'), fraiseql.expose('v_union', 'Union'),
	fraiseql.expose('v_union_all', 'UnionAll'), fraiseql.expose('v_except', 'Except'), fraiseql.expose('v_window', 'Ranked'),
	fraiseql.expose('v_cte', 'Cte'), fraiseql.expose('v_tree', 'Tree'), fraiseql.expose('v_top', 'Top'),
	fraiseql.expose('v_whole', 'Whole'), fraiseql.expose('v_latest', 'Latest'), fraiseql.expose('v_exists', 'Existing'),
	fraiseql.expose('v_max', 'Dearest'), fraiseql.expose('v_ties', 'Tie');
SELECT steps('{ distincts { id } }',
	$$UPDATE tb_item SET note = note || '+', price = price + 1$$,
	$$UPDATE tb_item SET hidden = true WHERE id = 1$$) \gexec
SELECT steps('{ firsts { name } }',
	$$UPDATE tb_item SET rank = rank - 1$$,
	$$UPDATE tb_item SET price = 0 WHERE id = 5$$) \gexec
SELECT steps('{ unions { name } }',
	$$UPDATE tb_owner SET age = age + 1$$,
	$$UPDATE tb_item SET rank = rank - 1$$,
	$$UPDATE tb_item SET note = 'twin' WHERE id = 1$$) \gexec
SELECT steps('{ unionAlls { name } }',
	$$UPDATE tb_owner SET town = town || '+'$$,
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET name = 'eins' WHERE id = 1$$) \gexec
SELECT steps('{ excepts { id } }',
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET rank = price WHERE id = 6$$) \gexec
SELECT steps('{ rankeds { name } }',
	$$UPDATE tb_item SET note = note || '+', price = price + 1$$,
	$$UPDATE tb_item SET rank = 100 WHERE id = 6$$,
	$$UPDATE tb_item SET owner_id = 2$$) \gexec
SELECT steps('{ ctes { name } }',
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET name = 'ein' WHERE id = 1$$) \gexec
SELECT steps('{ trees { name } }',
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET name = 'une' WHERE id = 2$$) \gexec
SELECT steps('{ tops { name } }',
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET rank = -rank$$) \gexec
SELECT steps('{ ties { name } }',
	$$UPDATE tb_item SET note = note || '+'$$,
	$$UPDATE tb_item SET owner_id = 1 WHERE id = 1$$) \gexec
SELECT steps('{ wholes { name } }',
	$$UPDATE tb_item SET note = note || '+'$$) \gexec
UPDATE tb_owner SET age = id;
SELECT steps('{ latests { name } }',
	$$UPDATE tb_item SET note = note || '+', price = price + 1$$,
	$$UPDATE tb_owner SET town = town || '+'$$,
	$$UPDATE tb_item SET rank = -rank$$,
	$$UPDATE tb_owner SET age = 10 WHERE id = 1$$,
	$$UPDATE tb_item SET owner_id = 1$$) \gexec
SELECT steps('{ existings { name } }',
	$$UPDATE tb_item SET note = note || '+', price = price + 1$$,
	$$UPDATE tb_owner SET age = 1 WHERE id = 1$$,
	$$UPDATE tb_item SET owner_id = 2$$) \gexec
SELECT steps('{ dearests { dearest } }',
	$$UPDATE tb_item SET note = note || '+', rank = rank + 1$$,
	$$UPDATE tb_item SET price = price + 1$$,
	$$UPDATE tb_owner SET town = town || '+'$$,
	$$UPDATE tb_item SET owner_id = 3$$) \gexec

-- a policy reads what is not selected
CREATE ROLE regress_fql_columns;
GRANT USAGE ON SCHEMA tags_columns TO regress_fql_columns;
CREATE TABLE tb_secret (id int PRIMARY KEY, body text, note text, level int);
INSERT INTO tb_secret VALUES (1, 'a', 'n', 0), (2, 'b', 'n', 1);
GRANT SELECT ON tb_secret TO regress_fql_columns;
ALTER TABLE tb_secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON tb_secret USING (level < 1);
SELECT fraiseql.expose('tb_secret', 'Secret');
CREATE FUNCTION as_other(write text) RETURNS SETOF text LANGUAGE sql AS $$
	VALUES (write), ('SET ROLE regress_fql_columns'), ($r$SELECT told('{ secrets { body } }')$r$), ('RESET ROLE')
$$;
SELECT as_other('SELECT') \gexec
SELECT as_other('UPDATE tb_secret SET note = note || 1') \gexec
SELECT as_other('UPDATE tb_secret SET level = 0') \gexec

-- more columns than bits: the last ones share one
SELECT format('CREATE TABLE tb_wide (id int PRIMARY KEY, %s)', string_agg(format('c%s int DEFAULT 0', i), ', ' ORDER BY i))
FROM generate_series(2, 70) AS i \gexec
INSERT INTO tb_wide (id) VALUES (1);
SELECT fraiseql.expose('tb_wide', 'Wide');
SELECT steps('{ wides { c3 } }',
	'UPDATE tb_wide SET c2 = c2 + 1, c4 = c4 + 1, c63 = c63 + 1, c64 = c64 + 1, c65 = c65 + 1, c70 = c70 + 1',
	'UPDATE tb_wide SET c3 = c3 + 1') \gexec
SELECT steps('{ wides { c70 } }',
	'UPDATE tb_wide SET c2 = c2 + 1, c63 = c63 + 1',
	'UPDATE tb_wide SET c65 = c65 + 1',
	'UPDATE tb_wide SET c70 = c70 + 1') \gexec
SELECT steps('{ wides { c63 c64 } }',
	'UPDATE tb_wide SET c62 = c62 + 1',
	'UPDATE tb_wide SET c63 = c63 + 1',
	'UPDATE tb_wide SET c64 = c64 + 1') \gexec

-- leaves whose columns have other numbers than the table's
CREATE TABLE tb_part (id int, region int, v text, w text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE tb_part_1 (gone int, w text, v text, region int NOT NULL, id int NOT NULL);
ALTER TABLE tb_part_1 DROP COLUMN gone;
ALTER TABLE tb_part ATTACH PARTITION tb_part_1 FOR VALUES IN (1);
CREATE TABLE tb_part_2 PARTITION OF tb_part FOR VALUES IN (2);
INSERT INTO tb_part VALUES (1, 1, 'v', 'w'), (2, 2, 'v', 'w');
SELECT fraiseql.expose('tb_part', 'Part');
SELECT steps('{ parts { v } }',
	$$UPDATE tb_part SET w = w || '+'$$,
	$$UPDATE tb_part SET v = 'x' WHERE id = 1$$,
	$$UPDATE tb_part SET v = 'x' WHERE id = 2$$,
	$$UPDATE tb_part_1 SET w = w || '+'$$,
	$$UPDATE tb_part_1 SET v = 'y'$$,
	$$UPDATE tb_part SET region = 2 WHERE id = 1$$) \gexec

-- what an index knows without being asked: the condition it was made with, and its order
CREATE TABLE tb_task (id int PRIMARY KEY, kind int, done bool NOT NULL DEFAULT false, due int, title text, note text);
INSERT INTO tb_task SELECT i, i % 3, false, i, 'task' || i, 'note' FROM generate_series(1, 9) AS i;
CREATE INDEX ON tb_task (kind) WHERE NOT done;
CREATE INDEX ON tb_task (due, note);
ANALYZE tb_task;
CREATE VIEW v_open AS SELECT id, title FROM tb_task WHERE kind = 1 AND NOT done;
CREATE VIEW v_titles AS SELECT 1 AS id, json_agg(title) AS titles FROM (SELECT title, due FROM tb_task ORDER BY due) AS t;
CREATE VIEW v_next AS SELECT t.title AS id FROM (SELECT title, due FROM tb_task ORDER BY due LIMIT 2) AS t;
CREATE VIEW v_due AS SELECT due AS id FROM tb_task WHERE due > 2;
CREATE VIEW v_late AS SELECT id, title FROM tb_task WHERE due < 5;
CREATE VIEW v_sorted AS SELECT title AS id FROM (SELECT title, due, kind FROM tb_task ORDER BY due, kind LIMIT 2) AS t;
SELECT fraiseql.expose('v_open', 'OpenTask'), fraiseql.expose('v_titles', 'Title'), fraiseql.expose('v_next', 'NextTask'),
	fraiseql.expose('v_due', 'Due'), fraiseql.expose('v_late', 'LateTask'), fraiseql.expose('v_sorted', 'SortedTask');
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT steps('{ openTasks { title } }',
	$$UPDATE tb_task SET note = note || '+'$$,
	$$UPDATE tb_task SET done = true WHERE id = 1$$,
	$$UPDATE tb_task SET kind = 1 WHERE id = 2$$) \gexec
SELECT steps('{ lateTasks { title } }',
	$$UPDATE tb_task SET kind = kind + 1$$,
	$$UPDATE tb_task SET due = 10 WHERE id = 1$$) \gexec
SET enable_sort = off;
UPDATE tb_task SET due = id;
SELECT steps('{ titles { titles } }',
	$$UPDATE tb_task SET kind = kind + 1$$,
	$$UPDATE tb_task SET due = -due$$) \gexec
SELECT steps('{ nextTasks { id } }',
	$$UPDATE tb_task SET kind = kind - 1$$,
	$$UPDATE tb_task SET due = -due$$) \gexec
UPDATE tb_task SET due = id / 2;
SELECT steps('{ sortedTasks { id } }',
	$$UPDATE tb_task SET note = note || '+'$$,
	$$UPDATE tb_task SET kind = -kind$$) \gexec
VACUUM tb_task;
SELECT steps('{ dues { id } }',
	$$UPDATE tb_task SET kind = kind - 1, title = title || '+'$$,
	$$UPDATE tb_task SET due = due + 1$$) \gexec
RESET enable_bitmapscan;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
RESET enable_sort;
UPDATE tb_task SET done = false, kind = id % 3, due = id;
SELECT steps('{ lateTasks { id title } }',
	$$UPDATE tb_task SET kind = kind + 1$$,
	$$UPDATE tb_task SET due = 10 WHERE id = 1$$) \gexec
UPDATE tb_task SET kind = id % 3;
SELECT steps('{ openTasks { id title } }',
	$$UPDATE tb_task SET note = note || '+'$$,
	$$UPDATE tb_task SET done = true WHERE id = 1$$,
	$$UPDATE tb_task SET kind = 1 WHERE id = 2$$) \gexec
RESET enable_indexscan;
RESET enable_indexonlyscan;
RESET enable_seqscan;

-- every kind of join
CREATE VIEW v_pair AS SELECT i.id, i.name, o.town FROM tb_item i JOIN tb_owner o ON o.age = i.price;
SELECT fraiseql.expose('v_pair', 'Match');
UPDATE tb_owner SET age = id;
UPDATE tb_item SET price = id;
CREATE FUNCTION joined(query text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT steps(query, $w$UPDATE tb_owner SET name = name || '+'$w$, $w$UPDATE tb_item SET note = note || '+'$w$,
		$w$UPDATE tb_owner SET age = 5 WHERE id = 1$w$, $w$UPDATE tb_item SET price = 5 WHERE id = 1$w$)
$$;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT joined('{ matches { name town } }') \gexec
UPDATE tb_owner SET age = id;
UPDATE tb_item SET price = id;
RESET enable_mergejoin;
SET enable_hashjoin = off;
SELECT joined('{ matches { town name } }') \gexec
UPDATE tb_owner SET age = id;
UPDATE tb_item SET price = id;
SET enable_mergejoin = off;
RESET enable_nestloop;
SELECT joined('{ matches { id name town } }') \gexec
CREATE INDEX ON tb_item (price);
SET enable_seqscan = off;
UPDATE tb_owner SET age = id;
UPDATE tb_item SET price = id;
SELECT joined('{ matches { id town name } }') \gexec
RESET ALL;

SET client_min_messages = warning;
DROP SCHEMA tags_columns CASCADE;
DROP ROLE regress_fql_columns;
