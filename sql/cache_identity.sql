-- Who asks, and under which settings, is part of the key: no answer reaches another identity, and a privilege that is
-- taken away works at once.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA cache_identity;
SET search_path = cache_identity, ask;
CREATE ROLE regress_fql_ann;
CREATE ROLE regress_fql_bob;
CREATE ROLE regress_fql_team;
GRANT USAGE ON SCHEMA cache_identity TO regress_fql_ann, regress_fql_bob, regress_fql_team;
CREATE TABLE tb_note (id int PRIMARY KEY, owner name, tenant text, body text, at timestamptz, share float8);
INSERT INTO tb_note VALUES (1, 'regress_fql_ann', 'x', 'by Ann', '2020-01-01 00:00+00', 0.1),
	(2, 'regress_fql_bob', 'y', 'by Bob', '2020-01-01 00:00+00', 0.2);
GRANT SELECT ON tb_note TO regress_fql_ann, regress_fql_bob;
ALTER TABLE tb_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tb_note USING (owner = current_user);
SELECT fraiseql.expose('tb_note', 'Note');

-- the same query as two roles with different rows
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
SET ROLE regress_fql_bob;
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
RESET ROLE;
SELECT ask('{ notes { body } }');
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
RESET ROLE;

-- row_security = off is an error for those whom it would blind, not somebody's answer
SET ROLE regress_fql_ann;
SET row_security = off;
SELECT ask('{ notes { body } }');
RESET row_security;
RESET ROLE;

