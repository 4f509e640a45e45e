# fraiseql.operation_stats where its table is too small, where many count at once, where a reset and the server's end come
# in between, and where it is off.
use Fraiseql::Test;

# Few slots, no sweep: no look-up meets an entry while it is freed.
my $node = fraiseql_node('operations', config => <<'CONF');
restart_after_crash = on
fraiseql.operation_stats_max = 32
fraiseql.worker_interval = '1h'
CONF

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE tb_item (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO tb_item SELECT i, 'item ' || i FROM generate_series(1, 10) AS i;
SELECT fraiseql.expose('tb_item', 'Item');
CREATE FUNCTION ask(name text, times int DEFAULT 1) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. times LOOP
		PERFORM fraiseql.execute(format('query %s { %s: items { name } }', name, name));
	END LOOP;
END
$$;
-- operations that are asked once, and between them, in turns, some that are asked again and again
CREATE FUNCTION scan(label text, busy text, times int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. times LOOP
		PERFORM ask(label || i), ask(busy || i % 8);
	END LOOP;
END
$$;
CREATE VIEW wrong AS SELECT * FROM fraiseql.operation_stats WHERE calls <> hits + misses + bypasses OR executions > misses + bypasses
	OR rejected > misses OR operation_name IS NULL OR query NOT LIKE 'query ' || operation_name || '%' OR calls = 0;
SQL

sub one
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $sql);
}

# Calls of an operation, as hits|misses; empty: it has no row.
sub counted
{
	my ($name) = @_;

	return one("SELECT hits, misses FROM fraiseql.operation_stats WHERE operation_name = '$name'");
}

# A table that is full: who is busy stays, and loses no call.
one('SELECT fraiseql.stats_reset()');
one(q(SELECT scan('once', 'busy', 1000)));
is(one('SELECT count(*) FROM fraiseql.operation_stats'), '32', 'there are as many as there may be');
is( one(q(SELECT count(*), min(calls), max(calls), sum(hits), sum(misses) FROM fraiseql.operation_stats WHERE operation_name LIKE 'busy%')),
	'8|125|125|992|8',
	'busy operations have stayed, with every call');
is(one(q(SELECT count(*), max(calls) FROM fraiseql.operation_stats WHERE operation_name LIKE 'once%')), '24|1', 'the others come and go');
is(counted('once1000'), '0|1', 'the last one is there');
is(counted('once500'), '', 'an old one is not');
is(cache_stat($node, 'hits, misses'), '992|1008', 'the cache counts all of them');

# Others become busy, and those from before are forgotten.
one(q(SELECT scan('later', 'new', 1000)));
# at its first call such an operation is one of many, and may have to begin twice
is(one(q(SELECT count(*), min(calls) > 100, max(calls) FROM fraiseql.operation_stats WHERE operation_name LIKE 'new%')), '8|t|125', 'new ones are there');
is(one(q(SELECT count(*) FROM fraiseql.operation_stats WHERE operation_name LIKE 'busy%')), '0', 'old ones have given way');

# That one gives way is told to who wants debug messages; not which one, as it may be another role's.
my (undef, undef, $messages) = $node->psql('postgres', q(SET client_min_messages = debug1; SELECT ask('one_more')));

like($messages, qr/operation_stats has no room: another operation gives way/, 'it is said');
unlike($messages, qr/[0-9a-f]{16}/, 'without its hash');

# Only hits: an operation that has lost its place gets one again, and no hit is lost meanwhile.
my $session = $node->background_psql('postgres');

$session->query_safe(q(SELECT ask('hit', 2)));
is(counted('hit'), '1|1', 'an operation is there');
one(q(SELECT scan('push', 'other', 1000)));
is(counted('hit'), '', 'and is pushed out');
$session->query_safe(q(SELECT ask('hit', 200)));
is(counted('hit'), '200|0', 'hits bring it back, all of them');
one(q(SELECT scan('again', 'other', 1000)));
$session->query_safe(q(SELECT ask('hit', 10)));
is(counted('hit'), '', 'a few do not');
one('SELECT fraiseql.stats_reset()');
$session->query_safe(q(SELECT ask('hit', 5)));
is(counted('hit'), '5|0', 'after a reset there is room, and hits from before are not counted');
$session->quit;
is(one('SELECT * FROM wrong'), '', 'nothing is wrong');

# pgbench's clients, until each has done so many transactions.
sub bench
{
	my ($clients, $transactions, %script) = @_;
	my @files;

	for my $name (sort keys %script)
	{
		my $path = $node->basedir . "/$name.sql";

		PostgreSQL::Test::Utils::append_to_file($path, $script{$name});
		push(@files, '--file', $path);
	}
	$node->command_ok([ 'pgbench', '--no-vacuum', "--client=$clients", '--jobs=2', "--transactions=$transactions", @files, $node->connstr('postgres') ],
		join(' ', sort keys %script) . ": $clients clients get through");
	return;
}

