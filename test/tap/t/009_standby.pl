# A standby answers, right and uncached, because writes run no triggers there; promoted, it begins to cache.
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $primary = fraiseql_node('primary', init => [ allows_streaming => 1 ], config => 'max_prepared_transactions = 5');

create_accounts($primary);
$primary->safe_psql('postgres', q{CREATE FUNCTION fn_raise() RETURNS void LANGUAGE sql AS
	'UPDATE account SET balance = balance + 1'; SELECT fraiseql.expose_function('fn_raise()')});
is(ask($primary, $query), 'kept|' . accounts(100, 100), 'the primary caches');
$primary->backup('backup');

my $standby = PostgreSQL::Test::Cluster->new('standby');

$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

sub write_on_primary
{
	$primary->safe_psql('postgres', $_[0]);
	$primary->wait_for_catchup($standby);
}

write_on_primary('SELECT 1');
is(ask($standby, $query), 'bypass: recovery|' . accounts(100, 100), 'the standby answers without its cache');
write_on_primary('UPDATE account SET balance = 70 WHERE id = 1');
is(ask($standby, $query), 'bypass: recovery|' . accounts(70, 100), 'what was replayed shows');
write_on_primary('ALTER TABLE account RENAME balance TO amount');
is(ask($standby, '{ accounts { amount } }'),
	'bypass: recovery|{"data":{"accounts":[{"amount":70},{"amount":100}]}}', 'a definition that was replayed shows');
write_on_primary('ALTER TABLE account RENAME amount TO balance');
is(cache_stat($standby, 'entries, fills'), '0|0', 'nothing is kept');
like($standby->safe_psql('postgres', "SELECT fraiseql.execute('mutation { raise }')"),
	qr/^\{"errors":\[\{"message":"This server is a standby: mutations need the primary\."/, 'mutations are refused');
ok(wait_for_worker($standby), 'the worker runs on a standby too');
ok($standby->poll_query_until('postgres', 'SELECT status, measured_at IS NOT NULL FROM fraiseql.health', 'healthy|t'),
	'and judges how it is');
ask($standby, $query);
ok($standby->poll_query_until('postgres', 'SELECT sum(bypasses) > 0 FROM fraiseql.recent_samples'), 'by what it answers');

my $session = $standby->background_psql('postgres');

is($session->query_safe(asked($query)), 'bypass: recovery|' . accounts(70, 100), 'a session that asks before the promotion');

# A session that knows the schema learns what was replayed since, and is not left with it by the promotion.
write_on_primary("SELECT fraiseql.hide('account')");
like($session->query_safe(asked($query)), qr/The schema does not support queries/, 'what was hidden is gone');
write_on_primary("SELECT fraiseql.expose('account')");
is($session->query_safe(asked($query)), 'bypass: recovery|' . accounts(70, 100), 'and comes back');
write_on_primary('ALTER TABLE account ADD note text');
write_on_primary("BEGIN; INSERT INTO account VALUES (3, 30); PREPARE TRANSACTION 'one'");
write_on_primary("BEGIN; UPDATE account SET balance = 0; PREPARE TRANSACTION 'two'");

# A transaction that begins before the promotion and outlives it.
my $old = $standby->background_psql('postgres');

$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
is($old->query_safe(asked($query)), 'bypass: recovery|' . accounts(70, 100), 'a transaction that begins before the promotion');
$primary->stop;
$standby->promote;
$standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'it is not promoted';
is($session->query_safe(asked('{ accounts { note } }')),
	'rejected: starting|{"data":{"accounts":[{"note":null},{"note":null}]}}', 'and after it, knows what was replayed meanwhile');
is(ask($standby, $query), 'rejected: starting|' . accounts(70, 100), 'what was prepared on the primary has no fence here');
$standby->safe_psql('postgres', "COMMIT PREPARED 'one'");
is($session->query_safe(asked($query)), 'rejected: starting|' . accounts(70, 100, 30), 'it is committed here, another one is not yet');
is($old->query_safe(asked($query)), 'rejected: isolation|' . accounts(70, 100), 'a transaction from before sees what it saw');
$standby->safe_psql('postgres', "ROLLBACK PREPARED 'two'");
is($session->query_safe(asked($query)), 'kept|' . accounts(70, 100, 30), 'that one is rolled back');
is($old->query_safe(asked($query)), 'rejected: isolation|' . accounts(70, 100), 'a transaction from before is not served what is kept now');
$standby->safe_psql('postgres', 'DELETE FROM account WHERE id = 3');
is(ask($standby, $query), 'kept|' . accounts(70, 100), 'promoted, it keeps answers');
is($session->query_safe(asked($query)), 'hit|' . accounts(70, 100), 'serves them');
$standby->safe_psql('postgres', 'UPDATE account SET balance = 1 WHERE id = 2');
is($session->query_safe(asked($query)), 'kept|' . accounts(70, 1), 'and makes them invalid');
is($old->query_safe(asked($query)), 'rejected: isolation|' . accounts(70, 100), 'a transaction from before sees what it saw, to its end');
$old->query_safe('COMMIT');
is($old->query_safe(asked($query)), 'hit|' . accounts(70, 1), 'and is served what others are, afterwards');
$old->quit;
is($session->query_safe("SELECT fraiseql.execute('mutation { raise }')->'data'"), '{"raise":true}', 'a mutation, too');
is($session->query_safe(asked($query)), 'kept|' . accounts(71, 2), 'which does the same');
$session->quit;

$standby->stop;
done_testing();
