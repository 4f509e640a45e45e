-- fraiseql.report() and fraiseql.dashboard(): well formed, self-contained, true to the views, and safe to look at
-- whatever operations, names and settings hold.  A browser looks at the page in test/report.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA report;
SET search_path = report, ask;
CREATE TABLE tb_part (id int PRIMARY KEY, name text);
INSERT INTO tb_part VALUES (1, 'one'), (2, 'two');
SELECT fraiseql.expose('tb_part', 'ReportPart');

-- the texts that a path of the page leads to
CREATE FUNCTION found(page text, path text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT x::text FROM unnest(xpath(path, xmlparse(DOCUMENT page), '{{h,http://www.w3.org/1999/xhtml}}')) AS x
$$;
-- a section's cells, row by row
CREATE FUNCTION cells(page text, section text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT string_agg(cell, ' | ' ORDER BY n) FROM (
		SELECT r, c.n, (SELECT string_agg(t, '') FROM found(c.cell, '//text()') AS t)
		FROM found(page, format('//h:section[@id=%L]//h:tbody/h:tr', section)) WITH ORDINALITY AS rows (line, r),
			found(line, '/h:tr/h:td') WITH ORDINALITY AS c (cell, n)) AS s (r, n, cell)
	GROUP BY r ORDER BY r
$$;

--
-- Nothing has happened
--
SELECT fraiseql.cache_reset() >= 0;
SELECT fraiseql.stats_reset();
CREATE TABLE page (page text);
CREATE TABLE before (at timestamptz, cascades bigint);
INSERT INTO page SELECT fraiseql.report();
SELECT xml_is_well_formed_document(page), page LIKE '<!DOCTYPE html>%', page LIKE E'%</html>\n', length(page) < 500000 FROM page;
SELECT found(page, '//h:section/@id') FROM page;
SELECT cells(page, s) FROM page, unnest('{operations-saved,operations-misses,bypasses,rejections}'::text[]) AS s;
SELECT found(page, format('//h:section[@id=%L]/h:p/text()', s))
FROM page, unnest('{operations-saved,operations-misses,bypasses,rejections}'::text[]) AS s;

--
-- Something has
--
CALL wait_for('count(*) > 3 FROM fraiseql.recent_samples');
SELECT count(fraiseql.execute('query Kept { reportParts { id name } }')) FROM generate_series(1, 1500);
SELECT count(fraiseql.execute('{ reportParts { id } }')) FROM generate_series(1, 3);
SELECT count(fraiseql.execute('{ nothing }'));
SELECT count(fraiseql.execute('{ reportPart(id: 1) { name } }')) FROM generate_series(1, 4);
SET fraiseql.cache_enabled = off;
SELECT count(fraiseql.execute('{ reportPart(id: 1) { name } }')) FROM generate_series(1, 5);
RESET fraiseql.cache_enabled;
UPDATE tb_part SET name = 'uno' WHERE id = 1;
CALL wait_for('count(*) = 0 FROM fraiseql.cache_entries WHERE NOT valid');
INSERT INTO before SELECT clock_timestamp(), cascades FROM fraiseql.cascade_stats;
CALL wait_for('max(s.at) > b.at FROM fraiseql.recent_samples AS s, report.before AS b GROUP BY b.at');
TRUNCATE page;
INSERT INTO page SELECT fraiseql.report();
SELECT xml_is_well_formed_document(page), length(page) < 500000 FROM page;
-- figures are those of the views
CREATE FUNCTION figure(page text, name text) RETURNS bigint LANGUAGE sql AS $$
	SELECT replace(found(page, format('//h:div[h:dt=%L]/h:dd[1]/text()', name)), ',', '')::bigint
$$;
SELECT figure(page, 'Answers kept') = 1, figure(page, 'Executions saved by waiting') = executions_saved,
	figure(page, 'Cascades') BETWEEN before.cascades AND c.cascades, before.cascades > 0
FROM page, before, fraiseql.coalescing_stats, fraiseql.cascade_stats AS c;
SELECT regexp_replace(found, ' \| [^|]* \| [^|]*$', '') FROM page, cells(page, 'operations-saved') AS found WHERE found LIKE '%Kept%';
SELECT regexp_replace(line, '[0-9.]+ (m?s)', '# ms') FROM page, cells(page, 'operations-misses') AS line
WHERE line LIKE '%report%' ORDER BY line COLLATE "C";
SELECT cells(page, 'bypasses') FROM page;
SELECT cells(page, 'rejections') FROM page;
SELECT count(*) = (SELECT count(*) FROM fraiseql.health_checks) FROM page, cells(page, 'checks');
SELECT bool_and(figure LIKE 'below%' OR figure LIKE 'above%' OR figure = '–') FROM page, cells(page, 'checks') AS line, split_part(line, ' | ', 4) AS figure;
-- each chart has an axis of values, one of times, a line or an area for each of its series, and figures to each
SELECT id, count(DISTINCT series), count(DISTINCT legend) = count(DISTINCT series) AS legend, count(DISTINCT tick) > 2 AS ticks
FROM page, found(page, '//h:figure/@id') AS id,
	found(page, format('//h:figure[@id=%L]/*[local-name()="svg"]/*[starts-with(@class, "line") or starts-with(@class, "area")]/@class', id)) AS series,
	found(page, format('//h:figure[@id=%L]/h:table/h:tbody/h:tr/h:th/text()', id)) AS legend,
	found(page, format('//h:figure[@id=%L]/*[local-name()="svg"]/*[@class="tick"]/text()', id)) AS tick
GROUP BY id ORDER BY id COLLATE "C";
-- and no point is off it
SELECT count(*) > 20, bool_and(d ~ '^[MLHVZvh0-9. -]*$'), max(number[1]::numeric) <= 640, min(number[1]::numeric) >= 0
FROM page, found(page, '//*[local-name()="path"]/@d') AS d, regexp_matches(d, '-?[0-9.]+', 'g') AS number;
SELECT tick ~ '^\d\d:\d\d(:\d\d)?$' FROM page,
	found(page, '//h:figure[@id="hitrate"]//*[@class="tick"][@text-anchor="middle"]/text()') AS tick GROUP BY 1;

--
-- Nothing is fetched, nothing runs, nothing of others is mark-up
--
CREATE ROLE U&"regress_fql_\001b</td><script>alert(1)</script>" IN ROLE pg_monitor;
GRANT USAGE ON SCHEMA report TO PUBLIC;
GRANT SELECT ON tb_part TO PUBLIC;
SET ROLE U&"regress_fql_\001b</td><script>alert(1)</script>";
SELECT fraiseql.execute($$query Hostile($c: String = "</script></style><img src=x onerror=alert(1)>&amp;'\" 日本 é 😀 ‮ \t \u0007")
	{ reportParts(where: {name: {eq: $c}}) { id } others: reportParts(where: {_not: {name: {eq: $c}}}) { id name } }$$)
FROM generate_series(1, 2);
RESET ROLE;
SET fraiseql.cache_vary = 'app.</td><script>evil(1)</script>';
TRUNCATE page;
INSERT INTO page SELECT fraiseql.report();
RESET fraiseql.cache_vary;
SELECT xml_is_well_formed_document(page), page ~ '^[\n\x20-\x7e]*$' FROM page;
SELECT replace(split_part(found, ' | ', 3), U&'\FFFD', 'replaced') FROM page, cells(page, 'operations-saved') AS found WHERE found LIKE '%Hostile%';
-- what an operation was asked with is not on the page
SELECT split_part(found, ' | ', 1) FROM page, cells(page, 'operations-saved') AS found WHERE found LIKE '%Hostile%';
SELECT split_part(found, ' | ', 2), split_part(found, ' | ', 4) FROM page, cells(page, 'settings') AS found WHERE found LIKE '%evil%';
SELECT DISTINCT substring(element from '^<([^ />]+)') FROM page, found(page, '//*') AS element
WHERE element !~ '^<(html|head|meta|title|style|body|header|main|footer|section|div|span|strong|p|h[123]|ul|li|dl|dt|dd|figure|figcaption)[ >/]'
	AND element !~ '^<(svg|path|text|rect|table|thead|tbody|tr|th|td|code|pre|details|summary)[ >/]';
SELECT DISTINCT attribute FROM page, found(page, '//@*[starts-with(local-name(), "on") or local-name()="src" or local-name()="href" or local-name()="style"]') AS attribute;
SELECT DISTINCT found(page, '//h:style/text()') ~ 'url\(|@import|<|&' FROM page;
SELECT found(page, '//h:meta[@http-equiv]/@content') FROM page;
SELECT regexp_matches(replace(page, 'xmlns="http://www.w3.org/1999/xhtml"', ''), 'https?:', 'g') FROM page;

--
-- It is the same whatever the session's settings are
--
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'sql_standard';
SET extra_float_digits = -15;
SET TimeZone = 'Asia/Kathmandu';
SET search_path = '';
TRUNCATE report.page;
INSERT INTO report.page SELECT fraiseql.report();
SET search_path = report, public;
SELECT xml_is_well_formed_document(page), page ~ ' at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+05:45</title>', page ~ 'time zone Asia/Kathmandu' FROM page;
SELECT fraiseql.dashboard() ~ '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+05:45\n';
RESET DateStyle;
RESET IntervalStyle;
RESET extra_float_digits;
RESET TimeZone;
SET search_path = report, ask;

--
-- The dashboard: its lines fit, and are where they were
--
SET client_encoding = UTF8;
CREATE TABLE screen AS SELECT line, n FROM string_to_table(fraiseql.dashboard(), E'\n') WITH ORDINALITY AS l (line, n);
SELECT max(length(line)) BETWEEN 90 AND 100, max(n) BETWEEN 24 AND 45 FROM screen;
SELECT n, left(line, 10) FROM screen WHERE n BETWEEN 4 AND 20 ORDER BY n;
SELECT n, line FROM screen WHERE n = 21;
SELECT bool_or(line ~ '[▁▂▃▄▅▆▇█]'), bool_or(line ~ '[[:cntrl:]]') FROM screen;
SELECT split_part(line, 'query', 2) FROM screen WHERE line LIKE '%Hostile%';
SELECT (regexp_match(line, '^hits +[0-9.,-]+ +[0-9.,-]+ +([0-9,]+) '))[1] = to_char(hits, 'FM999,999,999') FROM screen, fraiseql.cache_stats WHERE line ~ '^hits';
-- a client without blocks is not sent any
SET client_encoding = LATIN1;
SELECT string_agg(l, '' ORDER BY n) ~ '^[\x20-\x7e]*$' FROM string_to_table(fraiseql.dashboard(), E'\n') WITH ORDINALITY AS l (l, n) WHERE n < 20;
SET client_encoding = UTF8;

--
-- Who may look, and at what
--
CREATE ROLE regress_fql_looks;
SET ROLE regress_fql_looks;
SELECT length(fraiseql.report());
SELECT length(fraiseql.dashboard());
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraiseql.report(), fraiseql.dashboard() TO regress_fql_looks;
SET ROLE regress_fql_looks;
-- the views decide: records of cascades are not for everybody, and neither are the operations of others
SELECT length(fraiseql.report());
SELECT fraiseql.dashboard() ~ '<insufficient privilege>', fraiseql.dashboard() ~ 'Kept|Hostile';
RESET ROLE;
GRANT pg_monitor TO regress_fql_looks;
SET ROLE regress_fql_looks;
SELECT fraiseql.report() ~ 'Hostile', fraiseql.report() ~ 'insufficient', fraiseql.dashboard() ~ 'Kept';
RESET ROLE;

SET client_min_messages = warning;
SELECT fraiseql.hide('tb_part');
REVOKE ALL ON FUNCTION fraiseql.report(), fraiseql.dashboard() FROM regress_fql_looks;
DROP SCHEMA report CASCADE;
DROP ROLE regress_fql_looks, U&"regress_fql_\001b</td><script>alert(1)</script>";