# A call that a reset overtakes is forgotten as a whole, also where another operation has its place by then.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION gate(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$
	DECLARE
		nothing text := pg_advisory_xact_lock_shared(id);
	BEGIN
		RETURN id;
	END
$$;
CREATE FUNCTION broken_gate(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 1 / (gate(id) - id); END $$;
SELECT fraiseql.declare_pure('gate(int)'), fraiseql.declare_pure('broken_gate(int)');
CREATE VIEW gated AS SELECT id, gate(id) AS mark FROM tb_item;
CREATE VIEW broken AS SELECT id, broken_gate(id) AS mark FROM tb_item;
SELECT fraiseql.expose('gated'), fraiseql.expose('broken');
SQL

my $gate = $node->background_psql('postgres');

# Sessions that ask for the same, as far as the gate, and $number of them.
sub wait_at_gate
{
	my ($query, $number) = @_;
	my @sessions = map { $node->background_psql('postgres') } 1 .. $number;

	$gate->query_safe('SELECT pg_advisory_lock(1)');
	for my $waiting (@sessions)
	{
		$waiting->query_until(qr/asking/, "\\echo asking\nSELECT fraiseql.execute('$query');\n");
	}
	$node->poll_query_until('postgres', "SELECT in_flight + waiting = $number FROM fraiseql.coalescing_stats")
	  or die 'they do not wait';
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
	  or die 'nobody is at the gate';
	return @sessions;
}

sub open_gate
{
	my (@sessions) = @_;

	$gate->query_safe('SELECT pg_advisory_unlock(1)');
	for my $waiting (@sessions)
	{
		$waiting->query_until(qr/answered/, "\\echo answered\n");
		$waiting->quit;
	}
	return;
}

one('SELECT fraiseql.stats_reset()');

my @waiting = wait_at_gate('query gated { gated(id: 1) { mark } }', 1);

is(counted('gated'), '0|1', 'a call is under way');
one('SELECT fraiseql.stats_reset()');
one(q(SELECT ask('instead')));
open_gate(@waiting);
is(one('SELECT operation_name, calls, executions, rows FROM fraiseql.operation_stats'), 'instead|1|1|10', 'it is counted for nobody');
is(one('SELECT * FROM wrong'), '', 'nothing is wrong');

# Who waits for another's execution: a miss that executes nothing, and an answer with errors where there are some.
one('SELECT fraiseql.stats_reset()');
open_gate(wait_at_gate('query broken { broken(id: 1) { mark } }', 4));
is( one('SELECT operation_name, calls, misses, executions, errors, rejected, last_reason FROM fraiseql.operation_stats'),
	'broken|4|4|1|4|1|error',
	'four ask, one executes, and errors are told to all');
is(one('SELECT executions, executions_saved FROM fraiseql.coalescing_stats'), '1|3', 'the others waited');
$gate->quit;

# A full table that everybody takes slots of, while some look and reset.
bench(8, 300,
	many => q(\set i random(1, 200)
SELECT fraiseql.execute(format('query many%s { many%s: items { id } }', :i, :i));
\set i random_zipfian(1, 200, 1.5)
SELECT fraiseql.execute(format('query many%s { many%s: items { id } }', :i, :i));
),
	look => q(\set reset random(1, 20)
SELECT 1 / (count(*) = 0)::int FROM wrong;
\if :reset = 1
SELECT fraiseql.stats_reset();
\endif
));
one(q(SELECT scan('full', 'other', 40)));
is(one('SELECT count(*) FROM fraiseql.operation_stats'), '32', 'there are no more than there may be');
is(one('SELECT * FROM wrong'), '', 'nothing is wrong');

# A crash empties it.
my $worker = wait_for_worker($node);
my $victim = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $victim->query('SELECT pg_backend_pid()');

$victim->query(q(SELECT ask('hit', 2)));
kill('KILL', $pid) == 1 or die "no process $pid";
wait_for_restart($node, $worker);
is(one('SELECT count(*) FROM fraiseql.operation_stats'), '0', 'after a crash it is empty');
one(q(SELECT ask('hit', 3)));
is(counted('hit'), '2|1', 'and counts');
eval { $victim->quit };

# Room for all: every call of many sessions and roles is counted, once.
$node->append_conf('postgresql.conf', 'fraiseql.operation_stats_max = 1000');
$node->restart;
is(one('SELECT count(*) FROM fraiseql.operation_stats'), '0', 'after a start it is empty');
one(<<'SQL');
SELECT format('CREATE ROLE client%s', i) FROM generate_series(1, 3) AS i \gexec
GRANT SELECT ON tb_item TO client1, client2, client3;
SELECT fraiseql.stats_reset();
SQL
bench(8, 500,
	roles => q(\set i random(1, 20)
\set role random(1, 3)
BEGIN;
SET LOCAL ROLE client:role;
SELECT fraiseql.execute(format('query count%s { count%s: items { id } }', :i, :i));
SELECT fraiseql.execute('query one($id: Int!) { item(id: $id) { name } }', jsonb_build_object('id', :i));
COMMIT;
),
	writes => q(\set i random(1, 10)
\set write random(1, 4)
BEGIN;
\if :write = 1
UPDATE tb_item SET name = name || '.' WHERE id = :i;
\endif
SELECT fraiseql.execute('query one($id: Int!) { item(id: $id) { name } }', jsonb_build_object('id', :i));
SELECT fraiseql.execute('query all { items { name } }');
COMMIT;
));

# Hits on one operation, by more clients than a slot has stripes.
my $before = one(q(SELECT sum(hits) FROM fraiseql.operation_stats));

bench(16, 10, hits => q(SELECT count(fraiseql.execute('query all { items { name } }')) FROM generate_series(1, 1000);));
is(one(q(SELECT sum(calls) FROM fraiseql.operation_stats)), 8 * 500 * 2 + 16 * 10 * 1000, 'no hit is lost');
is(one('SELECT hits FROM fraiseql.cache_stats') - one(q(SELECT sum(hits) FROM fraiseql.operation_stats)), '0', 'nor is one counted elsewhere');
cmp_ok(one(q(SELECT sum(hits) FROM fraiseql.operation_stats)) - $before, '>', 15 * 10 * 1000, 'they were hits');

# Executions of one operation, in no time.
bench(8, 20, executions => q(SET fraiseql.cache_enabled = off;
SELECT count(fraiseql.execute('query type { __typename }')) FROM generate_series(1, 200);));
is( one(q(SELECT calls, bypasses, executions, bytes, last_reason FROM fraiseql.operation_stats WHERE operation_name = 'type')),
	join('|', (8 * 20 * 200) x 3, 8 * 20 * 200 * length('{"data":{"__typename":"Query"}}'), 'disabled'),
	'none is lost either');

my $sums = 'sum(calls), sum(hits), sum(misses), sum(bypasses), sum(rejected)';

is(one("SELECT $sums FROM fraiseql.operation_stats"), one('SELECT hits + misses + bypasses, hits, misses, bypasses, fills_rejected FROM fraiseql.cache_stats'),
	'the sums are those of the cache');
is(one('SELECT sum(errors) FROM fraiseql.operation_stats'), '0', 'nobody had an error');
is( one('SELECT sum(executions) FROM fraiseql.operation_stats'),
	one('SELECT bypasses + executions FROM fraiseql.cache_stats, fraiseql.coalescing_stats'),
	'executions are bypasses, and misses that had no answer from another session');
is( one(q(SELECT sum(rows) = sum(executions) FROM fraiseql.operation_stats WHERE operation_name = 'one' AND role = 'postgres'::regrole)),
	't', 'an execution has one row where it has one');
is(one(q(SELECT count(DISTINCT role) FROM fraiseql.operation_stats WHERE operation_name = 'one')), '4', 'each role has its own');
is(one('SELECT * FROM wrong'), '', 'nothing is wrong');
is(one('SELECT * FROM fraiseql.validate_coherency()'), '', 'shared memory is coherent');

# A database in another encoding: nothing is kept that has no place there.
one(q(CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0));
one(q(SELECT fraiseql.stats_reset(); SELECT fraiseql.execute('query ($s: String = "日本") { items(where: {name: {eq: $s}}) { id } }')));
$node->safe_psql('latin', 'CREATE EXTENSION fraiseql');
is($node->safe_psql('latin', 'SELECT query FROM fraiseql.operation_stats'), 'query($s:String=$_1){items(where:{name:{eq:$s}}){id}}', 'seen from LATIN1');

# Off, and at sizes that are nothing special but small.
for my $max (0, 1, 2, 17)
{
	$node->append_conf('postgresql.conf', "fraiseql.operation_stats_max = $max");
	$node->restart;
	one(q(SELECT scan('once', 'busy', 50), ask('last')));
	is(one('SELECT count(*) FROM fraiseql.operation_stats'), $max, "fraiseql.operation_stats_max = $max");
	is(one(q(SELECT count(*) FROM fraiseql.operation_stats WHERE operation_name = 'last')), $max > 0 ? '1' : '0', 'the last one is there, if any is');
	one('SELECT fraiseql.stats_reset()');
	is(one('SELECT count(*) FROM fraiseql.operation_stats'), '0', 'a reset empties it');
}

$node->stop;
done_testing();
