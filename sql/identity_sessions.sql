-- One connection, many clients, as behind a pool: what one client leaves in the session, and what is reset between
-- them.  Nobody gets an answer for what the session was before.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA sessions;
CREATE ROLE regress_fql_ann;
CREATE ROLE regress_fql_bob;
GRANT USAGE ON SCHEMA sessions TO PUBLIC;
CREATE TABLE sessions.tb_note (id int PRIMARY KEY, owner name, tenant text, body text);
INSERT INTO sessions.tb_note VALUES (1, 'regress_fql_ann', NULL, 'by Ann'), (2, 'regress_fql_bob', NULL, 'by Bob'),
	(3, NULL, 'x', 'of x'), (4, NULL, 'y', 'of y'), (5, NULL, '', 'of the empty'), (6, NULL, 'unset', 'of the unset');
ALTER TABLE sessions.tb_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sessions.tb_note USING (owner = current_user
	OR tenant = coalesce(current_setting('request.jwt.claim.sub', true), 'unset'));
GRANT SELECT ON sessions.tb_note TO PUBLIC;
SELECT fraiseql.expose('sessions.tb_note', 'Note');
\set notes 'SELECT ask.ask(\'{ notes { body } }\');'

-- a setting that was never set, one that was, and one that is empty since: three answers
SET ROLE regress_fql_ann;
:notes
:notes
SET request.jwt.claim.sub = 'x';
:notes
RESET request.jwt.claim.sub;
:notes
SET request.jwt.claim.sub = 'x';
:notes
:notes
-- a new connection: unset again
\c -
SET ROLE regress_fql_ann;
:notes
-- a transaction of a client's own leaves it empty, not unset
BEGIN;
SET LOCAL request.jwt.claim.sub = 'y';
:notes
:notes
COMMIT;
:notes
BEGIN;
SELECT set_config('request.jwt.claim.sub', 'x', true);
:notes
ROLLBACK;
:notes
-- one that failed
BEGIN;
SELECT set_config('request.jwt.claim.sub', 'y', false), set_config('role', 'regress_fql_bob', false);
:notes
SELECT 1 / 0;
:notes
ROLLBACK;
:notes
-- and one that set it for the session
BEGIN;
SELECT set_config('request.jwt.claim.sub', 'y', false), set_config('role', 'regress_fql_bob', false);
:notes
COMMIT;
:notes

-- what pools send between clients
RESET ALL;
:notes
SELECT current_user = 'regress_fql_bob';
RESET ROLE;
SET ROLE regress_fql_ann;
:notes
SET request.jwt.claim.sub = 'x';
DISCARD PLANS;
:notes
DISCARD ALL;
SELECT current_user = session_user, current_setting('request.jwt.claim.sub') = '';
:notes
SET SESSION AUTHORIZATION regress_fql_bob;
SET request.jwt.claim.sub = 'x';
:notes
SET ROLE regress_fql_ann;
:notes
SET ROLE NONE;
:notes
RESET SESSION AUTHORIZATION;
:notes
SET SESSION AUTHORIZATION regress_fql_ann;
:notes
DISCARD ALL;
:notes
SET SESSION AUTHORIZATION regress_fql_bob;
:notes
SET LOCAL request.jwt.claim.sub = 'y';
:notes
BEGIN;
SET LOCAL SESSION AUTHORIZATION DEFAULT;
:notes
ROLLBACK;
:notes
SET SESSION AUTHORIZATION DEFAULT;

-- values that would run into each other if nothing stood between them
CREATE TABLE sessions.tb_pair (id int PRIMARY KEY, account text, role text);
INSERT INTO sessions.tb_pair VALUES (1, E'a\x01b', 'c'), (2, 'a', E'b\x01c'), (3, 'ab', 'c'), (4, 'a', 'bc'), (5, 'abc', ''),
	(6, E'a\x01my.role\x01b', 'c'), (7, 'a', E'b\x01my.role\x01c');
ALTER TABLE sessions.tb_pair ENABLE ROW LEVEL SECURITY;
-- of these, the first two are in every key, and the others must be found out
CREATE POLICY both_ ON sessions.tb_pair USING (account = current_setting('app.account_id', true) AND role = current_setting('app.account_role', true)
	OR account = current_setting('my.account', true) AND role = current_setting('my.role', true));
GRANT SELECT ON sessions.tb_pair TO PUBLIC;
SELECT fraiseql.expose('sessions.tb_pair', 'Pair');
CREATE FUNCTION sessions.as_pair(one text, other text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	pair sessions.tb_pair;
	pairs sessions.tb_pair[] := ARRAY(SELECT p FROM sessions.tb_pair p ORDER BY id);
BEGIN
	SET LOCAL ROLE regress_fql_ann;
	FOREACH pair IN ARRAY pairs || pairs LOOP
		PERFORM set_config(one, pair.account, true), set_config(other, pair.role, true);
		RETURN NEXT pair.id || ' ' || ask.ask('{ pairs { id } }');
	END LOOP;
	PERFORM set_config(one, '-', true), set_config(other, '-', true);
END
$$;
BEGIN;
SELECT sessions.as_pair('app.account_id', 'app.account_role');
COMMIT;
BEGIN;
SELECT sessions.as_pair('my.account', 'my.role');
COMMIT;

-- what a text means can follow from when a session first read it: PL/pgSQL keeps it as it was read, and so does SQL from
-- PostgreSQL 18 on.  No other session gets an answer that was computed so.
CREATE FUNCTION sessions.path() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'a\\b'; END $$;
CREATE VIEW sessions.v_path AS SELECT 1 AS id, sessions.path() AS path;
SELECT fraiseql.expose('sessions.v_path', 'Path');
\set path 'SELECT ask.ask(\'{ path(id: 1) { path } }\');'
\c -
SET escape_string_warning = off;
SET standard_conforming_strings = off;
:path
SET standard_conforming_strings = on;
:path
\c -
:path
:path
SET standard_conforming_strings = off;
:path
\c -
SET escape_string_warning = off;
SET standard_conforming_strings = off;
:path
RESET standard_conforming_strings;
-- such a session gets what others were answered
:path
\c -

SET client_min_messages = warning;
DROP SCHEMA sessions CASCADE;
DROP ROLE regress_fql_ann, regress_fql_bob;
