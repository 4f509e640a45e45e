-- Who may do what with each object of the extension, and what each sees of others.
--
-- The lists are read from the catalogs: an object that is new shows up here, and somebody has to say that its line is right.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_fql_public;
CREATE ROLE regress_fql_monitor IN ROLE pg_monitor;
CREATE ROLE regress_fql_stats IN ROLE pg_read_all_stats;
CREATE ROLE regress_fql_super SUPERUSER;
CREATE SCHEMA privileges;
CREATE TABLE privileges.asker AS
	SELECT * FROM (VALUES (1, 'public'), (2, 'monitor'), (3, 'stats'), (4, 'super')) AS r (place, name);
CREATE VIEW privileges.member AS
	SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name FROM pg_depend
	WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
		AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fraiseql');

SET search_path = privileges;

-- every kind of object is looked at below, but for types, which not every server lists
SELECT classid::regclass, count(*) > 0 FROM member WHERE classid <> 'pg_type'::regclass
GROUP BY 1 ORDER BY classid::regclass::text;
-- these are those of the tables and views
SELECT name FROM member JOIN pg_type AS t ON classid = 'pg_type'::regclass AND t.oid = objid
WHERE typrelid = 0 AND typelem = 0 ORDER BY 1;

-- the schema
SELECT r.name, has_schema_privilege('regress_fql_' || r.name, 'fraiseql', 'USAGE') AS usage,
	has_schema_privilege('regress_fql_' || r.name, 'fraiseql', 'CREATE') AS create
FROM asker AS r ORDER BY place;

-- functions: who may execute them
SELECT p.oid::regprocedure,
	coalesce((SELECT string_agg(r.name, ' ' ORDER BY place) FROM asker AS r
		WHERE has_function_privilege('regress_fql_' || r.name, p.oid, 'EXECUTE')), 'nobody')
FROM member AS m JOIN pg_proc AS p ON classid = 'pg_proc'::regclass AND p.oid = m.objid
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- relations: who may do what
SELECT c.oid::regclass, privilege,
	coalesce((SELECT string_agg(r.name, ' ' ORDER BY place) FROM asker AS r
		WHERE has_table_privilege('regress_fql_' || r.name, c.oid, privilege)
			OR privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
				AND has_any_column_privilege('regress_fql_' || r.name, c.oid, privilege)), 'nobody')
FROM member AS m JOIN pg_class AS c ON classid = 'pg_class'::regclass AND c.oid = m.objid,
	unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) WITH ORDINALITY AS p (privilege, n)
ORDER BY c.oid::regclass::text COLLATE "C", n;

-- nobody but the owner may hand any of it on
SELECT pg_describe_object(m.classid, m.objid, 0), acl.* FROM member AS m
LEFT JOIN pg_proc AS p ON classid = 'pg_proc'::regclass AND p.oid = m.objid
LEFT JOIN pg_class AS c ON classid = 'pg_class'::regclass AND c.oid = m.objid,
	aclexplode(coalesce(proacl, relacl)) AS acl WHERE acl.is_grantable AND acl.grantee <> coalesce(proowner, relowner);

--
-- What functions are: C, of our library, called as their caller, and with nothing to hand a pointer to.  Those that look
-- names up do so along a path of their own; the others (listed) run what the caller asks for, or look up nothing.
--
SELECT p.oid::regprocedure FROM pg_proc AS p JOIN member AS m ON classid = 'pg_proc'::regclass AND p.oid = m.objid
WHERE prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') OR probin <> '$libdir/fraiseql' OR prosecdef OR proleakproof
	OR prosrc !~ '^fql_' OR prokind <> 'f' OR pronamespace <> 'fraiseql'::regnamespace
	OR 'internal'::regtype = ANY (proargtypes || prorettype) OR 'cstring'::regtype = ANY (proargtypes || prorettype);
