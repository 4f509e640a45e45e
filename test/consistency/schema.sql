-- test/consistency/schema.sql
--    What the clients of the consistency test read and write.
--
-- Every value that a client writes is "version/token": the version grows by one with each update of the row (the row's
-- lock orders them), the token says which write it was.  Columns that are updated apart (a, b, p) have versions of
-- their own, so that answers which read one of them may outlive writes of the others.

SET client_min_messages = warning;
CREATE EXTENSION fraiseql;

-- The version that follows a value, under a new token.
CREATE FUNCTION bump(value text, token text) RETURNS text LANGUAGE sql IMMUTABLE
	AS $$ SELECT (split_part(value, '/', 1)::int + 1)::text || '/' || token $$;

-- Rows that move: p is the version of the place, that is of fk_author and status together.  The foreign key has no
-- index; a post is found by its key, by its author, by its status, or by both.
CREATE TABLE tb_author (id int PRIMARY KEY, name text NOT NULL, a text NOT NULL, b text NOT NULL);
CREATE TABLE tb_post (
	id int PRIMARY KEY,
	fk_author int NOT NULL REFERENCES tb_author (id),
	status text NOT NULL,
	a text NOT NULL,
	b text NOT NULL,
	p text NOT NULL);
CREATE INDEX ON tb_post (status, fk_author);
INSERT INTO tb_author SELECT i, 'author ' || i, '1/init', '1/init' FROM generate_series(1, 6) i;
INSERT INTO tb_post SELECT i, 1 + i % 6, (ARRAY['draft', 'live', 'old'])[1 + i % 3], '1/init', '1/init', '1/init'
	FROM generate_series(1, 36) i;

-- A read model, and a row with a count.
CREATE VIEW v_card AS
	SELECT post.id, post.fk_author AS author_id,
		jsonb_build_object('id', post.id, 'a', post.a, 'author',
			jsonb_build_object('id', author.id, 'a', author.a)) AS data
	FROM tb_post AS post JOIN tb_author AS author ON author.id = post.fk_author;
CREATE VIEW v_tally AS
	SELECT author.id, author.b, (SELECT count(*)::int FROM tb_post AS post WHERE post.fk_author = author.id) AS posts
	FROM tb_author AS author;

-- A bank: transfers within a branch keep its sum.
CREATE TABLE tb_account (id int PRIMARY KEY, branch int NOT NULL, balance int NOT NULL, a text NOT NULL);
CREATE INDEX ON tb_account (branch);
INSERT INTO tb_account SELECT i, 1 + i % 2, 100, '1/init' FROM generate_series(1, 10) i;

-- Two rows in two tables that are always written together, to the same version.
CREATE TABLE tb_left (id int PRIMARY KEY, a text NOT NULL);
CREATE TABLE tb_right (id int PRIMARY KEY, a text NOT NULL);
INSERT INTO tb_left SELECT i, '1/init' FROM generate_series(1, 3) i;
INSERT INTO tb_right SELECT * FROM tb_left;
CREATE VIEW v_couple AS
	SELECT l.id, jsonb_build_object('id', l.id, 'left', l.a, 'right', r.a) AS data
	FROM tb_left AS l JOIN tb_right AS r USING (id);

-- Bulk writes, past fraiseql.bulk_write_limit; and a table that is truncated.
CREATE TABLE tb_stock (id int PRIMARY KEY, shelf int NOT NULL, a text NOT NULL, b text NOT NULL);
CREATE INDEX ON tb_stock (shelf);
INSERT INTO tb_stock SELECT i, 1 + i % 4, '1/init', '1/init' FROM generate_series(1, 40) i;
CREATE TABLE tb_scratch (id int PRIMARY KEY, batch int NOT NULL, p text NOT NULL);
CREATE INDEX ON tb_scratch (batch);

-- Who sees what: notes by a setting, memos by role.  The value carries the identity.
CREATE TABLE tb_note (id int PRIMARY KEY, tenant text NOT NULL, a text NOT NULL);
CREATE INDEX ON tb_note (tenant);
INSERT INTO tb_note SELECT i, 't' || 1 + i % 3, '1/init' FROM generate_series(1, 9) i;
ALTER TABLE tb_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON tb_note USING (tenant = current_setting('app.tenant', true));
CREATE TABLE tb_memo (id int PRIMARY KEY, holder text NOT NULL, a text NOT NULL);
CREATE INDEX ON tb_memo (holder);
INSERT INTO tb_memo SELECT i, (ARRAY['c_red', 'c_green', 'c_blue'])[1 + i % 3], '1/init' FROM generate_series(1, 9) i;
ALTER TABLE tb_memo ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_memo ON tb_memo USING (holder = current_user);

-- What GRANT and REVOKE and definitions change.
CREATE TABLE tb_door (id int PRIMARY KEY, a text NOT NULL);
INSERT INTO tb_door VALUES (1, '1/init');
-- never written: what fills a cache however large it is
CREATE TABLE tb_ballast (id int PRIMARY KEY, data text NOT NULL);
INSERT INTO tb_ballast SELECT i, repeat(i::text, 1000 / length(i::text)) FROM generate_series(1, 220) AS i;
CREATE FUNCTION epoch() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE VIEW v_epoch AS SELECT id, epoch() AS epoch FROM tb_door;

-- A function that takes its time: what reads it is computed for long, and waited for by those who ask the same.
CREATE FUNCTION slowly(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE
	AS $$ DECLARE nothing text; BEGIN nothing := pg_sleep(0.008); RETURN value; END $$;
CREATE VIEW v_slow AS SELECT id, a, slowly(a) AS late FROM tb_left;
SELECT fraiseql.declare_pure('slowly(text)');

DO $$
BEGIN
	PERFORM fraiseql.expose(relation::regclass) FROM unnest(ARRAY['tb_author', 'tb_post', 'v_card', 'v_tally', 'tb_account',
		'tb_left', 'tb_right', 'v_couple', 'tb_stock', 'tb_scratch', 'tb_note', 'tb_memo', 'tb_door', 'tb_ballast', 'v_epoch',
		'v_slow']) AS relation;
END $$;

-- Roles are the cluster's, and may be there from the round before.
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['c_api', 'c_red', 'c_green', 'c_blue', 'c_guest', 'c_member', 'c_club'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
			EXECUTE format('CREATE ROLE %I', name);
			EXECUTE format('GRANT SET ON PARAMETER fraiseql.cache_enabled TO %I', name);
		END IF;
	END LOOP;
END $$;
GRANT USAGE ON SCHEMA fraiseql TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO c_api, c_red, c_green, c_blue;
GRANT SELECT ON tb_door TO c_guest, c_club;
GRANT c_club TO c_member;
