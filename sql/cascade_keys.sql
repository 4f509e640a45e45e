-- Keys that look like SQL, GraphQL or JSON, in foreign-key cascades and in what transaction_cascade() says of them: values
-- are never part of a statement, and no plan that a session has kept remembers the key of another time.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA cascade_keys;
SET search_path = cascade_keys, ask;
CREATE TABLE tb_label (id text PRIMARY KEY, note text);
CREATE TABLE tb_use (id int PRIMARY KEY, label_id text REFERENCES tb_label ON UPDATE CASCADE ON DELETE CASCADE);
SELECT fraiseql.expose('tb_label', 'Label'), fraiseql.expose('tb_use', 'Use');
CREATE TABLE hostile_key (n int PRIMARY KEY, key text);
INSERT INTO hostile_key VALUES (1, 'plain'), (2, $$o'brien$$), (3, $$'; DROP TABLE cascade_keys.tb_label; --$$), (4, $$\$$), (5, $$\'$$),
	(6, '"'), (7, '"]}) { id } }'), (8, '$1'), (9, '$ids'), (10, '%s%n'), (11, E'two\nlines\t'), (12, '\u0041\n'), (13, '{"a": 1}'),
	(14, 'NULL'), (15, 'null'), (16, ''), (17, ' '), (18, '-1'), (19, '1e3'), (20, repeat('''', 100)), (21, U&'\00e9\4e2d'), (22, 'E''\x27''');

-- what is said of one change: operation, how the id compares with the key, and with that of the object
CREATE FUNCTION said(key text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s %s %s', e->>'__typename', e->>'operation', CASE WHEN e->>'__typename' <> 'Label' THEN e->>'id'
		WHEN e->>'id' = key AND e->'entity'->>'id' IS NOT DISTINCT FROM CASE WHEN e ? 'entity' THEN key END THEN 'right'
		ELSE 'wrong: ' || (e->>'id') END), ', ' ORDER BY e->>'__typename', e->>'operation')
	FROM (SELECT fraiseql.transaction_cascade()) AS t (c), jsonb_array_elements((c->'updated') || (c->'deleted')) AS e
$$;
CREATE FUNCTION found(key text) RETURNS text LANGUAGE sql AS $$
	SELECT fraiseql.execute('query($id: String!) { label(id: $id) { note uses { id } } }', jsonb_build_object('id', key)) ->> 'data'
$$;

-- each key comes, is given to a row that refers to it, changes into the next one, and goes, with what the cache answers
-- about it beside; all in one session
CREATE PROCEDURE walk(number int) LANGUAGE plpgsql AS $$
DECLARE
	this text := (SELECT key FROM cascade_keys.hostile_key WHERE n = number);
	next text := (SELECT key || '+' FROM cascade_keys.hostile_key WHERE n = 1 + number % 22);
	lines text[];
BEGIN
	PERFORM found(this), found(next);
	COMMIT;
	INSERT INTO tb_label VALUES (this, 'of ' || number);
	INSERT INTO tb_use VALUES (number, this);
	lines := ARRAY[said(this)];
	COMMIT;
	lines := lines || found(this);
	COMMIT;
	UPDATE tb_label SET id = next WHERE id = this;
	lines := lines || (SELECT string_agg(e->>'operation' || CASE e->>'id' WHEN this THEN ' this' WHEN next THEN ' next'
			ELSE ' ' || (e->>'id') END, ', ' ORDER BY e->>'__typename', e->>'operation', e->>'id' = next)
		FROM (SELECT fraiseql.transaction_cascade()) AS t (c), jsonb_array_elements((c->'updated') || (c->'deleted')) AS e);
	COMMIT;
	lines := lines || coalesce(found(this), 'nothing') || found(next);
	COMMIT;
	DELETE FROM tb_label WHERE id = next;
	lines := lines || said(next);
	COMMIT;
	lines := lines || found(next);
	RAISE NOTICE '%: %', number, array_to_string(lines, '; ');
	COMMIT;
END $$;
SELECT format('CALL walk(%s)', n) FROM hostile_key ORDER BY n \gexec
SELECT count(*) FROM tb_label;

-- many at once
INSERT INTO tb_label SELECT key, 'many' FROM hostile_key;
BEGIN;
UPDATE tb_label SET note = 'all';
SELECT count(*), count(*) FILTER (WHERE key = e->'entity'->>'id'), string_agg(DISTINCT e->'entity'->>'note', ' ')
FROM (SELECT fraiseql.transaction_cascade()) AS t (c), jsonb_array_elements(c->'updated') AS e LEFT JOIN hostile_key ON key = e->>'id';
ROLLBACK;
-- and as filters
SELECT count(*) FROM hostile_key
WHERE fraiseql.execute('query($id: String!) { labels(where: {id: {eq: $id}}) { id } }', jsonb_build_object('id', key)) #>> '{data,labels,0,id}' = key
	AND fraiseql.execute('query($ids: [String!]) { labels(where: {id: {in: $ids}}) { id } }', jsonb_build_object('ids', ARRAY[key]))
		#>> '{data,labels,0,id}' = key;

SET client_min_messages = warning;
DROP SCHEMA cascade_keys CASCADE;
