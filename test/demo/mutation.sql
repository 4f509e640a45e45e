-- test/demo/mutation.sql
--    A mutation with the cascade in its response, and the record of what it did to the cache.

\qecho @title 6. A mutation: what it changed comes with the answer, what it did to the cache is on record

-- an answer that several writes made invalid counts for the first: so the records of those before must be written
DO $$
BEGIN
	FOR i IN 1..600 LOOP
		EXIT WHEN (SELECT queued_bytes FROM fraiseql.cascade_stats) = 0;
		PERFORM pg_sleep(0.05);
	END LOOP;
	PERFORM pg_sleep(0.3);
END $$;
SELECT fraiseql.cache_reset() AS dropped \gset
\setenv FILE by_name.graphql
\set query `cat "$DEMO/queries/$FILE"`
SELECT count(fraiseql.execute(:'query', jsonb_build_object('name', name))) AS asked FROM demo.thousand \gset
SELECT demo.valid_answers() AS kept \gset
\qecho '  answers in the cache:' :kept
\qecho
\qecho '  mutation Release {'
\qecho '    updatePackages(where: {name: {eq: "libc6"}}, set: {version: "100.0"}, atMost: 1) {'
\qecho '      affectedCount records { name version }'
\qecho '    }'
\qecho '  }'
\qecho
SELECT fraiseql.execute('mutation Release {
	updatePackages(where: {name: {eq: "libc6"}}, set: {version: "100.0"}, atMost: 1) { affectedCount records { name version } }
}') AS response \gset
\qecho @json :response
\qecho
SELECT demo.valid_answers() AS valid \gset
SELECT demo.verify('the cascade names the package', (:'response'::jsonb)->'extensions'->'cascade'->'updated'->0->'entity'->>'version'
	= '100.0');

-- the worker writes the record within a moment of the commit
DO $$
BEGIN
	FOR i IN 1..600 LOOP
		EXIT WHEN EXISTS (SELECT FROM fraiseql.audit_recent WHERE mutation_id = 'Release');
		PERFORM pg_sleep(0.05);
	END LOOP;
END $$;
\qecho
\qecho '  SELECT * FROM fraiseql.audit_recent, its last row:'
\qecho
SELECT entities, entries_invalidated, status, mutation_id, round(extract(epoch FROM latency) * 1000) AS latency
FROM fraiseql.audit_recent ORDER BY number DESC LIMIT 1 \gset
SELECT format('    mutation_id %s   status %s   entries_invalidated %s   processed after %s ms', :'mutation_id', :'status',
	:entries_invalidated, :latency);
SELECT format('    %s', entity) FROM jsonb_array_elements(:'entities'::jsonb) AS entity;
SELECT demo.verify('it counts exactly the answers that are gone', :kept - :valid = :entries_invalidated AND :kept > :valid);
\qecho
