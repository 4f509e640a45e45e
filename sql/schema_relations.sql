-- Foreign keys: nested fields in both directions.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA schema_relations;
SET search_path = schema_relations;

CREATE FUNCTION sdl(pattern text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT definition FROM unnest(string_to_array(rtrim(fraiseql.schema_sdl(), E'\n'), E'\n\n')) AS definition
	WHERE definition ~ ('(^|\n)[a-z]+ (' || pattern || ')( |$)')
$$;

-- To-one is named by the column without fk_ or _id, to-many by the child's plural; a self reference has both.
CREATE TABLE employee (id int PRIMARY KEY, name text NOT NULL, boss_id int NOT NULL REFERENCES employee);
CREATE TABLE tb_customer (pk_customer bigint PRIMARY KEY, id uuid NOT NULL);
CREATE TABLE tb_order (pk_order bigint PRIMARY KEY, id uuid NOT NULL, fk_customer bigint REFERENCES tb_customer,
	seller_id int REFERENCES employee);
SELECT fraiseql.expose('employee');
SELECT * FROM sdl('Employee');
-- Only when both ends are exposed.
SELECT fraiseql.expose('tb_order');
SELECT * FROM sdl('Order|OrderWhere|Employee');
SELECT fraiseql.expose('tb_customer');
SELECT * FROM sdl('Order|OrderWhere|OrderOrderBy|Customer|CustomerWhere');

-- Two foreign keys from one child to one parent are told apart by their columns.
CREATE TABLE person (id int PRIMARY KEY);
CREATE TABLE message (id int PRIMARY KEY, sender_id int REFERENCES person, fk_recipient int REFERENCES person);
SELECT fraiseql.expose('person'), fraiseql.expose('message');
SELECT * FROM sdl('Person|Message');

-- So is one whose name a column or a to-one field of the parent has.
CREATE TABLE post (id int PRIMARY KEY, comments int);
CREATE TABLE comment (id int PRIMARY KEY, post_id int REFERENCES post);
SELECT fraiseql.expose('post'), fraiseql.expose('comment');
SELECT * FROM sdl('Post|Comment');

-- The options name either end.
SELECT fraiseql.expose('message', options => '{"relations": {"message_sender_id_fkey": {"toOne": "from", "toMany": "sent"},
	"message_fk_recipient_fkey": {"toMany": "received"}}}');
SELECT * FROM sdl('Person|Message');

-- Composite keys are named after the other relation; a shared primary key as well.
CREATE TABLE room (building int, number int, PRIMARY KEY (building, number));
CREATE TABLE seat (id int PRIMARY KEY, building int, room_number int, spare_building int, spare_number int,
	CONSTRAINT seat_room FOREIGN KEY (building, room_number) REFERENCES room);
CREATE TABLE seat_detail (id int PRIMARY KEY REFERENCES seat, colour text);
SELECT fraiseql.expose('room'), fraiseql.expose('seat'), fraiseql.expose('seat_detail');
SELECT * FROM sdl('Room|Seat|SeatDetail');

-- Partitions: one field for the parent's constraint, on either side.
CREATE TABLE region (id int, part int, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE region_1 PARTITION OF region FOR VALUES IN (1);
CREATE TABLE visit (id int, part int, region_id int, PRIMARY KEY (id, part),
	CONSTRAINT visit_region FOREIGN KEY (region_id, part) REFERENCES region) PARTITION BY LIST (part);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES IN (2);
SELECT fraiseql.expose('region'), fraiseql.expose('region_1', 'RegionOne'), fraiseql.expose('visit');
SELECT * FROM sdl('Region|RegionOne|Visit');

-- A join table of keys alone has its relationships for fields.
CREATE TABLE tb_tag (pk_tag bigint PRIMARY KEY, id uuid NOT NULL);
CREATE TABLE tb_customer_tag (fk_customer bigint REFERENCES tb_customer, fk_tag bigint REFERENCES tb_tag,
	PRIMARY KEY (fk_customer, fk_tag));
SELECT fraiseql.expose('tb_customer_tag', options => '{"exclude": ["fk_customer"]}');
SELECT fraiseql.expose('tb_tag'), fraiseql.expose('tb_customer_tag');
SELECT * FROM sdl('Query|Customer|CustomerTag|Tag');

-- A column that has the name its foreign key's field would have keeps it; so do two keys that want one name.
CREATE TABLE tb_review (id int PRIMARY KEY, created_by int REFERENCES person, editor_id int REFERENCES person,
	fk_editor int REFERENCES person);
SELECT fraiseql.expose('tb_review');
SELECT * FROM sdl('Review');

SET client_min_messages = warning;
DROP SCHEMA schema_relations CASCADE;
