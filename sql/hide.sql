-- hide() takes a relation or a function out of the schema: named as either, or by a string, which says what it names.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA hide;
CREATE SCHEMA "hide (2)";
SET search_path = hide;
CREATE TABLE tb_user (id int PRIMARY KEY, name text);
CREATE TABLE "tb_odd(int)" (id int PRIMARY KEY);
CREATE TABLE "hide (2)".tb_far (id int PRIMARY KEY);
CREATE FUNCTION fn_x(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION fn_x(a text) RETURNS text LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION "fn (odd""int"(a tb_user) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION "hide (2)".fn_far() RETURNS int LANGUAGE sql AS 'SELECT 1';

-- everything exposed, and what is left of it
CREATE FUNCTION show_all() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM fraiseql.expose('hide.tb_user'), fraiseql.expose('hide."tb_odd(int)"', 'Odd'), fraiseql.expose('"hide (2)".tb_far');
	PERFORM fraiseql.expose_function('hide.fn_x(int)', 'x'), fraiseql.expose_function('hide.fn_x(text)', 'y'),
		fraiseql.expose_function('hide."fn (odd""int"(hide.tb_user)', 'odd'), fraiseql.expose_function('"hide (2)".fn_far()');
END
$$;
CREATE FUNCTION shown() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(name, ' | ' ORDER BY name COLLATE "C") FROM (
		SELECT relation::text FROM fraiseql.exposure UNION ALL SELECT function::text FROM fraiseql.exposed_function) AS e (name)
$$;
SELECT show_all();
SELECT shown();

-- strings: true for what was exposed, false the second time
SELECT fraiseql.hide('tb_user'), fraiseql.hide('tb_user');
SELECT fraiseql.hide('fn_x(int)'), fraiseql.hide('hide.fn_x ( int4 )');
SELECT shown();
-- parentheses within quotes are of the name
SELECT fraiseql.hide('"tb_odd(int)"'), fraiseql.hide('"fn (odd""int"(tb_user)'), fraiseql.hide('"hide (2)".tb_far'), fraiseql.hide('"hide (2)".fn_far()');
SELECT shown();
-- strings of other types, and parameters
SELECT show_all();
SELECT fraiseql.hide(name), fraiseql.hide(name::text), fraiseql.hide(name::varchar) FROM (VALUES ('tb_user'::name)) AS v (name);
PREPARE hide AS SELECT fraiseql.hide($1);
EXECUTE hide('fn_x(text)');
EXECUTE hide('fn_x(text)');
DEALLOCATE hide;
SELECT shown();
-- relations and functions themselves
SELECT show_all();
SELECT fraiseql.hide('tb_user'::regclass), fraiseql.hide('tb_user'::regclass);
SELECT fraiseql.hide(relation => '"tb_odd(int)"'), fraiseql.hide(function => 'fn_x(int)'), fraiseql.hide(name => 'fn_x(text)');
SELECT fraiseql.hide('"fn (odd""int"(tb_user)'::regprocedure);
SELECT bool_and(fraiseql.hide(relation)) FROM fraiseql.exposure;
SELECT bool_and(fraiseql.hide(function)) FROM fraiseql.exposed_function;
SELECT shown();

-- an OID alone does not say of what it is one
SELECT fraiseql.hide('tb_user'::regclass::oid);
-- NULL
SELECT fraiseql.hide(NULL);
SELECT fraiseql.hide(NULL::text);
SELECT fraiseql.hide(NULL::regclass);
SELECT fraiseql.hide(NULL::regprocedure);

-- what there is not
SELECT fraiseql.hide('no_such_table');
SELECT fraiseql.hide('no_such_function(int)');
SELECT fraiseql.hide('fn_x');
-- servers word it each in their own way, also what is no name
CREATE FUNCTION is_refused(name text) RETURNS bool LANGUAGE plpgsql AS
	$$ BEGIN PERFORM fraiseql.hide(name); RETURN false; EXCEPTION WHEN OTHERS THEN RETURN true; END $$;
SELECT count(*) AS names, count(*) FILTER (WHERE is_refused(name)) AS refused
FROM unnest(ARRAY['fn_x()', 'fn_x(no_such_type)', 'tb_user()', 'no_such_schema.tb_user', '', '(', '()', 'fn_x(int', 'fn_x(int))',
	'fn_x)(', '"', '"fn_x(int)', '"fn_x(int)"', 'a.b.c.d.e', 'tb_user; DROP TABLE tb_user', repeat('x', 1000)]) AS name;
-- numbers and the sign for none are taken as regclass and regprocedure take them
SELECT fraiseql.hide('-'), fraiseql.hide('0'), fraiseql.hide('4294967295');

-- names are looked up along the caller's path
CREATE SCHEMA hide_nearer;
CREATE TABLE hide_nearer.tb_user (id int PRIMARY KEY);
SELECT show_all();
SET search_path = hide_nearer, hide;
SELECT fraiseql.hide('tb_user'), fraiseql.hide('fn_x(int)');
SET search_path = pg_catalog;
SELECT fraiseql.hide('tb_user');
SELECT hide.shown();
SET search_path = hide;

-- what is gone: by its OID alone
SELECT 'fn_x(text)'::regprocedure::oid AS gone \gset
DROP FUNCTION fn_x(text);
SELECT fraiseql.hide('fn_x(text)');
SELECT fraiseql.hide(:gone::regprocedure);

-- for those who may, and own it
CREATE ROLE regress_hide;
GRANT USAGE ON SCHEMA hide TO regress_hide;
SET ROLE regress_hide;
SELECT fraiseql.hide('tb_user');
SELECT fraiseql.hide('tb_user'::regclass);
SELECT fraiseql.hide('fn_x(int)'::regprocedure);
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraiseql.hide(text) TO regress_hide;
SELECT fraiseql.expose_function('fn_x(int)', 'x');
SET ROLE regress_hide;
SELECT fraiseql.hide('tb_user');
SELECT fraiseql.hide('fn_x(int)');
SELECT fraiseql.hide('tb_user'::regclass);
SELECT fraiseql.hide('fn_x(int)'::regprocedure);
RESET ROLE;
ALTER TABLE tb_user OWNER TO regress_hide;
ALTER FUNCTION fn_x(int) OWNER TO regress_hide;
SET ROLE regress_hide;
SELECT fraiseql.hide('tb_user'), fraiseql.hide('fn_x(int)');
RESET ROLE;
REVOKE ALL ON FUNCTION fraiseql.hide(text) FROM regress_hide;
SELECT shown();

SELECT count(fraiseql.hide(relation)) > 0 FROM fraiseql.exposure;
SELECT count(fraiseql.hide(function)) > 0 FROM fraiseql.exposed_function;
SET client_min_messages = warning;
DROP SCHEMA hide, hide_nearer, "hide (2)" CASCADE;
DROP ROLE regress_hide;
