-- What the tests of the cache share: ask() runs an operation and tells what the cache did, from the counters, and
-- wait_for() waits.
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

-- Until a condition holds that another process brings about.
CREATE PROCEDURE ask.wait_for(condition text) LANGUAGE plpgsql AS $$
DECLARE
	fulfilled boolean;
BEGIN
	FOR i IN 1 .. 600 LOOP
		EXECUTE 'SELECT ' || condition INTO fulfilled;
		EXIT WHEN fulfilled;
		PERFORM pg_sleep(0.1);
	END LOOP;
	IF NOT fulfilled THEN
		RAISE 'waited in vain';
	END IF;
END
$$;

SELECT ask.ask('{ __typename }');
SELECT ask.ask('{ __typename }');
SELECT ask.ask('query { t: __typename }');
SELECT ask.ask('{ nothing }');
