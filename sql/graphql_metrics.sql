-- Query's field _metrics, where fraiseql.graphql_metrics is on: what is in it, and that nothing of it is ever kept.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA graphql_metrics;
SET search_path = graphql_metrics, ask;
CREATE TABLE tb_item (id int PRIMARY KEY, name text);
INSERT INTO tb_item VALUES (1, 'one');
SELECT fraiseql.expose('tb_item', 'Item', '{"mutations": true}');
CREATE FUNCTION first_error(answer json) RETURNS text LANGUAGE sql AS $$ SELECT answer -> 'errors' -> 0 ->> 'message' $$;

-- Off, on, off: for the texts of before too, in SDL as in answers, and not a word of it where it is not.
SELECT fraiseql.execute('{ _metrics { cache { __typename } } }');
SELECT first_error(fraiseql.execute('{ _metric { cache { __typename } } }'));
SELECT fraiseql.schema_sdl() ~* 'metrics';
SET fraiseql.graphql_metrics = on;
SELECT fraiseql.execute('{ _metrics { cache { __typename } } }');
SELECT first_error(fraiseql.execute('{ _metric { cache { __typename } } }'));
SELECT fraiseql.schema_sdl() ~* 'metrics';
RESET fraiseql.graphql_metrics;
SELECT fraiseql.execute('{ _metrics { cache { __typename } } }');
SELECT fraiseql.schema_sdl() ~* 'metrics';
BEGIN;
SET LOCAL fraiseql.graphql_metrics = on;
SELECT fraiseql.execute('{ _metrics { cache { __typename } } }');
ROLLBACK;
SELECT first_error(fraiseql.execute('{ _metrics { cache { __typename } } }'));
-- what was asked before the setting changed is as it was
SELECT ask('{ items { name } }');
SET fraiseql.graphql_metrics = on;
SELECT ask('{ items { name } }');

-- The types: the columns of the views, with their comments.
SELECT unnest(regexp_matches(fraiseql.schema_sdl(), '"[^"]*"\n *_metrics: [^\n]*|"[^"]*"\ntype _Metrics {[^}]*}', 'g'));
CREATE FUNCTION camel(name text) RETURNS text LANGUAGE sql AS $$
	SELECT lower(left(words, 1)) || substr(words, 2) FROM replace(initcap(replace(name, '_', ' ')), ' ', '') AS words
$$;
CREATE FUNCTION columns_of(view regclass) RETURNS TABLE (number int, name text, sdl text) LANGUAGE sql AS $$
	SELECT attnum, attname, format(E'  %s\n  %s: %s\n', to_json(col_description(view, attnum)), camel(attname),
		CASE atttypid WHEN 'bigint'::regtype THEN 'BigInt' WHEN 'integer'::regtype THEN 'Int'
			WHEN 'double precision'::regtype THEN 'Float' WHEN 'timestamptz'::regtype THEN 'DateTime' END)
	FROM pg_attribute WHERE attrelid = view AND attnum > 0 AND NOT attisdropped
$$;
CREATE TABLE part AS SELECT * FROM (VALUES ('cache', '_CacheMetrics', 'fraiseql.cache_stats'::regclass),
	('coalescing', '_CoalescingMetrics', 'fraiseql.coalescing_stats'), ('cascade', '_CascadeMetrics', 'fraiseql.cascade_stats')) AS p (field, type, view);
SELECT type, strpos(fraiseql.schema_sdl(), format(E'%s\ntype %s {\n%s}\n', to_json(obj_description(view, 'pg_class')), type,
	(SELECT string_agg(sdl, '' ORDER BY number) FROM columns_of(view)))) > 0 FROM part;
-- the scalars are those of columns anywhere else, and there is neither a filter nor an order of these types
SELECT fraiseql.schema_sdl() ~ 'scalar BigInt', fraiseql.schema_sdl() ~ 'input _';

-- The values: those of the views.  The worker may count meanwhile, so they are compared until they are equal.
CREATE FUNCTION shown(part part) RETURNS jsonb LANGUAGE sql AS $$
	SELECT fraiseql.execute(format('{ _metrics { %s { %s } } }', part.field, string_agg(camel(name), ' ')))::jsonb #> ARRAY['data', '_metrics', part.field]
	FROM columns_of(part.view)
$$;
CREATE FUNCTION is_equal(part part) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	deadline timestamptz := clock_timestamp() + '60 s';
	differs boolean := true;
BEGIN
	WHILE differs AND clock_timestamp() < deadline LOOP
		EXECUTE format('SELECT $1 IS DISTINCT FROM (SELECT jsonb_object_agg(graphql_metrics.camel(key), value) FROM %s AS v, jsonb_each(to_jsonb(v)))',
			part.view) INTO differs USING shown(part);
		PERFORM pg_sleep(CASE WHEN differs THEN 0.01 ELSE 0 END);
	END LOOP;
	RETURN NOT differs;
