# A write to rows of one user leaves the nested answer about another (user, posts, comments) in the cache: through plain
# tables, and through views whose documents are built by correlated subqueries; in a table of 20 rows as in a large one;
# with statistics and without; by a plan for one value and by a generic one.  And a write to his own rows does not.
#
# The large tables have 2,000,000 rows each, half a gigabyte in all, or FRAISEQL_ROWS where that is too much.
use Fraiseql::Test;

# without statistics the estimates are so high that each plan would be compiled
my $node = fraiseql_node('other_rows', config => "jit = off\nmaintenance_work_mem = '256MB'");
my $new = 0;

# The tables, each of so many rows: two posts a user and two comments a post, while they last.
sub create_tables
{
	my ($database, $rows) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION fraiseql');
	create_ask($node, $database);
	# in one transaction, so that the rows need no WAL
	$node->safe_psql($database, <<"SQL");
BEGIN;
CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_post (id int PRIMARY KEY, user_id int NOT NULL, title text NOT NULL);
CREATE TABLE tb_comment (id int PRIMARY KEY, post_id int NOT NULL, body text NOT NULL);
INSERT INTO tb_user SELECT i, 'user ' || i FROM generate_series(1, $rows) AS i;
INSERT INTO tb_post SELECT i, (i + 1) / 2, 'post ' || i FROM generate_series(1, $rows) AS i;
INSERT INTO tb_comment SELECT i, (i + 1) / 2, 'comment ' || i FROM generate_series(1, $rows) AS i;
ALTER TABLE tb_post ADD FOREIGN KEY (user_id) REFERENCES tb_user;
ALTER TABLE tb_comment ADD FOREIGN KEY (post_id) REFERENCES tb_post;
CREATE INDEX ON tb_post (user_id);
CREATE INDEX ON tb_comment (post_id);
COMMIT;
CREATE VIEW v_comment AS SELECT id, post_id, jsonb_build_object('id', id, 'body', body) AS data FROM tb_comment;
CREATE VIEW v_post AS SELECT id, user_id, jsonb_build_object('id', id, 'title', title, 'comments',
	coalesce((SELECT jsonb_agg(c.data ORDER BY c.id) FROM v_comment AS c WHERE c.post_id = p.id), '[]')) AS data
	FROM tb_post AS p;
CREATE VIEW v_user AS SELECT id, jsonb_build_object('id', id, 'name', name, 'posts',
	coalesce((SELECT jsonb_agg(p.data ORDER BY p.id) FROM v_post AS p WHERE p.user_id = u.id), '[]')) AS data
	FROM tb_user AS u;
SELECT fraiseql.expose('tb_user'), fraiseql.expose('tb_post'), fraiseql.expose('tb_comment');
SELECT fraiseql.expose('v_comment', 'CommentDocument'), fraiseql.expose('v_post', 'PostDocument'),
	fraiseql.expose('v_user', 'UserDocument');
CREATE FUNCTION ask_for(field text, id int, OUT outcome text, OUT answer text) LANGUAGE sql AS \$\$
	SELECT * FROM ask(format('{ %s(id: %s) { name posts { title comments { body } } } }', field, id))
\$\$;
-- The users whose answers are not in the cache, of the first so many, with the id in a variable.
CREATE FUNCTION missed(field text, count int) RETURNS int[] LANGUAGE plpgsql AS \$\$
	DECLARE
		missed int[] := '{}';
		before bigint;
	BEGIN
		FOR i IN 1 .. count LOOP
			before := (SELECT hits FROM fraiseql.cache_stats);
			PERFORM fraiseql.execute(format('query (\$id: Int!) { %s(id: \$id) { name posts { title comments { body } } } }',
				field), jsonb_build_object('id', i));
			IF (SELECT hits FROM fraiseql.cache_stats) = before THEN
				missed := missed || i;
			END IF;
		END LOOP;
		RETURN missed;
	END
\$\$;
SQL
	return;
}

