# Cascades on their way from the queue to the ring, while others would have the worker end, or the answers go: each has
# its record, with every answer that it has made invalid.
use Fraiseql::Points;
use Fraiseql::Test;

# The worker sleeps: each of its rounds is one that these tests begin.
my $node = fraiseql_node('cascades', config => 'fraiseql.worker_interval = 1h');
my $points = Fraiseql::Points->new($node);

create_accounts($node);
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION fill(answers int) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(fraiseql.execute(format('{ accounts(limit: %s) { balance } }', i))) FROM generate_series(1, answers) AS i
$$;
SQL

# So many answers, and nothing else is in the cache.
sub fill
{
	my ($answers) = @_;

	$node->safe_psql('postgres', "SELECT fraiseql.cache_reset(); SELECT fill($answers)");
	is(cache_stat($node, 'entries'), $answers, "$answers answers");
	return;
}

# Its transaction id.
sub write_rows
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', "BEGIN; $sql; SELECT pg_current_xact_id(); COMMIT");
}

# A round of the worker, until it naps.
sub work
{
	my ($worker) = @_;

	$points->run_worker_until('record_taken', $worker);
	$points->finish_worker('record_taken', $worker);
	return;
}

sub record_of
{
	my ($xid) = @_;

	return $node->safe_psql('postgres', "SELECT status, entries_invalidated FROM fraiseql.audit_recent WHERE xid = '$xid'");
}

my $deposit = 'UPDATE account SET balance = balance + 1 WHERE id = 1';
my $worker = wait_for_worker($node);

# Without a race.
work($worker);
fill(10);
my $xid = write_rows($deposit);
is(record_of($xid), '', 'a write: no record before the worker comes');
work($worker);
is(record_of($xid), 'Success|10', 'it names every answer');

# The worker is told to end while it has a record that is neither in the queue nor in the ring: it ends afterwards.
for my $point (qw(record_taken links_met))
{
	fill(10);
	$xid = write_rows($deposit);
	my $next = write_rows($deposit);

	$points->run_worker_until($point, $worker);
	is(record_of($xid), '', "$point: told to end before the record is kept");
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($worker)");
	$points->go($point);
	$worker = wait_for_worker($node, $worker);
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM fraiseql.audit_recent WHERE xid = '$next'")
	  or die 'the next record is missing';
	is(record_of($xid), 'Success|10', "$point: the record is there, with every answer");
	is(record_of($next), 'Success|0', "$point: and the next one by the next worker");
	is($points->violations, '', "$point: shared memory is coherent");
}

# The sweep meets answers whose cascade has not been processed: it leaves them to it.
fill(10);
$points->run_worker_until('found_live', $worker);
$xid = write_rows($deposit);
$points->finish_worker('found_live', $worker);
is(cache_stat($node, 'entries'), '10', 'the sweep has met invalid answers, and left them');
is(record_of($xid), '', 'their cascade waits');
work($worker);
is(record_of($xid), 'Success|10', 'it names every one');
is(cache_stat($node, 'entries'), '0', 'and frees them');

# A cascade that does not name what it has changed: the sweep frees the answers when it meets them again.
$node->safe_psql('postgres', 'INSERT INTO account SELECT i, 100 FROM generate_series(3, 12000) AS i');
work($worker);
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
ask($node, '{ account(id: 12000) { balance } }');
$xid = write_rows("SET fraiseql.bulk_write_limit = 1000000; UPDATE account SET balance = balance + 1");
work($worker);
is(record_of($xid), 'PartialSuccess|0', 'more was changed than a record names');
is(cache_stat($node, 'entries'), '1', 'the sweep leaves the answer once');
$points->run_worker_until('reclaiming', $worker);
$points->finish_worker('reclaiming', $worker);
is(cache_stat($node, 'entries'), '0', 'and not twice');

$node->stop;
done_testing();
