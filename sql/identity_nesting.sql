-- Who asks is who executes at that moment: inside SECURITY DEFINER functions, one within the other, in triggers and
-- operations with restricted security, across COMMIT in procedures, in cursors, and after what is rolled back.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA nesting;
SET search_path = nesting, ask;
CREATE ROLE regress_fql_ann;
CREATE ROLE regress_fql_bob;
CREATE ROLE regress_fql_team;
GRANT regress_fql_team TO regress_fql_ann, regress_fql_bob;
GRANT ALL ON SCHEMA nesting TO regress_fql_ann, regress_fql_bob, regress_fql_team;
CREATE TABLE tb_note (id int PRIMARY KEY, owner name, tenant text, body text);
INSERT INTO tb_note VALUES (1, 'regress_fql_ann', 'x', 'by Ann'), (2, 'regress_fql_bob', 'y', 'by Bob'),
	(3, 'regress_fql_team', 'x', 'by the team');
ALTER TABLE tb_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tb_note USING (owner = current_user);
GRANT SELECT ON tb_note TO PUBLIC;
CREATE VIEW v_who WITH (security_invoker = true) AS
	SELECT id, body, replace(current_user, 'regress_fql_', '') AS role, session_user = current_user AS same FROM tb_note WHERE id < 10;
GRANT SELECT ON v_who TO PUBLIC;
SELECT fraiseql.expose('tb_note', 'Note'), fraiseql.expose('v_who', 'Who');

