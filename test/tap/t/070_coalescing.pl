# Herds of a hundred clients: one of them executes, and all get the same bytes.
use Fraiseql::Test;

my $clients = 100;
my $node = fraiseql_node('coalescing',
	config => "max_connections = 150\nrestart_after_crash = on\nfraiseql.worker_interval = 1s\nfraiseql.coalesce_timeout = 2min");

# gate() lets nobody through while the test holds the advisory lock of its number, and counts who comes.  The sequence has no
# log, so that it needs no transaction id.  No plan shows what the function does.
create_ask($node);
$node->safe_psql('postgres', <<'SQL');
CREATE UNLOGGED SEQUENCE executions;
CREATE FUNCTION gate(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$
	DECLARE
		execution bigint;
		nothing text;
	BEGIN
		execution := nextval('executions');
		nothing := pg_advisory_xact_lock_shared(id);
		RETURN id;
	END
$$;
CREATE FUNCTION broken_gate(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$
	BEGIN
		RAISE EXCEPTION '% is too much', gate(id);
	END
$$;
CREATE FUNCTION slow(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$
	DECLARE
		nothing text;
	BEGIN
		nothing := pg_sleep(0.05);
		RETURN id;
	END
$$;
SELECT fraiseql.declare_pure('gate(int)'), fraiseql.declare_pure('broken_gate(int)'), fraiseql.declare_pure('slow(int)');
CREATE TABLE item (id int PRIMARY KEY, n int NOT NULL);
INSERT INTO item SELECT i, 0 FROM generate_series(0, 50) AS i;
CREATE VIEW gated AS SELECT id, n, gate(id) AS mark FROM item;
CREATE VIEW counter AS SELECT id, n, slow(id) AS mark FROM item;
CREATE VIEW broken AS SELECT id, broken_gate(id) AS mark FROM item;
CREATE VIEW tenant AS SELECT id, gate(id) AS mark, current_setting('x.tenant', true) AS name FROM item;
SELECT fraiseql.expose(v) FROM unnest('{gated, counter, broken, tenant}'::regclass[]) AS v;
CREATE TABLE answer (key int, client int, answer text);
SQL

# The test's own session, which holds the gates.
my $gate = $node->background_psql('postgres');

$gate->set_query_timer_restart(1);

sub close_gates
{
	my (@numbers) = @_;

	$gate->query_safe("SELECT pg_advisory_lock($_)") for @numbers;
	return;
}

sub open_gate
{
	my ($number) = @_;

	$gate->query_safe("SELECT pg_advisory_unlock($number)");
	return;
}

sub run_sql
{
	my ($sql) = @_;

	return $gate->query_safe($sql);
}

sub begin
{
	run_sql('TRUNCATE answer');
	run_sql(q(SELECT fraiseql.cache_reset(), fraiseql.stats_reset(), setval('executions', 1, false)));
	return;
}

sub coalescing
{
	my ($columns) = @_;

	return run_sql("SELECT $columns FROM fraiseql.coalescing_stats");
}

# Wait until so many executions are under way, and so many calls wait for them.
sub wait_for_herd
{
	my ($in_flight, $waiting) = @_;

	$node->poll_query_until('postgres',
		"SELECT in_flight = $in_flight AND waiting = $waiting FROM fraiseql.coalescing_stats")
	  or die 'the herd does not come together: ' . coalescing('in_flight, waiting');
	return;
}

sub executions
{
	return run_sql('SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM executions');
}

sub nothing_is_left
{
	my ($name) = @_;

	is(coalescing('in_flight, waiting'), '0|0', "$name: nobody leads or waits any more");
	is(run_sql('SELECT * FROM fraiseql.validate_coherency()'), '', "$name: shared memory is coherent");
	return;
}

# Clients that run a script of pgbench, each so often; what they print is of no interest.
sub start_clients
{
	my ($count, $times, $script) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/script';

	PostgreSQL::Test::Utils::append_to_file($file, $script);
	return IPC::Run::start(
		[ 'pgbench', '-n', '-M', 'extended', '-c', $count, '-j', 1, '-t', $times, '-D', 'key=0', '-f', $file, '-h', $node->host,
			'-p', $node->port, 'postgres' ],
		'<', \undef, '>', \my $output, '2>', \my $error);
}

sub finish_clients
{
	my ($name, $run) = @_;

	ok($run->finish, "$name: all clients are done");
	return;
}

# A client asks for one key after the other, and notes its answers.
my $asking = <<'SQL';
\set key :key + 1
SELECT fraiseql.execute(:query, jsonb_build_object('id', :key::int)) AS answer \gset
INSERT INTO answer VALUES (:key, :client_id, :answer);
SQL

sub asking
{
	my ($query) = @_;

	return $asking =~ s/:query/'query(\$id: Int!) $query'/r;
}

#
# A hundred clients, ten cold keys
#

sub herd_on_ten_keys
{
	my ($name, $view, $answer) = @_;

	begin();
	close_gates(1 .. 10);
	my $run = start_clients($clients, 10, asking("{ ${view}s(where: {id: {eq: \$id}}) { id mark } }"));

	for my $key (1 .. 10)
	{
		wait_for_herd(1, $clients - 1);
		open_gate($key);
	}
	finish_clients($name, $run);
	is(executions(), 10, "$name: ten executions");
	is(run_sql('SELECT key, count(*), count(DISTINCT answer), min(answer) FROM answer GROUP BY key ORDER BY key'),
		join("\n", map { "$_|$clients|1|" . sprintf($answer, $_) } 1 .. 10), "$name: all get the same bytes");
	is(coalescing('executions, coalesced, executions_saved, reduction_percent, timeouts, takeovers'),
		join('|', 10, 10 * ($clients - 1), 10 * ($clients - 1), 100 - 100 / $clients, 0, 0), "$name: what the view says");
	nothing_is_left($name);
	return;
}

herd_on_ten_keys('a herd', 'gated', '{"data":{"gateds":[{"id":%1$d,"mark":%1$d}]}}');
herd_on_ten_keys('an error', 'broken', '{"data":null,"errors":[{"message":"%d is too much","locations":[{"line":1,"column":20}],'
	  . '"path":["brokens"],"extensions":{"code":"DATABASE_ERROR","sqlstate":"P0001"}}]}');
is(coalescing('handed_over'), 10, 'an error: each was handed over');
is(run_sql('SELECT entries, memory_bytes FROM fraiseql.cache_stats'), '0|0', 'and is gone with the last who came for it');

# What it depends on is not known at first.
{
	local $ENV{PGOPTIONS} = '-c x.tenant=ann';
	herd_on_ten_keys('an unknown setting', 'tenant', '{"data":{"tenants":[{"id":%1$d,"mark":%1$d}]}}');
}

#
# Twenty tenants, five clients each: none waits for another's
#

begin();
run_sql(q(SELECT fraiseql.execute('query($id: Int!) { tenants(where: {id: {eq: $id}}) { name mark } }', '{"id": 1}')));
run_sql(q(SELECT fraiseql.stats_reset(), setval('executions', 1, false)));
close_gates(1);
my $tenants = start_clients($clients, 1,
	"SELECT set_config('x.tenant', (:client_id % 20)::text, false);\n" . asking('{ tenants(where: {id: {eq: $id}}) { name mark } }'));

wait_for_herd(20, 80);
pass('tenants: all of them at once');
open_gate(1);
finish_clients('tenants', $tenants);
is(executions(), 20, 'tenants: one execution each');
is(run_sql(q(SELECT count(*) FROM answer WHERE answer = format('{"data":{"tenants":[{"name":"%s","mark":1}]}}', client % 20))),
	$clients, 'tenants: each gets its own answer');
nothing_is_left('tenants');

#
# Who asks for _metrics waits for nobody, and nobody for him
#

begin();
close_gates(1);
my $watchers = do
{
	local $ENV{PGOPTIONS} = '-c fraiseql.graphql_metrics=on';
	start_clients(10, 1, asking('{ _metrics { cache { bypasses } } gateds(where: {id: {eq: $id}}) { mark } }'));
};

ok($node->poll_query_until('postgres', 'SELECT is_called AND last_value = 10 FROM executions'), 'metrics: all execute at once');
is(coalescing('in_flight, waiting, executions, coalesced'), '0|0|0|0', 'metrics: and none of them is in a herd');
open_gate(1);
finish_clients('metrics', $watchers);
is(executions(), 10, 'metrics: ten executions');
is(run_sql(q(SELECT count(*) FROM answer WHERE answer::json #>> '{data,gateds,0,mark}' = '1' AND answer::json #>> '{data,_metrics,cache,bypasses}' IS NOT NULL)),
	10, 'metrics: each has an answer');
is(run_sql(q(SELECT count FROM fraiseql.bypass_stats WHERE reason = 'metrics')), 10, 'metrics: what the view says');
nothing_is_left('metrics');

#
# What is seen of one who waits; a leader that is killed
#

my $event = $node->pg_version >= 17 ? 'Extension|FraiseqlCoalesce' : 'Extension|Extension';

begin();
is(coalescing('executions, coalesced, executions_saved, reduction_percent, waits, average_wait_ms, p99_wait_ms, max_wait_ms, timeouts, '
		. 'takeovers, handed_over, stats_reset > now() - interval \'1 minute\''),
	'0|0|0||0||||0|0|0|t', 'nothing is counted yet');
close_gates(1);
my $waiting = start_clients($clients, 1, asking('{ gateds(where: {id: {eq: $id}}) { mark } }'));

wait_for_herd(1, $clients - 1);
is(run_sql("SELECT wait_event_type, wait_event, count(*) FROM pg_stat_activity WHERE query LIKE '%gateds%' AND wait_event <> 'advisory' "
		. 'AND pid <> pg_backend_pid() GROUP BY 1, 2'),
	"$event|" . ($clients - 1), 'those who wait say so');
my $worker = wait_for_worker($node);
my $leader = run_sql("SELECT pid FROM pg_stat_activity WHERE query LIKE '%gateds%' AND wait_event = 'advisory'");

kill('KILL', $leader) == 1 or die "no process $leader";
ok(!$waiting->finish, 'killed: the clients have lost the server');
wait_for_restart($node, $worker);
eval { $gate->quit };
$gate = $node->background_psql('postgres');
$gate->set_query_timer_restart(1);
is(coalescing('executions, coalesced'), '0|0', 'killed: the counters begin anew');
nothing_is_left('killed');
is(ask($node, '{ gateds(where: {id: {eq: 1}}) { mark } }'), 'kept|{"data":{"gateds":[{"mark":1}]}}', 'killed: the next one executes');

#
# An answer that is written all the time: nobody gets one that is older than what was committed when the call began
#

run_sql('CREATE TABLE stale (client int, before int, answer text)');
my $writer = start_clients(1, 200, "UPDATE item SET n = n + 1 WHERE id = 0;\n\\sleep 15 ms\n");
my $readers = start_clients(30, 40, <<'SQL');
SELECT n AS before FROM item WHERE id = 0 \gset
SELECT fraiseql.execute('{ counters(where: {id: {eq: 0}}) { n mark } }') AS answer \gset
INSERT INTO stale SELECT :client_id, :before, :answer
	WHERE coalesce((:answer::json #>> '{data, counters, 0, n}')::int < :before, true);
SQL

finish_clients('written all the time: the writer', $writer);
finish_clients('written all the time: the readers', $readers);
is(run_sql('SELECT * FROM stale'), '', 'written all the time: no answer is older than its call');
is(coalescing('coalesced > 0, handed_over > 0'), 't|t', 'written all the time: some have waited, for what could not be kept');
note('executions, coalesced, saved, handed over, p99: '
	  . coalescing('executions, coalesced, executions_saved, handed_over, p99_wait_ms'));
nothing_is_left('written all the time');

$gate->quit;
$node->stop;
done_testing();
