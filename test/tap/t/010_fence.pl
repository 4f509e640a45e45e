# A commit that has begun and is not visible yet: its fence is up, so nothing that it could change is served from the
# cache or kept.
#
# A commit is stopped in this place by letting it wait for a standby that does not exist: it is in the log then, and no
# snapshot sees it.
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $node = fraiseql_node('fence', init => [ allows_streaming => 1 ], config => <<'CONF');
synchronous_commit = local
synchronous_standby_names = 'nobody'
CONF

# A session that commits this and stands still in the middle; the session and its process.
sub commit_halfway
{
	my ($sql) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	$session->query_until(qr/committing/, "SET synchronous_commit = on;\n\\echo committing\n$sql\n");
	$node->poll_query_until('postgres', "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = $pid")
	  or die 'the writer does not wait';
	return ($session, $pid);
}

sub valid_entries
{
	return $node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.cache_entries WHERE valid');
}

create_accounts($node);
$node->safe_psql('postgres', "CREATE TABLE crate (id int PRIMARY KEY); SELECT fraiseql.expose('crate')");
is(ask($node, $query), 'kept|' . accounts(100, 100), 'an answer in the cache');
is(ask($node, '{ crates { id } }'), 'kept|{"data":{"crates":[]}}', 'and one of another table');
is(valid_entries(), '2', 'both are valid');

# A write.
my ($writer, $pid) = commit_halfway('UPDATE account SET balance = 70 WHERE id = 1;');

is($node->safe_psql('postgres', 'SELECT balance FROM account WHERE id = 1'), '100', 'the write is not visible');
is(valid_entries(), '1', 'the answer that it changes is no longer valid');
is(ask($node, $query), 'rejected: write|' . accounts(100, 100), 'it is computed, and not kept');
is(ask($node, $query), 'rejected: write|' . accounts(100, 100), 'nor the next time');
is(ask($node, '{ crates { id } }'), 'hit|{"data":{"crates":[]}}', 'another table is not concerned');

# A second writer passes the first one, which keeps its fence up.
$node->safe_psql('postgres', 'UPDATE account SET balance = 90 WHERE id = 2');
is(ask($node, $query), 'rejected: write|' . accounts(100, 90), 'another commit shows at once, and the fence is still up');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
$writer->query('SELECT 1');
is($node->safe_psql('postgres', 'SELECT balance FROM account WHERE id = 1'), '70', 'the write is visible');
is(ask($node, $query), 'kept|' . accounts(70, 90), 'the answer shows it');
is(ask($node, $query), 'hit|' . accounts(70, 90), 'and is kept');
$writer->quit;

# Two at once on the same table: the fence is up until both are through.
my ($one, $one_pid) = commit_halfway('UPDATE account SET balance = 71 WHERE id = 1;');
my ($two, $two_pid) = commit_halfway('UPDATE account SET balance = 72 WHERE id = 2;');

$node->safe_psql('postgres', "SELECT pg_cancel_backend($two_pid)");
$two->query('SELECT 1');
is(ask($node, $query), 'rejected: write|' . accounts(70, 72), 'one of two is through');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($one_pid)");
$one->query('SELECT 1');
is(ask($node, $query), 'kept|' . accounts(71, 72), 'both are through');
is(ask($node, $query), 'hit|' . accounts(71, 72), 'and hits come back');
$_->quit for ($one, $two);

# An answer that began before the commit and ends in the middle of it is not kept.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION wait_at_gate(value int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN
		IF pg_advisory_xact_lock_shared(7) IS NULL THEN
			RETURN NULL;
		END IF;
		RETURN value;
	END
$$;
CREATE VIEW slow_account AS SELECT id, wait_at_gate(balance) AS balance FROM account;
SELECT fraiseql.expose('slow_account');
SQL

my $gate = $node->background_psql('postgres');
my $filler = $node->background_psql('postgres');
my $slow = '{ slowAccounts(where: {id: {eq: 1}}) { balance } }';

$gate->query_safe('SELECT pg_advisory_lock(7)');
$filler->query_until(qr/asking/, "\\echo asking\n" . asked($slow) . "\n");
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
  or die 'the answer does not wait';
($writer, $pid) = commit_halfway('UPDATE account SET balance = 50 WHERE id = 1;');
$gate->query_safe('SELECT pg_advisory_unlock(7)');
is($filler->query('SELECT 1'), "rejected: write|{\"data\":{\"slowAccounts\":[{\"balance\":71}]}}\n1",
	'an answer that ends while the fence is up is not kept');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
$writer->query('SELECT 1');
is(ask($node, $slow), 'kept|{"data":{"slowAccounts":[{"balance":50}]}}', 'after the commit the answer is new');
is(ask($node, $slow), 'hit|{"data":{"slowAccounts":[{"balance":50}]}}', 'and kept');
$_->quit for ($gate, $filler, $writer);

# A definition: the whole database's answers stand behind one fence.
($writer, $pid) = commit_halfway('ALTER TABLE account ADD note text;');
is(ask($node, '{ crates { id } }'), 'rejected: write|{"data":{"crates":[]}}', 'a definition concerns every answer');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
$writer->query('SELECT 1');
is(ask($node, '{ crates { id } }'), 'kept|{"data":{"crates":[]}}', 'until it is through');
$writer->quit;

# A writer whose connection is terminated while it waits has committed all the same.
is(ask($node, $query), 'kept|' . accounts(50, 72), 'an answer in the cache');
($writer, $pid) = commit_halfway('UPDATE account SET balance = 1 WHERE id = 1;');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid") or die 'it lives on';
is(ask($node, $query), 'kept|' . accounts(1, 72), 'a terminated commit shows');
is(ask($node, $query), 'hit|' . accounts(1, 72), 'and its fence is down');
eval { $writer->quit };

# A writer that is terminated before it commits leaves nothing.
my $open = $node->background_psql('postgres', on_error_stop => 0);

$pid = $open->query_safe('SELECT pg_backend_pid()');
$open->query_safe('BEGIN; UPDATE account SET balance = 0;');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid") or die 'it lives on';
is(ask($node, $query), 'hit|' . accounts(1, 72), 'a terminated transaction leaves the entry valid');
eval { $open->quit };

$node->stop;
done_testing();
