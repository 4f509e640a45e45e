-- Every form in which SQL can write to a table that answers read, one line each: what was in the cache before is not
-- served after it, unless nothing has changed.
--
-- Around each statement the questions are asked until they are hits, and once more: the answers must be those that
-- executing gives, and for a statement that changes rows they must be others than before.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA write_forms;
SET search_path = write_forms;

CREATE TABLE maker (id int PRIMARY KEY, name text, head_id int REFERENCES maker ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE item (
	id int PRIMARY KEY, name text, size int DEFAULT 7,
	maker_id int REFERENCES maker ON DELETE CASCADE ON UPDATE CASCADE,
	buyer_id int REFERENCES maker ON DELETE SET NULL ON UPDATE SET NULL,
	seller_id int DEFAULT 1 REFERENCES maker ON DELETE SET DEFAULT ON UPDATE SET DEFAULT DEFERRABLE INITIALLY DEFERRED,
	twice int GENERATED ALWAYS AS (size * 2) STORED,
	UNIQUE (name) DEFERRABLE INITIALLY IMMEDIATE);
CREATE INDEX ON item (size);
CREATE TABLE part (id int, region text, name text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE part_n PARTITION OF part FOR VALUES IN ('n');
CREATE TABLE part_s PARTITION OF part FOR VALUES IN ('s') PARTITION BY RANGE (id);
CREATE TABLE part_s1 PARTITION OF part_s FOR VALUES FROM (0) TO (10);
CREATE TABLE part_s2 PARTITION OF part_s DEFAULT;
CREATE TABLE animal (id int PRIMARY KEY, name text);
CREATE TABLE dog (breed text) INHERITS (animal);
SELECT fraiseql.expose('maker'), fraiseql.expose('item'), fraiseql.expose('part'), fraiseql.expose('animal');
INSERT INTO maker SELECT i, 'maker ' || i, CASE WHEN i > 20 THEN 20 END FROM generate_series(1, 30) AS i;
INSERT INTO item (id, name, maker_id, buyer_id, seller_id) SELECT i, 'item ' || i, i, i, i FROM generate_series(1, 30) AS i;
INSERT INTO part SELECT i, CASE WHEN i % 2 = 0 THEN 'n' ELSE 's' END, 'part ' || i FROM generate_series(1, 20) AS i;
INSERT INTO dog SELECT i, 'dog ' || i, 'x' FROM generate_series(1, 5) AS i;

-- what writes on behalf of others
CREATE VIEW item_name AS SELECT id, name FROM item;
CREATE VIEW item_checked AS SELECT id, name, size FROM item WHERE size < 100 WITH CHECK OPTION;
CREATE VIEW item_ruled AS SELECT id, name FROM item;
CREATE RULE insert_item AS ON INSERT TO item_ruled DO INSTEAD INSERT INTO item (id, name) VALUES (new.id, new.name);
CREATE RULE update_item AS ON UPDATE TO item_ruled DO INSTEAD (UPDATE item SET name = new.name WHERE id = old.id; UPDATE animal SET name = new.name WHERE id = old.id);
CREATE RULE delete_item AS ON DELETE TO item_ruled DO INSTEAD DELETE FROM item WHERE id = old.id;
CREATE TABLE log (id int GENERATED ALWAYS AS IDENTITY, what text);
CREATE RULE also AS ON INSERT TO log WHERE new.what LIKE 'rule%' DO ALSO UPDATE item SET name = new.what WHERE id = 4;
CREATE VIEW item_instead AS SELECT id, name FROM item;
CREATE FUNCTION write_instead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF tg_op = 'INSERT' THEN
		INSERT INTO item (id, name) VALUES (new.id, new.name);
	ELSIF tg_op = 'UPDATE' THEN
		UPDATE item SET name = new.name WHERE id = old.id;
	ELSE
		DELETE FROM item WHERE id = old.id;
	END IF;
	RETURN coalesce(new, old);
END
$$;
CREATE TRIGGER instead INSTEAD OF INSERT OR UPDATE OR DELETE ON item_instead FOR EACH ROW EXECUTE FUNCTION write_instead();
CREATE FUNCTION write_for_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE item SET name = (SELECT string_agg(what, ' ') FROM fresh) || ' by statement' WHERE id = 5;
	RETURN NULL;
END
$$;
CREATE TRIGGER by_statement AFTER INSERT ON log REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION write_for_log();
CREATE TABLE outbox (what text);
CREATE FUNCTION write_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE item SET name = new.what || ' at commit' WHERE id = 6;
	RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION write_at_commit();
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	new.name := upper(new.name);
	RETURN new;
END
$$;
-- names with their schema: newer servers look none up while they make a materialized view
CREATE FUNCTION rename(who int, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE write_forms.item SET name = what WHERE id = who;
	RETURN what;
END
$$;
CREATE FUNCTION rename_sql(who int, what text) RETURNS text LANGUAGE sql AS 'UPDATE write_forms.item SET name = what WHERE id = who RETURNING name';
CREATE FUNCTION rename_definer(who int, what text) RETURNS text SECURITY DEFINER LANGUAGE sql BEGIN ATOMIC UPDATE write_forms.item SET name = what WHERE id = who RETURNING name; END;
CREATE PROCEDURE rename_in_steps(what text) LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT id FROM item WHERE id BETWEEN 1 AND 3 ORDER BY id LOOP
		UPDATE write_forms.item SET name = what || r.id WHERE id = r.id;
		COMMIT;
		UPDATE write_forms.item SET name = 'never' WHERE id = r.id;
		ROLLBACK;
	END LOOP;
END
$$;

CREATE TABLE question (place int GENERATED ALWAYS AS IDENTITY, query text);
INSERT INTO question (query) VALUES ('{ items { id name size twice makerId buyerId sellerId } }'), ('{ item(id: 1) { name maker { name } } }'), ('{ items(where: {size: {eq: 7}}) { id name } }'),
	('{ parts { id region name } }'), ('{ parts(where: {region: {eq: "s"}}) { id name } }'), ('{ animals { id name } }'), ('{ makers(where: {headId: {isnull: false}}) { id head { name } } }');

CREATE FUNCTION ask() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(fraiseql.execute(query)::text, E'\n' ORDER BY place) FROM question
$$;
-- Until all are hits.
CREATE PROCEDURE before() LANGUAGE plpgsql AS $$
DECLARE
	hits_before bigint;
BEGIN
	PERFORM set_config('write_forms.answer', ask(), false);
	hits_before := (SELECT hits FROM fraiseql.cache_stats);
	PERFORM ask();
	IF (SELECT hits FROM fraiseql.cache_stats) - hits_before < (SELECT count(*) FROM question) THEN
		RAISE WARNING 'not all are hits';
	END IF;
END
$$;
CREATE FUNCTION after() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hits_before bigint := (SELECT hits FROM fraiseql.cache_stats);
	answer text := ask();
	hits bigint := (SELECT hits FROM fraiseql.cache_stats) - hits_before;
	truth text;
BEGIN
	PERFORM set_config('fraiseql.cache_enabled', 'off', true);
	truth := ask();
	PERFORM set_config('fraiseql.cache_enabled', 'on', true);
	IF answer IS DISTINCT FROM truth THEN
		RETURN 'STALE';
	END IF;
	RETURN CASE WHEN truth <> current_setting('write_forms.answer') THEN 'fresh'
		WHEN hits = (SELECT count(*) FROM question) THEN 'nothing has changed, all are hits' ELSE 'nothing has changed' END;
END
$$;

CREATE TABLE form (place int GENERATED ALWAYS AS IDENTITY, name text, statement text);
INSERT INTO form (name, statement) VALUES
	('nothing', 'SELECT'),
	('INSERT VALUES', 'INSERT INTO item (id, name) VALUES (101, ''values'')'),
	('INSERT DEFAULT VALUES', 'INSERT INTO log DEFAULT VALUES'),
	('INSERT SELECT', 'INSERT INTO item (id, name) SELECT id + 200, name || name FROM item WHERE id < 3'),
	('INSERT RETURNING', 'DO $$ DECLARE x int; BEGIN INSERT INTO item (id, name) VALUES (102, ''returning'') RETURNING id INTO x; END $$'),
	('INSERT OVERRIDING', 'INSERT INTO log (id, what) OVERRIDING SYSTEM VALUE VALUES (1000, ''overriding'')'),
	('UPDATE', 'UPDATE item SET name = ''update'' WHERE id = 1'),
	('UPDATE to the same', 'UPDATE item SET name = name'),
	('UPDATE of no row', 'UPDATE item SET name = ''none'' WHERE id = -1'),
	('UPDATE FROM', 'UPDATE item SET name = maker.name || '' from'' FROM maker WHERE maker.id = item.maker_id AND item.id = 1'),
	('UPDATE of several columns', 'UPDATE item SET (name, size) = (SELECT ''row'', 8) WHERE id = 2'),
	('UPDATE of a primary key', 'UPDATE item SET id = 103 WHERE id = 102'),
	('UPDATE that swaps, checked at the end', 'UPDATE item SET name = CASE id WHEN 8 THEN ''item 9'' ELSE ''item 8'' END WHERE id IN (8, 9)'),
	('SET CONSTRAINTS', 'BEGIN; SET CONSTRAINTS ALL DEFERRED; UPDATE item SET name = ''item 10'' WHERE id = 11; UPDATE item SET name = ''item 11'' WHERE id = 10; COMMIT'),
	('DELETE', 'DELETE FROM item WHERE id = 103'),
	('DELETE USING', 'DELETE FROM item USING maker WHERE maker.id = item.maker_id AND maker.name = ''maker 30'''),
	('ON CONFLICT DO NOTHING', 'INSERT INTO item (id, name) VALUES (1, ''x'') ON CONFLICT (id) DO NOTHING'),
	('ON CONFLICT DO UPDATE', 'INSERT INTO item (id, name) VALUES (1, ''x'') ON CONFLICT (id) DO UPDATE SET name = excluded.name || '' conflict'''),
	('ON CONFLICT DO UPDATE WHERE false', 'INSERT INTO item (id, name) VALUES (1, ''x'') ON CONFLICT (id) DO UPDATE SET name = ''never'' WHERE item.size > 1000'),
	('MERGE UPDATE', 'MERGE INTO item USING (VALUES (1)) AS v (id) ON item.id = v.id WHEN MATCHED THEN UPDATE SET name = ''merge'''),
	('MERGE INSERT', 'MERGE INTO item USING (VALUES (104)) AS v (id) ON item.id = v.id WHEN NOT MATCHED THEN INSERT (id, name) VALUES (v.id, ''merge insert'')'),
	('MERGE DELETE', 'MERGE INTO item USING (VALUES (104)) AS v (id) ON item.id = v.id WHEN MATCHED THEN DELETE'),
	('MERGE DO NOTHING', 'MERGE INTO item USING (VALUES (1)) AS v (id) ON item.id = v.id WHEN MATCHED THEN DO NOTHING'),
	('MERGE into partitions', 'MERGE INTO part USING (VALUES (1)) AS v (id) ON part.id = v.id WHEN MATCHED THEN UPDATE SET region = ''n'''),
	('COPY', 'COPY item (id, name) FROM PROGRAM ''echo 105,copy'' CSV'),
	('COPY WHERE', 'COPY item (id, name) FROM PROGRAM ''echo 106,where; echo 107,where7'' CSV WHERE id = 107'),
	('COPY of nothing', 'COPY item (id, name) FROM PROGRAM ''true'' CSV'),
	('COPY into partitions', 'COPY part FROM PROGRAM ''echo 30,n,copied; echo 31,s,copied'' CSV'),
	('COPY into a view', 'COPY item_instead FROM PROGRAM ''echo 108,instead'' CSV'),
	('CTE that updates', 'WITH w AS (UPDATE item SET name = ''cte'' WHERE id = 1 RETURNING 1) SELECT FROM w'),
	('CTE that updates, unread', 'WITH w AS (UPDATE item SET name = ''cte unread'' WHERE id = 1) SELECT'),
	('CTEs in several tables', 'WITH a AS (DELETE FROM item WHERE id = 105 RETURNING id, name), b AS (UPDATE animal SET name = ''cte'' WHERE id = 1) INSERT INTO part SELECT id, ''n'', name FROM a'),
	('view', 'UPDATE item_name SET name = ''view'' WHERE id = 1'),
	('view with check option', 'UPDATE item_checked SET size = 9 WHERE id = 1'),
	('view, insert', 'INSERT INTO item_name VALUES (109, ''view insert'')'),
	('view, delete', 'DELETE FROM item_name WHERE id = 109'),
	('rule, insert', 'INSERT INTO item_ruled VALUES (110, ''ruled'')'),
	('rule, two updates', 'UPDATE item_ruled SET name = ''ruled'' || id WHERE id = 1'),
	('rule, delete', 'DELETE FROM item_ruled WHERE id = 110'),
	('rule that adds', 'INSERT INTO log (what) VALUES (''rule'')'),
	('trigger by statement, of transition tables', 'INSERT INTO log (what) VALUES (''transition'')'),
	('trigger instead', 'UPDATE item_instead SET name = ''instead of'' WHERE id = 1'),
	('trigger instead, delete', 'DELETE FROM item_instead WHERE id = 108'),
	('trigger at commit', 'INSERT INTO outbox VALUES (''deferred'')'),
	('trigger at commit, made immediate', 'BEGIN; INSERT INTO outbox VALUES (''immediate''); SET CONSTRAINTS ALL IMMEDIATE; COMMIT'),
	('trigger before that changes the row', 'BEGIN; CREATE TRIGGER shout BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION shout(); UPDATE item SET name = ''loud'' WHERE id = 1; DROP TRIGGER shout ON item; COMMIT'),
	('generated column', 'UPDATE item SET size = 11 WHERE id = 1'),
	('cascade of an update', 'UPDATE maker SET id = 112 WHERE id = 12'),
	('cascade of a delete', 'DELETE FROM maker WHERE id = 13'),
	('cascade through the table itself', 'DELETE FROM maker WHERE id = 20'),
	('SET NULL and SET DEFAULT alone', 'BEGIN; UPDATE item SET maker_id = NULL WHERE maker_id = 14; DELETE FROM maker WHERE id = 14; COMMIT'),
	('SET NULL and SET DEFAULT of an update', 'UPDATE maker SET id = 115 WHERE id = 15'),
	('function in FROM', 'SELECT FROM rename(1, ''from'')'),
	('function in WHERE', 'SELECT FROM maker WHERE id = 1 AND rename(1, ''where'') = ''where'''),
	('function in SQL', 'SELECT FROM rename_sql(1, ''sql'')'),
	('function of a definer', 'SELECT FROM rename_definer(1, ''definer'')'),
	('function in RETURNING', 'DO $$ DECLARE x text; BEGIN INSERT INTO outbox SELECT ''x'' WHERE false; UPDATE animal SET name = name WHERE id = 2 RETURNING rename(1, ''in returning'') INTO x; END $$'),
	('function in a default', 'BEGIN; ALTER TABLE log ALTER what SET DEFAULT rename(1, ''default''); INSERT INTO log DEFAULT VALUES; ALTER TABLE log ALTER what DROP DEFAULT; COMMIT'),
	('procedure with COMMIT and ROLLBACK', 'CALL rename_in_steps(''step '')'),
	('DO', 'DO $$ BEGIN UPDATE item SET name = ''do'' WHERE id = 1; END $$'),
	('dynamic SQL', 'DO $$ BEGIN EXECUTE ''UPDATE item SET name = $1 WHERE id = 1'' USING ''dynamic''; END $$'),
	('block with an exception', 'DO $$ BEGIN UPDATE item SET name = ''kept'' WHERE id = 1; BEGIN UPDATE item SET name = ''undone'' WHERE id = 2; RAISE ''no''; EXCEPTION WHEN OTHERS THEN NULL; END; END $$'),
	('block that is undone', 'DO $$ BEGIN UPDATE item SET name = ''undone'' WHERE id = 2; RAISE ''no''; EXCEPTION WHEN OTHERS THEN NULL; END $$'),
	('cursor', 'BEGIN; DECLARE c CURSOR FOR SELECT 1 FROM item WHERE id = 1 FOR UPDATE; MOVE c; UPDATE item SET name = ''current of'' WHERE CURRENT OF c; COMMIT'),
	('cursor, delete', 'BEGIN; DECLARE c CURSOR FOR SELECT 1 FROM item WHERE id = 16 FOR UPDATE; MOVE c; DELETE FROM item WHERE CURRENT OF c; COMMIT'),
	('loop over a cursor', 'DO $$ DECLARE c CURSOR FOR SELECT * FROM item WHERE id < 3 FOR UPDATE; BEGIN FOR r IN c LOOP UPDATE item SET name = ''looped'' || r.id WHERE CURRENT OF c; END LOOP; END $$'),
	('EXPLAIN ANALYZE', 'DO $$ DECLARE x text; BEGIN FOR x IN EXPLAIN ANALYZE UPDATE item SET name = ''analyzed'' WHERE id = 1 LOOP NULL; END LOOP; END $$'),
	('EXPLAIN', 'DO $$ DECLARE x text; BEGIN FOR x IN EXPLAIN UPDATE item SET name = ''explained'' WHERE id = 1 LOOP NULL; END LOOP; END $$'),
	('PREPARE and EXECUTE', 'PREPARE p AS UPDATE item SET name = $1 WHERE id = 1; EXECUTE p(''executed''); DEALLOCATE p'),
	('SELECT FOR UPDATE', 'DO $$ BEGIN PERFORM 1 FROM item FOR UPDATE; END $$'),
	('savepoints', 'BEGIN; SAVEPOINT a; UPDATE item SET name = ''first'' WHERE id = 1; RELEASE a; SAVEPOINT b; UPDATE item SET name = ''second'' WHERE id = 2; ROLLBACK TO b; COMMIT'),
	('ROLLBACK', 'BEGIN; UPDATE item SET name = name || ''!''; DELETE FROM part; ROLLBACK'),
	('replica role', 'SET session_replication_role = replica; UPDATE item SET name = ''replica'' WHERE id = 1; RESET session_replication_role'),
	('replica role, delete', 'SET session_replication_role = replica; DELETE FROM item WHERE id = 17; RESET session_replication_role'),
	('partition, by its own name', 'UPDATE part_s1 SET name = ''leaf'' WHERE id = 3'),
	('partition, row that moves', 'UPDATE part SET region = ''s'' WHERE id = 4'),
	('partition, row that moves below the middle', 'UPDATE part_s SET id = 40 WHERE id = 5'),
	('partition, delete through the parent', 'DELETE FROM part WHERE id = 40'),
	('partition, truncate of a leaf', 'TRUNCATE part_s2'),
	('partition, truncate of the middle', 'TRUNCATE part_s'),
	('inheritance, through the parent', 'UPDATE animal SET name = ''parent'' WHERE id = 3'),
	('inheritance, the child', 'UPDATE dog SET name = ''child'' WHERE id = 4'),
	('inheritance, ONLY the parent', 'UPDATE ONLY animal SET name = ''nobody'''),
	('inheritance, a column of the child', 'UPDATE dog SET breed = ''poodle'''),
	('inheritance, delete', 'DELETE FROM animal WHERE id = 5'),
	('CREATE TABLE AS that writes', 'CREATE TABLE made AS SELECT rename(1, ''made'')'),
	('ALTER TABLE that computes', 'ALTER TABLE part ALTER name TYPE text USING name || ''.'''),
	('ADD COLUMN that writes', 'ALTER TABLE made ADD x text DEFAULT rename(1, ''added'')'),
	('REFRESH that writes', 'CREATE MATERIALIZED VIEW m AS SELECT rename(1, ''materialized'')'),
	('TRUNCATE of several', 'TRUNCATE dog, part_n'),
	('TRUNCATE CASCADE', 'TRUNCATE maker RESTART IDENTITY CASCADE');
-- First in transactions that are undone, so that the second finds what the first has found: answers that show a change
-- of the transaction's own are executed, after each form, and in each trigger that runs while a statement is under way.
-- (Forms that are transactions themselves are left out.)
CREATE FUNCTION is_right() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	answer text := ask();
	truth text;
BEGIN
	PERFORM set_config('fraiseql.cache_enabled', 'off', true);
	truth := ask();
	PERFORM set_config('fraiseql.cache_enabled', 'on', true);
	RETURN answer = truth;
END
$$;
CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql SET search_path = write_forms AS $$
BEGIN
	PERFORM set_config('write_forms.spied', (current_setting('write_forms.spied')::int + 1)::text, false);
	IF NOT is_right() THEN
		PERFORM set_config('write_forms.wrong', (current_setting('write_forms.wrong')::int + 1)::text, false);
	END IF;
	RETURN coalesce(new, old);
END
$$;
SELECT format('CREATE TRIGGER spy_%s_%s %s INSERT OR UPDATE OR DELETE ON %s FOR EACH %s EXECUTE FUNCTION spy()', timing, level, timing, relation, level)
FROM unnest('{item,maker,part,animal,dog}'::text[]) AS relation, unnest('{BEFORE,AFTER}'::text[]) AS timing, unnest('{ROW,STATEMENT}'::text[]) AS level \gexec
CREATE FUNCTION within() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN is_right() THEN 'right' ELSE 'WRONG' END || CASE WHEN current_setting('write_forms.wrong') <> '0' THEN ', WRONG in triggers'
		WHEN current_setting('write_forms.spied') <> '0' THEN ', also in triggers' ELSE '' END;
END
$$;
SELECT set_config('write_forms.spied', '0', false), set_config('write_forms.wrong', '0', false);
\set ECHO none
SELECT 'CALL before()', 'BEGIN', statement, format('SELECT %L || '': '' || within()', name), 'ROLLBACK' FROM form
WHERE statement !~ '^BEGIN|^CALL|^SET session|^ALTER TABLE made' ORDER BY place \gexec
\set ECHO all
SELECT format('DROP TRIGGER spy_%s_%s ON %s', timing, level, relation)
FROM unnest('{item,maker,part,animal,dog}'::text[]) AS relation, unnest('{BEFORE,AFTER}'::text[]) AS timing, unnest('{ROW,STATEMENT}'::text[]) AS level \gexec

-- Then for good.
\set ECHO none
SELECT 'CALL before()', statement, format('SELECT %L || '': '' || after()', name) FROM form ORDER BY place \gexec
\set ECHO all

-- all of it is executed, and nothing is left of it
SELECT * FROM fraiseql.validate_coherency();
DROP SCHEMA write_forms CASCADE;
