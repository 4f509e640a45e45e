/* sql/fraiseql--0.1.0.sql: install script, run by CREATE EXTENSION */

-- Only psql reads this line, and then goes no further: the file is for CREATE EXTENSION to run.
\echo Use "CREATE EXTENSION fraiseql" to load this file. \quit

-- Everything is created with plain CREATE, qualified by the extension's schema: an object that somebody planted under
-- one of these names makes the installation fail rather than be adopted.

-- The library, now: a dump goes on with security labels of its provider, and CREATE FUNCTION does not load it here.
LOAD 'MODULE_PATHNAME';

--
-- What GraphQL sees
--
CREATE TABLE fraiseql.exposure (
	relation regclass PRIMARY KEY,
	type_name text,
	options jsonb,
	CONSTRAINT exposure_options_is_object CHECK (options IS NULL OR jsonb_typeof(options) = 'object')
);
COMMENT ON TABLE fraiseql.exposure IS 'relations that GraphQL sees; written by fraiseql.expose() and fraiseql.hide()';
COMMENT ON COLUMN fraiseql.exposure.relation IS 'the exposed table, partitioned table or view';
COMMENT ON COLUMN fraiseql.exposure.type_name IS 'GraphQL type name; NULL: derived from the relation''s name';
COMMENT ON COLUMN fraiseql.exposure.options IS 'options as given to fraiseql.expose()';
SELECT pg_catalog.pg_extension_config_dump('fraiseql.exposure', '');
REVOKE ALL ON fraiseql.exposure FROM PUBLIC;

