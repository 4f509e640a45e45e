-- One seam: whatever an operation names is asked of PostgreSQL as the calling role, however it is named.
--
-- Every form in which a column can be mentioned, each with a column that the role may read and with one that it may not:
-- the first is answered, the second is refused, alike whatever the rows hold, also where the answer is in the cache for
-- somebody else.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA authorisation;
SET search_path = authorisation, ask;
CREATE ROLE regress_fql_clerk;
GRANT USAGE ON SCHEMA authorisation TO regress_fql_clerk;

CREATE TABLE team (id int PRIMARY KEY, name text, code text, boss_id int);
CREATE TABLE badge (id int PRIMARY KEY);
CREATE TABLE person (id int PRIMARY KEY, name text, secret text, team_id int REFERENCES team, badge_id int REFERENCES badge);
INSERT INTO badge VALUES (1), (2);
INSERT INTO team VALUES (1, 'north', 'n1', 2), (2, 'south', 's1', 1);
INSERT INTO person VALUES (1, 'Ann', 'alpha', 1, 1), (2, 'Bob', 'beta', 2, 2);
ALTER TABLE team ADD FOREIGN KEY (boss_id) REFERENCES person;
CREATE TABLE tv_note (id int PRIMARY KEY, data jsonb, secret jsonb);
INSERT INTO tv_note VALUES (1, '{"id": 1, "name": "Ann", "text": "one", "in": {"name": "Ann"}}', '{"name": "alpha"}');
CREATE VIEW v_paper AS SELECT id, name AS title, secret AS hidden,
	jsonb_build_object('id', id, 'name', name, 'title', name, 'secret', secret, 'hidden', secret) AS data FROM person;
CREATE VIEW roster AS SELECT id, name, secret FROM person;
SELECT fraiseql.expose('team'), fraiseql.expose('badge'), fraiseql.expose('person'), fraiseql.expose('roster'), fraiseql.expose('v_paper', 'Paper'),
	fraiseql.expose('tv_note', 'Note', '{"data": {"id": "ID!", "name": "String", "text": "String"}}');
-- of persons and of the view over them the secret is not for the clerk, nor is a foreign key; of teams the code
GRANT SELECT (id, name, team_id) ON person TO regress_fql_clerk;
GRANT SELECT (id, name, boss_id) ON team TO regress_fql_clerk;
GRANT SELECT ON badge TO regress_fql_clerk;
GRANT SELECT (id, name) ON roster TO regress_fql_clerk;
GRANT SELECT (id, data) ON v_paper, tv_note TO regress_fql_clerk;

-- %1$s: a column of a person; %2$s: one of a team; %3$s: a foreign key of a person
CREATE TABLE form (place int GENERATED ALWAYS AS IDENTITY, query text, variables jsonb);
INSERT INTO form (query, variables) VALUES
	('{ persons { %1$s } }', NULL),
	('{ persons { id name %1$s id } }', NULL),
	('{ person(id: 1) { %1$s } }', NULL),
	('{ person(id: 99) { %1$s } }', NULL),
	('{ persons(limit: 0) { %1$s } }', NULL),
	('{ persons { id: %1$s name: id } }', NULL),
	('{ persons { ...f } } fragment f on Person { ...g } fragment g on Person { x: %1$s }', NULL),
	('{ persons { ... on Person { ... { %1$s } } } }', NULL),
	('query($b: Boolean = true) { persons { id %1$s @include(if: $b) } }', NULL),
	('{ a: persons { id } b: persons { %1$s } }', NULL),
	('{ teams { persons { %1$s } } }', NULL),
	('{ teams { persons { team { persons { %1$s } } } } }', NULL),
	('{ persons { team { %2$s } } }', NULL),
	('{ persons { team { boss { %1$s } } } }', NULL),
	('{ persons(where: {%1$s: {eq: "x"}}) { id } }', NULL),
	('{ persons(where: {%1$s: {neq: "x"}}) { id } }', NULL),
	('{ persons(where: {%1$s: {isnull: true}}) { id } }', NULL),
	('{ persons(where: {%1$s: {in: []}}) { id } }', NULL),
	('{ persons(where: {%1$s: {startswith: "a"}}) { id } }', NULL),
	('{ persons(where: {%1$s: {regex: "^a"}}) { id } }', NULL),
	('{ persons(where: {_or: [{id: {gt: 0}}, {%1$s: {eq: "alpha"}}]}) { id } }', NULL),
	('{ persons(where: {_and: [{_not: {_or: [{%1$s: {eq: "alpha"}}]}}]}) { id } }', NULL),
	('{ persons(where: {id: {eq: 99}, %1$s: {eq: "alpha"}}) { id } }', NULL),
	('{ persons(where: {team: {%2$s: {eq: "n1"}}}) { id } }', NULL),
	('{ persons(where: {team: {boss: {%1$s: {eq: "alpha"}}}}) { id } }', NULL),
	('{ teams { persons(where: {%1$s: {eq: "alpha"}}) { id } } }', NULL),
	('query($w: PersonWhere) { persons(where: $w) { id } }', '{"w": {"%1$s": {"eq": "alpha"}}}'),
	('query($w: PersonWhere) { persons(where: $w) { id } }', '{"w": {"_not": {"team": {"%2$s": {"like": "%%"}}}}}'),
	('{ persons(orderBy: {%1$s: ASC}) { id } }', NULL),
	('{ persons(orderBy: [{id: ASC}, {%1$s: DESC}]) { id } }', NULL),
	('{ persons(orderBy: [{field: "%1$s", direction: DESC}], limit: 1) { id } }', NULL),
	('query($o: [PersonOrderBy!]) { persons(orderBy: $o) { id } }', '{"o": [{"%1$s": "DESC"}]}'),
	('{ teams { persons(orderBy: {%1$s: ASC}, limit: 1) { id } } }', NULL),
	('{ persons { %3$s { id } } }', NULL),
	('{ persons(where: {%3$s: {id: {eq: 1}}}) { id } }', NULL),
	('{ rosters { %1$s } }', NULL),
	('{ rosters(where: {%1$s: {eq: "alpha"}}) { id } }', NULL),
	('{ rosters(orderBy: {%1$s: ASC}) { id } }', NULL);

