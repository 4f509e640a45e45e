# Time to live by type: the option "ttl", also when it is changed; the shortest of an answer's types counts, and the earlier
# of a write and the end of that time wins.  Nothing waits for a time that it has chosen: ends are read from
# fraiseql.cache_entries, and waited for where they are near.
use Fraiseql::Test;

# The worker sleeps, so that an answer whose time is over is seen by a question, not by the sweep.
my $node = fraiseql_node('ttl', config => "fraiseql.worker_interval = '1h'\nfraiseql.cache_ttl = '2h'");

create_ask($node);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_post (id int PRIMARY KEY, title text NOT NULL, user_id int NOT NULL REFERENCES tb_user);
INSERT INTO tb_user VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO tb_post VALUES (1, 'Hello', 1), (2, 'World', 2);
SELECT fraiseql.expose('tb_user'), fraiseql.expose('tb_post');
SQL

my ($user, $post, $both) = ('{ user(id: 1) { name } }', '{ post(id: 1) { title } }', '{ post(id: 2) { title user { name } } }');
my $ann = '{"data":{"user":{"name":"Ann"}}}';

# Seconds that the valid answers have from their beginning to their end: of $user, $post and $both, as far as there are.
sub lives
{
	return $node->safe_psql('postgres', <<'SQL') =~ s/\n/ /gr;
SELECT extract(epoch FROM expires_at - created_at)::int FROM fraiseql.cache_entries WHERE valid
ORDER BY query LIKE '%title%', query LIKE '%user%'
SQL
}

# Ask all three; how long the answers live.
sub lives_of_all
{
	$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
	ask($node, $_) for $user, $post, $both;
	return lives();
}

sub expose
{
	my ($table, $ttl) = @_;
	my $options = defined $ttl ? qq('{"ttl": $ttl}') : 'NULL';

	return $node->safe_psql('postgres', "SELECT fraiseql.expose('$table', options => $options)");
}

# Wait for the end of an answer that has a second to live.
sub wait_for_end
{
	$node->poll_query_until('postgres', 'SELECT bool_and(expires_at <= clock_timestamp()) FROM fraiseql.cache_entries')
	  or die 'it does not end';
	return;
}

is(lives_of_all(), '7200 7200 7200', 'the setting');
expose('tb_user', 600);
is(lives_of_all(), '600 7200 600', 'an option, also where the type is nested');
expose('tb_post', 60);
is(lives_of_all(), '600 60 60', 'the shorter one of two types');
expose('tb_post', 6000);
is(lives_of_all(), '600 6000 600', 'another option');
expose('tb_user', 86400);
is(lives_of_all(), '7200 6000 6000', 'the setting is an upper bound');
expose($_) for qw(tb_user tb_post);
is(lives_of_all(), '7200 7200 7200', 'no option any more');

# A new option makes answers anew, so none lives on by the old one.
lives_of_all();
expose('tb_user', 30);
is(ask($node, $user), "kept|$ann", 'an answer from before the option is not served');
is(lives(), '30', 'the new one has its time');

# The end comes before a write.
expose('tb_user', 1);
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
is(ask($node, $user), "kept|$ann", 'an answer with a second to live');
wait_for_end();
is(ask($node, $user), "kept|$ann", 'is computed anew when that is over, though nothing has changed');
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
ask($node, $both);
wait_for_end();
is(ask($node, $both), 'kept|{"data":{"post":{"title":"World","user":{"name":"Bob"}}}}', 'so is one in which it is nested');
expose('tb_post', 3600);
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
ask($node, $post);
ask($node, $user);
$node->poll_query_until('postgres', 'SELECT min(expires_at) <= clock_timestamp() FROM fraiseql.cache_entries') or die 'it does not end';
is(ask($node, $post), 'hit|{"data":{"post":{"title":"Hello"}}}', 'another type lives on');

# A write comes before the end.
expose('tb_user', 3600);
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
is(ask($node, $user), "kept|$ann", 'an answer with an hour to live');
is(ask($node, $user), "hit|$ann", 'which it uses');
$node->safe_psql('postgres', q(UPDATE tb_user SET name = 'Anna' WHERE id = 1));
is(ask($node, $user), 'kept|{"data":{"user":{"name":"Anna"}}}', 'is dead when a write is visible');
is(lives(), '3600', 'the new one has all of its time');

# What has ended is not counted as invalidated, nor the other way round.
expose('tb_user', 1);
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset(), fraiseql.stats_reset()');
ask($node, $user);
wait_for_end();
$node->safe_psql('postgres', q(ALTER SYSTEM SET fraiseql.worker_interval = '10ms'; SELECT pg_reload_conf()));
ok($node->poll_query_until('postgres', 'SELECT entries = 0 FROM fraiseql.cache_stats'), 'the worker frees what has ended');
is(cache_stat($node, 'expirations, invalidations'), '1|0', 'which is an expiration, not an invalidation');
is($node->safe_psql('postgres', 'SELECT * FROM fraiseql.validate_coherency()'), '', 'shared memory is coherent');

$node->stop;
done_testing();
