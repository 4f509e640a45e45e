-- What goes wrong, and how the response says it: request errors have no data; field errors have data, a path and a location;
-- a client's mistake is never an SQL error.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

CREATE SCHEMA query_errors;
SET search_path = query_errors;
CREATE TABLE account (id int PRIMARY KEY, name text, token uuid, address inet, owner regclass);
INSERT INTO account VALUES (1, 'Ann', '00000000-0000-0000-0000-000000000001', '10.0.0.1', 'pg_catalog.pg_class');
CREATE TABLE secret (id int PRIMARY KEY, value text);
INSERT INTO secret VALUES (1, 'hush');
CREATE FUNCTION ratio(int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1 / ($1 - 1); END';
CREATE VIEW broken AS SELECT id, ratio(id) AS value FROM account;
CREATE FUNCTION refuse(text, text) RETURNS text LANGUAGE plpgsql STABLE AS
	$$BEGIN RAISE EXCEPTION 'no % today', $1 USING ERRCODE = $2, DETAIL = 'inner detail', HINT = 'inner hint'; END$$;
CREATE VIEW raising AS SELECT id, refuse('tea', 'P0001') AS value FROM account;
CREATE VIEW raising_own AS SELECT id, refuse('coffee', 'AB123') AS value FROM account;
CREATE VIEW conflicting AS SELECT id, refuse('commit', '40001') AS value FROM account;
SELECT fraiseql.expose('account'), fraiseql.expose('secret'), fraiseql.expose('broken'), fraiseql.expose('raising'),
	fraiseql.expose('raising_own'), fraiseql.expose('conflicting');

-- request errors: no data
SELECT fraiseql.execute('{ account(id: 1) { id ');
SELECT fraiseql.execute('{ nothing }');
SELECT fraiseql.execute('{ account(id: "x") { id } }');
SELECT fraiseql.execute('query q($id: Int!) { account(id: $id) { id } }', '{"id": "x"}');
SELECT fraiseql.execute('{ accounts(where: {token: {eq: "nonsense"}}) { id } }');
SELECT fraiseql.execute('{ accounts(where: {token: {in: ["00000000-0000-0000-0000-000000000001", "00-00"]}}) { id } }');
SELECT fraiseql.execute('query q($t: ID) {
	accounts(where: {token: {eq: $t}}) { id } }', '{"t": "\"quoted\" \u00e9"}');

-- a regular expression that is none; values that the column's type refuses
SELECT fraiseql.execute('{ accounts(where: {name: {regex: "("}}) { id } }');
SELECT fraiseql.execute('{ accounts(where: {address: {eq: "here"}}) { id } }');
SELECT fraiseql.execute('{ accounts(where: {owner: {eq: "no.such.table"}}) { id } }');

-- a field error: the field is null, or data is where the field must not be null
SELECT fraiseql.execute('{ broken(id: 1) { value } }');
SELECT fraiseql.execute('{ brokens { value } }');
SELECT fraiseql.execute('{ raising(id: 1) { value } }');
SELECT fraiseql.execute('{ raisingOwn(id: 1) { value } }');

-- siblings keep their data, in request order; every error has its own path
SELECT fraiseql.execute('{ a: account(id: 1) { name } x: broken(id: 1) { value } b: account(id: 1) { id }
	y: raising(id: 1) { value } __typename }');
SELECT fraiseql.execute('{ account(id: 1) { name } brokens { value } raising(id: 1) { value } }');

-- errors of the session are errors of the statement
SELECT fraiseql.execute('{ conflicting(id: 1) { value } }');

-- a transaction goes on after a field error
BEGIN;
SELECT fraiseql.execute('{ broken(id: 1) { value } }');
SELECT fraiseql.execute('{ account(id: 1) { name } }');
COMMIT;

-- privileges: the field is named, the relation is not
CREATE ROLE query_errors_reader;
GRANT USAGE ON SCHEMA query_errors TO query_errors_reader;
GRANT SELECT ON account TO query_errors_reader;
SET ROLE query_errors_reader;
SELECT fraiseql.execute('{ secrets { value } }');
SELECT fraiseql.execute('{ account(id: 1) { name } hidden: secret(id: 1) { value } }');
RESET ROLE;
SELECT fraiseql.execute('{ hidden: secret(id: 1) { value } }');

-- column privileges: only what is asked for is read
REVOKE SELECT ON account FROM query_errors_reader;
GRANT SELECT (id, name) ON account TO query_errors_reader;
SET ROLE query_errors_reader;
SELECT fraiseql.execute('{ account(id: 1) { id name } }');
SELECT fraiseql.execute('{ account(id: 1) { id token } }');
RESET ROLE;

-- a table that is changed between two executions
ALTER TABLE account RENAME COLUMN name TO full_name;
SELECT fraiseql.execute('{ account(id: 1) { id fullName } }');
ALTER TABLE account ALTER COLUMN full_name TYPE varchar(20);
SELECT fraiseql.execute('{ account(id: 1) { id fullName } }');
DROP VIEW broken, raising, raising_own, conflicting;
DROP TABLE account;
SELECT fraiseql.execute('{ account(id: 1) { id } }');

RESET search_path;
DROP SCHEMA query_errors CASCADE;
DROP ROLE query_errors_reader;
