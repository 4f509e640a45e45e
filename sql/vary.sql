-- Answers that depend on settings: which ones is learnt from the plans of the first execution, and their values are part
-- of the key from then on.  The settings here are in nobody's fraiseql.cache_vary.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA vary;
SET search_path = vary, ask;
CREATE ROLE regress_fraiseql_tenant;
GRANT USAGE ON SCHEMA vary TO regress_fraiseql_tenant;
CREATE TABLE tb_note (id int PRIMARY KEY, tenant text, body text);
INSERT INTO tb_note VALUES (1, 'a', 'of a'), (2, 'b', 'of b'), (3, '', 'of nobody'), (4, NULL, 'of the unset');
GRANT SELECT ON tb_note TO regress_fraiseql_tenant;
ALTER TABLE tb_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tb_note USING (tenant IS NOT DISTINCT FROM current_setting('myapp.tenant', true));
SELECT fraiseql.expose('tb_note', 'Note');
SET ROLE regress_fraiseql_tenant;

-- a row security policy: unset, two tenants, and empty; each gets hits, and none the answer of another
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
SET myapp.tenant = 'a';
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
SET myapp.tenant = 'b';
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
SET myapp.tenant = '';
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
SET myapp.tenant = 'a';
SELECT ask('{ notes { body } }');
RESET myapp.tenant;
SELECT ask('{ notes { body } }');
-- values are compared as they are, names without regard to case
SET MyApp.Tenant = 'A';
SELECT ask('{ notes { body } }');
SET MYAPP.TENANT = 'b';
SELECT ask('{ notes { body } }');
-- in a transaction, and back
BEGIN;
SET LOCAL myapp.tenant = 'a';
SELECT ask('{ notes { body } }');
ROLLBACK;
SELECT ask('{ notes { body } }');
-- in a snapshot of its own
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT ask('{ notes { body } }');
COMMIT;
-- a function that sets it for an operation
RESET ROLE;
CREATE FUNCTION as_tenant(text) RETURNS text LANGUAGE plpgsql SET myapp.tenant = 'a' AS $$ BEGIN RETURN ask.ask($1); END $$;
SET ROLE regress_fraiseql_tenant;
SELECT ask('{ notes { body } }');
SELECT as_tenant('{ notes { body } }');
SELECT ask('{ notes { body } }');
SELECT as_tenant('{ notes { body } }');
-- with variables, each with answers of its own
SELECT ask('query ($id: Int!) { note(id: $id) { body } }', '{"id": 1}');
SELECT ask('query ($id: Int!) { note(id: $id) { body } }', '{"id": 2}');
SET myapp.tenant = 'a';
SELECT ask('query ($id: Int!) { note(id: $id) { body } }', '{"id": 1}');
SELECT ask('query ($id: Int!) { note(id: $id) { body } }', '{"id": 2}');
SELECT ask('query ($id: Int!) { note(id: $id) { body } }', '{"id": 1}');
RESET ROLE;

-- a write is fresh for everybody
UPDATE tb_note SET body = body || '!';
SET ROLE regress_fraiseql_tenant;
SELECT ask('{ notes { body } }');
SET myapp.tenant = 'b';
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
SET myapp.tenant = 'a';
SELECT ask('{ notes { body } }');
RESET ROLE;

-- the policy reads another setting from now on
DROP POLICY tenant ON tb_note;
CREATE POLICY tenant ON tb_note USING (tenant = current_setting('myapp.customer'));
SET myapp.customer = 'b';
SET ROLE regress_fraiseql_tenant;
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
SET myapp.tenant = 'c';
SELECT ask('{ notes { body } }');
SET myapp.customer = 'a';
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
RESET ROLE;

-- the views count and show answers, not the names that were learnt
SELECT fraiseql.cache_reset() > 0, fraiseql.cache_reset();
SELECT ask('{ notes { id } }'), current_setting('myapp.customer');
SET ROLE regress_fraiseql_tenant;
SELECT ask('{ notes { id } }');
SET myapp.customer = 'b';
SELECT ask('{ notes { id } }');
RESET ROLE;
SELECT entries FROM fraiseql.cache_stats;
SELECT role::regrole::text LIKE 'regress%', query, bytes, valid FROM fraiseql.cache_entries ORDER BY 1, 3;
SELECT fraiseql.cache_reset();