--
-- SECURITY DEFINER: a path of owners through whose functions a call goes, each calling the next
--
CREATE FUNCTION as_ann(path text[], query text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE answer text;
BEGIN
	IF path = '{}' THEN RETURN fraiseql.execute(query); END IF;
	EXECUTE format('SELECT nesting.as_%s($1, $2)', path[1]) INTO answer USING path[2:], query;
	RETURN answer;
END
$$;
CREATE FUNCTION as_bob(path text[], query text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE answer text;
BEGIN
	IF path = '{}' THEN RETURN fraiseql.execute(query); END IF;
	EXECUTE format('SELECT nesting.as_%s($1, $2)', path[1]) INTO answer USING path[2:], query;
	RETURN answer;
END
$$;
CREATE FUNCTION as_self(path text[], query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
	IF path = '{}' THEN RETURN fraiseql.execute(query); END IF;
	EXECUTE format('SELECT nesting.as_%s($1, $2)', path[1]) INTO answer USING path[2:], query;
	RETURN answer;
END
$$;
ALTER FUNCTION as_ann OWNER TO regress_fql_ann;
ALTER FUNCTION as_bob OWNER TO regress_fql_bob;

-- Every session user and role goes every path: without the cache, filling, and again in the opposite order.
CREATE FUNCTION become(session_user_ text, role_ text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	RESET SESSION AUTHORIZATION;
	IF session_user_ <> '-' THEN EXECUTE format('SET SESSION AUTHORIZATION regress_fql_%s', session_user_); END IF;
	IF role_ <> '-' THEN EXECUTE format('SET ROLE regress_fql_%s', role_); END IF;
END
$$;
CREATE FUNCTION try_paths(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	calls text[] := ARRAY(SELECT s || '|' || r || '|' || p FROM unnest('{-,ann,bob}'::text[]) s, unnest('{-,ann,bob,team}'::text[]) r,
		unnest('{"",self,ann,bob,ann self,ann ann,ann bob,bob ann,bob self ann}'::text[]) p
		WHERE s = '-' OR r IN ('-', 'team') ORDER BY 1);
	expected text[] := '{}';
	answer text;
	pass text;
	i int;
BEGIN
	FOREACH pass IN ARRAY '{uncached,filling,again}'::text[] LOOP
		PERFORM set_config('fraiseql.cache_enabled', (pass <> 'uncached')::text, false), fraiseql.stats_reset();
		FOR n IN 1 .. cardinality(calls) LOOP
			i := CASE pass WHEN 'again' THEN cardinality(calls) + 1 - n ELSE n END;
			PERFORM nesting.become(split_part(calls[i], '|', 1), split_part(calls[i], '|', 2));
			answer := nesting.as_self(string_to_array(split_part(calls[i], '|', 3), ' '), query);
			PERFORM nesting.become('-', '-');
			IF pass = 'uncached' THEN
				expected := expected || answer;
			ELSIF answer IS DISTINCT FROM expected[i] THEN
				RETURN NEXT format('WRONG: %s, %s: %s instead of %s', calls[i], pass, answer, expected[i]);
			END IF;
		END LOOP;
	END LOOP;
	RETURN QUERY SELECT format('%s different answers, %s refused, of %s calls, %s hits', count(DISTINCT e),
		count(*) FILTER (WHERE e LIKE '%"errors"%'), count(*), (SELECT hits FROM fraiseql.cache_stats)) FROM unnest(expected) e;
END
$$;
SELECT try_paths('{ notes { body } }');
SELECT try_paths('{ whos { body role same } }');
-- a definer's answer is the definer's, and not what its caller gets
SET ROLE regress_fql_bob;
SELECT as_ann('{}', '{ notes { body } }');
SELECT as_ann('{bob}', '{ notes { body } }');
SELECT ask('{ notes { body } }');
RESET ROLE;

-- SET ROLE is refused inside, also that of a function which outside gave the same role an answer
CREATE FUNCTION of_team() RETURNS SETOF tb_note STABLE SET role = regress_fql_team LANGUAGE sql AS 'SELECT * FROM nesting.tb_note';
CREATE VIEW v_team WITH (security_invoker = true) AS SELECT id, body FROM of_team();
GRANT SELECT ON v_team TO PUBLIC;
SELECT fraiseql.expose('v_team', 'TeamNote');
CREATE FUNCTION as_other() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN SET ROLE regress_fql_bob; RETURN fraiseql.execute('{ notes { body } }'); END $$;
ALTER FUNCTION as_other() OWNER TO regress_fql_ann;
SET ROLE regress_fql_ann;
SELECT ask('{ teamNotes { body } }');
SELECT ask('{ teamNotes { body } }');
SELECT as_ann('{}', '{ teamNotes { body } }');
SELECT as_ann('{self}', '{ teamNotes { body } }');
SELECT ask('{ teamNotes { body } }');
SELECT as_other();
SELECT ask('{ notes { body } }');
RESET ROLE;
SELECT try_paths('{ teamNotes { body } }');

-- settings that a function sets for itself: claims, row_security, search_path
DROP POLICY own ON tb_note;
CREATE POLICY own ON tb_note USING (tenant = current_setting('my.tenant', true) OR tenant = current_setting('app.tenant_id', true));
CREATE FUNCTION with_x(query text) RETURNS text LANGUAGE plpgsql SET my.tenant = 'x' AS $$ BEGIN RETURN ask.ask(query); END $$;
CREATE FUNCTION with_y(query text) RETURNS text LANGUAGE plpgsql SET app.tenant_id = 'y' AS $$ BEGIN RETURN ask.ask(query); END $$;
CREATE FUNCTION with_both(query text) RETURNS text LANGUAGE plpgsql SET my.tenant = 'x' AS $$ BEGIN RETURN nesting.with_y(query); END $$;
CREATE FUNCTION blind(query text) RETURNS text LANGUAGE plpgsql SET row_security = off AS $$ BEGIN RETURN ask.ask(query); END $$;
SET ROLE regress_fql_ann;
SELECT with_x('{ notes { body } }');
SELECT with_y('{ notes { body } }');
SELECT with_both('{ notes { body } }');
SELECT ask('{ notes { body } }');
SELECT blind('{ notes { body } }');
SELECT with_both('{ notes { body } }');
SELECT with_y('{ notes { body } }');
SELECT with_x('{ notes { body } }');
SELECT ask('{ notes { body } }');
SELECT blind('{ notes { body } }');
RESET ROLE;
SELECT blind('{ notes { body } }');
SELECT blind('{ notes { body } }');
CREATE SCHEMA nesting_x;
CREATE SCHEMA nesting_y;
CREATE TABLE nesting_x.place (name text PRIMARY KEY);
CREATE TABLE nesting_y.place (name text PRIMARY KEY);
INSERT INTO nesting_x.place VALUES ('x');
INSERT INTO nesting_y.place VALUES ('y');
SET search_path = nesting_x, nesting, ask;
CREATE FUNCTION nesting.place() RETURNS text STABLE LANGUAGE sql AS 'SELECT name FROM place';
CREATE VIEW nesting.v_place AS SELECT 1 AS id, nesting.place() AS name;
SELECT fraiseql.expose('v_place', 'Place'), fraiseql.track('nesting_x.place'), fraiseql.track('nesting_y.place');
CREATE FUNCTION nesting.in_y(query text) RETURNS text LANGUAGE plpgsql SET search_path = nesting_y AS $$ BEGIN RETURN ask.ask(query); END $$;
SELECT ask('{ places { name } }');
SELECT nesting.in_y('{ places { name } }');
SELECT ask('{ places { name } }');
SELECT nesting.in_y('{ places { name } }');
SET search_path = nesting_y, nesting, ask;
SELECT ask('{ places { name } }');
SET search_path = nesting, ask;
DROP POLICY own ON tb_note;
CREATE POLICY own ON tb_note USING (owner = current_user);

--
-- Operations with restricted security run as the owner of what they work on, whoever starts them.  Most change a
-- definition, and do not use the cache; ANALYZE does not.  The function tells who it was and what it saw.
--
CREATE FUNCTION told(int) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %', replace(current_user, 'regress_fql_', ''), fraiseql.execute('{ notes { body } }');
	RAISE NOTICE '%', fraiseql.execute('{ teamNotes { body } }') #> '{errors,0,message}';
	RETURN replace(current_user, 'regress_fql_', '') || ' ' || fraiseql.execute('{ notes { body } }');
END
$$;
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
SELECT ask('{ teamNotes { body } }');
SELECT ask('{ teamNotes { body } }');
CREATE MATERIALIZED VIEW m_told AS SELECT id, nesting.told(id) AS answer FROM generate_series(1, 1) AS id;
SELECT answer FROM m_told;
CREATE TABLE tb_told (id int);
INSERT INTO tb_told VALUES (1);
RESET ROLE;
GRANT SELECT ON m_told TO regress_fql_bob;
SELECT ask('{ notes { body } }');
SELECT ask('{ notes { body } }');
REFRESH MATERIALIZED VIEW m_told;
SELECT answer FROM m_told;
SELECT fraiseql.stats_reset();
CREATE INDEX told_1 ON tb_told (nesting.told(id));
SELECT hits, fills FROM fraiseql.cache_stats;
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
SELECT ask('{ teamNotes { body } }');
RESET ROLE;
ANALYZE tb_told;
ANALYZE tb_told;
-- outside of them, each still has their own
SELECT ask('{ notes { body } }');
SET ROLE regress_fql_bob;
SELECT answer FROM m_told;
SELECT ask('{ notes { body } }');
SET ROLE regress_fql_ann;
SELECT ask('{ notes { body } }');
SELECT ask('{ teamNotes { body } }');
RESET ROLE;
SELECT ask('{ notes { body } }');
DROP TABLE tb_told;

--
-- Triggers: as who writes, as their definer, and by a foreign key's cascade as the owner of the other table
--
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% %: % %', TG_WHEN, TG_LEVEL, replace(current_user, 'regress_fql_', ''), fraiseql.execute('{ notes { body } }');
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE FUNCTION tell_as_bob() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	RAISE NOTICE 'as definer: % %', replace(current_user, 'regress_fql_', ''), fraiseql.execute('{ notes { body } }');
	RETURN NULL;
END
$$;
ALTER FUNCTION tell_as_bob() OWNER TO regress_fql_bob;
CREATE TABLE tb_parent (id int PRIMARY KEY);
CREATE TABLE tb_child (id int PRIMARY KEY, parent int REFERENCES tb_parent ON DELETE CASCADE);
ALTER TABLE tb_child OWNER TO regress_fql_bob;
GRANT ALL ON tb_parent, tb_child TO regress_fql_ann, regress_fql_bob;
CREATE TRIGGER a BEFORE INSERT ON tb_parent FOR EACH STATEMENT EXECUTE FUNCTION tell();
CREATE TRIGGER b BEFORE INSERT ON tb_parent FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER c AFTER INSERT ON tb_parent FOR EACH ROW EXECUTE FUNCTION tell_as_bob();
CREATE CONSTRAINT TRIGGER d AFTER INSERT ON tb_parent DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER e BEFORE DELETE ON tb_child FOR EACH ROW EXECUTE FUNCTION tell();
SET ROLE regress_fql_ann;
INSERT INTO tb_parent VALUES (1);
INSERT INTO tb_child VALUES (1, 1);
DELETE FROM tb_parent;
-- a statement that finds nothing to write: the transaction has not written, and uses the cache before and after
BEGIN;
SELECT ask('{ notes { body } }');
INSERT INTO tb_parent SELECT 2 WHERE false;
SELECT ask('{ notes { body } }');
COMMIT;
RESET ROLE;

--
-- Blocks, procedures that commit, cursors, and what is rolled back
--
DO $$
BEGIN
	RAISE NOTICE '%', ask.ask('{ notes { id } }');
	SET LOCAL ROLE regress_fql_ann;
	RAISE NOTICE '%', ask.ask('{ notes { id } }');
	RAISE NOTICE '%', ask.ask('{ notes { id } }');
	BEGIN
		SET LOCAL ROLE regress_fql_bob;
		RAISE NOTICE '%', ask.ask('{ notes { id } }');
		RAISE EXCEPTION 'back to Ann';
	EXCEPTION WHEN raise_exception THEN
		RAISE NOTICE '% %', SQLERRM, ask.ask('{ notes { id } }');
	END;
	COMMIT;
	RAISE NOTICE '%', ask.ask('{ notes { id } }');
	SET LOCAL ROLE regress_fql_bob;
	RAISE NOTICE '%', ask.ask('{ notes { id } }');
	ROLLBACK;
	RAISE NOTICE '%', ask.ask('{ notes { id } }');
END
$$;
CREATE PROCEDURE commits(INOUT answers text) LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL ROLE regress_fql_ann;
	answers := ask.ask('{ notes { id body } }');
	COMMIT;
	answers := answers || E'\n' || ask.ask('{ notes { id body } }');
	SET LOCAL ROLE regress_fql_bob;
	answers := answers || E'\n' || ask.ask('{ notes { id body } }');
	ROLLBACK;
	SET ROLE regress_fql_ann;
	COMMIT;
	answers := answers || E'\n' || ask.ask('{ notes { id body } }');
END
$$;
CALL commits(NULL);
SELECT ask('{ notes { id body } }');
RESET ROLE;
CALL commits(NULL);
RESET ROLE;

BEGIN;
SET LOCAL ROLE regress_fql_ann;
DECLARE c NO SCROLL CURSOR FOR SELECT ask('{ notes { body } }') FROM generate_series(1, 4);
DECLARE held CURSOR WITH HOLD FOR SELECT ask('{ notes { body } }') FROM generate_series(1, 2);
FETCH 1 FROM c;
SET LOCAL ROLE regress_fql_bob;
FETCH 1 FROM c;
SAVEPOINT s;
SET LOCAL ROLE regress_fql_team;
FETCH 1 FROM c;
SELECT ask('{ notes { body } }');
ROLLBACK TO s;
SELECT ask('{ notes { body } }');
FETCH 1 FROM c;
COMMIT;
FETCH 1 FROM held;
SET ROLE regress_fql_ann;
FETCH 1 FROM held;
CLOSE held;
RESET ROLE;

-- prepared statements: made as one, executed as another
PREPARE asked AS SELECT ask('{ notes { body } }');
PREPARE asked_for(text) AS SELECT ask($1);
EXECUTE asked;
SET ROLE regress_fql_ann;
EXECUTE asked;
EXECUTE asked_for('{ notes { body } }');
SET ROLE regress_fql_bob;
SET plan_cache_mode = force_generic_plan;
EXECUTE asked;
EXECUTE asked_for('{ notes { body } }');
SET ROLE regress_fql_ann;
EXECUTE asked;
EXECUTE asked_for('{ notes { body } }');
RESET plan_cache_mode;
RESET ROLE;
EXECUTE asked;
DEALLOCATE ALL;

-- an error inside a definer's function, caught outside: who asks is the caller again
CREATE FUNCTION fails() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN PERFORM fraiseql.execute('{ notes { body } }'); RAISE EXCEPTION 'failed'; END $$;
ALTER FUNCTION fails() OWNER TO regress_fql_ann;
SET ROLE regress_fql_bob;
DO $$
BEGIN
	BEGIN
		PERFORM nesting.fails();
	EXCEPTION WHEN raise_exception THEN
		RAISE NOTICE '% %', SQLERRM, ask.ask('{ notes { body } }');
	END;
END
$$;
SELECT ask('{ notes { body } }');
RESET ROLE;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA nesting, nesting_x, nesting_y CASCADE;
DROP ROLE regress_fql_ann, regress_fql_bob, regress_fql_team;
