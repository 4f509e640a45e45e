-- fraiseql.metrics(): the text exposition format of Prometheus.
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
	AND line !~ '^fraiseql_[a-z0-9_]+({[a-z]+="[a-z_]+"})? [0-9.e+-]+$';
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
-- whatever the session's settings
SET extra_float_digits = -15;
SET search_path = '';
SELECT line FROM pg_catalog.string_to_table(fraiseql.metrics(), E'\n') AS line WHERE line ~ '^fraiseql_cache_hit_rate';
RESET extra_float_digits;

SET client_min_messages = warning;
DROP SCHEMA metrics CASCADE;