END
$$;
SELECT ask('{ items { id } }'), ask('{ items { id } }');
SET fraiseql.response_bigint_strings = off;
SELECT field, is_equal(part) FROM part;
RESET fraiseql.response_bigint_strings;
-- with BigInt as strings, as elsewhere; hits of another answer show at once
SELECT (fraiseql.execute('{ _metrics { cache { hits } } }') #>> '{data,_metrics,cache,hits}')::bigint AS hits \gset
SELECT ask('{ items { id } }');
SELECT (fraiseql.execute('{ _metrics { cache { hits } } }') #> '{data,_metrics,cache,hits}')::text = to_json((:hits + 1)::text)::text;

-- Aliases, fragments, variables and directives, beside other root fields.
SELECT key, json_typeof(value) FROM json_each(fraiseql.execute('{ a: _metrics { one: cache { n: hits } two: cache { misses } } _metrics { cascade { lost } } }') -> 'data');
SELECT key, value -> 'cache' ->> '__typename', value -> 'coalescing' ->> 'waiting' FROM json_each(fraiseql.execute('
	query ($all: Boolean!) { items { name } m: _metrics { ...m } ... on Query { _metrics @include(if: $all) { cache { __typename } } } }
	fragment m on _Metrics { cache { ... on _CacheMetrics { __typename } } coalescing @skip(if: $all) { waiting } }',
	'{"all": false}') -> 'data');
SELECT fraiseql.execute('query ($all: Boolean!) { items { name } _metrics { __typename cache @include(if: $all) { hits } } }', '{"all": false}');
SELECT fraiseql.execute('query ($all: Boolean!) { items { name } _metrics { cache @include(if: $all) { hits } } }', '{"all": false}');
SELECT fraiseql.execute('{ _metrics { cache { hits(where: {}) } } }');
SELECT first_error(fraiseql.execute('{ _metrics(id: 1) { cache { hits } } }'));
SELECT first_error(fraiseql.execute('{ _metrics { cache(limit: 1) { hits } } }'));
SELECT first_error(fraiseql.execute('{ _metrics { cache } }'));
SELECT first_error(fraiseql.execute('{ _metrics { items { id } } }'));
SELECT first_error(fraiseql.execute('mutation { _metrics { cache { hits } } }'));
SELECT first_error(fraiseql.execute('{ __type(name: "_Metrics") { name } }'));
-- limits are limits
SET fraiseql.max_selections = 3;
SELECT first_error(fraiseql.execute('{ _metrics { cache { hits } } }')), first_error(fraiseql.execute('{ _metrics { cache { hits misses } } }'));
SET fraiseql.max_selections = 1;
SELECT first_error(fraiseql.execute('{ items { id } _metrics { cache { hits } } }'));
RESET fraiseql.max_selections;

-- Past the cache in both directions, and past herds; so the hit rate is not that of those who look at it.
CREATE FUNCTION outcome(query text, variables jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS $$ SELECT split_part(ask.ask(query, variables), ':', 1) $$;
SELECT executions AS executions_before FROM fraiseql.coalescing_stats \gset
SELECT misses AS misses_before FROM fraiseql.cache_stats \gset
SELECT outcome('{ _metrics { cache { hits } } }'), outcome('{ _metrics { cache { hits } } }');
SELECT outcome('{ _metrics { __typename } }'), outcome('{ _metrics { __typename } }');
SELECT outcome('{ items { name } _metrics { cascade { cascades } } }'), outcome('{ items { name } _metrics { cascade { cascades } } }');
SELECT outcome('{ ...q } fragment q on Query { ... { m: _metrics { cascade { cascades } } } }');
-- also where directives leave it out: what is asked is asked of the text
SELECT outcome('query ($m: Boolean!) { items { name } _metrics @include(if: $m) { cache { hits } } }', '{"m": false}');
SELECT executions - :executions_before, (SELECT misses FROM fraiseql.cache_stats) - :misses_before FROM fraiseql.coalescing_stats;
SELECT count(*) FROM fraiseql.cache_entries WHERE query ~ '_metrics';
-- but not the other operations of the document
SELECT fraiseql.execute('query a { items { text: name } } query b { _metrics { cache { hits } } }', operation_name => 'a');
SELECT fraiseql.cache_reset() > 0;
SELECT outcome('{ items { name } }'), outcome('{ items { name } }');
SELECT e ->> 'cacheable', e ->> 'reason', e ->> 'cached', e ->> 'description' FROM fraiseql.explain('{ _metrics { cache { hits } } }') AS e;
SELECT e ->> 'cacheable', e ->> 'reason' FROM fraiseql.explain('{ _metrics { __typename } }') AS e;
-- who shows these views as relations is told that it is statistics
CREATE VIEW v_load AS SELECT 1 AS id, hits FROM fraiseql.cache_stats;
SELECT fraiseql.expose('v_load', 'Load');
SELECT outcome('{ loads { hits } }'), outcome('{ loads { hits } }');
SELECT fraiseql.hide('v_load');
-- whichever of our views it is, and whichever function that tells of the server: those of which this is not said are listed
CREATE TABLE source AS SELECT row_number() OVER (ORDER BY name COLLATE "C") AS n, name FROM (
	SELECT viewname::text AS name FROM pg_views WHERE schemaname = 'fraiseql'
	UNION SELECT proname || '()' FROM pg_proc
	WHERE pronamespace = 'fraiseql'::regnamespace AND pronargs = 0 AND provolatile = 'v' AND NOT proname ~ '_reset$'
		AND prorettype <> ALL ('{trigger,event_trigger}'::regtype[])) AS s;
SELECT format('CREATE VIEW v_source%s AS SELECT 1 AS id, count(*)::int AS n FROM fraiseql.%s', n, name) FROM source ORDER BY n \gexec
SELECT count(fraiseql.expose(('v_source' || n)::regclass, 'Source' || n, jsonb_build_object('plural', 'all' || n))) > 20 FROM source;
SELECT name, explained ->> 'reason' FROM source, fraiseql.explain(format('{ all%s { n } }', n)) AS explained
WHERE explained ->> 'reason' <> 'statistics' ORDER BY name COLLATE "C";
SELECT bool_and(fraiseql.hide(('v_source' || n)::regclass)) FROM source;

-- Privileges: on the views, which everybody may read, and on the functions behind them.
CREATE ROLE regress_fql_watcher;
GRANT USAGE ON SCHEMA graphql_metrics, ask TO regress_fql_watcher;
GRANT SELECT ON tb_item TO regress_fql_watcher;
SET ROLE regress_fql_watcher;
SELECT json_typeof(fraiseql.execute('{ _metrics { cache { hits } coalescing { waits } cascade { lost } } }') #> '{data,_metrics}');
SET fraiseql.graphql_metrics = off;
RESET ROLE;
BEGIN;
REVOKE EXECUTE ON FUNCTION fraiseql.cascade_stats() FROM PUBLIC;
SET LOCAL ROLE regress_fql_watcher;
SELECT fraiseql.execute('{ items { id } _metrics { cache { __typename } cascade { lost } } }');
SELECT fraiseql.execute('{ items { id } _metrics { cache { __typename } } }');
ROLLBACK;
BEGIN;
REVOKE SELECT ON fraiseql.cascade_stats FROM PUBLIC;
SET LOCAL ROLE regress_fql_watcher;
SELECT fraiseql.execute('{ items { id } _metrics { cascade { lost } } }');
SELECT unnest(regexp_matches(fraiseql.schema_sdl(), 'type (_\w+)', 'g')), fraiseql.schema_sdl() ~ 'cascade: ';
ROLLBACK;
BEGIN;
REVOKE SELECT ON fraiseql.cache_stats, fraiseql.coalescing_stats, fraiseql.cascade_stats FROM PUBLIC;
SET LOCAL ROLE regress_fql_watcher;
SELECT fraiseql.schema_sdl() ~* 'metrics', fraiseql.schema_sdl() ~ 'items';
ROLLBACK;

-- Nothing that is exposed has such a name.
CREATE TABLE _metrics (id int PRIMARY KEY);
SELECT fraiseql.expose('_metrics');
SELECT fraiseql.expose('_metrics', '_Metrics');
SELECT fraiseql.expose('_metrics', 'Metrics', '{"singular": "_metrics"}');
SELECT fraiseql.expose('_metrics', 'CacheMetrics', '{"singular": "metrics", "plural": "cache"}');
SELECT fraiseql.execute('{ cache { __typename id } _metrics { cache { __typename } } }');
SELECT outcome('{ cache { id } }'), outcome('{ cache { id } }');

-- Without any relation there is still this field.
SELECT fraiseql.hide('_metrics'), fraiseql.hide('tb_item');
SELECT fraiseql.execute('{ _metrics { cache { __typename } } }');
SELECT first_error(fraiseql.execute('{ items { id } }'));
RESET fraiseql.graphql_metrics;
SELECT fraiseql.execute('{ _metrics { cache { __typename } } }') -> 'data' IS NULL;

SET client_min_messages = warning;
DROP SCHEMA graphql_metrics CASCADE;
DROP OWNED BY regress_fql_watcher;
DROP ROLE regress_fql_watcher;
