# fraiseql.validate_coherency(): it says nothing about a sound cache, whatever goes on meanwhile, and it sees each kind of
# damage, which a module of this test does to the shared memory.
use Fraiseql::Test;
use PostgreSQL::Test::Utils;

use Time::HiRes qw(time usleep);

my $NOWHERE = 4294967295;

sub violations
{
	my ($node) = @_;

	return $node->safe_psql('postgres', 'SELECT * FROM fraiseql.validate_coherency() ORDER BY 1, 2');
}

# First part: damage.  The worker sleeps, so that it does not go where the damage is.
my $node = fraiseql_node('damage', config => "fraiseql.worker_interval = 1h\nfraiseql.cache_size = 2MB");

create_accounts($node);
$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION corrupt_raw(what text, index bigint, value bigint, size bigint) RETURNS bigint
	LANGUAGE c AS '$ENV{TESTDIR}/corrupt', 'corrupt';
CREATE FUNCTION corrupt(what text, index bigint, value bigint) RETURNS bigint LANGUAGE sql AS \$\$
	SELECT corrupt_raw(what, index, value, size) FROM pg_shmem_allocations
	WHERE name = CASE WHEN what IN ('seed', 'clock', 'word') THEN 'fraiseql words'
		WHEN what LIKE 'owner%' THEN 'fraiseql fences' ELSE 'fraiseql cache' END
\$\$;
CREATE TABLE wide (id int PRIMARY KEY, content text);
INSERT INTO wide SELECT i, repeat('x', 3000) FROM generate_series(1, 3) AS i;
CREATE TABLE loose (id int);
SELECT fraiseql.expose('wide');
SQL

sub read_value
{
	my ($what, $index) = @_;

	return $node->safe_psql('postgres', "SELECT corrupt('$what', $index, NULL)");
}

