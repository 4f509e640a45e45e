-- Row security by role, session user, claims and membership, read through every shape that a policy could get lost in:
-- CTE, sub-query, sublink, views within views, functions inlined and not.  Every caller's answer is computed without the
-- cache, then everybody fills, twice, then everybody asks again, in the opposite order: nobody may get another's answer,
-- and what can be kept must be a hit.  A shape of which nothing is kept shows by its hits.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA shapes;
GRANT USAGE ON SCHEMA shapes TO PUBLIC;
SET search_path = shapes, pg_catalog;
CREATE ROLE regress_fql_ann;
CREATE ROLE regress_fql_bob;
CREATE ROLE regress_fql_owner;
CREATE ROLE regress_fql_team;
CREATE ROLE regress_fql_viewer;
CREATE ROLE regress_fql_seer BYPASSRLS;
GRANT regress_fql_team TO regress_fql_ann;

-- One table for each policy, all with the same rows: one for each role.
CREATE TABLE slot (id int PRIMARY KEY);
INSERT INTO slot SELECT generate_series(1, 6);
CREATE TABLE membership (member name, doc int, PRIMARY KEY (member, doc));
INSERT INTO membership VALUES ('regress_fql_ann', 1), ('regress_fql_ann', 4), ('regress_fql_bob', 2),
	('regress_fql_team', 5), ('regress_fql_viewer', 3);
GRANT SELECT ON slot, membership TO PUBLIC;
CREATE TABLE policy (name text PRIMARY KEY, using_ text, callers text[]);
INSERT INTO policy VALUES
	('usr', 'owner = current_user', '{-}'),
	('ses', 'owner = session_user', '{-}'),
	('mem', 'EXISTS (SELECT FROM shapes.membership m WHERE m.doc = id AND m.member = current_user)', '{-}'),
	('has', 'pg_has_role(owner, ''MEMBER'')', '{-}'),
	('jwt', 'tenant = nullif(current_setting(''request.jwt.claims'', true), '''')::json ->> ''sub''', '{jwt ann,jwt bob,jwt}'),
	('own', 'tenant = current_setting(''my.tenant'', true)', '{own ann,own bob,own}');
