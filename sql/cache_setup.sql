-- What the cache_* tests share: ask() runs an operation and tells what the cache did, from the counters.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA ask;
GRANT USAGE ON SCHEMA ask TO PUBLIC;

CREATE FUNCTION ask.counters() RETURNS TABLE (name text, count bigint) LANGUAGE sql AS $$
	SELECT 'hit', hits FROM fraiseql.cache_stats
	UNION ALL SELECT 'miss', misses FROM fraiseql.cache_stats
	UNION ALL SELECT 'kept', fills FROM fraiseql.cache_stats
	UNION ALL SELECT kind || ' ' || reason, b.count FROM fraiseql.bypass_stats b
$$;

-- "hit", "miss kept", "miss rejected <reason>", "bypass <reason>", and the answer.
CREATE FUNCTION ask.ask(query text, variables jsonb DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before jsonb := (SELECT jsonb_object_agg(name, count) FROM ask.counters());
	answer json := fraiseql.execute(query, variables);
	outcome text;
BEGIN
	SELECT string_agg(name, ' ' ORDER BY name = 'miss' DESC, name) INTO outcome
	FROM ask.counters() WHERE count > (before ->> name)::bigint;
	RETURN coalesce(outcome, 'nothing') || ': ' || answer;
END
$$;

SELECT ask.ask('{ __typename }');
SELECT ask.ask('{ __typename }');
SELECT ask.ask('query { t: __typename }');
SELECT ask.ask('{ nothing }');
