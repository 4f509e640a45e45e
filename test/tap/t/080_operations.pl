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

# The one that gives way is told to who wants debug messages.
my (undef, undef, $messages) = $node->psql('postgres', q(SET client_min_messages = debug1; SELECT ask('one_more')));

like($messages, qr/operation_stats has no room: operation [0-9a-f]{16} gives way/, 'it is said');

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

my $sums = 'sum(calls), sum(hits), sum(misses), sum(bypasses), sum(rejected)';

is(one("SELECT $sums FROM fraiseql.operation_stats"), one('SELECT hits + misses + bypasses, hits, misses, bypasses, fills_rejected FROM fraiseql.cache_stats'),
	'the sums are those of the cache');
is(one('SELECT sum(calls), sum(errors) FROM fraiseql.operation_stats'), 8 * 500 * 2 . '|0', 'which is what was asked');
is( one('SELECT sum(executions) FROM fraiseql.operation_stats'),
	one('SELECT bypasses + executions FROM fraiseql.cache_stats, fraiseql.coalescing_stats'),
	'executions are bypasses, and misses that had no answer from another session');
is( one(q(SELECT sum(rows) = sum(executions) FROM fraiseql.operation_stats WHERE operation_name = 'one' AND role = 'postgres'::regrole)),
	't', 'an execution has one row where it has one');
is(one(q(SELECT count(DISTINCT role) FROM fraiseql.operation_stats WHERE operation_name = 'one')), '4', 'each role has its own');
is(one('SELECT * FROM wrong'), '', 'nothing is wrong');
is(one('SELECT * FROM fraiseql.validate_coherency()'), '', 'shared memory is coherent');

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
