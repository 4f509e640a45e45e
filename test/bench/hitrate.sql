-- The tables of the hit rate's benchmark, filled from the files that hitrate.pl wrote.
CREATE EXTENSION fraiseql;
CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL, bio text NOT NULL);
CREATE TABLE tb_post (id int PRIMARY KEY, user_id int NOT NULL, title text NOT NULL, body text NOT NULL);
CREATE TABLE tb_comment (id int PRIMARY KEY, post_id int NOT NULL, user_id int NOT NULL, body text NOT NULL);
\copy tb_user FROM users.tsv
\copy tb_post FROM posts.tsv
\copy tb_comment FROM comments.tsv
ALTER TABLE tb_post ADD FOREIGN KEY (user_id) REFERENCES tb_user;
ALTER TABLE tb_comment ADD FOREIGN KEY (post_id) REFERENCES tb_post, ADD FOREIGN KEY (user_id) REFERENCES tb_user;
CREATE INDEX ON tb_post (user_id);
CREATE INDEX ON tb_comment (post_id);
CREATE INDEX ON tb_comment (user_id);
SELECT fraiseql.expose('tb_user'), fraiseql.expose('tb_post'), fraiseql.expose('tb_comment');
VACUUM ANALYZE;