-- wherever it stands: a view, an inlined function, one that is not, a one-argument form, a null for a name
CREATE TABLE tb_item (id int PRIMARY KEY, name text);
INSERT INTO tb_item VALUES (1, 'myapp.one');
SET myapp.one = '1';
CREATE FUNCTION inlined() RETURNS text STABLE LANGUAGE sql AS $$ SELECT current_setting('myapp.one') || '!' $$;
CREATE FUNCTION nested() RETURNS text STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT current_setting('myapp.one') || '?' $$;
CREATE VIEW v_plain AS SELECT id, current_setting('myapp.one') AS value FROM tb_item;
CREATE VIEW v_function AS SELECT id, inlined() AS value FROM tb_item;
CREATE VIEW v_nested AS SELECT id, nested() AS value FROM tb_item;
CREATE VIEW v_source AS SELECT id, value FROM tb_item, current_setting('MYAPP.one') AS value;
CREATE VIEW v_subquery AS SELECT id, (SELECT current_setting('myapp.one') || count(*) FROM tb_note) AS value FROM tb_item;
CREATE VIEW v_nameless AS SELECT id, current_setting(NULL) IS NULL AS value FROM tb_item;
CREATE VIEW v_strange AS SELECT id, current_setting('', true) IS NULL AND current_setting(' ;%\x', true) IS NULL AS value FROM tb_item;
SELECT count(fraiseql.expose(('v_' || name)::regclass)) FROM unnest('{plain,function,nested,source,subquery,nameless,strange}'::text[]) AS name;
CREATE PROCEDURE try(query text, VARIADIC settings text[] DEFAULT '{}') LANGUAGE plpgsql AS $$
DECLARE
	value text;
BEGIN
	FOREACH value IN ARRAY settings || settings LOOP
		PERFORM set_config('myapp.one', value, false);
		COMMIT;
		RAISE NOTICE '% %', value, ask.ask(query);
		COMMIT;
	END LOOP;
END
$$;
CALL try('{ plain(id: 1) { value } }', '1', '2');
CALL try('{ function(id: 1) { value } }', '1', '2');
CALL try('{ nested(id: 1) { value } }', '1', '2');
CALL try('{ source(id: 1) { value } }', '1', '2');
CALL try('{ subquery(id: 1) { value } }', '1', '2');
CALL try('{ nameless(id: 1) { value } }', '1', '2');
CALL try('{ strange(id: 1) { value } }', '1', '2');
-- many executions of one plan
CALL try('{ plains { value } }', '1', '2', '3', '4', '5', '6', '7');

-- where it cannot be seen, the answer is not kept: a name that is no constant, and PL/pgSQL
CREATE VIEW v_computed AS SELECT id, current_setting(name) AS value FROM tb_item;
CREATE FUNCTION hidden() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting('myapp.one'); END $$;
CREATE VIEW v_hidden AS SELECT id, hidden() AS value FROM tb_item;
CREATE FUNCTION changes() RETURNS text VOLATILE LANGUAGE sql AS $$ SELECT set_config('myapp.one', '3', true) $$;
CREATE VIEW v_changes AS SELECT id, changes() || current_setting('myapp.one') AS value FROM tb_item;
SELECT fraiseql.expose('v_computed', 'Computed'), fraiseql.expose('v_hidden', 'Hidden'), fraiseql.expose('v_changes', 'Changes');
CALL try('{ computed(id: 1) { value } }', '1', '2');
CALL try('{ hidden(id: 1) { value } }', '1', '2');
CALL try('{ changes(id: 1) { value } }', '1');
-- declared pure, a function's queries are seen; for the rest there is fraiseql.cache_vary
SELECT fraiseql.declare_pure('hidden()');
SET fraiseql.cache_vary = 'myapp.one';
CALL try('{ hidden(id: 1) { value } }', '1', '2');
RESET fraiseql.cache_vary;
CREATE FUNCTION queries() RETURNS text STABLE LANGUAGE plpgsql AS $$
BEGIN RETURN (SELECT current_setting('myapp.one') || count(*) FROM vary.tb_item); END $$;
CREATE VIEW v_queries AS SELECT id, queries() AS value FROM tb_item;
SELECT fraiseql.expose('v_queries', 'Queries'), fraiseql.declare_pure('queries()');
CALL try('{ queries(id: 1) { value } }', '1', '2');

-- a setting that is read in one branch only: names add up
CREATE FUNCTION branch() RETURNS text STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT 'two: ' || current_setting('myapp.two') $$;
CREATE VIEW v_branch AS SELECT id, CASE current_setting('myapp.one') WHEN '1' THEN 'one' ELSE branch() END AS value FROM tb_item;
SELECT fraiseql.expose('v_branch', 'Branch');
SET myapp.two = 'x';
CALL try('{ branch(id: 1) { value } }', '1');
CALL try('{ branch(id: 1) { value } }', '2');
SET myapp.two = 'y';
CALL try('{ branch(id: 1) { value } }', '2');
CALL try('{ branch(id: 1) { value } }', '1');
SET myapp.two = 'x';
CALL try('{ branch(id: 1) { value } }', '2', '1');

-- names and values are told apart
CREATE VIEW v_pair AS SELECT id, current_setting('myapp.one') || ',' || current_setting('myapp.two') AS value FROM tb_item;
SELECT fraiseql.expose('v_pair', 'Pair');
SET myapp.two = 'bc';
CALL try('{ pair(id: 1) { value } }', 'a');
SET myapp.two = 'c';
CALL try('{ pair(id: 1) { value } }', 'ab');
SET myapp.two = '';
CALL try('{ pair(id: 1) { value } }', 'abc');
-- two root fields, one set of names
CALL try('{ pair(id: 1) { value } notes { id } }', 'a', 'b');

