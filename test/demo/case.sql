-- test/demo/case.sql
--    One question: asked, asked again, changed under the cache, asked again.
--
-- Variables: title, file (in queries/), variables (JSON), change (SQL), proof (text that only the fresh answer has).

\setenv FILE :file
\set query `cat "$DEMO/queries/$FILE"`
\qecho @title :title
SELECT regexp_replace(:'query', '^', '  ', 'ng');
\qecho
\qecho '  variables' :variables
\qecho

SELECT fraiseql.cache_reset() AS dropped \gset
SELECT hits AS hits_before FROM fraiseql.cache_stats \gset
SELECT answer AS first_answer, milliseconds AS first_ms FROM demo.ask(:'query', :'variables', 1, 1, false) \gset
SELECT answer AS hit_answer, milliseconds AS hit_ms, same AS hits_same
	FROM demo.ask(:'query', :'variables', 20, :calls, false) \gset
SELECT hits AS hits_after FROM fraiseql.cache_stats \gset
SELECT milliseconds AS miss_ms FROM demo.ask(:'query', :'variables', 5, 1, true) \gset

SELECT demo.line('miss: the first time, planned too', :first_ms, NULL);
SELECT demo.line('miss: executed again (median of 5)', :miss_ms, NULL);
SELECT demo.line('hit:  from shared memory (median of 20 × ' || :calls || ')', :hit_ms,
	format('×%s faster', to_char(:miss_ms / :hit_ms, 'FM999G990')));
\qecho
\qecho @json :first_answer
\qecho
SELECT demo.verify('every hit is the executed answer, byte for byte',
	:'hits_same'::boolean AND :'hit_answer' = :'first_answer' AND (:'first_answer'::jsonb -> 'errors') IS NULL);
SELECT demo.verify('cache_stats counted each of these ' || 20 * :calls || ' as a hit',
	:hits_after - :hits_before = 20 * :calls);

-- The write comes from another session, which knows nothing of the cache.
\qecho
\qecho '  meanwhile, in another session:'
\qecho '   ' :change
\qecho
\setenv CHANGE :change
\! psql -X -q -v ON_ERROR_STOP=1 -c "$CHANGE" || echo '  [WRONG] the write failed'
SELECT answer AS fresh_answer, milliseconds AS fresh_ms FROM demo.ask(:'query', :'variables', 1, 1, false) \gset
SELECT demo.line('fresh: the next answer', :fresh_ms, NULL);
\qecho
\qecho @diff :first_answer
\qecho @with :fresh_answer
\qecho
SELECT demo.verify('the write is in the very next answer',
	strpos(:'first_answer', :'proof') = 0 AND strpos(:'fresh_answer', :'proof') > 0);
SELECT demo.verify('the answer is what executing without the cache gives',
	demo.uncached(:'query', :'variables')::text = :'fresh_answer');
SELECT hits AS hits_before FROM fraiseql.cache_stats \gset
SELECT answer AS next_answer FROM demo.ask(:'query', :'variables', 1, 1, false) \gset
SELECT demo.verify('and the one after it is a hit again', hits = :hits_before + 1 AND :'next_answer' = :'fresh_answer')
	FROM fraiseql.cache_stats;
