-- Keys that mean harm, in cascades: values are values, each cascade has those of its own transaction (contrib/refint had
-- neither: CVE-2026-6637, CVE-2026-14671), and nothing is looked up along the caller's search_path.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA cascade_hostile;
SET search_path = cascade_hostile;
CREATE TABLE tag (id text PRIMARY KEY, note text);
CREATE TABLE post (id int PRIMARY KEY, tag_id text REFERENCES tag ON DELETE CASCADE ON UPDATE CASCADE, "weird "" column" text);
CREATE TABLE big (id bigint PRIMARY KEY);
CREATE TABLE precise (id numeric PRIMARY KEY);
CREATE TABLE dated (id date PRIMARY KEY);
SELECT fraiseql.expose('tag'), fraiseql.expose('post', options => '{"fields": {"weird \" column": "weird"}}'), fraiseql.expose('big'), fraiseql.expose('precise'), fraiseql.expose('dated');

-- keys of which each would be something else if it were ever pasted into SQL, GraphQL or JSON
CREATE TABLE hostile_key (place int GENERATED ALWAYS AS IDENTITY, key text);
INSERT INTO hostile_key (key) SELECT * FROM unnest(ARRAY['''; DROP TABLE cascade_hostile.tag; --', '"', '\', '\"', '\u0041', '$1', '$ids', '%s', '{', '}', '"]}', ']}, "x": {"y": [', '--', '/*', '#',
	'null', 'true', '1', '1e3', '-', '', ' ', E'\n', E'\x01', '𝄞', 'E''\\''''', '"""', '\u0000', '"weird "" column"', repeat('long''"\', 30)]);
CREATE FUNCTION named(OUT operation text, OUT type text, OUT id text, OUT entity jsonb) RETURNS SETOF record LANGUAGE sql AS $$
	WITH cascade AS MATERIALIZED (SELECT fraiseql.transaction_cascade() AS c)
	SELECT o ->> 'operation', o ->> '__typename', o ->> 'id', o -> 'entity' FROM cascade, jsonb_path_query(c, '$.*[*] ? (exists(@.__typename))') AS o
$$;

-- all at once: created, updated, deleted; every one comes back as it went in
BEGIN;
INSERT INTO tag SELECT key, key FROM hostile_key;
SELECT operation, type, count(*) = (SELECT count(*) FROM hostile_key), bool_and(entity ->> 'id' = n.id AND entity ->> 'note' = n.id),
	bool_and(n.id IN (SELECT key FROM hostile_key)) FROM named() AS n GROUP BY 1, 2;
COMMIT;
BEGIN;
UPDATE tag SET note = '"' || id;
SELECT operation, type, count(*) = (SELECT count(*) FROM hostile_key), bool_and(entity ->> 'note' = '"' || n.id) FROM named() AS n GROUP BY 1, 2;
COMMIT;
-- one after the other, in one session, by one plan: each cascade names the key of its own transaction, and no other
CREATE PROCEDURE one_by_one(INOUT wrong int) LANGUAGE plpgsql AS $$
DECLARE
	k text;
BEGIN
	wrong := 0;
	FOR k IN SELECT key FROM hostile_key ORDER BY place LOOP
		INSERT INTO post VALUES (1, k, k);
		IF (SELECT string_agg(concat_ws(' ', operation, type, id, entity ->> 'tagId'), E'\n') FROM named()) IS DISTINCT FROM concat_ws(' ', 'CREATED', 'Post', '1', k) THEN
			wrong := wrong + 1;
		END IF;
		COMMIT;
		UPDATE tag SET id = k || ' moved' WHERE id = k;
		IF (SELECT count(*) FROM named() AS n WHERE n.type = 'Tag' AND n.id = k || ' moved' OR n.type = 'Post' AND n.entity ->> 'tagId' = k || ' moved' OR n.operation = 'DELETED' AND n.id = k) <> 3 THEN
			wrong := wrong + 1;
		END IF;
		COMMIT;
		DELETE FROM tag WHERE id = k || ' moved';
		IF EXISTS (SELECT FROM named() AS n WHERE n.operation <> 'DELETED' OR n.id NOT IN (k || ' moved', '1')) THEN
			wrong := wrong + 1;
		END IF;
		COMMIT;
	END LOOP;
END
$$;
CALL one_by_one(NULL);
SELECT count(*) FROM tag;
SELECT count(*) FROM post;

-- keys at the ends of their types
BEGIN;
INSERT INTO big VALUES (-9223372036854775808), (0), (9223372036854775807);
INSERT INTO precise VALUES (-1.50), (123456789012345678901234567890.123), (0);
INSERT INTO dated VALUES ('0001-01-01'), ('9999-12-31');
SELECT operation, type, id, entity FROM named() ORDER BY type, id COLLATE "C";
COMMIT;

-- an object about which nobody can ask, since its id is no GraphQL Date, or a column of it fails: the others are named all
-- the same, and the cascade says that it is not all
CREATE VIEW ratio AS SELECT id, 1 / (id % 5) AS value FROM post;
SELECT fraiseql.expose('ratio');
BEGIN;
INSERT INTO dated VALUES ('infinity'), ('2026-01-01'), ('-infinity');
INSERT INTO post SELECT generate_series(1, 7);
SELECT operation, type, id, entity FROM named() ORDER BY type, id;
SELECT fraiseql.transaction_cascade() #> '{metadata,truncated}';
COMMIT;
BEGIN;
UPDATE post SET "weird "" column" = 'x' WHERE id <> 5;
DELETE FROM dated WHERE id = '2026-01-01';
SELECT operation, type, id FROM named() ORDER BY type, id;
SELECT fraiseql.transaction_cascade() #> '{metadata,truncated}';
COMMIT;
-- who may not ask learns nothing by it
CREATE ROLE regress_fql_nobody;
GRANT USAGE ON SCHEMA cascade_hostile TO regress_fql_nobody;
GRANT INSERT ON dated TO regress_fql_nobody;
SET ROLE regress_fql_nobody;
BEGIN;
INSERT INTO dated VALUES ('2027-01-01');
SELECT fraiseql.transaction_cascade() #- '{metadata,timestamp}' #- '{metadata,transactionId}';
ROLLBACK;
RESET ROLE;

-- a path of somebody's, with operators and functions of somebody's
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile'; END $$;
CREATE FUNCTION hostile.equal(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile'; END $$;
CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.equal);
CREATE OPERATOR hostile.= (LEFTARG = int, RIGHTARG = int, FUNCTION = hostile.equal);
CREATE FUNCTION hostile.to_json(text) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile'; END $$;
CREATE FUNCTION hostile.concat(VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile'; END $$;
CREATE DOMAIN hostile.text AS pg_catalog.text CHECK (hostile.equal(1, 1));
BEGIN;
SET LOCAL search_path = hostile, pg_catalog;
INSERT INTO cascade_hostile.tag VALUES ('a', 'b');
INSERT INTO cascade_hostile.post VALUES (1, 'a');
SELECT fraiseql.transaction_cascade() OPERATOR(pg_catalog.->) 'updated';
RESET search_path;
SET LOCAL search_path = cascade_hostile;
SELECT operation, type, id FROM named() ORDER BY type;
ROLLBACK;

DROP SCHEMA hostile CASCADE;
DROP SCHEMA cascade_hostile CASCADE;
DROP ROLE regress_fql_nobody;