CREATE FUNCTION fraiseql.expose(relation regclass, type_name text DEFAULT NULL, options jsonb DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'fql_expose'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.expose(regclass, text, jsonb) IS 'show a table or view in the GraphQL schema and track writes to every table behind it; returns the GraphQL type name';
REVOKE ALL ON FUNCTION fraiseql.expose(regclass, text, jsonb) FROM PUBLIC;

CREATE FUNCTION fraiseql.expose_schema(schema regnamespace)
RETURNS TABLE (relation regclass, type_name text)
AS 'MODULE_PATHNAME', 'fql_expose_schema'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.expose_schema(regnamespace) IS 'expose every table and view of a schema; of tv_x, v_x and tb_x only the first that exists';
REVOKE ALL ON FUNCTION fraiseql.expose_schema(regnamespace) FROM PUBLIC;

CREATE FUNCTION fraiseql.hide(relation regclass)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fql_hide'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.hide(regclass) IS 'take a relation out of the GraphQL schema; false when it was not exposed. Tracking triggers stay';
REVOKE ALL ON FUNCTION fraiseql.hide(regclass) FROM PUBLIC;

CREATE TABLE fraiseql.exposed_function (
	function regprocedure PRIMARY KEY,
	field_name text,
	options jsonb,
	CONSTRAINT exposed_function_options_is_object CHECK (options IS NULL OR jsonb_typeof(options) = 'object')
);
COMMENT ON TABLE fraiseql.exposed_function IS 'functions that GraphQL sees as mutations; written by fraiseql.expose_function() and fraiseql.hide()';
COMMENT ON COLUMN fraiseql.exposed_function.function IS 'the exposed function';
COMMENT ON COLUMN fraiseql.exposed_function.field_name IS 'name of its field of Mutation; NULL: derived from the function''s name';
COMMENT ON COLUMN fraiseql.exposed_function.options IS 'options as given to fraiseql.expose_function()';
SELECT pg_catalog.pg_extension_config_dump('fraiseql.exposed_function', '');
REVOKE ALL ON fraiseql.exposed_function FROM PUBLIC;

CREATE FUNCTION fraiseql.expose_function(function regprocedure, field_name text DEFAULT NULL, options jsonb DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'fql_expose_function'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.expose_function(regprocedure, text, jsonb) IS 'show a function in the GraphQL schema as a mutation; returns the name of its field';
REVOKE ALL ON FUNCTION fraiseql.expose_function(regprocedure, text, jsonb) FROM PUBLIC;

CREATE FUNCTION fraiseql.hide(function regprocedure)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fql_hide_function'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.hide(regprocedure) IS 'take a function out of the GraphQL schema; false when it was not exposed';
REVOKE ALL ON FUNCTION fraiseql.hide(regprocedure) FROM PUBLIC;

-- The name is the caller's, so it is looked up along the caller's search_path.
CREATE FUNCTION fraiseql.hide(name text)
RETURNS boolean
AS 'MODULE_PATHNAME', 'fql_hide_name'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT;
COMMENT ON FUNCTION fraiseql.hide(text) IS 'take a relation, or a function that is named with its parameters, out of the GraphQL schema; false when it was not exposed';
REVOKE ALL ON FUNCTION fraiseql.hide(text) FROM PUBLIC;

CREATE FUNCTION fraiseql.track(relation regclass)
RETURNS void
AS 'MODULE_PATHNAME', 'fql_track'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.track(regclass) IS 'track writes to a table without showing it: for tables that exposed views reach only through functions';
REVOKE ALL ON FUNCTION fraiseql.track(regclass) FROM PUBLIC;

CREATE FUNCTION fraiseql.declare_pure(function regprocedure, pure boolean DEFAULT true)
RETURNS void
AS 'MODULE_PATHNAME', 'fql_declare_pure'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.declare_pure(regprocedure, boolean) IS 'promise that a function''s result depends on nothing but its arguments, what its queries read, and settings in fraiseql.cache_vary; false takes the promise back';
REVOKE ALL ON FUNCTION fraiseql.declare_pure(regprocedure, boolean) FROM PUBLIC;

CREATE FUNCTION fraiseql.schema_sdl()
RETURNS text
AS 'MODULE_PATHNAME', 'fql_schema_sdl'
LANGUAGE C STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.schema_sdl() IS 'the GraphQL schema in the schema definition language, as far as the calling role may read it';

--
-- Running operations.  No SET clause here: views and functions of the caller run under the caller's search_path, which
-- is part of the cache key.
--
CREATE FUNCTION fraiseql.execute(query text, variables jsonb DEFAULT NULL, operation_name text DEFAULT NULL,
	extensions jsonb DEFAULT NULL)
RETURNS json
AS 'MODULE_PATHNAME', 'fql_execute'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT;
COMMENT ON FUNCTION fraiseql.execute(text, jsonb, text, jsonb) IS 'run a GraphQL operation, from the cache when the answer cannot have changed; mistakes of the client come back in errors[]';

CREATE FUNCTION fraiseql.graphql(request json)
RETURNS json
AS 'MODULE_PATHNAME', 'fql_graphql'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT;
COMMENT ON FUNCTION fraiseql.graphql(json) IS 'fraiseql.execute() for an HTTP gateway: one argument {query, variables, operationName, extensions}';

CREATE FUNCTION fraiseql.explain(query text, variables jsonb DEFAULT NULL, operation_name text DEFAULT NULL)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'fql_explain'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT;
COMMENT ON FUNCTION fraiseql.explain(text, jsonb, text) IS 'what the cache makes of an operation: its SQL, the rows that the answer depends on and the scans that read them, whether it can be kept or why not, and whether it is cached now; executes the operation, keeps nothing';
REVOKE ALL ON FUNCTION fraiseql.explain(text, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fraiseql.explain(text, jsonb, text) TO pg_monitor;

CREATE FUNCTION fraiseql.transaction_cascade()
RETURNS jsonb
AS 'MODULE_PATHNAME', 'fql_transaction_cascade'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION fraiseql.transaction_cascade() IS 'what the current transaction has changed so far, in the GraphQL Cascade format: objects of exposed types, as far as the caller may see them';

--
-- Tracking writes
--
CREATE FUNCTION fraiseql.track_row()
RETURNS trigger
AS 'MODULE_PATHNAME', 'fql_track_row'
LANGUAGE C;
COMMENT ON FUNCTION fraiseql.track_row() IS 'trigger: remembers which cached answers a changed row touches; installed by fraiseql.expose()';

CREATE FUNCTION fraiseql.track_truncate()
RETURNS trigger
AS 'MODULE_PATHNAME', 'fql_track_truncate'
LANGUAGE C;
COMMENT ON FUNCTION fraiseql.track_truncate() IS 'trigger: the same for TRUNCATE; installed by fraiseql.expose()';

CREATE FUNCTION fraiseql.track_exposure()
RETURNS trigger
AS 'MODULE_PATHNAME', 'fql_track_exposure'
LANGUAGE C;
COMMENT ON FUNCTION fraiseql.track_exposure() IS 'trigger on fraiseql.exposure and exposed_function: a change of them is a change of the schema';

CREATE TRIGGER track_exposure_row AFTER INSERT OR UPDATE OR DELETE ON fraiseql.exposure
	FOR EACH ROW EXECUTE FUNCTION fraiseql.track_exposure();
ALTER TABLE fraiseql.exposure ENABLE ALWAYS TRIGGER track_exposure_row;
CREATE TRIGGER track_exposure_truncate AFTER TRUNCATE ON fraiseql.exposure
	FOR EACH STATEMENT EXECUTE FUNCTION fraiseql.track_exposure();
ALTER TABLE fraiseql.exposure ENABLE ALWAYS TRIGGER track_exposure_truncate;
CREATE TRIGGER track_exposure_row AFTER INSERT OR UPDATE OR DELETE ON fraiseql.exposed_function
	FOR EACH ROW EXECUTE FUNCTION fraiseql.track_exposure();
ALTER TABLE fraiseql.exposed_function ENABLE ALWAYS TRIGGER track_exposure_row;
CREATE TRIGGER track_exposure_truncate AFTER TRUNCATE ON fraiseql.exposed_function
	FOR EACH STATEMENT EXECUTE FUNCTION fraiseql.track_exposure();
ALTER TABLE fraiseql.exposed_function ENABLE ALWAYS TRIGGER track_exposure_truncate;

--
-- Called by generated SQL
--
CREATE FUNCTION fraiseql.page_guard(list json, row_count bigint, row_limit integer, field text)
RETURNS json
AS 'MODULE_PATHNAME', 'fql_page_guard'
LANGUAGE C STABLE PARALLEL SAFE CALLED ON NULL INPUT;
COMMENT ON FUNCTION fraiseql.page_guard(json, bigint, integer, text) IS 'the list, or an error when it has more than row_limit rows: a list is never cut silently';

CREATE FUNCTION fraiseql.null_guard(field text)
RETURNS text
AS 'MODULE_PATHNAME', 'fql_null_guard'
LANGUAGE C VOLATILE PARALLEL SAFE CALLED ON NULL INPUT;
COMMENT ON FUNCTION fraiseql.null_guard(text) IS 'an error: a function returned null for a field that is never null';

CREATE FUNCTION fraiseql.iso_date(value text)
RETURNS date
AS 'MODULE_PATHNAME', 'fql_iso_date'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fraiseql.iso_date(text) IS 'an ISO 8601 date; unlike a cast it refuses words such as today, so it never reads the clock';

CREATE FUNCTION fraiseql.iso_timestamptz(value text)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'fql_iso_timestamptz'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fraiseql.iso_timestamptz(text) IS 'an ISO 8601 date and time; unlike a cast it refuses words such as now, so it never reads the clock';

CREATE FUNCTION fraiseql.iso_time(value text)
RETURNS time
AS 'MODULE_PATHNAME', 'fql_iso_time'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fraiseql.iso_time(text) IS 'an ISO 8601 time; unlike a cast it refuses words such as now, so it never reads the clock';

--
-- The cache: by hand, and watched
--
CREATE FUNCTION fraiseql.cache_reset()
RETURNS bigint
AS 'MODULE_PATHNAME', 'fql_cache_reset'
LANGUAGE C VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.cache_reset() IS 'drop every cached answer, of all databases; returns how many there were';
REVOKE ALL ON FUNCTION fraiseql.cache_reset() FROM PUBLIC;

CREATE FUNCTION fraiseql.invalidate(entity text, id text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'fql_invalidate'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.invalidate(text, text) IS 'drop the answers of this database that show this object of a GraphQL type, or could, or any object of the type where id is null; returns how many';
REVOKE ALL ON FUNCTION fraiseql.invalidate(text, text) FROM PUBLIC;

CREATE FUNCTION fraiseql.invalidate_cascade(cascade jsonb)
RETURNS bigint
AS 'MODULE_PATHNAME', 'fql_invalidate_cascade'
LANGUAGE C VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.invalidate_cascade(jsonb) IS 'the same for every object that a cascade names, or a GraphQL response that carries one; a malformed cascade is an error, and invalidates nothing';
REVOKE ALL ON FUNCTION fraiseql.invalidate_cascade(jsonb) FROM PUBLIC;

CREATE FUNCTION fraiseql.stats_reset()
RETURNS void
AS 'MODULE_PATHNAME', 'fql_stats_reset'
LANGUAGE C VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.stats_reset() IS 'set the counters of all statistics views to zero';
REVOKE ALL ON FUNCTION fraiseql.stats_reset() FROM PUBLIC;

CREATE FUNCTION fraiseql.cache_stats(
	OUT hits bigint, OUT misses bigint, OUT bypasses bigint, OUT hit_rate double precision,
	OUT fills bigint, OUT fills_rejected bigint, OUT entries bigint,
	OUT memory_bytes bigint, OUT peak_memory_bytes bigint, OUT max_memory_bytes bigint,
	OUT invalidations bigint, OUT evictions bigint, OUT expirations bigint, OUT worker_pid integer,
	OUT stats_reset timestamptz)
AS 'MODULE_PATHNAME', 'fql_cache_stats'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.cache_stats() IS 'the row of the view fraiseql.cache_stats';

CREATE VIEW fraiseql.cache_stats AS SELECT * FROM fraiseql.cache_stats();
COMMENT ON VIEW fraiseql.cache_stats IS 'what the cache has done since stats_reset, in one row; all databases together';
COMMENT ON COLUMN fraiseql.cache_stats.hits IS 'answers served from shared memory';
COMMENT ON COLUMN fraiseql.cache_stats.misses IS 'answers that were looked for, not found or no longer valid, and executed';
COMMENT ON COLUMN fraiseql.cache_stats.bypasses IS 'executions that did not ask the cache; reasons in fraiseql.bypass_stats';
COMMENT ON COLUMN fraiseql.cache_stats.hit_rate IS 'hits / (hits + misses), 0 to 1; NULL before the first';
COMMENT ON COLUMN fraiseql.cache_stats.fills IS 'answers published to the cache';
COMMENT ON COLUMN fraiseql.cache_stats.fills_rejected IS 'answers not published: a write intervened, uncacheable, too large, or no room; reasons in fraiseql.bypass_stats';
COMMENT ON COLUMN fraiseql.cache_stats.entries IS 'answers in the cache now';
COMMENT ON COLUMN fraiseql.cache_stats.memory_bytes IS 'bytes in use by entries now';
COMMENT ON COLUMN fraiseql.cache_stats.peak_memory_bytes IS 'the most bytes that were in use';
COMMENT ON COLUMN fraiseql.cache_stats.max_memory_bytes IS 'bytes that entries may use: fraiseql.cache_size';
COMMENT ON COLUMN fraiseql.cache_stats.invalidations IS 'answers removed because a committed write could have changed them';
COMMENT ON COLUMN fraiseql.cache_stats.evictions IS 'answers removed to make room';
COMMENT ON COLUMN fraiseql.cache_stats.expirations IS 'answers removed because their time to live was over';
COMMENT ON COLUMN fraiseql.cache_stats.worker_pid IS 'process of the background worker; NULL while it is not running';
COMMENT ON COLUMN fraiseql.cache_stats.stats_reset IS 'since when the counters count';

CREATE FUNCTION fraiseql.cache_entries(
	OUT database oid, OUT role oid, OUT query text, OUT key_hash text, OUT bytes bigint, OUT memory_bytes bigint,
	OUT tags integer, OUT valid boolean, OUT created_at timestamptz, OUT expires_at timestamptz)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'fql_cache_entries'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.cache_entries() IS 'the rows of the view fraiseql.cache_entries';

CREATE VIEW fraiseql.cache_entries AS SELECT * FROM fraiseql.cache_entries();
COMMENT ON VIEW fraiseql.cache_entries IS 'the cached answers, one a row; query texts of other roles only for members of pg_read_all_stats';
COMMENT ON COLUMN fraiseql.cache_entries.database IS 'OID of the database';
COMMENT ON COLUMN fraiseql.cache_entries.role IS 'OID of the role whose answer it is';
COMMENT ON COLUMN fraiseql.cache_entries.query IS 'normalized operation';
COMMENT ON COLUMN fraiseql.cache_entries.key_hash IS 'hash of the whole key, hexadecimal; seeded anew at each server start';
COMMENT ON COLUMN fraiseql.cache_entries.bytes IS 'bytes of the answer';
COMMENT ON COLUMN fraiseql.cache_entries.memory_bytes IS 'bytes that the entry occupies';
COMMENT ON COLUMN fraiseql.cache_entries.tags IS 'number of tags that it depends on';
COMMENT ON COLUMN fraiseql.cache_entries.valid IS 'false: a write has made it invalid, or its time to live is over; it waits to be freed';
COMMENT ON COLUMN fraiseql.cache_entries.created_at IS 'when it was published';
COMMENT ON COLUMN fraiseql.cache_entries.expires_at IS 'when its time to live is over';

CREATE FUNCTION fraiseql.bypass_stats(OUT reason text, OUT kind text, OUT count bigint, OUT description text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'fql_bypass_stats'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.bypass_stats() IS 'the rows of the view fraiseql.bypass_stats';

CREATE VIEW fraiseql.bypass_stats AS SELECT * FROM fraiseql.bypass_stats();
COMMENT ON VIEW fraiseql.bypass_stats IS 'why executions did not ask the cache, or why their answers were not kept, with counts since stats_reset';
COMMENT ON COLUMN fraiseql.bypass_stats.reason IS 'short name of the reason';
COMMENT ON COLUMN fraiseql.bypass_stats.kind IS 'bypass: the cache was not asked; rejected: the answer was not kept';
COMMENT ON COLUMN fraiseql.bypass_stats.count IS 'how often';
COMMENT ON COLUMN fraiseql.bypass_stats.description IS 'what it means and what would help';

CREATE FUNCTION fraiseql.verify_stats(OUT verified bigint, OUT failures bigint, OUT inconclusive bigint, OUT errors bigint)
AS 'MODULE_PATHNAME', 'fql_verify_stats'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.verify_stats() IS 'the row of the view fraiseql.verify_stats';

CREATE VIEW fraiseql.verify_stats AS SELECT * FROM fraiseql.verify_stats();
COMMENT ON VIEW fraiseql.verify_stats IS 'what became of hits that were executed too (fraiseql.verify_sample), since stats_reset';
COMMENT ON COLUMN fraiseql.verify_stats.verified IS 'executing gave the same answer';
COMMENT ON COLUMN fraiseql.verify_stats.failures IS 'executing gave another answer although nothing had changed: the cached one was wrong; details are in the server''s log';
COMMENT ON COLUMN fraiseql.verify_stats.inconclusive IS 'the answers differ, and something that they depend on was written meanwhile';
COMMENT ON COLUMN fraiseql.verify_stats.errors IS 'executing failed';

--
-- The audit trail of cascades
--
CREATE FUNCTION fraiseql.audit_recent(
	OUT number bigint, OUT mutation_id text, OUT xid xid8, OUT role oid, OUT database oid,
	OUT committed_at timestamptz, OUT processed_at timestamptz, OUT latency interval,
	OUT entities jsonb, OUT entity_count integer, OUT truncated boolean, OUT definitions boolean,
	OUT entries_invalidated bigint, OUT keys text[], OUT status text, OUT error text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'fql_audit_recent'
LANGUAGE C VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.audit_recent() IS 'the rows of the view fraiseql.audit_recent';
REVOKE ALL ON FUNCTION fraiseql.audit_recent() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fraiseql.audit_recent() TO pg_monitor;

CREATE VIEW fraiseql.audit_recent AS SELECT * FROM fraiseql.audit_recent();
COMMENT ON VIEW fraiseql.audit_recent IS 'what the last committed transactions that changed tracked rows or definitions did to the cache, of all databases; fraiseql.audit_ring_size of them';
COMMENT ON COLUMN fraiseql.audit_recent.number IS 'counts from the server''s start, in the order in which the worker met them';
COMMENT ON COLUMN fraiseql.audit_recent.mutation_id IS 'the GraphQL mutation; NULL: the write came as SQL';
COMMENT ON COLUMN fraiseql.audit_recent.xid IS 'the transaction; NULL: a record about something else, which error explains';
COMMENT ON COLUMN fraiseql.audit_recent.role IS 'OID of the role that committed';
COMMENT ON COLUMN fraiseql.audit_recent.database IS 'OID of the database';
COMMENT ON COLUMN fraiseql.audit_recent.committed_at IS 'when the transaction committed; of one that was prepared, when that was noticed';
COMMENT ON COLUMN fraiseql.audit_recent.processed_at IS 'when the worker had freed what it made invalid; answers were fresh before';
COMMENT ON COLUMN fraiseql.audit_recent.latency IS 'from commit to processed';
COMMENT ON COLUMN fraiseql.audit_recent.entities IS 'the changed rows: [{type, id, operation}]; relation in place of type for rows of no exposed type, and of other databases; NULL: later records took the place of this detail';
COMMENT ON COLUMN fraiseql.audit_recent.entity_count IS 'how many rows are named';
COMMENT ON COLUMN fraiseql.audit_recent.truncated IS 'more rows were changed than are named';
COMMENT ON COLUMN fraiseql.audit_recent.definitions IS 'definitions, privileges or roles were changed too';
COMMENT ON COLUMN fraiseql.audit_recent.entries_invalidated IS 'answers that it made invalid and that the worker freed for it; one that several made invalid counts for the first, one that was computed anew or evicted before the worker came for none';
COMMENT ON COLUMN fraiseql.audit_recent.keys IS 'key_hash of these answers in fraiseql.cache_entries, the first 100';
COMMENT ON COLUMN fraiseql.audit_recent.status IS 'Success; PartialSuccess: answers are right, but something is not known; Failed';
COMMENT ON COLUMN fraiseql.audit_recent.error IS 'what is not known, or failed';

CREATE FUNCTION fraiseql.coalescing_stats(
	OUT in_flight bigint, OUT waiting bigint, OUT executions bigint, OUT coalesced bigint, OUT executions_saved bigint,
	OUT reduction_percent double precision, OUT waits bigint, OUT average_wait_ms double precision,
	OUT p99_wait_ms double precision, OUT max_wait_ms double precision, OUT timeouts bigint, OUT takeovers bigint,
	OUT handed_over bigint, OUT stats_reset timestamptz)
AS 'MODULE_PATHNAME', 'fql_coalescing_stats'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.coalescing_stats() IS 'the row of the view fraiseql.coalescing_stats';

CREATE VIEW fraiseql.coalescing_stats AS SELECT * FROM fraiseql.coalescing_stats();
COMMENT ON VIEW fraiseql.coalescing_stats IS 'calls that missed the same answer at the same time: how many executed, and how many waited for these; all databases together';
COMMENT ON COLUMN fraiseql.coalescing_stats.in_flight IS 'executions under way that others can wait for';
COMMENT ON COLUMN fraiseql.coalescing_stats.waiting IS 'calls that wait now';
COMMENT ON COLUMN fraiseql.coalescing_stats.executions IS 'misses that executed, with others waiting for them or not';
COMMENT ON COLUMN fraiseql.coalescing_stats.coalesced IS 'misses that waited for another session''s execution';
COMMENT ON COLUMN fraiseql.coalescing_stats.executions_saved IS 'of these, answered without executing';
COMMENT ON COLUMN fraiseql.coalescing_stats.reduction_percent IS '100 * executions_saved / (executions + executions_saved); NULL before the first';
COMMENT ON COLUMN fraiseql.coalescing_stats.waits IS 'executions that were waited for; a call may wait for more than one';
COMMENT ON COLUMN fraiseql.coalescing_stats.average_wait_ms IS 'of a call that waited';
COMMENT ON COLUMN fraiseql.coalescing_stats.p99_wait_ms IS 'all but one in a hundred of these waited no longer; up to an eighth too much';
COMMENT ON COLUMN fraiseql.coalescing_stats.max_wait_ms IS 'the longest';
COMMENT ON COLUMN fraiseql.coalescing_stats.timeouts IS 'waits that fraiseql.coalesce_timeout ended';
COMMENT ON COLUMN fraiseql.coalescing_stats.takeovers IS 'executions by one that had waited, after the session before it had failed';
COMMENT ON COLUMN fraiseql.coalescing_stats.handed_over IS 'answers left for those who waited, who might not have found them otherwise';
COMMENT ON COLUMN fraiseql.coalescing_stats.stats_reset IS 'since when the counters count';

CREATE FUNCTION fraiseql.operation_stats(
	OUT database oid, OUT role oid, OUT operation_id text, OUT operation_name text, OUT kind text, OUT query text,
	OUT calls bigint, OUT hits bigint, OUT misses bigint, OUT bypasses bigint, OUT rejected bigint,
	OUT hit_rate double precision, OUT errors bigint, OUT executions bigint, OUT total_exec_ms double precision,
	OUT mean_exec_ms double precision, OUT max_exec_ms double precision, OUT time_saved_ms double precision,
	OUT rows bigint, OUT bytes bigint, OUT mean_bytes double precision, OUT last_reason text,
	OUT last_reason_at timestamptz, OUT first_seen timestamptz, OUT last_executed_at timestamptz)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'fql_operation_stats'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.operation_stats() IS 'the rows of the view fraiseql.operation_stats';

CREATE VIEW fraiseql.operation_stats AS SELECT * FROM fraiseql.operation_stats();
COMMENT ON VIEW fraiseql.operation_stats IS 'what each operation of each role has cost, and what the cache has saved of it, since first_seen; at most fraiseql.operation_stats_max, of which the least used give way; texts and names of other roles'' only for members of pg_read_all_stats';
COMMENT ON COLUMN fraiseql.operation_stats.database IS 'OID of the database';
COMMENT ON COLUMN fraiseql.operation_stats.role IS 'OID of the role that asked';
COMMENT ON COLUMN fraiseql.operation_stats.operation_id IS 'hash of the whole normalized operation, hexadecimal; the same on every server and after each start';
COMMENT ON COLUMN fraiseql.operation_stats.operation_name IS 'its name in the document; NULL: it has none';
COMMENT ON COLUMN fraiseql.operation_stats.kind IS 'query or mutation';
COMMENT ON COLUMN fraiseql.operation_stats.query IS 'normalized operation, with variables in place of its literals; its first 2 kB';
COMMENT ON COLUMN fraiseql.operation_stats.calls IS 'hits + misses + bypasses; as in fraiseql.cache_stats, a call that waited for another one while definitions changed is counted twice';
COMMENT ON COLUMN fraiseql.operation_stats.hits IS 'answers served from shared memory';
COMMENT ON COLUMN fraiseql.operation_stats.misses IS 'answers that were looked for and not found; executed, or had from another session''s execution';
COMMENT ON COLUMN fraiseql.operation_stats.bypasses IS 'executions that did not ask the cache; all mutations are';
COMMENT ON COLUMN fraiseql.operation_stats.rejected IS 'answers that were executed after a miss and not kept';
COMMENT ON COLUMN fraiseql.operation_stats.hit_rate IS 'hits / (hits + misses), 0 to 1; NULL before the first';
COMMENT ON COLUMN fraiseql.operation_stats.errors IS 'answers with errors in them; a call that raised an error has none';
COMMENT ON COLUMN fraiseql.operation_stats.executions IS 'misses and bypasses that were executed to their end; fewer than both where calls raised an error, or had their answer from another session''s execution';
COMMENT ON COLUMN fraiseql.operation_stats.total_exec_ms IS 'time of these';
COMMENT ON COLUMN fraiseql.operation_stats.mean_exec_ms IS 'time of one of these; NULL before the first';
COMMENT ON COLUMN fraiseql.operation_stats.max_exec_ms IS 'time of the longest; NULL before the first';
COMMENT ON COLUMN fraiseql.operation_stats.time_saved_ms IS 'an estimate: hits * mean_exec_ms; NULL before the first execution';
COMMENT ON COLUMN fraiseql.operation_stats.rows IS 'objects in the executed answers, at any depth';
COMMENT ON COLUMN fraiseql.operation_stats.bytes IS 'bytes of the executed answers';
COMMENT ON COLUMN fraiseql.operation_stats.mean_bytes IS 'bytes of one of them; NULL before the first execution';
COMMENT ON COLUMN fraiseql.operation_stats.last_reason IS 'the last reason of a bypass, or why an answer was not kept; fraiseql.bypass_stats explains it. NULL before the first';
COMMENT ON COLUMN fraiseql.operation_stats.last_reason_at IS 'when that was';
COMMENT ON COLUMN fraiseql.operation_stats.first_seen IS 'since when the counters of the row count';
COMMENT ON COLUMN fraiseql.operation_stats.last_executed_at IS 'when the last execution ended; NULL before the first';

CREATE FUNCTION fraiseql.cascade_stats(
	OUT cascades bigint, OUT succeeded bigint, OUT partial bigint, OUT failed bigint, OUT lost bigint,
	OUT failure_rate double precision, OUT entities bigint, OUT entries_invalidated bigint,
	OUT average_invalidations double precision, OUT average_latency_ms double precision,
	OUT p99_latency_ms double precision, OUT max_latency_ms double precision, OUT extractions bigint,
	OUT average_extraction_ms double precision, OUT p99_extraction_ms double precision,
	OUT max_extraction_ms double precision, OUT queued_bytes bigint, OUT stats_reset timestamptz)
AS 'MODULE_PATHNAME', 'fql_cascade_stats'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.cascade_stats() IS 'the row of the view fraiseql.cascade_stats';

CREATE VIEW fraiseql.cascade_stats AS SELECT * FROM fraiseql.cascade_stats();
COMMENT ON VIEW fraiseql.cascade_stats IS 'committed cascades and what became of them, since stats_reset, in one row; all databases together';
COMMENT ON COLUMN fraiseql.cascade_stats.cascades IS 'records made: succeeded + partial + failed';
COMMENT ON COLUMN fraiseql.cascade_stats.succeeded IS 'everything about the cascade is known';
COMMENT ON COLUMN fraiseql.cascade_stats.partial IS 'answers are right, but something about the cascade is not known';
COMMENT ON COLUMN fraiseql.cascade_stats.failed IS 'something was asked for and not done';
COMMENT ON COLUMN fraiseql.cascade_stats.lost IS 'cascades without a record: fraiseql.cascade_queue_size was full';
COMMENT ON COLUMN fraiseql.cascade_stats.failure_rate IS '(failed + lost) / (cascades + lost), 0 to 1; NULL before the first';
COMMENT ON COLUMN fraiseql.cascade_stats.entities IS 'changed rows that were named';
COMMENT ON COLUMN fraiseql.cascade_stats.entries_invalidated IS 'answers that were freed for them';
COMMENT ON COLUMN fraiseql.cascade_stats.average_invalidations IS 'entries_invalidated / cascades';
COMMENT ON COLUMN fraiseql.cascade_stats.average_latency_ms IS 'from commit to processed; answers are fresh from the commit on';
COMMENT ON COLUMN fraiseql.cascade_stats.p99_latency_ms IS 'all but one in a hundred took no longer; up to an eighth too much';
COMMENT ON COLUMN fraiseql.cascade_stats.max_latency_ms IS 'the longest';
COMMENT ON COLUMN fraiseql.cascade_stats.extractions IS 'cascades written into responses: one for each mutation that was answered, committed or not';
COMMENT ON COLUMN fraiseql.cascade_stats.average_extraction_ms IS 'of a mutation''s time, what writing its cascade took';
COMMENT ON COLUMN fraiseql.cascade_stats.p99_extraction_ms IS 'all but one in a hundred took no longer; up to an eighth too much';
COMMENT ON COLUMN fraiseql.cascade_stats.max_extraction_ms IS 'the longest';
COMMENT ON COLUMN fraiseql.cascade_stats.queued_bytes IS 'what waits for the worker now';
COMMENT ON COLUMN fraiseql.cascade_stats.stats_reset IS 'since when the counters count';

--
-- The durable audit trail, written by a background worker where fraiseql.audit_log is on.  Names rather than OIDs of roles
-- and databases, since it outlives both; a dump takes the rows along.
--
CREATE TABLE fraiseql.audit_log (
	counted_since timestamptz NOT NULL,
	number bigint NOT NULL,
	mutation_id text,
	xid xid8,
	role name,
	database name,
	committed_at timestamptz NOT NULL,
	processed_at timestamptz NOT NULL,
	latency interval NOT NULL,
	entities jsonb,
	entity_count integer NOT NULL,
	truncated boolean NOT NULL,
	definitions boolean NOT NULL,
	entries_invalidated bigint NOT NULL,
	keys text[],
	status text NOT NULL,
	error text,
	PRIMARY KEY (counted_since, number)
);
CREATE INDEX audit_log_committed_at ON fraiseql.audit_log (committed_at);
CREATE INDEX audit_log_entities ON fraiseql.audit_log USING gin (entities jsonb_path_ops);
COMMENT ON TABLE fraiseql.audit_log IS 'the audit trail of this database, kept for fraiseql.audit_log_retention days, where fraiseql.audit_log is on';
COMMENT ON COLUMN fraiseql.audit_log.counted_since IS 'when the server started, or came back after a crash: number counts from there';
COMMENT ON COLUMN fraiseql.audit_log.number IS 'as in fraiseql.audit_recent';
COMMENT ON COLUMN fraiseql.audit_log.mutation_id IS 'the GraphQL mutation; NULL: the write came as SQL';
COMMENT ON COLUMN fraiseql.audit_log.xid IS 'the transaction; NULL: a record about something else, which error explains';
COMMENT ON COLUMN fraiseql.audit_log.role IS 'the role that committed; NULL also if it was gone when the row was written';
COMMENT ON COLUMN fraiseql.audit_log.database IS 'this database, as it was called then; NULL: the record is of no single one';
COMMENT ON COLUMN fraiseql.audit_log.committed_at IS 'when the transaction committed; of one that was prepared, when that was noticed';
COMMENT ON COLUMN fraiseql.audit_log.processed_at IS 'when the worker had freed what it made invalid; answers were fresh before';
COMMENT ON COLUMN fraiseql.audit_log.latency IS 'from commit to processed';
COMMENT ON COLUMN fraiseql.audit_log.entities IS 'the changed rows: [{type, id, operation}]; relation in place of type for rows of no exposed type; NULL: the detail was overwritten before it was logged';
COMMENT ON COLUMN fraiseql.audit_log.entity_count IS 'how many rows are named';
COMMENT ON COLUMN fraiseql.audit_log.truncated IS 'more rows were changed than are named';
COMMENT ON COLUMN fraiseql.audit_log.definitions IS 'definitions, privileges or roles were changed too';
COMMENT ON COLUMN fraiseql.audit_log.entries_invalidated IS 'answers that the worker freed for it';
COMMENT ON COLUMN fraiseql.audit_log.keys IS 'key_hash of these answers in fraiseql.cache_entries, the first 100';
COMMENT ON COLUMN fraiseql.audit_log.status IS 'Success; PartialSuccess: answers are right, but something is not known; Failed';
COMMENT ON COLUMN fraiseql.audit_log.error IS 'what is not known, or failed';
SELECT pg_catalog.pg_extension_config_dump('fraiseql.audit_log', '');
REVOKE ALL ON fraiseql.audit_log FROM PUBLIC;

--
-- Health: judged once a second by the background worker
--
CREATE FUNCTION fraiseql.recent_samples(
	OUT at timestamptz, OUT seconds double precision, OUT hits bigint, OUT misses bigint, OUT bypasses bigint,
	OUT mutations bigint, OUT fills bigint, OUT fills_rejected bigint, OUT invalidations bigint, OUT evictions bigint,
	OUT expirations bigint, OUT verify_failures bigint, OUT executions bigint, OUT coalesced bigint,
	OUT executions_saved bigint, OUT cascades bigint, OUT partial bigint, OUT failed bigint, OUT lost bigint,
	OUT entries bigint, OUT memory_bytes bigint, OUT in_flight bigint, OUT waiting bigint, OUT queued_bytes bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'fql_recent_samples'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.recent_samples() IS 'the rows of the view fraiseql.recent_samples';

CREATE VIEW fraiseql.recent_samples AS SELECT * FROM fraiseql.recent_samples();
COMMENT ON VIEW fraiseql.recent_samples IS 'the last hour, one row a second: what was counted in it, and how much there was at its end';
COMMENT ON COLUMN fraiseql.recent_samples.at IS 'when the second ended';
COMMENT ON COLUMN fraiseql.recent_samples.seconds IS 'how long it was: time since the sample before';
COMMENT ON COLUMN fraiseql.recent_samples.hits IS 'answers served from shared memory in it';
COMMENT ON COLUMN fraiseql.recent_samples.misses IS 'answers that were looked for and not found, or no longer valid';
COMMENT ON COLUMN fraiseql.recent_samples.bypasses IS 'executions that did not ask the cache, without mutations';
COMMENT ON COLUMN fraiseql.recent_samples.mutations IS 'mutations';
COMMENT ON COLUMN fraiseql.recent_samples.fills IS 'answers published to the cache';
COMMENT ON COLUMN fraiseql.recent_samples.fills_rejected IS 'answers that were computed and not published';
COMMENT ON COLUMN fraiseql.recent_samples.invalidations IS 'answers removed because a committed write could have changed them';
COMMENT ON COLUMN fraiseql.recent_samples.evictions IS 'answers removed to make room';
COMMENT ON COLUMN fraiseql.recent_samples.expirations IS 'answers removed because their time to live was over';
COMMENT ON COLUMN fraiseql.recent_samples.verify_failures IS 'cached answers that shadow verification found wrong';
COMMENT ON COLUMN fraiseql.recent_samples.executions IS 'misses that executed';
COMMENT ON COLUMN fraiseql.recent_samples.coalesced IS 'misses that waited for another session''s execution';
COMMENT ON COLUMN fraiseql.recent_samples.executions_saved IS 'of these, answered without executing';
COMMENT ON COLUMN fraiseql.recent_samples.cascades IS 'committed transactions that changed tracked rows or definitions, with a record';
COMMENT ON COLUMN fraiseql.recent_samples.partial IS 'of these, not everything is known';
COMMENT ON COLUMN fraiseql.recent_samples.failed IS 'of these, something was asked for and not done';
COMMENT ON COLUMN fraiseql.recent_samples.lost IS 'such transactions without a record';
COMMENT ON COLUMN fraiseql.recent_samples.entries IS 'answers in the cache at its end';
COMMENT ON COLUMN fraiseql.recent_samples.memory_bytes IS 'bytes in use by them';
COMMENT ON COLUMN fraiseql.recent_samples.in_flight IS 'executions under way that others could wait for';
COMMENT ON COLUMN fraiseql.recent_samples.waiting IS 'calls that waited for one';
COMMENT ON COLUMN fraiseql.recent_samples.queued_bytes IS 'cascades that waited for the background worker';

CREATE FUNCTION fraiseql.health_status(
	OUT status text, OUT since timestamptz, OUT warnings integer, OUT criticals integer, OUT alerts jsonb, OUT advice text,
	OUT hit_rate double precision, OUT invalidation_rate double precision, OUT cascade_failure_rate double precision,
	OUT reads_per_second double precision, OUT writes_per_second double precision, OUT headroom double precision,
	OUT in_flight bigint, OUT memory_bytes bigint, OUT window_seconds double precision, OUT measured_at timestamptz)
AS 'MODULE_PATHNAME', 'fql_health_status'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.health_status() IS 'the row of the view fraiseql.health';

CREATE VIEW fraiseql.health AS SELECT * FROM fraiseql.health_status();
COMMENT ON VIEW fraiseql.health IS 'is the cache well, by the last fraiseql.health_window seconds, in one row; fraiseql.health_checks has each figure with its thresholds';
COMMENT ON COLUMN fraiseql.health.status IS 'healthy, degraded or unhealthy';
COMMENT ON COLUMN fraiseql.health.since IS 'since when it is so';
COMMENT ON COLUMN fraiseql.health.warnings IS 'how many checks warn';
COMMENT ON COLUMN fraiseql.health.criticals IS 'how many checks are critical';
COMMENT ON COLUMN fraiseql.health.alerts IS 'these: [{check, level, value, threshold, unit, since, message, advice}]';
COMMENT ON COLUMN fraiseql.health.advice IS 'what would help most';
COMMENT ON COLUMN fraiseql.health.hit_rate IS 'hits / (hits + misses), 0 to 1; NULL: fewer than fraiseql.health_min_calls';
COMMENT ON COLUMN fraiseql.health.invalidation_rate IS 'answers that writes removed, for each call that asked the cache; NULL: too few calls';
COMMENT ON COLUMN fraiseql.health.cascade_failure_rate IS '(failed + lost) / (cascades + lost), 0 to 1; NULL: no cascade';
COMMENT ON COLUMN fraiseql.health.reads_per_second IS 'queries: hits, misses and bypasses';
COMMENT ON COLUMN fraiseql.health.writes_per_second IS 'committed transactions that changed what is tracked, or mutations if these were more';
COMMENT ON COLUMN fraiseql.health.headroom IS 'the part of fraiseql.breaking_point_qps that reads and writes leave, 0 to 1';
COMMENT ON COLUMN fraiseql.health.in_flight IS 'calls that execute what others can wait for, or wait';
COMMENT ON COLUMN fraiseql.health.memory_bytes IS 'bytes in use by cached answers';
COMMENT ON COLUMN fraiseql.health.window_seconds IS 'the seconds that all this is about';
COMMENT ON COLUMN fraiseql.health.measured_at IS 'when it was judged, by the background worker; NULL: not yet';

CREATE FUNCTION fraiseql.health_checks(
	OUT check_name text, OUT level text, OUT value double precision, OUT warning double precision,
	OUT critical double precision, OUT unit text, OUT since timestamptz, OUT sqlstate text, OUT message text, OUT advice text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'fql_health_checks'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.health_checks() IS 'the rows of the view fraiseql.health_checks';

CREATE VIEW fraiseql.health_checks AS SELECT * FROM fraiseql.health_checks();
COMMENT ON VIEW fraiseql.health_checks IS 'each figure that health is judged by, with its thresholds and what to do, one a row';
COMMENT ON COLUMN fraiseql.health_checks.check_name IS 'its name';
COMMENT ON COLUMN fraiseql.health_checks.level IS 'ok, warning or critical';
COMMENT ON COLUMN fraiseql.health_checks.value IS 'the figure; NULL: not known, as after too few calls';
COMMENT ON COLUMN fraiseql.health_checks.warning IS 'the threshold of warnings; NULL: it never warns. A setting: fraiseql.alert_<check>_warning';
COMMENT ON COLUMN fraiseql.health_checks.critical IS 'the threshold of alarms; NULL: it is never critical';
COMMENT ON COLUMN fraiseql.health_checks.unit IS 'of value and thresholds: ratio (of 1), bytes, ms, per second, count';
COMMENT ON COLUMN fraiseql.health_checks.since IS 'when the level became this; NULL: it never was another';
COMMENT ON COLUMN fraiseql.health_checks.sqlstate IS 'of the messages in the server''s log about it';
COMMENT ON COLUMN fraiseql.health_checks.message IS 'value and threshold in words';
COMMENT ON COLUMN fraiseql.health_checks.advice IS 'what to do; NULL while all is well';

CREATE FUNCTION fraiseql.health()
RETURNS jsonb
AS 'MODULE_PATHNAME', 'fql_health'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.health() IS 'the view fraiseql.health as one object, for load balancers: ->> ''status'' is healthy, degraded or unhealthy';

--
-- For Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/
--
CREATE FUNCTION fraiseql.metrics()
RETURNS text
AS 'MODULE_PATHNAME', 'fql_metrics'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.metrics() IS 'all counters and figures of health in the text exposition format of Prometheus; their names begin with fraiseql_';

CREATE FUNCTION fraiseql.metric_samples(OUT name text, OUT labels jsonb, OUT value double precision, OUT type text,
	OUT help text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'fql_metric_samples'
LANGUAGE C VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.metric_samples() IS 'what fraiseql.metrics() prints, one row a sample, for exporters that ask by SQL';

--
-- For people
--
CREATE FUNCTION fraiseql.report()
RETURNS text
AS 'MODULE_PATHNAME', 'fql_report'
LANGUAGE C VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.report() IS 'how the cache does, as one page of HTML with charts of the last hour; it fetches nothing and runs no script';
REVOKE ALL ON FUNCTION fraiseql.report() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fraiseql.report() TO pg_monitor;

CREATE FUNCTION fraiseql.dashboard()
RETURNS text
AS 'MODULE_PATHNAME', 'fql_dashboard'
LANGUAGE C VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.dashboard() IS 'how the cache does, for a terminal of 100 columns: SELECT fraiseql.dashboard() \watch 1';
REVOKE ALL ON FUNCTION fraiseql.dashboard() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fraiseql.dashboard() TO pg_monitor;

CREATE FUNCTION fraiseql.validate_coherency()
RETURNS TABLE (invariant text, detail text)
AS 'MODULE_PATHNAME', 'fql_validate_coherency'
LANGUAGE C VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION fraiseql.validate_coherency() IS 'what is wrong in shared memory: violations of the invariants freshness, tracking, storage and fences; no row means coherent. Safe under load';
REVOKE ALL ON FUNCTION fraiseql.validate_coherency() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fraiseql.validate_coherency() TO pg_monitor;

GRANT USAGE ON SCHEMA fraiseql TO PUBLIC;
GRANT SELECT ON fraiseql.cache_stats, fraiseql.cache_entries, fraiseql.bypass_stats, fraiseql.verify_stats,
	fraiseql.cascade_stats, fraiseql.coalescing_stats, fraiseql.health, fraiseql.health_checks, fraiseql.operation_stats,
	fraiseql.recent_samples TO PUBLIC;
GRANT SELECT ON fraiseql.audit_recent, fraiseql.audit_log TO pg_monitor;