# The writes to rows of user u, who has posts 2u - 1 and 2u with comments 4u - 3 to 4u, each with a text that the
# user's answer then shows, or shows no more.
sub writes_to
{
	my ($user) = @_;
	my ($post, $comment) = (2 * $user, 4 * $user);
	my ($id, $text) = (100_000_000 + ++$new, "new text $new");

	return (
		[ 'update of the user', "UPDATE tb_user SET name = '$text' WHERE id = $user", $text, 1 ],
		[ 'update of a post', "UPDATE tb_post SET title = '$text' WHERE id = $post", $text, 1 ],
		[ 'update of a comment', "UPDATE tb_comment SET body = '$text' WHERE id = $comment", $text, 1 ],
		[ 'new post', "INSERT INTO tb_post VALUES ($id, $user, 'added $text')", "added $text", 1 ],
		[ 'new comment', "INSERT INTO tb_comment VALUES ($id, $id, 'said $text')", "said $text", 1 ],
		[ 'deleted comment', "DELETE FROM tb_comment WHERE id = $id", "said $text", 0 ],
		[ 'deleted post', "DELETE FROM tb_post WHERE id = $id", "added $text", 0 ]);
}

# The statement that asks for one user.
sub ask_for
{
	my ($field, $user) = @_;

	return "SELECT * FROM ask_for('$field', $user)";
}

# Runs statements in one session: for each row of theirs, what became of the call and the answer.
sub outcomes
{
	my ($database, @statements) = @_;

	return map { [ split /\|/, $_, 2 ] } split /\n/, $node->safe_psql($database, join(";\n", @statements));
}

# User 1's answer, and writes to the rows of user 2 and then his own.
sub check_field
{
	my ($database, $field, $case) = @_;
	my $ask = ask_for($field, 1);
	my @others = writes_to(2);
	my @own = writes_to(1);
	my ($first, @then) = outcomes($database, $ask, map { ($_->[1], $ask) } @others, @own);

	is(scalar @then, @others + @own, "$case: an answer after each write");
	is($first->[0], 'kept', "$case: kept");
	like($first->[1], qr/comment 1"/, "$case: the answer is nested");
	for my $write (@others)
	{
		my ($outcome, $answer) = @{ shift @then };
		is($outcome, 'hit', "$case: $write->[0] of another");
		is($answer, $first->[1], "$case: $write->[0] of another: the answer");
	}
	for my $write (@own)
	{
		my ($what, undef, $text, $shows) = @$write;
		my ($outcome, $answer) = @{ shift @then };
		is($outcome, 'kept', "$case: $what of his own");
		is(index($answer, qq("$text")) >= 0 ? 1 : 0, $shows, "$case: $what of his own: the answer");
	}
	return;
}

# A post that changes hands and comes back: both users' answers change, and no other's.
sub check_move
{
	my ($database, $field, $case) = @_;
	my @asks = map { ask_for($field, $_) } 1 .. 3;
	my (undef, undef, undef, @then) = outcomes($database, @asks,
		'UPDATE tb_post SET user_id = 3 WHERE id = 4', @asks, 'UPDATE tb_post SET user_id = 2 WHERE id = 4', @asks);

	is(join(' ', map { $_->[0] } @then), 'hit kept kept hit kept kept', "$case: a post of users 2 and 3 changes hands");
	return;
}

# Of the answers about many users, with the id in a variable and so by one plan, the right one.
sub check_many
{
	my ($database, $field, $case) = @_;

	is($node->safe_psql($database, "SELECT cardinality(missed('$field', 20)); SELECT missed('$field', 20)"), "20\n{}",
		"$case: twenty answers");
	$new++;
	$node->safe_psql($database, $_)
	  for "UPDATE tb_user SET name = 'name $new' WHERE id = 17", "UPDATE tb_comment SET body = 'body $new' WHERE id = 14";
	is($node->safe_psql($database, "SELECT missed('$field', 20)"), '{4,17}', "$case: two writes, two of them");
	return;
}

for my $rows (20, $ENV{FRAISEQL_ROWS} || 2_000_000)
{
	my $database = "rows_$rows";

	create_tables($database, $rows);
	for my $statistics ('no statistics', 'statistics')
	{
		$node->safe_psql($database, 'VACUUM ANALYZE') if $statistics eq 'statistics';
		for my $field ('user', 'userDocument')
		{
			my $case = "$rows rows, $statistics, $field";

			$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
			check_field($database, $field, $case);
			check_move($database, $field, $case);
			check_many($database, $field, $case);
		}
	}
}

done_testing();
