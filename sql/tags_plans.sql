-- Plans for fills: a join looks rows up by value, so that writes to other rows leave its answers, where that costs little.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA plans;
SET search_path = plans;

CREATE TABLE tb_singer (id int PRIMARY KEY, name text, city int);
CREATE TABLE tb_song (id int PRIMARY KEY, fk_singer int REFERENCES tb_singer, title text);
CREATE INDEX ON tb_song (fk_singer);
INSERT INTO tb_singer SELECT i, 'singer ' || i, i FROM generate_series(1, 20) i;
INSERT INTO tb_song SELECT i, i, 'song ' || i FROM generate_series(1, 20) i;

CREATE VIEW v_track AS
	SELECT song.id, song.title, singer.name AS singer
	FROM tb_song song JOIN tb_singer singer ON singer.id = song.fk_singer;
CREATE VIEW v_star AS
	SELECT id, name FROM tb_singer WHERE id IN (SELECT fk_singer FROM tb_song WHERE id = 7);
CREATE VIEW v_voice AS
	SELECT id, name, EXISTS (SELECT FROM tb_song WHERE fk_singer = singer.id) AS sings FROM tb_singer singer;
CREATE VIEW v_debut AS
	SELECT singer.id, singer.name, debut.title
	FROM tb_singer singer
	LEFT JOIN LATERAL (SELECT title FROM tb_song WHERE fk_singer = singer.id ORDER BY id LIMIT 1) debut ON true;
CREATE VIEW v_output AS
	SELECT singer.id, singer.name, songs.count
	FROM tb_singer singer
	LEFT JOIN (SELECT fk_singer, count(*) FROM tb_song GROUP BY fk_singer) songs ON songs.fk_singer = singer.id;
CREATE VIEW v_album AS
	SELECT id, name, (SELECT json_agg(json_build_object('title', title) ORDER BY song.id)
					  FROM tb_song song WHERE fk_singer = singer.id) AS songs
	FROM tb_singer singer;
ANALYZE tb_singer, tb_song;
SELECT count(fraiseql.expose(oid::regclass)) FROM pg_class WHERE relnamespace = 'plans'::regnamespace AND relkind IN ('r', 'v');

-- What the cache did, without the answer.
CREATE FUNCTION outcome(query text) RETURNS text LANGUAGE sql AS $$ SELECT split_part(ask.ask(query), ':', 1) $$;

