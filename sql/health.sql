-- Health and the samples that it is judged by: what the views show, and that they agree.  Alerts are provoked in
-- test/tap.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA health;
SET search_path = health, ask;

-- samples come by themselves
CALL wait_for('count(*) > 1 FROM fraiseql.recent_samples');
SELECT count(*) BETWEEN 2 AND 3599, bool_and(seconds > 0.5), bool_and(at <= clock_timestamp()) FROM fraiseql.recent_samples;
SELECT bool_and(round(extract(epoch FROM at - previous), 3) = round(seconds::numeric, 3))
FROM (SELECT at, seconds, lag(at) OVER (ORDER BY at) AS previous FROM fraiseql.recent_samples) AS s WHERE previous IS NOT NULL;
-- they add up to what the counters count, and go on over a reset
CREATE TABLE counted AS SELECT clock_timestamp() AS since;
CALL wait_for('max(at) > since FROM fraiseql.recent_samples, counted GROUP BY since');
CREATE TABLE before AS SELECT max(at) AS at FROM fraiseql.recent_samples;
CREATE TABLE thing (id int PRIMARY KEY);
SELECT fraiseql.expose('thing', 'HealthThing');
SELECT count(fraiseql.execute('{ healthThings { id } }')) FROM generate_series(1, 1001);
SELECT fraiseql.stats_reset();
UPDATE counted SET since = clock_timestamp();
CALL wait_for('max(at) > since FROM fraiseql.recent_samples, counted GROUP BY since');
SELECT sum(hits), sum(misses), sum(fills) FROM fraiseql.recent_samples, before WHERE recent_samples.at > before.at;

-- what is checked, against what, and how the log says it
SELECT check_name, warning, critical, unit, sqlstate FROM fraiseql.health_checks;
SELECT bool_and(level IN ('ok', 'warning', 'critical')), bool_and((level = 'ok') = (advice IS NULL)), bool_and(message <> ''),
	bool_and(level = 'ok' OR since IS NOT NULL) FROM fraiseql.health_checks;
-- thresholds are settings, and those of the server
SET fraiseql.alert_hit_rate_warning = 0.5;
SELECT count(*) FILTER (WHERE warning IS NOT NULL),
	count(*) FILTER (WHERE warning = setting::numeric * CASE h.unit WHEN 'bytes' THEN 1024 * 1024 ELSE 1 END)
FROM fraiseql.health_checks AS h LEFT JOIN pg_settings ON name = 'fraiseql.alert_' || check_name || '_warning';

-- the verdict, as a row and as an object
SELECT status IN ('healthy', 'degraded', 'unhealthy'), since <= measured_at, jsonb_typeof(alerts), warnings >= 0, criticals >= 0, advice <> '',
	headroom BETWEEN 0 AND 1, window_seconds > 0, in_flight = 0, memory_bytes >= 0, measured_at > clock_timestamp() - interval '10 seconds'
FROM fraiseql.health;
SELECT string_agg(key, ' ' ORDER BY key) FROM jsonb_each(fraiseql.health());
SELECT string_agg(key, ' ' ORDER BY key) FROM jsonb_each(fraiseql.health())
WHERE key NOT IN (SELECT column_name FROM information_schema.columns WHERE table_schema = 'fraiseql' AND table_name = 'health');
SELECT (fraiseql.health() ->> 'measured_at')::timestamptz BETWEEN measured_at - interval '5 seconds' AND measured_at + interval '5 seconds'
FROM fraiseql.health;
-- whatever the session's format of times
SET DateStyle = 'SQL, DMY';
SELECT fraiseql.health() ->> 'measured_at' ~ '^\d{4}-\d\d-\d\dT';
RESET DateStyle;

-- everybody may ask
CREATE ROLE regress_fql_health;
SET ROLE regress_fql_health;
SELECT count(*) FROM fraiseql.health;
SELECT count(*) > 1 FROM fraiseql.recent_samples;
SELECT fraiseql.health() ->> 'status' <> '';
RESET ROLE;
DROP ROLE regress_fql_health;

SELECT fraiseql.hide('thing');
DROP SCHEMA health CASCADE;
