-- What servers newer than 15 add.  Each check is made where the server has the feature, and says true everywhere.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SELECT current_setting('server_version_num')::int >= 160000 AS has_16,
	current_setting('server_version_num')::int >= 170000 AS has_17,
	current_setting('server_version_num')::int >= 180000 AS has_18 \gset
CREATE SCHEMA server_versions;
SET search_path = server_versions, ask;
CREATE TABLE tb_item (id int PRIMARY KEY, name text, at timestamptz, clock timetz);
INSERT INTO tb_item VALUES (1, 'one', '2020-01-01 00:00+00', '10:00+00'), (2, 'two', '2020-01-02 00:00+00', '11:00+00');

-- 16: the fields of a document that SQL/JSON constructors build, and its answers are kept
\set constructed t
\set kept t
\set fresh t
\if :has_16
CREATE VIEW v_item AS SELECT id, JSON_OBJECT('id': id, 'name': name, 'both': JSON_ARRAY(name, name RETURNING jsonb),
	'all': (SELECT JSON_ARRAYAGG(JSON_OBJECT('itemName': o.name RETURNING jsonb) ORDER BY o.id RETURNING jsonb)
		FROM tb_item o),
	'ids': (SELECT JSON_OBJECTAGG(o.name: o.id WITH UNIQUE KEYS RETURNING jsonb) FROM tb_item o)
	RETURNING jsonb) AS data FROM tb_item;
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('v_item', 'Item')) AS e \gset
SELECT ask('{ item(id: 1) { name both all { itemName } ids } }') =
	'miss kept: {"data":{"item":{"name":"one","both":["one","one"],"all":[{"itemName":"one"},{"itemName":"two"}],"ids":{"one":1,"two":2}}}}'
	AS constructed \gset
SELECT ask('{ item(id: 1) { name both all { itemName } ids } }') LIKE 'hit: %' AS kept \gset
UPDATE tb_item SET name = 'three' WHERE id = 2;
SELECT ask('{ item(id: 1) { all { itemName } } }') LIKE 'miss kept: %"one"%"three"%' AS fresh \gset
\endif
SELECT :'constructed' AS constructed, :'kept' AS kept, :'fresh' AS fresh;

-- 16: constructors call casts to json, too
\set castless t
\set cast t
\if :has_16
CREATE TYPE feeling AS ENUM ('one');
CREATE TABLE tb_feeling (id int PRIMARY KEY, word feeling);
INSERT INTO tb_feeling VALUES (1, 'one');
CREATE FUNCTION feeling_to_json(feeling) RETURNS json STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN to_json($1::text || (now() IS NULL)); END $$;
CREATE VIEW v_feeling AS SELECT id, length(JSON_OBJECT('f': word RETURNING text)) AS value FROM tb_feeling;
CREATE VIEW v_touch AS SELECT id, length(JSON_ARRAY(word RETURNING text)) AS value FROM tb_feeling;
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('v_feeling', 'Feeling'), fraiseql.expose('v_touch', 'Touch')) AS e \gset
SELECT ask('{ feeling(id: 1) { value } }') LIKE 'miss kept: %' AND ask('{ touch(id: 1) { value } }') LIKE 'miss kept: %' AS castless \gset
CREATE CAST (feeling AS json) WITH FUNCTION feeling_to_json(feeling);
SELECT ask('{ feeling(id: 1) { value } }') LIKE 'miss rejected stable: %' AND
	ask('{ touch(id: 1) { value } }') LIKE 'miss rejected stable: %' AS cast \gset
DROP CAST (feeling AS json);
\endif
SELECT :'castless' AS castless, :'cast' AS cast;

-- 16: who logged in is in no key
\set system_user t
\if :has_16
CREATE VIEW v_login AS SELECT id, SYSTEM_USER IS NULL AS value FROM tb_item;
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('v_login', 'Login')) AS e \gset
SELECT ask('{ login(id: 1) { value } }') LIKE 'miss rejected stable: %' AS system_user \gset
\endif
SELECT :'system_user' AS system_user;

