# kill -9 of a process at each test point: the server makes itself anew, with an empty cache, and answers are right.
use Fraiseql::Points;
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $node = fraiseql_node('kill',
	config => "restart_after_crash = on\nfraiseql.worker_interval = 1h\nfraiseql.audit_ring_size = 0\nfraiseql.cache_size = 1MB\n"
	  . 'max_prepared_transactions = 5');
my $points = Fraiseql::Points->new($node);
my $balance = 100;

create_accounts($node);
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE account ADD note text;
CREATE TABLE page (id int PRIMARY KEY, body text NOT NULL);
INSERT INTO page SELECT i, repeat(md5(i::text), 100) FROM generate_series(1, 400) AS i;
SELECT fraiseql.expose('page');
CREATE FUNCTION reclaim(relation regclass, definitions bool) RETURNS bigint LANGUAGE c STRICT AS 'fraiseql', 'fql_test_reclaim';
SQL

# Until a process stands at the point; the process.  A cached answer to $query is there at the beginning.
sub stop_session
{
	my ($point, $sql) = @_;

	return $points->run_until($point, $points->session, $sql);
}

sub stop_worker
{
	my ($point) = @_;
	my $worker = wait_for_worker($node);

	$points->run_worker_until($point, $worker);
	return { pid => $worker };
}

sub stop_commit
{
	my ($point) = @_;

	$balance++ if $point ne 'fence_raised';
	return stop_session($point, 'UPDATE account SET balance = balance + 1 WHERE id = 1');
}

sub stop_fill
{
	my ($point) = @_;

	$node->safe_psql('postgres', 'UPDATE account SET balance = balance + 1 WHERE id = 1');
	$balance++;
	return stop_session($point, asked($query));
}

# One who waits for another, who executes.
sub stop_follower
{
	my ($point) = @_;

	$node->safe_psql('postgres', 'UPDATE account SET balance = balance + 1 WHERE id = 1');
	$balance++;
	stop_session('executed', "SELECT fraiseql.execute('$query')");
	return stop_session($point, "SELECT fraiseql.execute('$query')");
}

