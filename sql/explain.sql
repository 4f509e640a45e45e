-- fraiseql.explain(): what the cache makes of an operation, and why.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA ex;
SET search_path = ex, public;
CREATE TABLE tb_person (pk_person int PRIMARY KEY, name text NOT NULL, city text, joined date);
CREATE TABLE tb_note (pk_note int PRIMARY KEY, fk_person int NOT NULL REFERENCES tb_person, body text, tenant text);
CREATE INDEX ON tb_note (fk_person, tenant);
INSERT INTO tb_person SELECT i, 'p' || i, 'c' || i % 2, '2026-01-01' FROM generate_series(1, 6) i;
INSERT INTO tb_note SELECT i, 1 + i % 6, 'n' || i, 't' || i % 2 FROM generate_series(1, 12) i;
ANALYZE tb_person, tb_note;
CREATE VIEW person_today AS SELECT pk_person AS id, name, current_date - joined AS days FROM tb_person;
CREATE VIEW person_random AS SELECT pk_person AS id, name, random() AS chance FROM tb_person;
CREATE VIEW person_mine AS SELECT pk_note AS id, body FROM tb_note WHERE tenant = current_setting('ex.tenant', true);
SELECT fraiseql.expose('tb_person'), fraiseql.expose('tb_note');
SELECT fraiseql.expose('person_today'), fraiseql.expose('person_random'), fraiseql.expose('person_mine');

-- its members, alphabetically; normalized text, SQL and parameters
SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(fraiseql.explain('{ person(pkPerson: 3) { name } }')) k;
SELECT e -> 'normalized', e ->> 'sql' LIKE 'SELECT % FROM ex.tb_person %$1%', e -> 'parameters'
FROM fraiseql.explain('{  person(pkPerson : 3) { name , } } # comment') e;
SELECT e -> 'parameters' FROM fraiseql.explain('query ($in: [Int!]!) { persons(where: {pkPerson: {in: $in}, name: {neq: "x"}}) { name } }',
	'{"in": [1, 2]}') e;

-- tags, each with the rows that it names, the columns that are read, and the scan
CREATE FUNCTION tags(query text, variables jsonb DEFAULT NULL) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s %s reads %s: %s', t ->> 'relation', t -> 'rows', t -> 'reads', t ->> 'node')
	FROM jsonb_array_elements(fraiseql.explain(query, variables) -> 'tags') WITH ORDINALITY AS x (t, n) ORDER BY n
$$;
SELECT tags('{ person(pkPerson: 3) { name } }');
SELECT tags('{ person(pkPerson: 3) { name notes { body } } }');
SELECT tags('{ persons(where: {city: {eq: "c1"}}) { name } }');
SELECT tags('{ person(pkPerson: 77) { name } }');
SELECT tags('{ notes(where: {person: {pkPerson: {eq: 3}}, tenant: {isnull: true}}) { body } }');
SELECT tags('{ notes(where: {pkNote: {in: [1, 2]}}) { person { city } } }');

-- the limit of tags
SET fraiseql.cache_max_tags = 2;
SELECT e -> 'coarse_beyond_limit', e -> 'cacheable', e -> 'limits' -> 'cache_max_tags'
FROM fraiseql.explain('{ notes(where: {pkNote: {in: [1, 2, 3, 4]}}) { body } }') e;
RESET fraiseql.cache_max_tags;

-- cacheable, or why not
CREATE FUNCTION verdict(query text) RETURNS text LANGUAGE sql AS $$
	SELECT format('cacheable %s, reason %s, detail %s, cached %s', e -> 'cacheable', e -> 'reason', e -> 'detail', e -> 'cached')
	FROM fraiseql.explain(query) e
$$;
SELECT verdict('{ persons { name } }');
SELECT length(fraiseql.execute('{ persons { name } }')::text);
SELECT verdict('{ persons { name } }');
SELECT verdict('{ persons { city } }');
UPDATE tb_person SET name = 'other' WHERE pk_person = 1;
SELECT verdict('{ persons { name } }');
SELECT verdict('{ personTodays { days } }');
SELECT verdict('{ personRandoms { chance } }');
SELECT verdict('{ persons { name } persons(limit: -1) { name } }');
SELECT verdict('{ notes(limit: -1) { body } }');
SET fraiseql.cache_enabled = off;
SELECT verdict('{ persons { name } }');
RESET fraiseql.cache_enabled;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT verdict('{ persons { name } }');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT verdict('{ persons { name } }');
COMMIT;
BEGIN;
UPDATE tb_person SET name = 'mine' WHERE pk_person = 2;
SELECT verdict('{ persons { name } }');
ROLLBACK;