# Damage is a list of [what, index, value].  It is seen as said, for each of the patterns, and mended again.
sub sees
{
	my ($name, $damage, @patterns) = @_;
	my @old = map { $node->safe_psql('postgres', "SELECT corrupt('$_->[0]', $_->[1], $_->[2])") } @$damage;
	my $found = violations($node);

	like($found, $_, "$name: it is seen") for @patterns;
	for my $i (reverse(0 .. $#old))
	{
		my ($what, $index) = @{ $damage->[$i] };

		$node->safe_psql('postgres', "SELECT corrupt('$what', $index, $old[$i])");
	}
	is(violations($node), '', "$name: all is well again");
}

is(violations($node), '', 'an empty cache is coherent');
# some that go, so that there are free blocks; headers are taken again in the order of a stack
graphql($node, '{ wides { id content } }');
graphql($node, "{ accounts(limit: $_) { id } }") for (1 .. 5);
is($node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()'), '6', 'six answers gone');
graphql($node, '{ accounts { id } }');
graphql($node, '{ wide(id: 1) { content } }');
is(violations($node), '', 'a cache with two answers, and free memory, is coherent');

my ($first, $second) = grep { read_value('version', $_) % 2 == 0 } (0 .. 5);
my ($account, $wide) = read_value('block_count', $first) == 1 ? ($first, $second) : ($second, $first);

ok(defined $second, 'where they are');

# Fences.
sees('a fence without an owner', [ [ 'word', 12345, 1 ] ],
	qr/^fences\|word 12345 counts 1 transactions in commit, where there are at most 0$/m,
	qr/^fences\|the words count 1 fences, and holders have 0$/m);
sees('a fence lowered twice', [ [ 'word', 12345, -1 ] ],
	qr/^fences\|word 12345 counts 1048575 transactions/m);
sees('an owner that is gone', [ [ 'owner_pid', 90, 1 ], [ 'owner_words', 90, 3 ] ],
	qr/^fences\|process 1 has a fence on 3 words, and is gone$/m,
	qr/^fences\|the words count 0 fences, and holders have 3$/m);

my $idle = $node->background_psql('postgres');
my $idle_pid = $idle->query_safe('SELECT pg_backend_pid()');

sees('an owner that is idle',
	[ [ 'owner_pid', 90, $idle_pid ], [ 'owner_words', 90, 1 ], [ 'word', 12345, 1 ] ],
	qr/^fences\|process $idle_pid has a fence on 1 words, and waits for a statement$/m);
$idle->quit;

# Freshness.
sees('a word from the future', [ [ 'word', 777, 1000000 << 20 ] ],
	qr/^freshness\|word 777 changed at 1000000, and the clock shows \d+$/m);
sees('an entry from the future', [ [ 'holds_since', $account, 1000000 ] ],
	qr/^freshness\|entry $account, key [0-9a-f]{16}: holds since 1000000, and the clock shows \d+$/m);
sees('a snapshot from the future', [ [ 'snapshot_xmax', $account, 1000000000 ] ],
	qr/^freshness\|entry $account, .*: snapshot before transaction 1000000000/m);

# Tracking.
my $tag_of_loose = $node->safe_psql('postgres', <<'SQL');
SELECT hashoidvectorextended(concat_ws(' ', 1, d.oid, 'loose'::regclass::oid)::oidvector, corrupt('seed', 0, NULL))
FROM pg_database AS d WHERE datname = current_database()
SQL
sees('an answer about a table that is not tracked', [ [ 'tag', $account, $tag_of_loose ] ],
	qr/^tracking\|entry $account, .*: would be served, and depends on loose, whose writes are not tracked$/m);
sees('a tag too few', [ [ 'tag_count', $account, 100 ] ],
	qr/^tracking\|entry $account, .*: its tags are not as many as it says$/m);
sees('no dependency on the schema', [ [ 'database', $account, 1 ] ],
	qr/^tracking\|entry $account, .*: does not depend on the definitions and the roles$/m);

# Storage.
sees('another hash', [ [ 'hash', $account, 99 ] ],
	qr/^storage\|entry $account, .*: its key has another hash$/m,
	qr/^storage\|entry $account is 0 times in the chain of its bucket$/m,
	qr/^storage\|entry $account is in bucket \d+, which is not its$/m);
sees('an answer that nobody finds', [ [ 'bucket', $account, $NOWHERE ] ],
	qr/^storage\|entry $account is 0 times in the chain of its bucket$/m,
	qr/^storage\|entry $account is published: yes, and in the queue, not in a bucket, not free$/m);
sees('an answer that is not in the queue', [ [ 'newer', $first, $NOWHERE ], [ 'newer', $second, $NOWHERE ] ],
	qr/^storage\|entry \d is not linked with its neighbours in the eviction queue$/m);
sees('one that is free and published', [ [ 'version', $account, read_value('version', $account) + 1 ] ],
	qr/^storage\|entry $account is in the eviction queue, and is not published$/m);
sees('two that share a block', [ [ 'first_block', $account, read_value('first_block', $wide) ] ],
	qr/^storage\|entry \d, .*: block \d+ is entry \d's, too$/m);
sees('one that is too long', [ [ 'block_count', $account, 5 ] ],
	qr/^storage\|entry $account, .*: 5 blocks for \d+ \+ \d+ \+ \d+ bytes and \d+ links$/m);
sees('one that is cut off', [ [ 'link', $wide, $NOWHERE ] ],
	qr/^storage\|entry $wide, .*: its blocks end after 1 of \d+$/m, qr/^storage\|\d+ blocks belong to nobody$/m);
sees('a ring', [ [ 'link', $wide, read_value('first_block', $wide) ] ],
	qr/^storage\|entry $wide, .*: block \d+ comes twice$/m);
sees('a gauge of blocks', [ [ 'used_blocks', 0, 1000 ] ], qr/^storage\|\d+ blocks in use, and the gauge shows 1000$/m);
sees('a gauge of answers', [ [ 'answer_count', 0, 3 ] ], qr/^storage\|2 answers, and the gauge shows 3$/m);
sees('a free list that is cut off', [ [ 'free_block', 0, $NOWHERE ] ],
	qr/^storage\|the free list ends not after \d+ blocks$/m, qr/^storage\|\d+ blocks belong to nobody$/m);

# The reverse map.
sees('a chain that leads nowhere', [ [ 'map_head', read_value('map_head_number', $account), $NOWHERE ] ],
	qr/^storage\|entry \d has a link that is not in its chain$/m,
	qr/^storage\|entry $account has \d+ links, and the reverse map leads to \d+ of them$/m);
sees('a link to nowhere', [ [ 'map_next', $account, $NOWHERE - 1 ] ],
	qr/^storage\|entry $account has a link that is not in its chain$/m,
	qr/^storage\|chain \d+ of the reverse map leads to 4294967294, which is no link of it$/m);
sees('a link whose neighbour is another', [ [ 'map_prev', $account, 0 ] ],
	qr/^storage\|entry $account has a link that is not in its chain$/m);
sees('a link of another tag', [ [ 'map_tag', $account, 4711 ] ],
	qr/^storage\|entry $account, .*: 1 of its tags have no link$/m,
	qr/^storage\|chain \d+ of the reverse map leads to \d+, which is no link of it$/m);
sees('a link of another entry', [ [ 'map_owner', $account, $wide ] ],
	qr/^storage\|entry $account has a link that is not in its chain$/m,
	qr/^storage\|entry $wide has \d+ links, and the reverse map leads to \d+ of them$/m);
my ($free) = grep { read_value('version', $_) % 2 == 1 } (0 .. 5);

sees('a link of an entry that is gone', [ [ 'map_owner', $account, $free ] ],
	qr/^storage\|the reverse map leads to entry \d+, which is not published$/m);
sees('a gauge of links', [ [ 'map_count', $account, 1000 ] ], qr/^storage\|\d+ links, and the gauge shows 1000$/m);

my $unused = read_value('entry_unused', 0);

sees('a fill that ended half-way',
	[ [ 'version', $unused, 1 ], [ 'filler', $unused, 1 ], [ 'block_count', $unused, 0 ], [ 'entry_unused', 0, $unused + 1 ] ],
	qr/^storage\|entry $unused was taken by process 1, which is gone$/m);
is(graphql($node, '{ accounts { id } }'), '{"data":{"accounts":[{"id":1},{"id":2}]}}', 'the cache has survived all this');
$node->stop;

# Second part: no false alarm.  Four writers and two readers; a cache so small that answers are evicted all the time; a
# worker without rest; rollbacks, savepoints, definitions, resets.
my $seconds = 10;

$node = fraiseql_node('load', config => <<'CONF');
fraiseql.worker_interval = 10ms
fraiseql.cache_size = 1MB
fraiseql.tag_table_size = 4MB
fraiseql.bulk_write_limit = 20
CONF
create_accounts($node);
$node->safe_psql('postgres', <<'SQL');
INSERT INTO account SELECT i, 100 FROM generate_series(3, 2000) AS i;
CREATE TABLE wide (id int PRIMARY KEY, content text);
INSERT INTO wide SELECT i, repeat('x', i * 100) FROM generate_series(1, 200) AS i;
CREATE TABLE crate (id int PRIMARY KEY);
INSERT INTO crate SELECT generate_series(1, 2000);
SELECT fraiseql.expose('wide'), fraiseql.expose('crate');
SQL

my %scripts = (
	write => <<'SQL',
\set a random(1, 2000)
\set b random(1, 200)
\set fate random(1, 20)
BEGIN;
UPDATE account SET balance = balance + 1 WHERE id BETWEEN :a AND :a + :fate * 2;
SAVEPOINT one;
UPDATE wide SET content = repeat('y', :a) WHERE id = :b;
\if :fate > 15
ROLLBACK TO one;
\endif
\if :fate = 1
ROLLBACK;
\elif :fate = 2
COMMENT ON TABLE wide IS 'written';
COMMIT;
\else
COMMIT;
\endif
SQL
	read => <<'SQL',
\set a random(1, 2000)
\set b random(1, 200)
\set fate random(1, 300)
SELECT count(fraiseql.execute('query($id: Int!) { crate(id: $id) { id } }', jsonb_build_object('id', i))::text)
FROM generate_series(:a, :a + 20) AS i;
SELECT length(fraiseql.execute('query($id: Int!) { account(id: $id) { balance } }', jsonb_build_object('id', :a::int))::text);
SELECT length(fraiseql.execute('query($id: Int!) { wides(where: {id: {lte: $id}}) { content } }', jsonb_build_object('id', :b::int))::text);
\if :fate = 1
SELECT fraiseql.cache_reset();
\elif :fate < 20
SELECT fraiseql.invalidate('Account', ':a');
\elif :fate < 25
SELECT fraiseql.invalidate('Wide');
\endif
SQL
);
my @running;
my %error;

for my $script ([ 'write', 4 ], [ 'read', 2 ])
{
	my ($name, $clients) = @$script;
	my $path = $node->basedir . "/$name";

	append_to_file($path, $scripts{$name});
	$error{$name} = '';
	push(@running, [ $name, IPC::Run::start(
		[ 'pgbench', '--no-vacuum', "--time=$seconds", "--client=$clients", '-f', $path, $node->connstr('postgres') ],
		'<', \undef, '>', \my $output, '2>', \$error{$name}) ]);
}

my $end = time() + $seconds - 1;
my ($rounds, $found) = (0, '');

while (time() < $end)
{
	$found .= violations($node);
	$rounds++;
	usleep(20_000);
}
for my $pgbench (@running)
{
	$pgbench->[1]->finish;
	is(join("\n", grep { /error|aborted/i } split(/\n/, $error{ $pgbench->[0] })), '', "$pgbench->[0]: nobody complains");
}
is($found, '', "no violation in $rounds looks");
cmp_ok($rounds, '>=', 2 * ($seconds - 1), 'there were a good many looks');
for my $counter ('fills', 'hits', 'invalidations', 'evictions')
{
	cmp_ok(cache_stat($node, $counter), '>', 10, "there were $counter");
}
is(violations($node), '', 'no violation afterwards');

# While a commit stands still, its fence is its own.
$node->append_conf('postgresql.conf', "synchronous_standby_names = 'nobody'\nsynchronous_commit = local\nmax_wal_senders = 2\nwal_level = replica");
$node->restart;

my $writer = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $writer->query_safe('SELECT pg_backend_pid()');

$writer->query_until(qr/committing/, "SET synchronous_commit = on;\n\\echo committing\nUPDATE account SET balance = 0;\n");
$node->poll_query_until('postgres', "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = $pid")
  or die 'the writer does not wait';
is(violations($node), '', 'a commit that takes long is no violation');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
$writer->query('SELECT 1');
$writer->quit;
is(violations($node), '', 'nor when it is through');
$node->stop;
done_testing();