-- The kind of an answer: rows, nothing but a refusal, or something else, which is shown.
CREATE FUNCTION kind(answer json) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN answer -> 'errors' IS NULL THEN 'answered'
		WHEN (SELECT bool_and(e #>> '{extensions,code}' = 'FORBIDDEN' AND e ->> 'message' ~ '^Permission denied for field "[a-zA-Z]+"\.$') FROM json_array_elements(answer -> 'errors') AS e)
			AND answer::text !~ 'alpha|beta|[ns]1"' THEN 'refused'
		ELSE answer::text END
$$;
CREATE FUNCTION asked(query text, variables jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN kind(fraiseql.execute(query, variables));
END
$$;
CREATE FUNCTION of_form(f form, readable boolean) RETURNS form LANGUAGE sql AS $$
	SELECT f.place, format(f.query, c[1], c[2], c[3]), format(f.variables::text, c[1], c[2], c[3])::jsonb
	FROM (SELECT CASE WHEN readable THEN '{name,name,team}'::text[] ELSE '{secret,code,badge}'::text[] END) AS c (c)
$$;
GRANT SELECT ON form TO regress_fql_clerk;

-- How many forms have which outcomes, each asked twice, and which of the second are hits; and forms that are not as they should be.
CREATE FUNCTION ask_all(OUT readable boolean, OUT kind text, OUT again text, OUT hit boolean, OUT place int) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	f form;
	hits_before bigint;
BEGIN
	FOR f IN SELECT * FROM form ORDER BY form.place LOOP
		place := f.place;
		FOREACH readable IN ARRAY '{t,f}'::boolean[] LOOP
			kind := asked((of_form(f, readable)).query, (of_form(f, readable)).variables);
			hits_before := (SELECT hits FROM fraiseql.cache_stats);
			again := asked((of_form(f, readable)).query, (of_form(f, readable)).variables);
			hit := (SELECT hits FROM fraiseql.cache_stats) > hits_before;
			RETURN NEXT;
		END LOOP;
	END LOOP;
END
$$;

-- the clerk, before and after answers of somebody who may read everything are in the cache
SET ROLE regress_fql_clerk;
SELECT readable, kind, again, hit, count(*) = (SELECT count(*) FROM form) FROM ask_all() GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
RESET ROLE;
SELECT readable, kind, again, hit, count(*) = (SELECT count(*) FROM form) FROM ask_all() GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
SET ROLE regress_fql_clerk;
SELECT readable, kind, again, hit, count(*) = (SELECT count(*) FROM form) FROM ask_all() GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
-- what names a column and asks nothing of it
SELECT fraiseql.execute('{ persons(where: {secret: null}, limit: 1) { id } }');
SELECT fraiseql.execute('{ persons(where: {_not: {secret: null}}) { id } }');
SELECT fraiseql.execute('{ persons(limit: 1) { id secret @skip(if: true) } }');
-- what the schema says to the role
SELECT definition FROM unnest(string_to_array(rtrim(fraiseql.schema_sdl(), E'\n'), E'\n\n')) AS definition WHERE definition ~ '^[a-z]+ (Person|Team|Roster)(Where|OrderBy)? ';
RESET ROLE;

--
-- Documents: who may read one may read its keys, and ask for them; the columns beside it are apart
--
SET ROLE regress_fql_clerk;
SELECT kind(fraiseql.execute(q)) FROM unnest(ARRAY['{ papers { id secret hidden } }', '{ papers(where: {title: {eq: "Ann"}}) { id } }',
	'{ papers(where: {hidden: {eq: "beta"}}) { id } }', '{ papers(orderBy: {hidden: DESC}) { id } }', '{ paper(id: 2) { title } }', '{ notes { id name text } }',
	'{ notes(where: {name: {eq: "Ann"}}) { id } }']) AS q;
SELECT fraiseql.execute('{ papers(where: {hidden: {eq: "beta"}}, orderBy: {title: ASC}) { id title hidden } }');
RESET ROLE;
REVOKE SELECT (data) ON v_paper, tv_note FROM regress_fql_clerk;
GRANT SELECT (title) ON v_paper TO regress_fql_clerk;
SET ROLE regress_fql_clerk;
-- without it: nothing of it, by no filter; what a readable column holds may be asked for
SELECT q, kind(fraiseql.execute(q)) FROM unnest(ARRAY['{ papers { id } }', '{ papers { title } }', '{ papers { __typename } }', '{ paper(id: 2) { __typename } }',
	'{ papers(where: {title: {eq: "Ann"}}) { __typename } }', '{ papers(where: {hidden: {eq: "beta"}}) { __typename } }',
	'{ papers(where: {secret: {isnull: true}}) { __typename } }', '{ papers(where: {name: {eq: "Ann"}}) { __typename } }', '{ papers(orderBy: {hidden: DESC}) { __typename } }',
	'{ papers(orderBy: {title: DESC}) { __typename } }', '{ notes { __typename } }', '{ notes { name } }', '{ notes(where: {name: {eq: "x"}}) { __typename } }',
	'{ notes(orderBy: {text: ASC}) { __typename } }']) AS q;
RESET ROLE;

--
-- Row security: a filter meets only rows that the role may see, so that no error tells of others
--
CREATE TABLE tv_ledger (id int PRIMARY KEY, owner name, data jsonb);
INSERT INTO tv_ledger VALUES (1, 'regress_fql_clerk', '{"id": 1, "n": 1, "d": "2026-01-01", "s": "mine"}'), (2, 'other', '{"id": 2, "n": "alpha", "d": "beta", "s": "alpha"}');
ALTER TABLE tv_ledger ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tv_ledger USING (owner = current_user);
CREATE VIEW v_barrier WITH (security_barrier) AS SELECT id, data FROM tv_ledger WHERE owner = current_user;
GRANT SELECT ON tv_ledger, v_barrier TO regress_fql_clerk;
SELECT fraiseql.expose('tv_ledger', 'Ledger', '{"data": {"id": "ID!", "n": "Int", "d": "Date", "s": "String"}}'),
	fraiseql.expose('v_barrier', 'Barrier', '{"data": {"id": "ID!", "n": "Int", "d": "Date", "s": "String"}}');
SET ROLE regress_fql_clerk;
SELECT fraiseql.execute(format(q, list)) FROM unnest('{ledgers,barriers}'::text[]) AS list, unnest(ARRAY['{ %s(where: {n: {gte: 0}}) { id } }', '{ %s(where: {n: {in: [1, 2]}}) { id } }',
	'{ %s(where: {d: {lt: "2030-01-01"}}) { id } }', '{ %s(orderBy: [{n: ASC}, {d: ASC}]) { id } }', '{ %s(where: {s: {regex: "alpha|mine"}}) { id s } }',
	'{ %s(where: {_or: [{s: {eq: "alpha"}}, {n: {lt: 5}}]}) { id } }']) AS q;
RESET ROLE;
-- the control: who sees all rows meets the one that is not as declared
SELECT fraiseql.execute('{ ledgers(where: {n: {gte: 0}}) { id } }');

--
-- What explain() says to a role that may call it
--
GRANT pg_monitor TO regress_fql_clerk;
SET ROLE regress_fql_clerk;
SELECT readable, (SELECT string_agg(DISTINCT e #>> '{extensions,code}', ' ') FROM jsonb_array_elements(explained -> 'errors') AS e), count(*) = (SELECT count(*) FROM form)
FROM unnest('{t,f}'::boolean[]) AS readable, form AS f, LATERAL fraiseql.explain((of_form(f, readable)).query, (of_form(f, readable)).variables) AS explained
GROUP BY 1, 2 ORDER BY 1, 2;
RESET ROLE;

DROP SCHEMA authorisation CASCADE;
DROP ROLE regress_fql_clerk;
