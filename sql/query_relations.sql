-- Foreign keys as nested fields in both directions, several levels deep, over composite keys, self references, the trinity
-- of FraiseQL, partitioned tables, views, and under row security.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

CREATE SCHEMA query_relations;
SET search_path = query_relations;
CREATE TABLE country (code char(2) PRIMARY KEY, name text);
CREATE TABLE person (id bigint PRIMARY KEY, name text NOT NULL, boss_id bigint REFERENCES person,
	country_code char(2) REFERENCES country (code));
CREATE TABLE orders (id int PRIMARY KEY, person_id bigint NOT NULL REFERENCES person, total numeric(10, 2));
CREATE TABLE message (id int PRIMARY KEY, sender_id bigint REFERENCES person, receiver_id bigint REFERENCES person, body text);
INSERT INTO country VALUES ('FR', 'France'), ('DE', 'Germany');
INSERT INTO person VALUES (1, 'Ann', NULL, 'FR'), (2, 'Bob', 1, 'DE'), (3, 'Cid', 1, NULL), (4, 'Dan', 2, 'FR');
INSERT INTO orders SELECT i, (i % 3) + 1, i * 1.5 FROM generate_series(1, 6) AS i;
INSERT INTO message VALUES (1, 1, 2, 'hi'), (2, 2, 1, 'hello'), (3, 1, 3, 'hey'), (4, NULL, 1, 'who');
SELECT fraiseql.expose('country');
SELECT fraiseql.expose('person', options => '{"relations": {"person_country_code_fkey": {"toOne": "country"}}}');
SELECT fraiseql.expose('orders'), fraiseql.expose('message');

-- to one, to many, and both ways at once
SELECT fraiseql.execute('{ person(id: 2) { name boss { name } country { code name } } }');
SELECT fraiseql.execute('{ people: persons { name boss { name boss { name } } } }');
SELECT fraiseql.execute('{ persons(where: {id: {lte: 2}}) { name orders { id total person { name } } } }');
SELECT fraiseql.execute('{ countries { code persons { name } } }');
SELECT fraiseql.execute('{ country(code: "FR") { persons(orderBy: {name: DESC}) { name orders(limit: 1) { id } } } }');

-- self reference in both directions; two foreign keys to one table
SELECT fraiseql.execute('{ person(id: 1) { name persons { name persons { name } } } }');
SELECT fraiseql.execute('{ person(id: 1) { messagesBySenderId { body receiver { name } }
	messagesByReceiverId { body sender { name } } } }');

-- filters and pages of nested lists
SELECT fraiseql.execute('{ persons { name orders(where: {total: {gt: 3}}, orderBy: {total: DESC}, limit: 1) { total } } }');
SELECT fraiseql.execute('{ orders(where: {person: {country: {name: {eq: "France"}}}}) { id } }');

-- six levels
SELECT fraiseql.execute('{ person(id: 4) { boss { boss { persons { orders { person { name } } } } } } }');

-- composite keys, with integer types that differ
CREATE TABLE shelf (room int, slot int, label text, PRIMARY KEY (room, slot));
CREATE TABLE book (id int PRIMARY KEY, room bigint, slot smallint, title text,
	FOREIGN KEY (room, slot) REFERENCES shelf (room, slot));
INSERT INTO shelf VALUES (1, 1, 'one'), (1, 2, 'two');
INSERT INTO book VALUES (1, 1, 1, 'a'), (2, 1, 2, 'b'), (3, 1, 2, 'c'), (4, 1, NULL, 'd');
SELECT fraiseql.expose('shelf'), fraiseql.expose('book');
SELECT fraiseql.execute('{ shelf(room: 1, slot: 2) { label books { title } } books { title shelf { label } } }');
SELECT fraiseql.execute('{ shelf(room: 1, slot: 3) { label } }');
SELECT fraiseql.execute('{ books(where: {shelf: {label: {eq: "one"}}}) { title } }');

-- the trinity: keys stay hidden, ids are shown
CREATE TABLE tb_author (pk_author bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid UNIQUE NOT NULL,
	identifier text UNIQUE, name text);
CREATE TABLE tb_post (pk_post bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid UNIQUE NOT NULL, title text,
	fk_author bigint NOT NULL REFERENCES tb_author);
INSERT INTO tb_author (id, identifier, name) VALUES
	('00000000-0000-0000-0000-000000000001', 'ann', 'Ann'), ('00000000-0000-0000-0000-000000000002', 'bob', 'Bob');
INSERT INTO tb_post (id, title, fk_author) VALUES ('10000000-0000-0000-0000-000000000001', 'First', 1),
	('10000000-0000-0000-0000-000000000002', 'Second', 1);
SELECT fraiseql.expose('tb_author'), fraiseql.expose('tb_post');
SELECT fraiseql.execute('{ author(id: "00000000-0000-0000-0000-000000000001") { id identifier posts { id title author { name } } } }');
SELECT fraiseql.execute('{ author(id: "00000000-0000-0000-0000-000000000009") { id } }');
SELECT fraiseql.execute('{ posts(where: {author: {identifier: {eq: "ann"}}}, orderBy: {title: DESC}) { title } }');

-- partitioned tables, plain views
CREATE TABLE event (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO event VALUES (1, '2024-05-05'), (2, '2024-06-06');
CREATE VIEW big_order AS SELECT id, total FROM orders WHERE total > 5;
SELECT fraiseql.expose('event'), fraiseql.expose('big_order');
SELECT fraiseql.execute('{ events { id at } bigOrders { id total } bigOrder(id: 6) { total } }');

-- row security: rows that a role must not see are not there, also at the end of a foreign key and within filters
CREATE ROLE query_relations_reader;
GRANT USAGE ON SCHEMA query_relations TO query_relations_reader;
GRANT SELECT ON person, orders, country TO query_relations_reader;
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON person FOR SELECT TO query_relations_reader USING (id > 1);
SET ROLE query_relations_reader;
SELECT fraiseql.execute('{ persons { name boss { name } } }');
SELECT fraiseql.execute('{ person(id: 1) { name } orders(limit: 2, orderBy: {id: DESC}) { id person { name } } }');
SELECT fraiseql.execute('{ persons(where: {boss: {name: {eq: "Ann"}}}) { name } }');
RESET ROLE;
SELECT fraiseql.execute('{ persons(where: {boss: {name: {eq: "Ann"}}}) { name } }');

RESET search_path;
DROP SCHEMA query_relations CASCADE;
DROP ROLE query_relations_reader;
