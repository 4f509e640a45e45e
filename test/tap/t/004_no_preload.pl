# Without shared_preload_libraries the extension answers, uncached, and says so once a session.
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $node = fraiseql_node('no_preload', preload => 0, config => 'max_prepared_transactions = 5');

create_accounts($node);
is(ask($node, $query), 'bypass: not_preloaded|' . accounts(100, 100), 'the answer is right');
$node->safe_psql('postgres', 'UPDATE account SET balance = 70 WHERE id = 1');
is(ask($node, $query), 'bypass: not_preloaded|' . accounts(70, 100), 'and fresh');

my $session = $node->background_psql('postgres', on_error_stop => 0);

is($session->query(asked($query)), 'bypass: not_preloaded|' . accounts(70, 100), 'a session asks');
like($session->{stderr}, qr/^.*WARNING:  fraiseql answers without its cache/, 'and is warned');
like($session->{stderr}, qr/HINT:  Add fraiseql to shared_preload_libraries/, 'and told what would help');
$session->{stderr} = '';
is($session->query(asked($query)), 'bypass: not_preloaded|' . accounts(70, 100), 'it asks again');
unlike($session->{stderr}, qr/WARNING/, 'and is not warned again');
$session->quit;

is( $node->safe_psql('postgres', 'SELECT hits, fills, entries, max_memory_bytes, worker_pid FROM fraiseql.cache_stats'),
	'0|0|0|0|',
	'the statistics are there and say that there is nothing');
is($node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.operation_stats'), '0', 'no operation is counted');
is($node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()'), '0', 'and there is nothing to drop');
is($node->safe_psql('postgres', 'SELECT status, warnings, criticals, advice, measured_at IS NULL FROM fraiseql.health'),
	'degraded|0|1|fraiseql answers without its cache: add it to shared_preload_libraries and restart the server.|t',
	'health says what is wrong');
is($node->safe_psql('postgres', "SELECT check_name, value IS NULL, message FROM fraiseql.health_checks WHERE level <> 'ok'"),
	q(worker|t|age of the background worker's last judgement is not known (critical above 10000 ms)), 'and nothing else');
is($node->safe_psql('postgres', "SELECT fraiseql.health() ->> 'status', (SELECT count(*) FROM fraiseql.recent_samples)"),
	'degraded|0', 'as an object too, and there are no samples');

$node->safe_psql('postgres', "BEGIN; UPDATE account SET balance = 0; PREPARE TRANSACTION 'one'");
is(ask($node, $query), 'bypass: not_preloaded|' . accounts(70, 100), 'a transaction may be prepared');
$node->safe_psql('postgres', "COMMIT PREPARED 'one'");
is(ask($node, $query), 'bypass: not_preloaded|' . accounts(0, 0), 'and committed');
$node->safe_psql('postgres', "BEGIN; UPDATE account SET balance = 30; PREPARE TRANSACTION 'one'");

# A dump with a function that is declared pure restores here, where nothing has loaded the library before.
my $dump = $node->basedir . '/declared.dump';

$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION mood() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'calm'; END $$;
SELECT fraiseql.declare_pure('mood()');
CREATE DATABASE copy;
SQL
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('postgres') ], 'pg_dump');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('copy'), $dump ], 'pg_restore');
is($node->safe_psql('copy', "SELECT objname, label FROM pg_seclabels WHERE provider = 'fraiseql'"),
	'mood()|pure', 'what was declared pure is so in the copy');

# Preloaded from the next start on, with nothing else to do.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'fraiseql'");
$node->restart;
is(ask($node, $query), 'rejected: starting|' . accounts(0, 0), 'preloaded, it waits for what was prepared without a fence');
$node->safe_psql('postgres', "COMMIT PREPARED 'one'");
is(ask($node, $query), 'kept|' . accounts(30, 30), 'then the same database is cached');
is(ask($node, $query), 'hit|' . accounts(30, 30), 'and hits');

$node->stop;
done_testing();