SELECT DISTINCT p.proconfig FROM pg_proc AS p JOIN member AS m ON classid = 'pg_proc'::regclass AND p.oid = m.objid
WHERE proconfig IS NOT NULL;
SELECT p.oid::regprocedure FROM pg_proc AS p JOIN member AS m ON classid = 'pg_proc'::regclass AND p.oid = m.objid
WHERE proconfig IS NULL ORDER BY p.oid::regprocedure::text COLLATE "C";
-- views are what their functions return
SELECT c.oid::regclass, count(*) FILTER (WHERE refclassid = 'pg_proc'::regclass), bool_or(refclassid = 'pg_operator'::regclass)
FROM member AS m JOIN pg_class AS c ON classid = 'pg_class'::regclass AND c.oid = m.objid AND relkind = 'v'
JOIN pg_rewrite AS r ON ev_class = c.oid JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
GROUP BY c.oid ORDER BY c.oid::regclass::text COLLATE "C";

--
-- What each sees of others: their figures, and neither text nor hash
--
GRANT USAGE ON SCHEMA privileges TO PUBLIC;
CREATE TABLE privileges.note (id int PRIMARY KEY, body text);
INSERT INTO privileges.note VALUES (1, 'one');
GRANT SELECT ON privileges.note TO PUBLIC;
SELECT fraiseql.expose('privileges.note');
-- definitions make answers invalid, and then the worker frees them: so they are asked for anew before each look
CREATE FUNCTION fill() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY '{public,monitor,stats,super}'::text[] LOOP
		EXECUTE format('SET LOCAL ROLE %I', 'regress_fql_' || name);
		PERFORM fraiseql.execute(format('{ of_%s: notes { id } }', name));
	END LOOP;
	RESET ROLE;
END
$$;
CREATE FUNCTION seen() RETURNS TABLE (role text, query text, hash boolean, figures boolean) LANGUAGE sql AS $$
	SELECT e.role::regrole::text, e.query, e.key_hash IS NOT NULL, e.bytes > 0 AND e.tags > 0
	FROM fraiseql.cache_entries AS e WHERE valid ORDER BY 1, 2
$$;
CREATE VIEW entries AS SELECT * FROM fraiseql.cache_entries;
GRANT SELECT ON entries TO PUBLIC;
SELECT fraiseql.cache_reset() >= 0;
SELECT fill();

SET ROLE regress_fql_public;
SELECT * FROM seen();
SELECT query FROM fraiseql.cache_entries() WHERE valid AND (query <> '<insufficient privilege>' OR key_hash IS NOT NULL);
-- a view of somebody who sees all does not show it to others
SELECT query FROM entries WHERE valid AND (query <> '<insufficient privilege>' OR key_hash IS NOT NULL);
SET ROLE regress_fql_monitor;
SELECT * FROM seen();
SET ROLE regress_fql_stats;
SELECT * FROM seen();
SET ROLE regress_fql_super;
SELECT * FROM seen();
RESET ROLE;

-- members of a role see what is the role's
GRANT regress_fql_stats TO regress_fql_public;
REVOKE pg_read_all_stats FROM regress_fql_stats;
SELECT fill();
SET ROLE regress_fql_public;
SELECT * FROM seen();
SET ROLE regress_fql_stats;
SELECT * FROM seen();
RESET ROLE;

--
-- Limits and what decides over the cache are not the caller's to set
--
SELECT name, context FROM pg_settings WHERE name LIKE 'fraiseql.%' AND context = 'user';
CREATE FUNCTION may_set(setting text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config(setting, current_setting(setting), true);
	RETURN 'yes';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
SET ROLE regress_fql_public;
SELECT may_set(name), string_agg(name, ' ' ORDER BY name COLLATE "C")
FROM pg_settings WHERE name LIKE 'fraiseql.%' GROUP BY 1 ORDER BY 1;
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA privileges CASCADE;
DROP ROLE regress_fql_public, regress_fql_monitor, regress_fql_stats, regress_fql_super;