-- a SET clause: what is read inside is not what the caller has, which is noticed once
CREATE FUNCTION inside() RETURNS text STABLE LANGUAGE sql SET myapp.one = 'fixed' AS $$ SELECT current_setting('myapp.one') || ' ' || current_setting('myapp.two') $$;
CREATE VIEW v_inside AS SELECT id, inside() AS value FROM tb_item;
SELECT fraiseql.expose('v_inside', 'Inside');
CALL try('{ inside(id: 1) { value } }', '1', '2');

-- a SET clause that claims the setting to be in every key, which it is inside only
CREATE FUNCTION claims() RETURNS text STABLE LANGUAGE sql SET fraiseql.cache_vary = 'myapp.one' AS $$ SELECT current_setting('myapp.one') $$;
CREATE VIEW v_claims AS SELECT id, claims() AS value FROM tb_item;
SELECT fraiseql.expose('v_claims', 'Claims');
CALL try('{ claims(id: 1) { value } }', '1', '2');
-- in every key, and read
SET fraiseql.cache_vary = 'MYAPP.ONE';
CALL try('{ plain(id: 1) { value } }', '1', '2');
RESET fraiseql.cache_vary;

-- a function that says falsely that it changes nothing
CREATE FUNCTION lies(int) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN set_config('myapp.one', current_setting('myapp.one') || '+', false); END $$;
CREATE VIEW v_lies AS SELECT id, current_setting('myapp.one') || lies(id) AS value FROM tb_item;
SELECT fraiseql.expose('v_lies', 'Lies');
CALL try('{ lies(id: 1) { value } }', '1');

-- what the caller may not see, though a function could
CREATE FUNCTION secret() RETURNS bool STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT current_setting('data_directory') <> '' $$;
CREATE VIEW v_secret AS SELECT id, secret() AS value FROM tb_item;
SELECT fraiseql.expose('v_secret', 'Secret');
GRANT SELECT ON v_secret TO regress_fraiseql_tenant;
SET ROLE regress_fraiseql_tenant;
SELECT ask('{ secret(id: 1) { value } }');
SELECT ask('{ secret(id: 1) { value } }');
RESET ROLE;
SELECT x ->> 'cacheable', x ->> 'reason', x ->> 'detail', x ->> 'vary' FROM fraiseql.explain('{ secret(id: 1) { value } }') AS x;

-- as many as may be, and one more
SELECT format('CREATE VIEW v_many AS SELECT id, concat(%s) AS value FROM tb_item', string_agg(format('current_setting(%L, true)', 'many.n' || n), ', '))
FROM generate_series(1, 32) AS n \gexec
SELECT format('CREATE VIEW v_more AS SELECT id, concat(%s) AS value FROM tb_item', string_agg(format('current_setting(%L, true)', 'many.n' || n), ', '))
FROM generate_series(1, 33) AS n \gexec
SELECT fraiseql.expose('v_many', 'Many'), fraiseql.expose('v_more', 'More');
SELECT ask('{ many(id: 1) { value } }');
SET many.n32 = 'last';
SELECT ask('{ many(id: 1) { value } }');
SELECT ask('{ many(id: 1) { value } }');
SELECT ask('{ more(id: 1) { value } }');
SELECT ask('{ more(id: 1) { value } }');
SELECT x ->> 'cacheable', x ->> 'reason', x ->> 'detail' FROM fraiseql.explain('{ more(id: 1) { value } }') AS x;
SELECT x ->> 'cacheable', x ->> 'reason', x -> 'vary' ->> 'many.n32' FROM fraiseql.explain('{ many(id: 1) { value } }') AS x;
-- a value too long for a key
SELECT length(set_config('many.n32', repeat('x', 3000000), false));
SELECT left(ask('{ many(id: 1) { value } }'), 24);
SET many.n32 = 'last';
SELECT ask('{ many(id: 1) { value } }');

-- settings of the server's own, as they are shown
CREATE VIEW v_server AS SELECT id, current_setting('work_mem') AS value FROM tb_item;
SELECT fraiseql.expose('v_server', 'Server');
SET work_mem = '1024kB';
SELECT ask('{ server(id: 1) { value } }');
SET work_mem = '1MB';
SELECT ask('{ server(id: 1) { value } }');
SET work_mem = '2MB';
SELECT ask('{ server(id: 1) { value } }');
SELECT ask('{ server(id: 1) { value } }');
RESET work_mem;

SET client_min_messages = warning;
DROP SCHEMA vary CASCADE;
DROP OWNED BY regress_fraiseql_tenant;
DROP ROLE regress_fraiseql_tenant;