-- 17: AT LOCAL of a time of day depends on today's offset of the zone
\set at_local t
\if :has_17
CREATE VIEW v_local AS SELECT id, clock AT LOCAL AS value FROM tb_item;
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('v_local', 'Local')) AS e \gset
SELECT ask('{ local(id: 1) { value } }') LIKE 'miss rejected clock: %' AS at_local \gset
\endif
SELECT :'at_local' AS at_local;

-- 17: an abbreviation of a zone in a text means what the session says
\set abbreviation t
\set other_abbreviation t
\if :has_17
CREATE VIEW v_zone AS SELECT id, to_timestamp('2020-01-01 10:00 IST', 'YYYY-MM-DD HH24:MI TZ') AS value FROM tb_item;
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('v_zone', 'Zone')) AS e \gset
SET timezone = 'UTC';
SELECT ask('{ zone(id: 1) { value } }') LIKE 'miss kept: %T08:00:00%' AS abbreviation \gset
SET timezone_abbreviations = 'India';
SELECT ask('{ zone(id: 1) { value } }') LIKE 'miss kept: %T04:30:00%' AS other_abbreviation \gset
RESET timezone_abbreviations;
RESET timezone;
\endif
SELECT :'abbreviation' AS abbreviation, :'other_abbreviation' AS other_abbreviation;

-- 17: JSON_VALUE() and JSON_TABLE() may call input functions, so their answers are not kept
\set json_value t
\set json_table t
\if :has_17
CREATE VIEW v_scalar AS SELECT id, JSON_VALUE('{"d": "today"}'::jsonb, '$.d' RETURNING date) IS NOT NULL AS value FROM tb_item;
CREATE VIEW v_rows AS SELECT i.id, t.d IS NOT NULL AS value
	FROM tb_item i, JSON_TABLE('{"d": "today"}'::jsonb, '$' COLUMNS (d date PATH '$.d')) AS t;
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('v_scalar', 'Scalar'), fraiseql.expose('v_rows', 'Rows')) AS e \gset
SELECT ask('{ scalar(id: 1) { value } }') LIKE 'miss rejected stable: %' AS json_value \gset
SELECT ask('{ rows(id: 1) { value } }') LIKE 'miss rejected plan: %' AS json_table \gset
\endif
SELECT :'json_value' AS json_value, :'json_table' AS json_table;

-- 17: MERGE that deletes what no longer matches
\set merged t
\if :has_17
CREATE TABLE tb_stock (id int PRIMARY KEY, amount int);
INSERT INTO tb_stock VALUES (1, 10), (2, 20);
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_stock', 'Stock')) AS e \gset
SELECT ask('{ stocks { id amount } }') AS before \gset
MERGE INTO tb_stock s USING (VALUES (1, 11), (3, 30)) AS n (id, amount) ON s.id = n.id
	WHEN MATCHED THEN UPDATE SET amount = n.amount
	WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.amount)
	WHEN NOT MATCHED BY SOURCE THEN DELETE;
SELECT ask('{ stocks { id amount } }') =
	'miss kept: {"data":{"stocks":[{"id":1,"amount":11},{"id":3,"amount":30}]}}' AS merged \gset
\endif
SELECT :'merged' AS merged;

-- 18: a generated column that is computed when it is read
\set virtual t
\set virtual_kept t
\set virtual_fresh t
\set redefined t
\if :has_18
CREATE TABLE tb_line (id int PRIMARY KEY, amount int NOT NULL, price int, total int GENERATED ALWAYS AS (amount * price) VIRTUAL);
INSERT INTO tb_line VALUES (1, 2, 3);
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_line', 'Line')) AS e \gset
SELECT ask('{ lines(where: {total: {eq: 6}}) { total } }') = 'miss kept: {"data":{"lines":[{"total":6}]}}' AS virtual \gset
SELECT ask('{ lines(where: {total: {eq: 6}}) { total } }') = 'hit: {"data":{"lines":[{"total":6}]}}' AS virtual_kept \gset
UPDATE tb_line SET price = 4;
SELECT ask('{ lines(where: {total: {eq: 6}}) { total } }') = 'miss kept: {"data":{"lines":[]}}' AS virtual_fresh \gset
ALTER TABLE tb_line ALTER total SET EXPRESSION AS (amount + price);
SELECT ask('{ lines(where: {total: {eq: 6}}) { total } }') = 'miss kept: {"data":{"lines":[{"total":6}]}}' AS redefined \gset
\endif
SELECT :'virtual' AS virtual, :'virtual_kept' AS kept, :'virtual_fresh' AS fresh, :'redefined' AS redefined;

