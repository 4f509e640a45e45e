-- Foreign tables: what others change far away, no trigger here sees, so no answer that they have part in is kept, however
-- the plan reads them.  What was copied from them is kept, and so is what they might have had part in and had not.
-- Needs postgres_fdw, of contrib; the other server is this one.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA cache_foreign;
SET search_path = cache_foreign, ask;
SET client_min_messages = warning;
CREATE EXTENSION postgres_fdw SCHEMA cache_foreign;
RESET client_min_messages;
DO $$
BEGIN
	EXECUTE format('CREATE SERVER regress_fraiseql_far FOREIGN DATA WRAPPER postgres_fdw '
		'OPTIONS (host %L, port %L, dbname %L, async_capable ''true'')',
		split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database());
END
$$;
CREATE USER MAPPING FOR CURRENT_USER SERVER regress_fraiseql_far;
CREATE TABLE tb_item (id int PRIMARY KEY, name text);
INSERT INTO tb_item VALUES (1, 'one');
CREATE TABLE far (id int PRIMARY KEY, name text);
INSERT INTO far VALUES (1, 'uno'), (2, 'due');
CREATE FOREIGN TABLE near (id int, name text) SERVER regress_fraiseql_far OPTIONS (schema_name 'cache_foreign', table_name 'far');

-- none of its own, but views may read it
SELECT fraiseql.expose('near', 'Near');
CREATE VIEW v_alone AS SELECT id, name FROM near;
CREATE VIEW v_joined AS SELECT id, i.name, n.name AS far_name FROM tb_item i JOIN near n USING (id);
CREATE VIEW v_pushed AS SELECT id, a.name FROM near a JOIN near b USING (id);
CREATE VIEW v_counted AS SELECT 1 AS id, count(*)::int AS n FROM near;
CREATE VIEW v_linked AS SELECT i.id, (SELECT n.name FROM near n WHERE n.id = i.id) AS name FROM tb_item i;
CREATE FUNCTION names() RETURNS text STABLE LANGUAGE sql AS $$ SELECT string_agg(name, ' ' ORDER BY id) FROM cache_foreign.near $$;
CREATE VIEW v_called AS SELECT id, names() AS name FROM tb_item;
CREATE FUNCTION opaque_names() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT name FROM cache_foreign.near WHERE id = 2); END $$;
SELECT fraiseql.declare_pure('opaque_names()');
CREATE VIEW v_promised AS SELECT id, opaque_names() AS name FROM tb_item;
SELECT count(fraiseql.expose(('v_' || name)::regclass, initcap(name)))
FROM unnest('{alone,joined,pushed,counted,linked,called,promised}'::text[]) AS name;
CREATE FUNCTION ask_all() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT ask(query) FROM unnest(ARRAY['{ alones { name } }', '{ joineds { name farName } }', '{ pusheds { name } }',
		'{ counteds { n } }', '{ linkeds { name } }', '{ calleds { name } }', '{ promiseds { name } }']) AS query
$$;
SELECT ask_all();
UPDATE far SET name = name || '!';
SELECT ask_all();

-- read by a policy
CREATE ROLE regress_fql_far;
GRANT USAGE ON SCHEMA cache_foreign TO regress_fql_far;
GRANT SELECT ON tb_item, near TO regress_fql_far;
CREATE USER MAPPING FOR regress_fql_far SERVER regress_fraiseql_far OPTIONS (user 'nobody');
ALTER TABLE tb_item ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION far_count() RETURNS bigint STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM cache_foreign.near';
CREATE POLICY few ON tb_item USING (far_count() < 3);
SELECT fraiseql.expose('tb_item', 'Item');
SET ROLE regress_fql_far;
SELECT ask('{ items { name } }');
RESET ROLE;
INSERT INTO far VALUES (3, 'tre');
SET ROLE regress_fql_far;
SELECT ask('{ items { name } }');
RESET ROLE;
ALTER TABLE tb_item DISABLE ROW LEVEL SECURITY;

-- a partition, that comes, is passed over, goes, and comes again; two at once
CREATE TABLE tb_event (id int, region text, note text) PARTITION BY LIST (region);
CREATE TABLE event_n PARTITION OF tb_event FOR VALUES IN ('n');
CREATE TABLE far_event (id int, region text, note text);
SELECT fraiseql.expose('tb_event', 'Event');
SELECT ask('{ events { id note } }');
CREATE FOREIGN TABLE event_s PARTITION OF tb_event FOR VALUES IN ('s') SERVER regress_fraiseql_far
	OPTIONS (schema_name 'cache_foreign', table_name 'far_event');
SELECT ask('{ events { id note } }');
INSERT INTO far_event VALUES (1, 's', 'far');
SELECT ask('{ events { id note } }');
SELECT ask('{ events(where: {region: {eq: "n"}}) { id note } }');
SELECT ask('{ events(where: {region: {eq: "n"}}) { id note } }');
CREATE FOREIGN TABLE event_e PARTITION OF tb_event FOR VALUES IN ('e') SERVER regress_fraiseql_far
	OPTIONS (schema_name 'cache_foreign', table_name 'far_event');
SELECT ask('{ events(where: {region: {in: ["e", "s"]}}, limit: 1) { id note } }');
DROP FOREIGN TABLE event_e;
ALTER TABLE tb_event DETACH PARTITION event_s;
SELECT ask('{ events { id note } }');
SELECT ask('{ events { id note } }');
ALTER TABLE tb_event ATTACH PARTITION event_s FOR VALUES IN ('s');
SELECT ask('{ events { id note } }');
SELECT fraiseql.expose('tb_event', 'Event');
SELECT ask('{ events { id note } }');

-- a child of an ordinary table
CREATE TABLE tb_animal (id int PRIMARY KEY, name text);
SELECT fraiseql.expose('tb_animal', 'Animal');
SELECT ask('{ animals { name } }');
CREATE FOREIGN TABLE dog () INHERITS (tb_animal) SERVER regress_fraiseql_far OPTIONS (schema_name 'cache_foreign', table_name 'far');
SELECT ask('{ animals { name } }');
DELETE FROM far WHERE id = 3;
SELECT ask('{ animals { name } }');

-- a copy changes when it is refreshed
CREATE MATERIALIZED VIEW copied AS SELECT * FROM near;
CREATE VIEW v_copied AS SELECT id, name FROM copied;
SELECT fraiseql.expose('v_copied', 'Copied');
SELECT ask('{ copieds { name } }');
UPDATE far SET name = 'one' WHERE id = 1;
SELECT ask('{ copieds { name } }');
REFRESH MATERIALIZED VIEW copied;
SELECT ask('{ copieds { name } }');

-- from over there it is a table like any other: writes by way of the foreign table are seen when they are committed
SELECT fraiseql.expose('far', 'Far');
SELECT ask('{ fars { name } }');
UPDATE near SET name = 'ein' WHERE id = 1;
SELECT ask('{ fars { name } }');
TRUNCATE near;
SELECT ask('{ fars { name } }');
BEGIN;
INSERT INTO near VALUES (1, 'un');
SELECT fraiseql.execute('{ fars { name } }');
COMMIT;
SELECT ask('{ fars { name } }');
BEGIN;
INSERT INTO near VALUES (2, 'deux');
ROLLBACK;
SELECT ask('{ fars { name } }');

SET client_min_messages = warning;
DROP SCHEMA cache_foreign CASCADE;
DROP ROLE regress_fql_far;
