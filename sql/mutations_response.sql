-- FraiseQL's mutation responses: every form that they have had, told by column names; failures as errors, with a code and an
-- HTTP status; the entity read by its id, as the caller.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

CREATE SCHEMA mutations_response;
SET search_path = mutations_response;
-- A response without its cascade, which tells the time.
CREATE FUNCTION run(query text, variables jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$SELECT regexp_replace(fraiseql.execute(query, variables)::text, ',"extensions":{"cascade":.*}}$', '}')$$;

CREATE FUNCTION sdl(pattern text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT definition FROM unnest(string_to_array(rtrim(fraiseql.schema_sdl(), E'\n'), E'\n\n')) AS definition
	WHERE definition ~ ('(^|\n)[a-z]+ (' || pattern || ')( |$)')
$$;

-- a table with FraiseQL's three keys, its read model, and an id that is known
CREATE TABLE tb_machine (pk_machine bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL UNIQUE, name text UNIQUE, owner text);
CREATE VIEW v_machine AS SELECT id, jsonb_build_object('id', id, 'name', name, 'owner', owner) AS data FROM tb_machine;
SELECT fraiseql.expose('v_machine');
CREATE FUNCTION uid(int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$SELECT lpad($1::text, 32, '0')::uuid$$;

CREATE TYPE error_class AS ENUM ('validation', 'conflict', 'not_found', 'unauthorized', 'forbidden', 'internal', 'transaction_failed',
	'timeout', 'rate_limited', 'service_unavailable');
CREATE TYPE mutation_response AS (succeeded bool, state_changed bool, error_class error_class, status_detail text, http_status smallint,
	message text, entity_id uuid, entity_type text, entity jsonb, updated_fields text[], cascade jsonb, error_detail jsonb, metadata jsonb);
CREATE TYPE old_response AS (status text, message text, entity_id text, entity_type text, entity jsonb, updated_fields text[], cascade jsonb, metadata jsonb);
-- in another order, with columns that nobody knows
CREATE TYPE third_response AS (surplus int, metadata jsonb, error_field text, error_code text, data jsonb, entity_type text, id uuid, message text, status text);

--
-- 13 columns
--
CREATE FUNCTION fn_create_machine(p_n int, p_name text) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE r mutations_response.mutation_response;
BEGIN
	INSERT INTO mutations_response.tb_machine (id, name, owner) VALUES (mutations_response.uid(p_n), p_name, current_user);
	r.succeeded := true; r.state_changed := true; r.status_detail := 'created'; r.http_status := 201; r.message := 'a "new" one';
	r.entity_id := mutations_response.uid(p_n); r.entity_type := 'Machine'; r.entity := '{"id": "other", "name": "what the function says", "secret": 1}';
	r.updated_fields := '{name,id}'; r.cascade := '{"updated": [{"__typename": "Machine", "id": "1"}]}'; r.metadata := '{"took": 1.50}';
	RETURN r;
END $$;
CREATE FUNCTION fn_fail_machine(p_class text, p_status text DEFAULT NULL, p_http int DEFAULT NULL, p_message text DEFAULT NULL, p_detail jsonb DEFAULT NULL)
	RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE r mutations_response.mutation_response;
BEGIN
	INSERT INTO mutations_response.tb_machine (id, name) VALUES (mutations_response.uid(99), 'must not stay');
	r.succeeded := false; r.error_class := p_class; r.status_detail := p_status; r.http_status := p_http; r.message := p_message; r.error_detail := p_detail;
	RETURN r;
END $$;
SELECT fraiseql.expose_function('fn_create_machine(int, text)'), fraiseql.expose_function('fn_fail_machine(text, text, int, text, jsonb)');
SELECT * FROM sdl('Mutation|CreateMachinePayload');
-- the entity is the row as it is, not what the function says about it
SELECT run('mutation { createMachine(n: 1, name: "press") { __typename status message stateChanged entityId entityType updatedFields
	cascade metadata entity { __typename id label: name } } }');
SELECT run('mutation { a: createMachine(n: 2, name: "lathe") { status } b: createMachine(n: 3, name: "press") { status } c: createMachine(n: 4, name: "saw") { entity { name } } }');
-- each error class
SELECT class, response->'errors'->0->'extensions' AS extensions, response->'data' AS data
	FROM unnest(enum_range(NULL::error_class)) AS class,
	LATERAL (SELECT fraiseql.execute('mutation($c: String!) { failMachine(class: $c) { status } }', jsonb_build_object('c', class))::jsonb AS response) AS r ORDER BY class;
-- what else a failure says
SELECT run('mutation { failMachine(class: "conflict", status: "conflict:name", http: 499, message: "taken: \"é\"", detail: {field: "name", values: [1, null]}) { status } }');
SELECT run('mutation { failMachine(class: "internal", status: "broken", http: 7) { status } after: createMachine(n: 5, name: "drill") { status } }');
SELECT name FROM tb_machine ORDER BY pk_machine;

--
-- 8 columns, and the third form
--
CREATE FUNCTION fn_old(p_status text, p_id text DEFAULT NULL, p_type text DEFAULT NULL, p_entity jsonb DEFAULT NULL) RETURNS old_response LANGUAGE sql AS
	$$SELECT p_status, 'm', p_id, p_type, p_entity, ARRAY['a'], NULL::jsonb, '{}'::jsonb$$;
SELECT fraiseql.expose_function('fn_old(text, text, text, jsonb)', options => '{"entity": "Machine"}');
SELECT status, coalesce(response->'errors'->0->'extensions', response->'data'->'old') AS says
	FROM unnest('{success,new,updated,deleted,noop,noop:unchanged,created,failed,failed:validation,failed:not_found,failed:whatever,conflict,conflict:name,not_found,FORBIDDEN:x,error,errors_none,""}'::text[]) WITH ORDINALITY AS s (status, n),
	LATERAL (SELECT fraiseql.execute('mutation($s: String!) { old(status: $s) { status } }', jsonb_build_object('s', status))::jsonb AS response) AS r ORDER BY n;
-- the id beside the entity, or in it, as a string or a number; a row that is not there; a type that is not the promised one
SELECT run('mutation { old(status: "new", id: "00000000000000000000000000000001", type: "machine") { entityId entity { name } } }');
SELECT run('mutation { old(status: "new", entity: {id: "00000000-0000-0000-0000-000000000002"}) { entityId entity { name } } }');
SELECT run('mutation { old(status: "deleted", id: "00000000000000000000000000000077", entity: {name: "gone"}) { entityId entity { name } } }');
SELECT run('mutation { old(status: "new", entity: {id: 5}) { entityId } e: old(status: "new", entity: {id: 5}) { entity { name } } }');
SELECT run('mutation { old(status: "new", entity: [{id: 5}]) { entityId entity { name } } }');
SELECT run('mutation { old(status: "new", type: "Person", id: "x") { entityId } }');
CREATE FUNCTION fn_third(p_status text, p_code text DEFAULT NULL, p_field text DEFAULT NULL) RETURNS third_response LANGUAGE sql AS
	$$SELECT 1, '{"m": 1}'::jsonb, p_field, p_code, '{"x": [1, 2.50]}'::jsonb, 'Thing', mutations_response.uid(1), 'third', p_status$$;
SELECT fraiseql.expose_function('fn_third(text, text, text)');
SELECT * FROM sdl('ThirdPayload');
SELECT run('mutation { third(status: "success") { status message entityId entityType entity metadata updatedFields stateChanged } }');
SELECT run('mutation { third(status: "success", code: "email-taken", field: "email") { status } }');
SELECT run('mutation { third(status: "success", code: "NOT_FOUND") { status } }');

--
-- jsonb
--
CREATE FUNCTION fn_json(p_response jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT p_response';
SELECT fraiseql.expose_function('fn_json(jsonb)');
-- without the option it is JSON and nothing else
SELECT run('mutation { json(response: {status: "failed", _cascade: {}}) }');
SELECT fraiseql.expose_function('fn_json(jsonb)', options => '{"entity": "JSON"}');
SELECT run('mutation { json(response: {status: "failed", message: "no"}) { status } }');
SELECT run('mutation { json(response: {status: "new", message: "yes", entity: {a: 1, b: "x"}, updated_fields: ["a"], _cascade: {deleted: []}}) { status entity updatedFields cascade } }');
SELECT run('mutation { a: json(response: {}) { status } b: json(response: []) { status } c: json(response: 1) { status } d: json(response: {succeeded: "yes"}) { status }
	e: json(response: {succeeded: true, message: {}, status: 5, http_status: "x", entity: null, updated_fields: 1, state_changed: "x"}) { status message stateChanged entity updatedFields }
	f: json(response: {succeeded: false, http_status: 99999999999999999999, error_class: {}}) { status } }');
SELECT fraiseql.expose_function('fn_json(jsonb)', options => '{"entity": "Machine"}');
SELECT run('mutation { json(response: {status: "new", entity_id: "00000000000000000000000000000001"}) { entity { name } } }');
-- no response at all
CREATE FUNCTION fn_null_machine() RETURNS mutation_response LANGUAGE sql AS 'SELECT NULL::mutations_response.mutation_response';
CREATE FUNCTION fn_null_json() RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb';
CREATE FUNCTION fn_many() RETURNS SETOF mutation_response LANGUAGE sql AS 'SELECT NULL::mutations_response.mutation_response';
SELECT fraiseql.expose_function('fn_null_machine()'), fraiseql.expose_function('fn_null_json()', options => '{"entity": "Machine"}');
SELECT fraiseql.expose_function('fn_many()');
SELECT run('mutation { nullMachine { status } nullJson { status } }');
-- as OUT parameters
CREATE FUNCTION fn_out(OUT succeeded bool, OUT message text, OUT entity jsonb) LANGUAGE sql AS $$SELECT true, 'out', '{"id": 1}'::jsonb$$;
SELECT fraiseql.expose_function('fn_out()');
SELECT run('mutation { out { message entityId entity } }');

--
-- The entity is the caller's to see, or null
--
CREATE ROLE mutations_response_caller;
GRANT USAGE ON SCHEMA mutations_response TO mutations_response_caller;
ALTER FUNCTION fn_create_machine SECURITY DEFINER;
SET ROLE mutations_response_caller;
SELECT run('mutation { createMachine(n: 10, name: "ten") { entityId } }');
SELECT run('mutation { createMachine(n: 11, name: "eleven") { entity { name } } }');
SELECT * FROM sdl('CreateMachinePayload');
RESET ROLE;
GRANT SELECT ON v_machine, tb_machine TO mutations_response_caller;
ALTER VIEW v_machine SET (security_invoker = true);
ALTER TABLE tb_machine ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tb_machine USING (owner = current_user);
SET ROLE mutations_response_caller;
SELECT run('mutation { createMachine(n: 12, name: "twelve") { entityId entity { name owner } } }');
RESET ROLE;
SELECT name, owner = current_user FROM tb_machine WHERE name IN ('ten', 'eleven', 'twelve') ORDER BY pk_machine;

-- what is exposed later, or hidden, changes what a response promises
SELECT fraiseql.hide('v_machine');
SELECT * FROM sdl('CreateMachinePayload|OldPayload');
SELECT run('mutation { createMachine(n: 13, name: "13") { entity } }');
SELECT count(fraiseql.hide(function)) > 0 FROM fraiseql.exposed_function;
DROP SCHEMA mutations_response CASCADE;
DROP ROLE mutations_response_caller;
