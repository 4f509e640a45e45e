# kill -9 of a backend in the middle of a write, and in the middle of a commit: the server makes itself anew with an
# empty cache, and answers are right.
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $node = fraiseql_node('crash', init => [ allows_streaming => 1 ], config => <<'CONF');
restart_after_crash = on
synchronous_commit = local
synchronous_standby_names = 'nobody'
CONF

# Kill a backend, see the server come back.
sub kill_backend
{
	my ($pid) = @_;
	my $worker = wait_for_worker($node);

	kill('KILL', $pid) == 1 or die "no process $pid";
	wait_for_restart($node, $worker);
}

# A session that will be killed: its end is no failure of the test.
sub quit_killed
{
	my ($session) = @_;

	eval { $session->quit };
}

create_accounts($node);
is(ask($node, $query), 'kept|' . accounts(100, 100), 'an answer in the cache');

# In the middle of a transaction.
my $writer = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $writer->query_safe('SELECT pg_backend_pid()');

$writer->query_safe('BEGIN; UPDATE account SET balance = 0;');
is(ask($node, $query), 'hit|' . accounts(100, 100), 'an open write hides nothing');
kill_backend($pid);
quit_killed($writer);
is(cache_stat($node, 'entries'), '0', 'the cache is empty after the crash');
is(ask($node, $query), 'kept|' . accounts(100, 100), 'the open write is gone');
is(ask($node, $query), 'hit|' . accounts(100, 100), 'hits come back');

# In the middle of a commit: it waits for a standby that does not exist, its fence is up, its commit is in the log.
$writer = $node->background_psql('postgres', on_error_stop => 0);
$pid = $writer->query_safe('SELECT pg_backend_pid()');
$writer->query_until(qr/committing/, <<'SQL');
SET synchronous_commit = on;
\echo committing
UPDATE account SET balance = 30 WHERE id = 1;
SQL
$node->poll_query_until('postgres', "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = $pid")
  or die 'the writer does not wait';
is(ask($node, $query), 'rejected: write|' . accounts(100, 100), 'a fence is up');
kill_backend($pid);
quit_killed($writer);
is(ask($node, $query), 'kept|' . accounts(30, 100), 'the commit that was in the log shows');
is(ask($node, $query), 'hit|' . accounts(30, 100), 'and no fence stays up');

$node->stop;
done_testing();
