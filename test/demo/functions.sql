-- test/demo/functions.sql
--    How the demo measures and checks.  Times are taken inside the server, around the one call.

CREATE SCHEMA demo;

CREATE TABLE demo.verdict (
	what text NOT NULL,
	passed boolean NOT NULL
);

-- Ask, in so many batches of so many calls each: the last answer, the median of the batches' mean times in milliseconds
-- (a hit is as fast as the clock ticks, so one alone cannot be timed), and whether all batches ended with the same bytes.
-- With cold, the cache is emptied before each batch.
CREATE FUNCTION demo.ask(query text, variables jsonb, batches integer, calls integer, cold boolean,
	OUT answer json, OUT milliseconds numeric, OUT same boolean)
LANGUAGE plpgsql AS $$
DECLARE
	before timestamptz;
	spent double precision[] := '{}';
	previous text;
BEGIN
	same := true;
	FOR batch IN 1 .. batches LOOP
		IF cold THEN
			PERFORM fraiseql.cache_reset();
		END IF;
		before := clock_timestamp();
		FOR i IN 1 .. calls LOOP
			answer := fraiseql.execute(query, variables);
		END LOOP;
		spent := spent || (extract(epoch FROM clock_timestamp() - before) * 1000 / calls)::double precision;
		same := same AND answer::text = coalesce(previous, answer::text);
		previous := answer::text;
	END LOOP;
	SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY s) INTO milliseconds FROM unnest(spent) s;
END
$$;

-- Ask once with the cache switched off.
CREATE FUNCTION demo.uncached(query text, variables jsonb) RETURNS json
LANGUAGE sql SET fraiseql.cache_enabled = off AS $$ SELECT fraiseql.execute(query, variables) $$;

-- How many answers the cache could serve now.
CREATE FUNCTION demo.valid_answers() RETURNS bigint
LANGUAGE sql AS $$ SELECT count(*) FROM fraiseql.cache_entries WHERE valid $$;

-- The packages whose answers chapter 5 keeps.
CREATE VIEW demo.thousand AS SELECT pk_package, name FROM app.tb_package ORDER BY name LIMIT 1000;

-- Remember a verdict, and say it.
CREATE FUNCTION demo.verify(what text, passed boolean) RETURNS text
LANGUAGE sql AS $$
	INSERT INTO demo.verdict VALUES (what, coalesce(passed, false));
	SELECT CASE WHEN passed THEN '  [ok] ' ELSE '  [WRONG] ' END || what;
$$;

-- One line of a measurement.
CREATE FUNCTION demo.line(label text, milliseconds numeric, note text) RETURNS text
LANGUAGE sql AS $$
	SELECT rtrim(format('  %s%s ms   %s', rpad(label, 46), lpad(to_char(milliseconds, 'FM999990.0000'), 12), note));
$$;
