-- test/demo/thousand.sql
--    A thousand answers in the cache, and writes that change some of them: exactly those go.

\setenv FILE by_name.graphql
\set query `cat "$DEMO/queries/$FILE"`
\qecho @title 5. A thousand answers, then one write: which of them go?
\qecho '  The first question again, for a thousand packages.'
\qecho

SELECT fraiseql.cache_reset() AS dropped \gset
SELECT count(fraiseql.execute(:'query', jsonb_build_object('name', name))) AS asked FROM demo.thousand \gset
SELECT demo.valid_answers() AS kept \gset
\qecho '  answers in the cache:' :kept
SELECT demo.verify('all ' || :asked || ' are kept', :kept = :asked);

-- The answers show name and version of a package and of its first four dependencies.
\qecho
\qecho '  meanwhile, in another session:'
\qecho '    UPDATE app.tb_package SET version = ''99.1'' WHERE name = ''libc6'''
\qecho
\! psql -X -q -v ON_ERROR_STOP=1 -c "UPDATE app.tb_package SET version = '99.1' WHERE name = 'libc6'"
SELECT demo.valid_answers() AS valid \gset
SELECT count(*) AS shown FROM demo.thousand t
WHERE name = 'libc6' OR EXISTS (
	SELECT FROM (SELECT fk_target FROM app.tb_dependency WHERE fk_package = t.pk_package ORDER BY pk_dependency LIMIT 4) first
	WHERE fk_target = (SELECT pk_package FROM app.tb_package WHERE name = 'libc6')) \gset
SELECT format('  answers that show its version: %s       answers that are gone: %s', :shown, :kept - :valid);
SELECT demo.verify('gone are exactly the answers that show it', :shown = :kept - :valid AND :shown > 0);

\qecho
\qecho '  and a column that these answers do not show:'
\qecho '    UPDATE app.tb_package SET homepage = ''https://example.org'' WHERE name = ''libc6'''
\qecho
\! psql -X -q -v ON_ERROR_STOP=1 -c "UPDATE app.tb_package SET homepage = 'https://example.org' WHERE name = 'libc6'"
SELECT format('  answers that are gone: %s', :valid - demo.valid_answers());
SELECT demo.verify('all others are still there', :valid = demo.valid_answers());

\qecho
\qecho '  What the answer about git depends on, as fraiseql.explain() tells:'
\qecho
SELECT format('    %s %s', rpad(t ->> 'relation', 20), t -> 'rows')
FROM jsonb_array_elements(fraiseql.explain(:'query', '{"name": "git"}') -> 'tags') WITH ORDINALITY AS tag (t, n)
ORDER BY n LIMIT 9;
\qecho