-- through a view (owner's rights), a security-invoker view, a SECURITY DEFINER function, a sub-query
CREATE VIEW v_all AS SELECT id, body FROM tb_note;
CREATE VIEW v_mine WITH (security_invoker = true) AS SELECT id, body FROM tb_note;
CREATE FUNCTION owner_count() RETURNS bigint STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM cache_identity.tb_note';
CREATE FUNCTION my_count() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM cache_identity.tb_note';
CREATE VIEW v_count WITH (security_invoker = true) AS
	SELECT 1 AS id, owner_count() AS owners, my_count() AS mine, (SELECT count(*) FROM tb_note) AS here;
GRANT SELECT ON v_all, v_mine, v_count TO regress_fql_ann, regress_fql_bob;
SELECT fraiseql.expose('v_all', 'AnyNote'), fraiseql.expose('v_mine', 'MyNote'), fraiseql.expose('v_count', 'NoteCount');
SET ROLE regress_fql_ann;
SELECT ask('{ anyNotes { body } myNotes { body } noteCount(id: 1) { owners mine here } }');
SET ROLE regress_fql_bob;
SELECT ask('{ anyNotes { body } myNotes { body } noteCount(id: 1) { owners mine here } }');
SELECT ask('{ anyNotes { body } myNotes { body } noteCount(id: 1) { owners mine here } }');
RESET ROLE;

-- a caller that runs with another's rights
CREATE FUNCTION as_owner() RETURNS text SECURITY DEFINER LANGUAGE sql AS $$ SELECT ask.ask('{ notes { body } }') $$;
SET ROLE regress_fql_ann;
SELECT as_owner();
SELECT as_owner();
SELECT ask('{ notes { body } }');
RESET ROLE;
-- the session user counts as well
SET SESSION AUTHORIZATION regress_fql_ann;
SELECT ask('{ notes { body } }');
RESET SESSION AUTHORIZATION;

-- policies that read a setting: one in the key, one that is not
DROP POLICY own ON tb_note;
CREATE POLICY tenant ON tb_note USING (tenant = current_setting('app.tenant_id', true));
SET ROLE regress_fql_ann;
SET app.tenant_id = 'x';
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
SET app.tenant_id = 'y';
SELECT ask('{ notes { body } }');
SET app.tenant_id = '';
SELECT ask('{ notes { body } }');
SET app.tenant_id = 'x';
SELECT ask('{ notes { body } }');
RESET ROLE;
DROP POLICY tenant ON tb_note;
CREATE POLICY tenant ON tb_note USING (tenant = current_setting('my.tenant', true));
SET my.tenant = 'x';
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
SET my.tenant = 'y';
SELECT ask('{ notes { body } }');
RESET ROLE;
SET fraiseql.cache_vary = 'my.tenant, app.user_id';
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
SET my.tenant = 'x';
SELECT ask('{ notes { body } }');
RESET ROLE;
RESET fraiseql.cache_vary;

-- FraiseQL's own settings can be set: the prefix is not reserved
SELECT set_config('fraiseql.tenant_id', 't', false), set_config('fraiseql.started_at', 'now', false);
-- limits cannot be raised by a role that only calls the API
SET ROLE regress_fql_ann;
SET fraiseql.max_query_depth = 100;
SET fraiseql.cache_vary = '';
RESET ROLE;

-- a policy change, and privileges taken away: from the table, from a column, from the schema, by membership
DROP POLICY tenant ON tb_note;
CREATE POLICY own ON tb_note USING (owner = current_user);
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
RESET ROLE;
ALTER POLICY own ON tb_note USING (true);
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
RESET ROLE;
REVOKE SELECT ON tb_note FROM regress_fql_ann;
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
RESET ROLE;
GRANT SELECT (id, body, owner) ON tb_note TO regress_fql_ann;
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
RESET ROLE;
REVOKE SELECT (body) ON tb_note FROM regress_fql_ann;
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
RESET ROLE;
GRANT SELECT ON tb_note TO regress_fql_team;
GRANT regress_fql_team TO regress_fql_ann;
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
RESET ROLE;
REVOKE regress_fql_team FROM regress_fql_ann;
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
RESET ROLE;
ALTER POLICY own ON tb_note USING (owner = current_user);
SET ROLE regress_fql_bob;
SELECT ask('{ notes { body } }');
RESET ROLE;
ALTER ROLE regress_fql_bob BYPASSRLS;
SET ROLE regress_fql_bob;
SELECT ask('{ notes { body } }');
RESET ROLE;
ALTER ROLE regress_fql_bob NOBYPASSRLS;
SET ROLE regress_fql_bob;
SELECT ask('{ notes { body } }');
RESET ROLE;
ALTER TABLE tb_note OWNER TO regress_fql_bob;
SET ROLE regress_fql_bob;
SELECT ask('{ notes { body } }');
RESET ROLE;
ALTER TABLE tb_note OWNER TO CURRENT_USER;
REVOKE USAGE ON SCHEMA cache_identity FROM regress_fql_bob;
REVOKE SELECT ON tb_note FROM regress_fql_bob;
SET ROLE regress_fql_bob;
SELECT fraiseql.execute('{ notes { body } }');
RESET ROLE;

-- a plan that one role left in the session does not run functions for another: EXECUTE is asked for while planning
CREATE FUNCTION reveal(int) RETURNS text STABLE LANGUAGE sql AS $$ SELECT 'secret ' || $1 $$;
REVOKE EXECUTE ON FUNCTION reveal(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reveal(int) TO regress_fql_team;
GRANT regress_fql_team TO regress_fql_ann;
CREATE VIEW v_secret AS SELECT id, reveal(id) AS text FROM tb_note;
GRANT SELECT ON v_secret TO regress_fql_ann, regress_fql_bob;
GRANT USAGE ON SCHEMA cache_identity TO regress_fql_bob;
SELECT fraiseql.expose('v_secret', 'Secret');
SET ROLE regress_fql_ann;
DO $$ BEGIN FOR i IN 1..10 LOOP PERFORM fraiseql.execute('query($n: Int) { secrets(limit: $n) { text } }', jsonb_build_object('n', i)); END LOOP; END $$;
SELECT ask('query($n: Int) { secrets(limit: $n) { text } }', '{"n": 1}');
SET ROLE regress_fql_bob;
SELECT ask('query($n: Int) { secrets(limit: $n) { text } }', '{"n": 1}');
RESET ROLE;
REVOKE regress_fql_team FROM regress_fql_ann;
SET ROLE regress_fql_ann;
SELECT ask('query($n: Int) { secrets(limit: $n) { text } }', '{"n": 1}');
SELECT ask('query($n: Int) { secrets(limit: $n) { text } }', '{"n": 11}');
RESET ROLE;

-- a statement that was prepared under one identity, and is executed under others, before and after a REVOKE
PREPARE prepared AS SELECT ask('{ notes { id owner } }');
PREPARE prepared_variable(jsonb) AS SELECT ask('query($n: Int) { notes(limit: $n) { owner } }', $1);
GRANT SELECT ON tb_note TO regress_fql_ann, regress_fql_bob;
EXECUTE prepared;
SET ROLE regress_fql_ann;
EXECUTE prepared;
EXECUTE prepared;
EXECUTE prepared_variable('{"n": 5}');
SET ROLE regress_fql_bob;
EXECUTE prepared;
EXECUTE prepared_variable('{"n": 5}');
SET row_security = off;
EXECUTE prepared;
RESET row_security;
RESET ROLE;
SET SESSION AUTHORIZATION regress_fql_ann;
EXECUTE prepared;
RESET SESSION AUTHORIZATION;
SET ROLE regress_fql_ann;
EXECUTE prepared;
RESET ROLE;
REVOKE SELECT ON tb_note FROM regress_fql_ann, regress_fql_bob;
SET ROLE regress_fql_ann;
EXECUTE prepared;
EXECUTE prepared_variable('{"n": 5}');
RESET ROLE;
EXECUTE prepared;

-- EXECUTE on the function is the caller's ticket
REVOKE EXECUTE ON FUNCTION fraiseql.execute(text, jsonb, text, jsonb) FROM PUBLIC;
SET ROLE regress_fql_ann;
SELECT fraiseql.execute('{ notes { body } }');
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraiseql.execute(text, jsonb, text, jsonb) TO PUBLIC;

-- settings that shape output
SELECT ask('{ notes(limit: 1) { at share } }');
SET timezone = 'Asia/Tokyo';
SELECT ask('{ notes(limit: 1) { at share } }');
RESET timezone;
SET extra_float_digits = -15;
SELECT ask('{ notes(limit: 1) { at share } }');
RESET extra_float_digits;
SELECT ask('{ notes(limit: 1) { at share } }');
CREATE VIEW v_abroad AS SELECT id, at AT TIME ZONE 'IST' AS at FROM tb_note;
SELECT fraiseql.expose('v_abroad', 'Abroad');
SELECT ask('{ abroad(id: 1) { at } }');
SET timezone_abbreviations = 'India';
SELECT ask('{ abroad(id: 1) { at } }');
RESET timezone_abbreviations;
SELECT ask('{ abroad(id: 1) { at } }');

-- selection, alias, argument, directive and variable count; whitespace and unused parts do not
SELECT ask('{ notes(limit: 1) { id } }');
SELECT ask('{ notes(limit: 1) { id body } }');
SELECT ask('{ notes(limit: 1) { body id } }');
SELECT ask('{ notes(limit: 1) { i: id } }');
SELECT ask('{ notes(limit: 2) { id } }');
SELECT ask('{ notes(limit: 1) { id @include(if: true) } }');
SELECT ask('query q($n: Int) { notes(limit: $n) { id } }', '{"n": 1}');
SELECT ask('query q($n: Int) { notes(limit: $n) { id } }', '{"n": 2}');
SELECT ask('query q($n: Int) { notes(limit: $n) { id } }', '{"n": 2, "unused": 3}');
SELECT ask('query q($n: Int) { notes(limit: $n) { id } }', '{"n": null}');
SELECT ask('query q($n: Int) { notes(limit: $n) { id } }');
SELECT ask('query q($n: Int = 2) { notes(limit: $n) { id } }');
SELECT ask('{notes(limit:1){id}} # the same');
SELECT ask('{ notes ( limit : 1 ) , { id } }');

-- a setting that was never set is null, one that SET LOCAL left behind is empty
CREATE VIEW v_tenant AS SELECT id, coalesce(current_setting('app.organization_id', true), 'unset') AS tenant FROM tb_note;
SELECT fraiseql.expose('v_tenant', 'Tenant');
SELECT ask('{ tenant(id: 1) { tenant } }');
BEGIN;
SET LOCAL app.organization_id = 'x';
ROLLBACK;
SELECT ask('{ tenant(id: 1) { tenant } }');
SET app.organization_id = '';
SELECT ask('{ tenant(id: 1) { tenant } }');

-- plans that were made under other settings: literals of inlined functions, immutable functions that print
CREATE FUNCTION since() RETURNS timestamptz STABLE LANGUAGE sql AS $$ SELECT '2020-01-01 00:00'::timestamptz $$;
CREATE VIEW v_since AS SELECT id, to_char(since() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS since, (1 / 3::float8)::text AS third FROM tb_note;
SELECT fraiseql.expose('v_since', 'Since');
CREATE FUNCTION asked(query text, setting text, value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	FOR digits IN 1 .. 8 LOOP
		-- as many fills as it takes until a plan is kept for good
		PERFORM set_config('extra_float_digits', (-digits)::text, false), fraiseql.execute(query);
	END LOOP;
	PERFORM set_config(setting, value, false);
	RETURN ask.ask(query);
END
$$;
SET TimeZone = 'UTC';
SELECT asked('{ since(id: 1) { since third } }', 'TimeZone', 'Asia/Seoul');
SET TimeZone = 'UTC';
SELECT asked('{ since(id: 2) { since third } }', 'extra_float_digits', '1');
-- also those of functions, wherever the session planned them
CREATE FUNCTION noted() RETURNS timestamptz STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT '2020-01-01 00:00'::timestamptz FROM cache_identity.tb_note LIMIT 1); END $$;
SELECT fraiseql.declare_pure('noted()');
CREATE VIEW v_noted AS SELECT id, to_char(noted() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS noted FROM tb_note;
SELECT fraiseql.expose('v_noted', 'Noted');
SET TimeZone = 'Asia/Tokyo';
SELECT noted() IS NOT NULL;
SET TimeZone = 'UTC';
SELECT ask('{ noted(id: 1) { noted } }');
RESET TimeZone;
RESET extra_float_digits;
-- and what a function read that says falsely that it is immutable, with and without SECURITY DEFINER
CREATE FUNCTION tenant() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting('app.tenant_id', true); END $$;
CREATE FUNCTION owner_tenant() RETURNS text IMMUTABLE SECURITY DEFINER LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting('app.tenant_id', true); END $$;
CREATE VIEW v_own AS SELECT id, body FROM tb_note WHERE tenant = tenant();
CREATE VIEW v_owned AS SELECT id, body FROM tb_note WHERE tenant = owner_tenant();
SELECT fraiseql.expose('v_own', 'Own'), fraiseql.expose('v_owned', 'Owned');
SET plan_cache_mode = force_generic_plan;
SET app.tenant_id = 'x';
SELECT ask('{ owns { id } }');
SET app.tenant_id = 'y';
SELECT ask('{ owns { id } }');
SELECT ask('{ owneds { id } }');
SET app.tenant_id = 'x';
SELECT ask('{ owneds { id } }');
RESET plan_cache_mode;
RESET app.tenant_id;

SET client_min_messages = warning;
DROP SCHEMA cache_identity CASCADE;
DROP ROLE regress_fql_ann, regress_fql_bob, regress_fql_team;
