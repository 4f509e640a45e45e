-- fraiseql.metrics(): the text exposition format of Prometheus; fraiseql.metric_samples(): the same as rows.
\set VERBOSITY terse
CREATE SCHEMA metrics;
SET search_path = metrics, public;
CREATE TABLE tb_gauge (id int PRIMARY KEY, value int);
INSERT INTO tb_gauge VALUES (1, 1);
SELECT fraiseql.expose('tb_gauge');
SELECT fraiseql.stats_reset();

-- what has no value yet has no sample
SELECT line FROM string_to_table(fraiseql.metrics(), E'\n') AS line
WHERE line ~ '^fraiseql_(cache_hit_rate|coalescing_wait_p99_seconds)';

SELECT fraiseql.execute('{ gauge(id: 1) { value } }')::text;
SELECT fraiseql.execute('{ gauge(id: 1) { value } }')::text;
SELECT fraiseql.execute('{ gauge(id: 1) { value } }')::text;
UPDATE tb_gauge SET value = 2;
CREATE TABLE line AS
	SELECT number, line FROM string_to_table(fraiseql.metrics(), E'\n') WITH ORDINALITY AS l (line, number);

-- the last line ends, too; every line is one of three kinds
SELECT line FROM line ORDER BY number DESC LIMIT 1;
SELECT line FROM line WHERE line <> '' AND line !~ '^# HELP fraiseql_[a-z0-9_]+ [^\\]+$'
	AND line !~ '^# TYPE fraiseql_[a-z0-9_]+ (counter|gauge)$'
	AND line !~ '^fraiseql_[a-z0-9_]+({[a-z]+="[a-z0-9_]+"(,[a-z]+="[a-z]+")?})? [0-9.e+-]+$';
-- a metric's lines stand together: HELP, TYPE, samples; none comes twice
SELECT (regexp_match(line, 'fraiseql_[a-z0-9_]+'))[1] AS name, count(*) FILTER (WHERE line LIKE '# HELP%') AS help,
	count(*) FILTER (WHERE line LIKE '# TYPE%') AS type
FROM line WHERE line <> '' GROUP BY 1
HAVING max(number) - min(number) + 1 <> count(*) OR min(number) <> min(number) FILTER (WHERE line LIKE '# HELP%')
	OR count(*) FILTER (WHERE line LIKE '# HELP%') <> 1 OR count(*) FILTER (WHERE line LIKE '# TYPE%') <> 1;
SELECT regexp_replace(line, ' [^ ]*$', '') AS sample FROM line WHERE line ~ '^[^#]' GROUP BY 1 HAVING count(*) > 1;
-- counters have names that say so, gauges have not
SELECT line FROM line WHERE line ~ '^# TYPE' AND (line ~ ' counter$') <> (line ~ '_total ');

-- values are those of the views
SELECT line FROM line WHERE line ~ '^fraiseql_cache_(hits_total|misses_total|hit_rate|fills_total) ' ORDER BY number;
SELECT count(*) > 20 AS many, count(*) = count(*) FILTER (WHERE EXISTS (SELECT FROM line WHERE line =
	'fraiseql_' || b.kind || '_reasons_total{reason="' || b.reason || '"} ' || b.count)) AS each_reason
FROM fraiseql.bypass_stats AS b;
SELECT count(*) = 1 AS memory FROM line, fraiseql.cache_stats AS c
WHERE line = 'fraiseql_cache_peak_memory_bytes ' || c.peak_memory_bytes;
SELECT line FROM line WHERE line ~ '^fraiseql_worker_up';
-- figures of health are those of its views, durations in seconds
SELECT count(*) = count(*) FILTER (WHERE EXISTS (SELECT FROM line WHERE line = format(
	'fraiseql_health_threshold{check="%s",level="%s"} %s', check_name, level, threshold))) AS each_threshold, count(*)
FROM (SELECT check_name, 'warning', warning / CASE unit WHEN 'ms' THEN 1000 ELSE 1 END FROM fraiseql.health_checks
	UNION ALL SELECT check_name, 'critical', critical / CASE unit WHEN 'ms' THEN 1000 ELSE 1 END FROM fraiseql.health_checks)
	AS t (check_name, level, threshold) WHERE threshold IS NOT NULL;
SELECT count(*) = count(*) FILTER (WHERE EXISTS (SELECT FROM line WHERE line ~ format(
	'^fraiseql_alert_level{check="%s"} [012]$', check_name))) AS each_check FROM fraiseql.health_checks;
SELECT line ~ ' [012]$' AS status FROM line WHERE line ~ '^fraiseql_health_status';
SELECT line FROM line WHERE line ~ '^fraiseql_(health_min_calls|breaking_point_qps) ';
SELECT abs(regexp_replace(line, '.* ', '')::float8 - extract(epoch FROM stats_reset)) < 0.001 AS reset
FROM line, fraiseql.cache_stats WHERE line ~ '^fraiseql_stats_reset_timestamp_seconds ';

-- the rows are what the text has, sample by sample, but for the time; the worker may count between the two calls, so once
-- it does not
CREATE FUNCTION differing(OUT what text) RETURNS SETOF text LANGUAGE sql VOLATILE AS $$
	WITH printed AS MATERIALIZED (
		SELECT line FROM string_to_table(fraiseql.metrics(), E'\n') AS line WHERE line <> ''),
	sample AS MATERIALIZED (
		SELECT name, type, help, name || coalesce('{' || (SELECT string_agg(format('%s="%s"', key, label.value), ',' ORDER BY key)
			FROM jsonb_each_text(labels) AS label) || '}', '') || ' ' || value AS line FROM fraiseql.metric_samples())
	SELECT coalesce(p.line, s.line) FROM (SELECT line FROM printed WHERE line !~ '^#') AS p FULL JOIN sample AS s USING (line)
	WHERE (p.line IS NULL OR s.line IS NULL)
		AND coalesce(p.line, s.line) !~ '^fraiseql_(metrics_timestamp_seconds|health_value{check="worker"}) '
	UNION ALL
	SELECT name FROM sample WHERE NOT EXISTS (SELECT FROM printed WHERE line = format('# TYPE %s %s', name, type))
		OR NOT EXISTS (SELECT FROM printed WHERE line = format('# HELP %s %s', name, help))
$$;
DO $$
	BEGIN
		FOR i IN 1..200 LOOP
			IF NOT EXISTS (SELECT FROM differing()) THEN
				RAISE NOTICE 'they are the same';
				RETURN;
			END IF;
			PERFORM pg_sleep(0.05);
		END LOOP;
		RAISE WARNING 'differing: %', (SELECT array_agg(what) FROM differing());
	END
$$;
SELECT value BETWEEN extract(epoch FROM statement_timestamp()) - 0.001 AND extract(epoch FROM clock_timestamp()) + 0.001 AS now
FROM fraiseql.metric_samples() WHERE name = 'fraiseql_metrics_timestamp_seconds';
SELECT name, labels, type FROM fraiseql.metric_samples()
WHERE labels @> '{"check": "hit_rate"}' AND name ~ 'threshold' OR name ~ 'cascades_total' ORDER BY name, labels;

-- whatever the session's settings
SET extra_float_digits = -15;
SET search_path = '';
SELECT line FROM pg_catalog.string_to_table(fraiseql.metrics(), E'\n') AS line WHERE line ~ '^fraiseql_cache_hit_rate';
RESET extra_float_digits;

SET client_min_messages = warning;
DROP SCHEMA metrics CASCADE;