-- 18: NOT NULL that holds for new rows only, or not in child tables; a foreign key that nobody enforces
\set loose t
\set dangling t
\if :has_18
CREATE TABLE tb_loose (id int PRIMARY KEY, checked int NOT NULL, unchecked int, alone int,
	fk_line int REFERENCES tb_line (id) NOT ENFORCED);
INSERT INTO tb_loose VALUES (1, 1, NULL, NULL, 99);
ALTER TABLE tb_loose ADD CONSTRAINT later NOT NULL unchecked NOT VALID;
CREATE TABLE tb_parent (id int PRIMARY KEY, alone int CONSTRAINT here NOT NULL NO INHERIT, everywhere int NOT NULL);
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_loose', 'Loose'), fraiseql.expose('tb_parent', 'Parent')) AS e \gset
SELECT fraiseql.schema_sdl() ~ '  checked: Int!' AND fraiseql.schema_sdl() ~ E'  unchecked: Int\n' AND
	fraiseql.schema_sdl() ~ '  everywhere: Int!' AND fraiseql.schema_sdl() ~ E'  alone: Int\n' AS loose \gset
SELECT ask('{ loose(id: 1) { checked unchecked line { id } } }') =
	'miss kept: {"data":{"loose":{"checked":1,"unchecked":null,"line":null}}}' AS dangling \gset
\endif
SELECT :'loose' AS loose, :'dangling' AS dangling;

-- 18: keys without overlaps, and foreign keys to them, which are no equality of columns
\set temporal t
\set no_period t
\if :has_18
CREATE TABLE tb_room (id int4range, during daterange, name text, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE tb_stay (id int PRIMARY KEY, room int4range, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES tb_room (id, PERIOD during));
INSERT INTO tb_room VALUES ('[1,2)', '[2020-01-01,2021-01-01)', 'blue');
INSERT INTO tb_stay VALUES (1, '[1,2)', '[2020-02-01,2020-03-01)');
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('tb_room', 'Room'), fraiseql.expose('tb_stay', 'Stay')) AS e \gset
SELECT ask('{ rooms { name } }') = 'miss kept: {"data":{"rooms":[{"name":"blue"}]}}' AS temporal \gset
SELECT fraiseql.schema_sdl() !~ 'stays[(][^)]*[)]: .Stay!.!\n\}' AND fraiseql.schema_sdl() !~ '  room: Room' AS no_period \gset
\endif
SELECT :'temporal' AS temporal, :'no_period' AS no_period;

-- 18: functions in SQL keep their plans; what they read is observed at each call
\set planned t
\set planned_fresh t
CREATE FUNCTION names() RETURNS SETOF text STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT name FROM server_versions.tb_item ORDER BY id $$;
CREATE VIEW v_names AS SELECT 1 AS id, string_agg(n, ', ') AS value FROM names() AS n;
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('v_names', 'Names')) AS e \gset
SELECT fraiseql.track('tb_item') \gset
SELECT ask('{ names(id: 1) { value } }') LIKE 'miss kept: %' AS planned \gset
INSERT INTO tb_item VALUES (4, 'four');
SELECT ask('{ names(id: 1) { value } }') LIKE 'miss kept: %four%' AS planned_fresh \gset
SELECT :'planned' AS planned, :'planned_fresh' AS fresh;

-- grouped columns, which 18 keeps apart in a definition
CREATE VIEW v_group AS SELECT name AS id, jsonb_build_object('name', name, 'inner', inside, 'count', count(*)) AS data
	FROM (SELECT name, jsonb_build_object('letter', left(name, 1)) AS inside FROM tb_item) AS s GROUP BY name, inside;
SELECT count(*) AS exposed FROM (SELECT fraiseql.expose('v_group', 'Grouped')) AS e \gset
SELECT ask('{ grouped(id: "one") { name inner { letter } count } }');
SELECT ask('{ grouped(id: "one") { name inner { letter } count } }');
SET client_min_messages = warning;
DROP SCHEMA server_versions CASCADE;