SELECT format('CREATE TABLE %1$s (id int PRIMARY KEY, owner name NOT NULL, tenant text NOT NULL, body text NOT NULL);
	INSERT INTO %1$s SELECT n, ''regress_fql_'' || r, r, ''of '' || r
	FROM unnest(''{ann,bob,owner,team,viewer,seer}''::text[]) WITH ORDINALITY AS o (r, n);
	ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY;
	CREATE POLICY %1$s ON %1$s USING (%2$s);
	ALTER TABLE %1$s OWNER TO regress_fql_owner;
	GRANT SELECT ON %1$s TO PUBLIC', name, using_)
FROM policy ORDER BY name
\gexec

-- Functions through which the tables are read; %1$s stands for the table.
SELECT format(f, name) FROM policy, unnest(ARRAY[
	'CREATE FUNCTION %1$s_inlined() RETURNS SETOF %1$s STABLE LANGUAGE sql AS ''SELECT * FROM shapes.%1$s''',
	'CREATE FUNCTION %1$s_called() RETURNS SETOF %1$s STABLE STRICT LANGUAGE sql AS ''SELECT * FROM shapes.%1$s''',
	'CREATE FUNCTION %1$s_definer() RETURNS SETOF %1$s STABLE SECURITY DEFINER LANGUAGE sql AS ''SELECT * FROM shapes.%1$s''',
	'ALTER FUNCTION %1$s_definer() OWNER TO regress_fql_viewer',
	'CREATE FUNCTION %1$s_as_team() RETURNS SETOF %1$s STABLE SET role = regress_fql_team LANGUAGE sql AS ''SELECT * FROM shapes.%1$s''',
	'CREATE FUNCTION %1$s_as_bob() RETURNS SETOF %1$s STABLE SET request.jwt.claims = ''{"sub": "bob"}'' SET my.tenant = ''bob'' LANGUAGE sql AS ''SELECT * FROM shapes.%1$s''',
	'CREATE FUNCTION %1$s_blind() RETURNS SETOF %1$s STABLE SET row_security = off LANGUAGE sql AS ''SELECT * FROM shapes.%1$s''',
	'CREATE FUNCTION %1$s_opaque() RETURNS SETOF %1$s STABLE LANGUAGE plpgsql AS ''BEGIN RETURN QUERY SELECT * FROM shapes.%1$s; END''',
	'CREATE FUNCTION %1$s_declared() RETURNS SETOF %1$s STABLE LANGUAGE plpgsql AS ''BEGIN RETURN QUERY SELECT * FROM shapes.%1$s; END''',
	'CREATE FUNCTION %1$s_volatile() RETURNS SETOF %1$s VOLATILE LANGUAGE sql AS ''SELECT * FROM shapes.%1$s''']) AS f
ORDER BY name, f LIKE 'ALTER%', f
\gexec
SELECT count(fraiseql.declare_pure(format('%s_declared()', name)::regprocedure)) FROM policy;

-- Views over them.  Those of kind "plain" read with the rights of their owner, who is subject to the policies; those of
-- kind "super" with a superuser's.
CREATE TABLE shape (n serial, name text PRIMARY KEY, kind text, body text);
INSERT INTO shape (name, kind, body) VALUES
	('direct', 'invoker', 'SELECT id, body FROM %1$s'),
	('cte', 'invoker', 'WITH d AS NOT MATERIALIZED (SELECT * FROM %1$s) SELECT id, body FROM d'),
	('cte_kept', 'invoker', 'WITH d AS MATERIALIZED (SELECT * FROM %1$s) SELECT id, body FROM d'),
	('subquery', 'invoker', 'SELECT d.id, d.body FROM slot JOIN (SELECT * FROM %1$s OFFSET 0) AS d USING (id)'),
	('exist', 'invoker', 'SELECT id, ''seen'' AS body FROM slot WHERE EXISTS (SELECT FROM %1$s AS d WHERE d.id = slot.id)'),
	('absent', 'invoker', 'SELECT id, ''unseen'' AS body FROM slot WHERE NOT EXISTS (SELECT FROM %1$s AS d WHERE d.id = slot.id)'),
	('scalar', 'invoker', 'SELECT id, (SELECT body FROM %1$s AS d WHERE d.id = slot.id) AS body FROM slot'),
	('any_of', 'invoker', 'SELECT id, ''any'' AS body FROM slot WHERE id = ANY (SELECT id FROM %1$s)'),
	('any_array', 'invoker', 'SELECT id, ''any'' AS body FROM slot WHERE id = ANY (ARRAY(SELECT id FROM %1$s))'),
	('total', 'invoker', 'SELECT 1 AS id, (SELECT string_agg(body, '','' ORDER BY id) FROM %1$s) AS body'),
	('united', 'invoker', 'SELECT id, body FROM %1$s UNION SELECT id, ''slot'' FROM slot WHERE id > 6'),
	('nested', 'invoker', 'SELECT id, body FROM %1$s_direct_row'),
	('plain', 'plain', 'SELECT id, body FROM %1$s'),
	('over_plain', 'invoker', 'SELECT id, body FROM %1$s_plain_row'),
	('plain_over', 'plain', 'SELECT id, body FROM %1$s_direct_row'),
	('super', 'super', 'SELECT id, body FROM %1$s'),
	('inlined', 'invoker', 'SELECT id, body FROM %1$s_inlined()'),
	('called', 'invoker', 'SELECT id, body FROM %1$s_called()'),
	('definer', 'invoker', 'SELECT id, body FROM %1$s_definer()'),
	('as_team', 'invoker', 'SELECT id, body FROM %1$s_as_team()'),
	('as_bob', 'invoker', 'SELECT id, body FROM %1$s_as_bob()'),
	('blind', 'invoker', 'SELECT id, body FROM %1$s_blind()'),
	('declared', 'invoker', 'SELECT id, body FROM %1$s_declared()'),
	('opaque', 'invoker', 'SELECT id, body FROM %1$s_opaque()'),
	('volatile', 'invoker', 'SELECT id, body FROM %1$s_volatile()');
SELECT format('CREATE VIEW %2$s WITH (security_invoker = %3$s) AS %1$s; GRANT SELECT ON %2$s TO PUBLIC',
	format(s.body, p.name), format('%s_%s_row', p.name, s.name), s.kind = 'invoker')
FROM policy p, shape s ORDER BY s.n, p.name
\gexec
SELECT format('ALTER VIEW %s_%s_row OWNER TO regress_fql_viewer', p.name, s.name)
FROM policy p, shape s WHERE s.kind = 'plain' ORDER BY s.n, p.name
\gexec
SELECT count(fraiseql.expose(format('%s_%s_row', p.name, s.name)::regclass)) FROM policy p, shape s;

-- Become a caller: a session user (NULL: the one who logged in), a role (NULL: none), and a claim, made by one of two
-- settings: one is in every key, the other must be found out.
CREATE FUNCTION become(session_user_ text, role_ text, claim text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	RESET SESSION AUTHORIZATION;
	PERFORM set_config('my.tenant', CASE WHEN claim LIKE 'own %' THEN substr(claim, 5) ELSE '' END, false),
		set_config('request.jwt.claims', CASE WHEN claim LIKE 'jwt %' THEN json_build_object('sub', substr(claim, 5))::text ELSE '' END, false);
	IF session_user_ IS NOT NULL THEN
		EXECUTE format('SET SESSION AUTHORIZATION regress_fql_%s', session_user_);
	END IF;
	IF role_ IS NOT NULL THEN
		EXECUTE format('SET ROLE regress_fql_%s', role_);
	END IF;
END
$$;

CREATE TABLE caller (n serial, session_user_ text, role_ text);
INSERT INTO caller (session_user_, role_) VALUES
	(NULL, NULL), (NULL, 'ann'), (NULL, 'bob'), (NULL, 'owner'), (NULL, 'team'), (NULL, 'seer'),
	('ann', NULL), ('ann', 'team'), ('bob', NULL), ('owner', NULL), ('seer', NULL);

-- One view and all its callers.  Nothing here may write: a transaction that does so does not use the cache.
CREATE FUNCTION try_view(view text, claims text[], OUT calls int, OUT answers int, OUT refused int, OUT hits int,
	OUT reasons text[], OUT wrong text[]) LANGUAGE plpgsql AS $$
DECLARE
	query text := format('{ %s { id body } }', left(view, 1) || substr(replace(initcap(view), '_', ''), 2) || 's');
	who jsonb[] := ARRAY(SELECT jsonb_build_array(session_user_, role_, claim)
		FROM caller, unnest(claims) WITH ORDINALITY AS o (claim, m) ORDER BY n, m);
	expected text[] := '{}';
	answer text;
	pass text;
	place int;
BEGIN
	calls := cardinality(who);
	wrong := '{}';
	FOREACH pass IN ARRAY '{uncached,filling,learnt,again}'::text[] LOOP
		IF pass = 'learnt' THEN
			reasons := ARRAY(SELECT reason FROM fraiseql.bypass_stats WHERE kind = 'rejected' AND count > 0 ORDER BY reason);
		END IF;
		PERFORM set_config('fraiseql.cache_enabled', (pass <> 'uncached')::text, false), fraiseql.stats_reset();
		FOR i IN 1 .. calls LOOP
			place := CASE pass WHEN 'again' THEN calls + 1 - i ELSE i END;
			PERFORM become(who[place] ->> 0, who[place] ->> 1, who[place] ->> 2);
			answer := fraiseql.execute(query);
			PERFORM become(NULL, NULL, '');
			IF pass = 'uncached' THEN
				expected := expected || answer;
			ELSIF answer IS DISTINCT FROM expected[place] THEN
				wrong := wrong || format('%s for %s, %s: %s instead of %s', view, who[place], pass, answer, expected[place]);
			END IF;
		END LOOP;
	END LOOP;
	SELECT s.hits INTO hits FROM fraiseql.cache_stats s;
	SELECT count(DISTINCT e), count(*) FILTER (WHERE e LIKE '%"errors"%') INTO answers, refused FROM unnest(expected) e;
END
$$;
CREATE VIEW cells AS
	SELECT s.n, s.name AS shape, p.name AS policy, t.*
	FROM shape s CROSS JOIN policy p, try_view(format('%s_%s_row', p.name, s.name), p.callers) t;

-- In each cell: calls / different answers / refused calls / hits of the last pass, and why answers of the first were not
-- kept.  (As_bob is kept from the second on, when it is known on which settings it depends.)  Of calls that are neither
-- refused nor to shapes that are never kept, each is a hit.
SELECT format('%-10s %s%s', shape, string_agg(format('%s %s/%s/%s/%s%s', policy, calls, answers, refused, hits,
	CASE WHEN reasons <> '{}' THEN ' ' || reasons::text END), ', ' ORDER BY policy),
	CASE WHEN count(*) <> 6 THEN ' CELLS ARE MISSING' END)
	|| coalesce(string_agg(E'\n\tWRONG: ' || array_to_string(wrong, E'\n\tWRONG: '), '' ORDER BY policy) FILTER (WHERE wrong <> '{}'), '')
FROM cells GROUP BY n, shape ORDER BY n;

-- what the rows are, for one caller of each kind: the same by SQL as by GraphQL, cached
CREATE FUNCTION rows_of(query text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(row ->> 'body', ',' ORDER BY row ->> 'body') FROM json_array_elements(fraiseql.execute(query) #> '{data,rows}') AS row
$$;
SELECT become(NULL, 'ann', 'jwt bob');
SELECT rows_of('{ rows: usrCteRows { body } }'), rows_of('{ rows: sesCteRows { body } }'), rows_of('{ rows: memCteRows { body } }'),
	rows_of('{ rows: hasCteRows { body } }'), rows_of('{ rows: jwtCteRows { body } }'), rows_of('{ rows: ownCteRows { body } }');
SELECT become('ann', 'team', '');
SELECT rows_of('{ rows: usrCteRows { body } }'), rows_of('{ rows: sesCteRows { body } }'), rows_of('{ rows: memCteRows { body } }'),
	rows_of('{ rows: hasCteRows { body } }'), rows_of('{ rows: jwtCteRows { body } }'), rows_of('{ rows: ownCteRows { body } }');
SELECT become(NULL, 'owner', '');
SELECT rows_of('{ rows: usrCteRows { body } }');
SELECT become(NULL, 'seer', '');
SELECT rows_of('{ rows: usrCteRows { body } }');
SELECT become(NULL, NULL, '');

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA shapes CASCADE;
DROP ROLE regress_fql_ann, regress_fql_bob, regress_fql_owner, regress_fql_team, regress_fql_viewer, regress_fql_seer;
