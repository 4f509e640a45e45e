# Writes of another extension at the very end of a transaction, when the fence is up already: before COMMIT, and before
# PREPARE TRANSACTION.
#
# The worker sleeps: while it is about to lower the fence of a prepared transaction that has ended, an answer is
# executed and not kept.  Who asks lowers it at once.
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $node = fraiseql_node('late', preload => 0, extension => 0, config => <<"CONF");
shared_preload_libraries = '$ENV{TESTDIR}/late, fraiseql'
max_prepared_transactions = 5
fraiseql.worker_interval = 1h
CONF

$node->safe_psql('postgres', 'CREATE EXTENSION fraiseql');
create_accounts($node);
$node->safe_psql('postgres', 'CREATE TABLE crate (id int PRIMARY KEY); CREATE TABLE unrelated (id int); '
	  . "SELECT fraiseql.expose('crate')");

# A transaction that does the first itself, and leaves the second to the last moment.
sub late
{
	my ($early, $late, $end) = @_;

	return $node->psql('postgres', "BEGIN; $early; SET LOCAL late.statement = '$late'; $end", on_error_stop => 1);
}

# One that is prepared: while it is, and afterwards.  What counts as everything has the reason of a change of the schema.
sub prepared
{
	my ($name, $old, $new, $early, $late, $reason) = @_;

	$reason //= 'prepared';
	like(ask($node, $query), qr/^(kept|hit)\|\Q$old\E$/, "$name: an answer");
	is(ask($node, $query), "hit|$old", "$name: in the cache");
	is(late($early, $late, "PREPARE TRANSACTION 'one'"), 0, "$name: prepared");
	is(ask($node, $query), "rejected: $reason|$old", "$name: while it is prepared");
	coherent($name);
	$node->safe_psql('postgres', "COMMIT PREPARED 'one'");
	is(ask($node, $query), "kept|$new", "$name: committed");
}

sub coherent
{
	my ($name) = @_;

	is($node->safe_psql('postgres', 'SELECT * FROM fraiseql.validate_coherency()'), '', "$name: coherent");
}

is(ask($node, $query), 'kept|' . accounts(100, 100), 'an answer in the cache');
late('INSERT INTO crate VALUES (1)', 'UPDATE account SET balance = 90 WHERE id = 2', 'COMMIT');
is(ask($node, $query), 'kept|' . accounts(100, 90), 'a late write that is committed');
coherent('committed');

prepared('beside others', accounts(100, 90), accounts(100, 80),
	'INSERT INTO crate VALUES (2)', 'UPDATE account SET balance = 80 WHERE id = 2');
prepared('the only one that is tracked', accounts(100, 80), accounts(100, 70),
	'INSERT INTO unrelated VALUES (1)', 'UPDATE account SET balance = 70 WHERE id = 2');
prepared('the only one at all', accounts(100, 70), accounts(100, 60),
	'SELECT 1', 'UPDATE account SET balance = 60 WHERE id = 2');
prepared('after very many', accounts(100, 60), accounts(100, 50),
	'INSERT INTO crate SELECT generate_series(1001, 1900)', 'UPDATE account SET balance = 50 WHERE id = 2');
prepared('very many', accounts(100, 50), accounts(100, 50, (1) x 700),
	'SELECT 1', 'INSERT INTO account SELECT i, 1 FROM generate_series(3, 702) AS i', 'write');
$node->safe_psql('postgres', 'DELETE FROM account WHERE id > 2');

# The row that is written late is one whose table counted as a whole already.
prepared('the same table', accounts(100, 50), accounts(100, 40),
	'INSERT INTO account SELECT i, 1 FROM generate_series(3, 702) AS i; DELETE FROM account WHERE id > 2',
	'UPDATE account SET balance = 40 WHERE id = 2');

# One that fails.
is(ask($node, $query), 'hit|' . accounts(100, 40), 'an answer in the cache');
is(ask($node, '{ crates(where: {id: {eq: 1}}) { id } }'), 'kept|{"data":{"crates":[{"id":1}]}}', 'and another one');
isnt(late('UPDATE account SET balance = 0', 'INSERT INTO crate VALUES (3), (1)', "PREPARE TRANSACTION 'one'"),
	0, 'a late write that fails');
is(ask($node, $query), 'hit|' . accounts(100, 40), 'leaves nothing');
is(ask($node, '{ crates(where: {id: {eq: 1}}) { id } }'), 'hit|{"data":{"crates":[{"id":1}]}}', 'nothing at all');
coherent('failed');

$node->stop;
done_testing();
