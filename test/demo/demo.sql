-- test/demo/demo.sql
--    The questions of the demo, one after another, then what the cache says of itself.
--
-- Variables: calls (a twentieth of the hits a question).  Environment: DEMO (this directory).  Lines that begin with @ are for render.pl.

\pset format unaligned
\pset tuples_only on

-- The writes change the maintainers of these packages, whoever that is in this index.
\set of_git '    WHERE pk_maintainer = (SELECT fk_maintainer FROM app.tb_package WHERE name = ''git'')'
\set of_libc6 '    WHERE pk_maintainer = (SELECT fk_maintainer FROM app.tb_package WHERE name = ''libc6'')'

\qecho
\qecho 'Times are taken inside the server, around the one call of fraiseql.execute().'

\set title '1. A package by its name, with its maintainer and its dependencies'
\set file by_name.graphql
\set variables '{"name": "git"}'
\set change 'UPDATE app.tb_package SET version = ''1:99.0-1'' WHERE name = ''libc6'''
\set proof '1:99.0-1'
\ir case.sql

\set title '2. The same package as a FraiseQL read model: the document of the view app.v_package'
\set file read_model.graphql
SELECT json_build_object('id', md5('git')::uuid) AS variables \gset
\set change 'UPDATE app.tb_maintainer SET name = ''Ada Lovelace''\n' :of_git
\set proof 'Ada Lovelace'
\ir case.sql

\set title '3. A filtered list: a package that was not in the answer moves into it'
\set file filtered_list.graphql
\set variables '{"section": "database", "more": 10000}'
\set change 'UPDATE app.tb_package SET installed_size = 9999999 WHERE name = ''sqlite3'''
\set proof 9999999
\ir case.sql

\set title '4. Three levels: a maintainer, the packages, what these depend on; a change at the far end'
\set file three_levels.graphql
SELECT json_build_object('email', email) AS variables FROM app.tb_maintainer WHERE name = 'Ada Lovelace' \gset
\set change 'UPDATE app.tb_maintainer SET name = ''Grace Hopper''\n' :of_libc6
\set proof 'Grace Hopper'
\ir case.sql

\ir thousand.sql

\ir mutation.sql

\qecho @title What the cache says: SELECT * FROM fraiseql.cache_stats
\pset tuples_only off
\pset format aligned
\pset border 2
\pset footer off
SELECT key AS "cache_stats", value FROM fraiseql.cache_stats s, json_each_text(row_to_json(s));
\pset tuples_only on
\pset format unaligned
SELECT format('%s passed, %s failed', count(*) FILTER (WHERE passed), count(*) FILTER (WHERE NOT passed))
	FROM demo.verdict;
SELECT count(*) = 0 OR NOT bool_and(passed) AS wrong FROM demo.verdict \gset
\if :wrong
	DO $$ BEGIN RAISE EXCEPTION 'an answer was wrong'; END $$;
\endif