-- settings that it varies on, with the caller's values; explaining teaches the cache nothing
SET ex.tenant = 't1';
SELECT e -> 'vary', e -> 'cacheable', e -> 'cached' FROM fraiseql.explain('{ personMines { body } }') e;
SELECT fraiseql.execute('{ personMines(limit: 1) { body } }');
SELECT e -> 'vary', e -> 'cached' FROM fraiseql.explain('{ personMines(limit: 1) { body } }') e;
SET ex.tenant = 't0';
SELECT e -> 'vary', e -> 'cached' FROM fraiseql.explain('{ personMines(limit: 1) { body } }') e;
RESET ex.tenant;

-- the plan: chosen for precision where it costs little more
CREATE VIEW note_of_person AS
	SELECT n.pk_note AS id, n.fk_person AS person_id, n.body, p.name FROM tb_note n JOIN tb_person p ON p.pk_person = n.fk_person;
SELECT fraiseql.expose('note_of_person');
SELECT e -> 'plan' -> 'precise', e -> 'plan' -> 'factor', e -> 'plan' -> 'reason', e -> 'plan' -> 'cheapest_coarse_relations'
FROM fraiseql.explain('{ noteOfPersons(where: {id: {in: [1, 2]}}) { body name } }') e;
SELECT tags('{ noteOfPersons(where: {id: {in: [1, 2]}}) { body name } }');
SET fraiseql.cache_plan_factor = 1;
SELECT e -> 'plan' -> 'precise', e -> 'plan' -> 'factor', e -> 'plan' -> 'reason', e -> 'plan' -> 'cheapest_coarse_relations'
FROM fraiseql.explain('{ noteOfPersons(where: {id: {in: [1, 2]}}) { body name } }') e;
RESET fraiseql.cache_plan_factor;

-- what cannot be executed has errors, in the shape of execute()
SELECT e - 'description' FROM fraiseql.explain('{ nothing }') e;
SELECT e - 'description' FROM fraiseql.explain('{') e;
SELECT e - 'description' FROM fraiseql.explain('query ($n: Int!) { person(pkPerson: $n) { name } }', '{"n": "x"}') e;
SELECT e -> 'normalized' FROM fraiseql.explain('query A { __typename } query B { persons { name } }', NULL, 'B') e;
SELECT e - 'description' FROM fraiseql.explain(NULL) e;
SELECT e - 'description' FROM fraiseql.explain(NULL, NULL, 'x') e;
SELECT e -> 'errors' FROM fraiseql.explain('{ notes(limit: -1) { body } }') e;
SELECT e -> 'cacheable', e -> 'tags', e -> 'plan' -> 'cheapest_coarse_relations' FROM fraiseql.explain('{ __typename }') e;

-- explaining writes, counts and keeps nothing
SELECT fraiseql.stats_reset();
SELECT count(*) FROM fraiseql.explain('{ persons(where: {name: {eq: "never asked"}}) { name } }');
SELECT hits, misses, bypasses, fills, fills_rejected FROM fraiseql.cache_stats;

-- it shows values of the tables behind the operation, so it is not for everybody
CREATE ROLE ex_app;
GRANT USAGE ON SCHEMA ex, fraiseql TO ex_app;
GRANT SELECT ON tb_person TO ex_app;
SET ROLE ex_app;
SELECT fraiseql.explain('{ persons { name } }') IS NULL;
RESET ROLE;
GRANT EXECUTE ON FUNCTION fraiseql.explain TO ex_app;
SET ROLE ex_app;
SELECT verdict('{ persons { name } }');
SELECT verdict('{ notes { body } }');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION fraiseql.explain FROM ex_app;
RESET search_path;
DROP SCHEMA ex CASCADE;
DROP OWNED BY ex_app;
DROP ROLE ex_app;
