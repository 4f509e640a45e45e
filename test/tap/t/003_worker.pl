# The background worker: it frees what is dead, comes back when it is killed, and answers are right without it.
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $node = fraiseql_node('worker', config => "restart_after_crash = on\nfraiseql.worker_interval = 50ms");

create_accounts($node);

my $worker = wait_for_worker($node);

is(cache_stat($node, 'worker_pid'), $worker, 'the statistics name the process that pg_stat_activity shows');

# It frees the entry that a write has made invalid, though nobody asks again.
is(ask($node, $query), 'kept|' . accounts(100, 100), 'an entry');
$node->safe_psql('postgres', 'UPDATE account SET balance = 90 WHERE id = 1');
ok( $node->poll_query_until('postgres',
		'SELECT entries = 0 AND memory_bytes = 0 AND invalidations = 1 FROM fraiseql.cache_stats'),
	'an invalid entry is freed');

# Terminated, it is started again; the cache stays.
is(ask($node, $query), 'kept|' . accounts(90, 100), 'an entry');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($worker)");

my $second = wait_for_worker($node, $worker);

isnt($second, $worker, 'after SIGTERM there is another worker');
ok($node->poll_query_until('postgres', "SELECT worker_pid = $second FROM fraiseql.cache_stats"),
	'which the statistics name');
is(ask($node, $query), 'hit|' . accounts(90, 100), 'the cache is as it was');

# Stopped, it does nothing: freshness does not depend on it.
kill('STOP', $second) == 1 or die "no process $second";
$node->safe_psql('postgres', 'UPDATE account SET balance = 80 WHERE id = 1');
is($node->safe_psql('postgres', 'SELECT count(*), bool_or(valid) FROM fraiseql.cache_entries'),
	'1|f', 'the invalid entry is still there');
is(ask($node, $query), 'kept|' . accounts(80, 100), 'and is not served');
is(ask($node, $query), 'hit|' . accounts(80, 100), 'hits need no worker');
kill('CONT', $second) == 1 or die "no process $second";

# Killed, it takes the server's processes with it, as any process that shares memory does.
kill('KILL', $second) == 1 or die "no process $second";
wait_for_restart($node, $second);
isnt(wait_for_worker($node, $second), $second, 'after SIGKILL there is another worker');
is(ask($node, $query), 'kept|' . accounts(80, 100), 'the cache began anew');
is(ask($node, $query), 'hit|' . accounts(80, 100), 'and works');

# A reload reaches it.
$node->append_conf('postgresql.conf', "fraiseql.worker_interval = 1h");
$node->reload;
$worker = wait_for_worker($node);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($worker)");
isnt(wait_for_worker($node, $worker), $worker, 'a worker that naps for an hour is woken by SIGTERM');

$node->stop;
done_testing();
