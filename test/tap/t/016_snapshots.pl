# Snapshots that are handed on (pg_export_snapshot(), as parallel dumps use it): a transaction that takes one is served only
# what it agrees with, however long ago it was made, and an open cursor goes on in its own.
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
# The worker sleeps: a look-up that meets an entry while it is freed, even another's, is a miss.
my $node = fraiseql_node('snapshots', config => 'fraiseql.worker_interval = 1h');
my ($exporter, $importer, $late, $writer) = map { $node->background_psql('postgres') } (1 .. 4);

create_accounts($node);

# The snapshot that one session exports now, for another one's transaction to take.
sub export_snapshot
{
	$exporter->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	return $exporter->query_safe('SELECT pg_export_snapshot()');
}

sub import_snapshot
{
	my ($session, $snapshot) = @_;

	$session->query_safe("BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '$snapshot'");
	return;
}

sub deposit
{
	my ($balance) = @_;

	$node->safe_psql('postgres', "UPDATE account SET balance = $balance WHERE id = 1");
	return;
}

# The answer is older than the snapshot.
is(ask($node, $query), 'kept|' . accounts(100, 100), 'an answer in the cache');

my $snapshot = export_snapshot();

import_snapshot($importer, $snapshot);

is($importer->query_safe(asked($query)), 'hit|' . accounts(100, 100), 'an answer from before the snapshot is served');

# It is no longer valid: executed under the snapshot.  Then one that is newer.
deposit(90);
is($importer->query_safe(asked($query)), 'rejected: isolation|' . accounts(100, 100), 'after a write, the old one is executed');
is(ask($node, $query), 'kept|' . accounts(90, 100), 'others have a new one');
is($importer->query_safe(asked($query)), 'rejected: isolation|' . accounts(100, 100), 'which is not served');
is($exporter->query_safe(asked($query)), 'rejected: isolation|' . accounts(100, 100), 'nor to who exported the snapshot');

# A session that has asked already, and knows the newer answer, takes the old snapshot.
is($late->query_safe(asked($query)), 'hit|' . accounts(90, 100), 'a session that knows the new answer');
import_snapshot($late, $snapshot);
is($late->query_safe(asked($query)), 'rejected: isolation|' . accounts(100, 100), 'goes back in time');
$late->query_safe('COMMIT');
is($late->query_safe(asked($query)), 'hit|' . accounts(90, 100), 'and forth');
$_->query_safe('COMMIT') for ($importer, $exporter);
is($importer->query_safe(asked($query)), 'hit|' . accounts(90, 100), 'when it is over, everybody has the new one');

# What others had open when the snapshot was made: the answer may be newer than that.
$writer->query_safe('BEGIN; UPDATE account SET balance = 80 WHERE id = 1');
$snapshot = export_snapshot();
import_snapshot($importer, $snapshot);
$writer->query_safe('COMMIT');
is(ask($node, $query), 'kept|' . accounts(80, 100), 'what was open has been committed');
is($importer->query_safe(asked($query)), 'rejected: isolation|' . accounts(90, 100), 'the snapshot does not show it');
$_->query_safe('COMMIT') for ($importer, $exporter);

# A cursor keeps its snapshot, each call of the function in it does not: it answers as of now, as each statement would.
$importer->query_safe("BEGIN; DECLARE c CURSOR FOR SELECT i, fraiseql.execute('$query') FROM generate_series(1, 3) AS i");
is($importer->query_safe('FETCH c'), '1|' . accounts(80, 100), 'a cursor');
deposit(70);
is($importer->query_safe('FETCH c'), '2|' . accounts(70, 100), 'and its next row, after a write');
$importer->query_safe('COMMIT');

$_->quit for ($importer, $exporter, $late, $writer);
$node->stop;
done_testing();