-- How often an operation reads a table from end to end.
CREATE FUNCTION whole_scans(query text, relation regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	before bigint := pg_stat_get_xact_numscans(relation);
BEGIN
	PERFORM fraiseql.execute(query);
	RETURN pg_stat_get_xact_numscans(relation) - before;
END
$$;

--
-- Joins in tables of one page: a hash or nested loop over the whole of both is cheapest
--
SELECT outcome('{ track(id: 5) { title singer } }');
UPDATE tb_singer SET name = name || '!' WHERE id = 6;
UPDATE tb_song SET title = title || '!' WHERE id = 6;
INSERT INTO tb_singer VALUES (21, 'singer 21', 21);
SELECT outcome('{ track(id: 5) { title singer } }');
UPDATE tb_singer SET name = name || '!' WHERE id = 5;
SELECT ask.ask('{ track(id: 5) { title singer } }');
UPDATE tb_song SET fk_singer = 6 WHERE id = 5;
SELECT ask.ask('{ track(id: 5) { title singer } }');

-- In a list of several, by the join's other side, and of a whole table: singers then count one by one, songs do not.
SELECT outcome('{ tracks(where: {id: {in: [1, 2, 3]}}) { title singer } }');
SELECT outcome('{ tracks(where: {singer: {eq: "singer 8"}}) { title } }');
SELECT outcome('{ tracks { singer } }');
INSERT INTO tb_singer VALUES (22, 'singer 22', 22);
SELECT outcome('{ tracks(where: {id: {in: [1, 2, 3]}}) { title singer } }');
SELECT outcome('{ tracks { singer } }');
UPDATE tb_singer SET name = name || '!' WHERE id = 4;
SELECT outcome('{ tracks(where: {id: {in: [1, 2, 3]}}) { title singer } }');
SELECT outcome('{ tracks { singer } }');
UPDATE tb_singer SET name = name || '!' WHERE id = 2;
SELECT outcome('{ tracks(where: {id: {in: [1, 2, 3]}}) { title singer } }');

--
-- Semi-joins, EXISTS that could be hashed, LATERAL, correlated subqueries
--
CREATE TABLE asked (n int, query text);
INSERT INTO asked VALUES
	(1, '{ stars { name } }'),
	(2, '{ voices(where: {id: {in: [7, 8]}}) { name sings } }'),
	(3, '{ debut(id: 7) { name title } }'),
	(4, '{ album(id: 7) { name songs } }'),
	(5, '{ album(id: 9) { name songs } }'),
	(6, '{ debuts { title } }');
SELECT n, outcome(query), outcome(query) FROM asked ORDER BY n;
-- another's song: not even the list of all singers' debuts sees it before it is theirs
INSERT INTO tb_song VALUES (23, NULL, 'song 23');
SELECT n, outcome(query) FROM asked ORDER BY n;
-- another's row and songs: lists of all singers depend on it
UPDATE tb_singer SET name = name || '!' WHERE id = 9;
INSERT INTO tb_song VALUES (24, 9, 'song 24');
SELECT n, outcome(query) FROM asked ORDER BY n;
-- their own
INSERT INTO tb_song VALUES (25, 7, 'song 25');
SELECT n, outcome(query) FROM asked ORDER BY n;

-- A subquery with GROUP BY is computed as a whole: the planner takes no join condition into it but a constant.
SELECT outcome('{ output(id: 7) { name count } }');
SELECT outcome('{ outputs(where: {name: {eq: "singer 11"}}) { name count } }');
UPDATE tb_song SET fk_singer = 10 WHERE id = 9;
SELECT outcome('{ output(id: 7) { name count } }');
SELECT outcome('{ outputs(where: {name: {eq: "singer 11"}}) { name count } }');

--
-- The factor
--
SET fraiseql.cache_plan_factor = 0.5;
-- 1: the cheapest plan
SET fraiseql.cache_plan_factor = 1;
SELECT outcome('{ track(id: 11) { title singer } }');
UPDATE tb_singer SET name = name || '!' WHERE id = 12;
SELECT outcome('{ track(id: 11) { title singer } }');
-- another value has plans of its own in the same session
RESET fraiseql.cache_plan_factor;
UPDATE tb_singer SET name = name || '!' WHERE id = 12;
SELECT outcome('{ track(id: 11) { title singer } }');
UPDATE tb_singer SET name = name || '!' WHERE id = 12;
SELECT outcome('{ track(id: 11) { title singer } }');
CREATE ROLE regress_fql_singer;
SET ROLE regress_fql_singer;
SET fraiseql.cache_plan_factor = 1000;
RESET ROLE;
DROP ROLE regress_fql_singer;

-- Executions that are not for a fill take the cheapest plan, before and after one that is.
SET fraiseql.cache_enabled = off;
SELECT whole_scans('{ track(id: 13) { title singer } }', 'tb_singer');
RESET fraiseql.cache_enabled;
SELECT whole_scans('{ track(id: 13) { title singer } }', 'tb_singer');
SET fraiseql.cache_enabled = off;
SELECT whole_scans('{ track(id: 13) { title singer } }', 'tb_singer');
RESET fraiseql.cache_enabled;

-- Queries of functions, which run during a fill and while it is planned, twice, take their cheapest plan too.
CREATE TABLE tb_city (id int PRIMARY KEY, name text);
CREATE TABLE tb_venue (id int PRIMARY KEY, fk_city int REFERENCES tb_city, name text);
INSERT INTO tb_city SELECT i, 'city ' || i FROM generate_series(1, 20) i;
INSERT INTO tb_venue SELECT i, i, 'venue ' || i FROM generate_series(1, 20) i;
ANALYZE tb_city, tb_venue;
CREATE FUNCTION venues(int) RETURNS bigint IMMUTABLE LANGUAGE plpgsql SET search_path = plans AS $$
BEGIN
	RETURN (SELECT count(city.name) FROM tb_venue venue JOIN tb_city city ON city.id = venue.fk_city WHERE venue.id = $1);
END
$$;
CREATE VIEW v_tour AS
	SELECT song.id, singer.name, venues(3) AS folded, venues(song.id) AS called
	FROM tb_song song JOIN tb_singer singer ON singer.id = song.fk_singer;
SELECT fraiseql.expose(relation) FROM unnest('{tb_city,tb_venue,v_tour}'::regclass[]) relation;
SELECT whole_scans('{ tour(id: 13) { name folded called } }', 'tb_city'),
	whole_scans('{ tour(id: 14) { name folded called } }', 'tb_singer');
-- One that fails while the precise plan is made leaves nothing behind.
CREATE SEQUENCE steps;
CREATE FUNCTION stumble(int) RETURNS int IMMUTABLE LANGUAGE plpgsql SET search_path = plans AS $$
BEGIN
	IF nextval('steps') = 2 THEN
		RAISE 'stumbled';
	END IF;
	RETURN $1;
END
$$;
CREATE VIEW v_step AS
	SELECT song.id, singer.name, stumble(1) AS folded
	FROM tb_song song JOIN tb_singer singer ON singer.id = song.fk_singer;
SELECT fraiseql.expose('v_step');
SELECT fraiseql.execute('{ step(id: 13) { name folded } }');
SHOW enable_seqscan;
SELECT fraiseql.execute('{ step(id: 13) { name folded } }');
SET fraiseql.cache_enabled = off;
SELECT whole_scans('{ track(id: 15) { title singer } }', 'tb_singer');
RESET fraiseql.cache_enabled;

--
-- A value that a function computes, say in a policy, is known only where an index needs it, tables of one page or not
--
CREATE TABLE tb_note (id int PRIMARY KEY, tenant int, body text);
CREATE INDEX ON tb_note (tenant);
INSERT INTO tb_note SELECT i, i % 4, 'note ' || i FROM generate_series(1, 20) i;
ANALYZE tb_note;
ALTER TABLE tb_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tb_note USING (tenant = current_setting('app.tenant_id')::int);
SELECT fraiseql.expose('tb_note');
CREATE ROLE regress_fql_tenant;
GRANT USAGE ON SCHEMA plans TO regress_fql_tenant;
GRANT SELECT ON tb_note TO regress_fql_tenant;
SET app.tenant_id = 1;
SET ROLE regress_fql_tenant;
SELECT outcome('{ notes { body } }');
RESET ROLE;
UPDATE tb_note SET body = body || '!' WHERE id = 2;
SET ROLE regress_fql_tenant;
SELECT outcome('{ notes { body } }');
RESET ROLE;
UPDATE tb_note SET tenant = 1 WHERE id = 2;
SET ROLE regress_fql_tenant;
SELECT ask.ask('{ notes(orderBy: {id: ASC}, limit: 2) { body } }'), outcome('{ notes { body } }');
RESET ROLE;
RESET app.tenant_id;

--
-- Tables that are larger than a page
--
CREATE TABLE tb_user (id int PRIMARY KEY, name text);
CREATE TABLE tb_post (id int PRIMARY KEY, fk_user int REFERENCES tb_user, rating int);
CREATE INDEX ON tb_post (fk_user);
INSERT INTO tb_user SELECT i, 'user ' || i FROM generate_series(1, 5000) i;
INSERT INTO tb_post SELECT i, 1 + i % 5000, i % 100 FROM generate_series(1, 20000) i;
CREATE VIEW v_contribution AS
	SELECT post.id, post.rating, u.name FROM tb_post post JOIN tb_user u ON u.id = post.fk_user;
ANALYZE tb_user, tb_post;
SELECT fraiseql.expose('v_contribution', 'Contribution');
SELECT outcome('{ contributions(where: {rating: {lt: 2}}) { name } }');
INSERT INTO tb_user VALUES (5001, 'user 5001');
SELECT outcome('{ contributions(where: {rating: {lt: 2}}) { name } }');
INSERT INTO tb_post VALUES (20001, 3, 99);
SELECT outcome('{ contributions(where: {rating: {lt: 2}}) { name } }');
-- a join of most rows is no matter of look-ups: there are too many for an entry's tags
SELECT whole_scans('{ contributions(where: {rating: {lt: 40}}) { name } }', 'tb_user');
-- and where there may be more, the factor is what counts
SET fraiseql.cache_max_tags = 100000;
SET fraiseql.cache_plan_factor = 1.2;
SELECT whole_scans('{ contributions(where: {rating: {lt: 41}}) { name } }', 'tb_user');
SET fraiseql.cache_plan_factor = 1000;
SELECT whole_scans('{ contributions(where: {rating: {lt: 42}}) { name } }', 'tb_user');
RESET fraiseql.cache_plan_factor;
RESET fraiseql.cache_max_tags;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA plans CASCADE;
DROP ROLE regress_fql_tenant;