# A reader of more pages than the cache has room for.
sub stop_reader
{
	my ($point) = @_;

	return stop_session($point, <<'SQL' =~ s/;\n$//r);
SELECT count(fraiseql.execute('query($id: Int!) { page(id: $id) { body } }', jsonb_build_object('id', id))) FROM page;
SQL
}

sub stop_reclaim
{
	my ($point) = @_;

	$node->safe_psql('postgres', 'UPDATE account SET balance = balance + 1 WHERE id = 1');
	$balance++;
	return stop_worker($point);
}

# Whoever walks the reverse map; here a test does.
sub stop_walk
{
	my ($point) = @_;

	return stop_session($point, "SELECT reclaim('account', true)");
}

sub stop_renewal
{
	my ($point) = @_;

	$node->safe_psql('postgres', 'UPDATE account SET note = now()');
	return stop_worker($point);
}

# From here on cascades are recorded.
sub stop_record
{
	my ($point) = @_;

	eval { $points->{control}->quit };
	$node->append_conf('postgresql.conf', 'fraiseql.audit_ring_size = 100');
	$node->restart;
	$points->connect;
	is(ask($node, $query), 'kept|' . accounts($balance, 100), "$point: an answer");
	$node->safe_psql('postgres', 'UPDATE account SET balance = balance + 1 WHERE id = 1');
	$balance++;
	return stop_worker($point);
}

# What the transaction writes shows only if it can be committed after the crash, as it is below.
sub stop_prepare
{
	my ($point) = @_;

	$balance++ if $point =~ /^(prepared|handing_over)$/;
	return stop_session($point,
		"BEGIN\\; UPDATE account SET balance = balance + 1 WHERE id = 1\\; PREPARE TRANSACTION 'one'");
}

# Anything that is no hit on what the session remembers looks for transactions that have ended.
sub stop_retire
{
	my ($point) = @_;

	$balance++;
	$node->safe_psql('postgres', "BEGIN; UPDATE account SET balance = balance + 1 WHERE id = 1; PREPARE TRANSACTION 'one'");
	$node->safe_psql('postgres', "COMMIT PREPARED 'one'");
	return stop_session($point, q(SELECT fraiseql.execute('{')));
}

# The first fill after a start, with a transaction from before it.
sub stop_start
{
	my ($point) = @_;

	$balance++;
	$node->safe_psql('postgres', "BEGIN; UPDATE account SET balance = balance + 1 WHERE id = 1; PREPARE TRANSACTION 'one'");
	eval { $points->{control}->quit };
	$node->restart;
	$points->connect;
	is(ask($node, $query), 'rejected: starting|' . accounts($balance - 1, 100), "$point: a transaction is older than the start");
	$node->safe_psql('postgres', "COMMIT PREPARED 'one'") if $point ne 'start_marked';
	return stop_session($point, asked($query));
}

my %stop = (
	(map { $_ => \&stop_commit } qw(fence_raised commit_visible messages_pending before_tick ticked)),
	(map { $_ => \&stop_fill } qw(joining missed s0_read messages_received snapshot_taken executed schema_checked reserved
		entities_hold publishing execution_ends)),
	following => \&stop_follower,
	hit_found => sub { stop_session($_[0], asked($query)) },
	(map { $_ => \&stop_reader } qw(evicting removing)),
	reclaiming => \&stop_reclaim,
	found_live => \&stop_worker,
	links_met => \&stop_walk,
	removal_begins => sub { stop_session($_[0], "SELECT fraiseql.invalidate('Account')") },
	renewing => \&stop_renewal,
	record_taken => \&stop_record,
	(map { $_ => \&stop_prepare } qw(slot_taken slot_filled prepare_fenced prepared handing_over)),
	(map { $_ => \&stop_retire } qw(found_ended retiring retired)),
	(map { $_ => \&stop_start } qw(start_marked start_snapshot_passed start_passed)),
	messages_held => sub { stop_session($_[0], 'SELECT point.hold_messages()') });
my @names = $points->names;

is_deeply([ sort @names ], [ sort keys %stop ], 'the test knows every test point');

for my $point (grep({ $_ ne 'record_taken' } @names), 'record_taken')
{
	is(ask($node, $query), 'kept|' . accounts($balance, 100), "$point: an answer is kept");

	my $before = wait_for_worker($node);
	my $stopped = $stop{$point}->($point);
	my $worker = $point =~ /^(start_|record_)/ ? wait_for_worker($node, $before) : $before;

	kill('KILL', $stopped->{pid}) == 1 or die "no process $stopped->{pid}";
	wait_for_restart($node, $worker);
	eval { $stopped->{psql}->quit } if defined $stopped->{psql};
	eval { $points->{control}->quit };
	$points->connect;

	is(cache_stat($node, 'entries, memory_bytes, hits, misses, fills, invalidations, evictions'),
		'0|0|0|0|0|0|0', "$point: the cache is empty after the crash, and nothing is counted yet");
	if ($node->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts'))
	{
		is(ask($node, $query), 'rejected: starting|' . accounts($balance - 1, 100), "$point: a transaction is left prepared");
		$node->safe_psql('postgres', "COMMIT PREPARED 'one'");
	}
	is($node->safe_psql('postgres', 'SELECT balance FROM account WHERE id = 1'),
		$balance, "$point: what was committed is there, and nothing else");
	is(ask($node, $query), 'kept|' . accounts($balance, 100), "$point: a fill");
	is(ask($node, $query), 'hit|' . accounts($balance, 100), "$point: a hit");
	$node->safe_psql('postgres', 'UPDATE account SET balance = balance + 1 WHERE id = 1');
	$balance++;
	is(ask($node, $query), 'kept|' . accounts($balance, 100), "$point: a write shows, and no fence is left");
	is($points->violations, '', "$point: shared memory is coherent");
	is($node->safe_psql('postgres', 'SELECT in_flight, waiting FROM fraiseql.coalescing_stats'),
		'0|0', "$point: nobody waits, and nobody is waited for");
	is($node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()'), '1', "$point: one entry was in the cache");
	is(cache_stat($node, 'entries, memory_bytes'), '0|0', "$point: and all of its memory comes back");
}

$node->stop;
done_testing();
