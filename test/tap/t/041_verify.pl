# Shadow verification: under load it finds nothing wrong with what is right; a stale answer, which this test makes by
# damage to the shared memory, is found, logged for the DBA alone, and gone.
use Fraiseql::Test;
use PostgreSQL::Test::Utils;

my $node = fraiseql_node('verify', config => "fraiseql.worker_interval = 1h\nfraiseql.verify_sample = 1");

# verified|failures|inconclusive|errors
sub seen
{
	return $node->safe_psql('postgres', 'SELECT * FROM fraiseql.verify_stats');
}

create_accounts($node);
is(ask($node, '{ account(id: 1) { balance } }'), 'kept|{"data":{"account":{"balance":100}}}', 'an answer is kept');
is(ask($node, '{ account(id: 1) { balance } }'), 'hit|{"data":{"account":{"balance":100}}}', 'and hit');
is(seen(), '1|0|0|0', 'and verified');

# A stale answer: its entry is made to believe that it is newer than every write to come.
$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION corrupt_raw(what text, index bigint, value bigint, size bigint) RETURNS bigint
	LANGUAGE c AS '$ENV{TESTDIR}/corrupt', 'corrupt';
SELECT fraiseql.cache_reset();
SQL
is(ask($node, '{ account(id: 1) { balance } }'), 'kept|{"data":{"account":{"balance":100}}}', 'an answer alone in the cache');

my $hash = $node->safe_psql('postgres', 'SELECT key_hash FROM fraiseql.cache_entries');

# there was never more than one entry, so it is the first
$node->safe_psql('postgres', <<'SQL');
SELECT corrupt_raw('holds_since', i, 1000000, size) FROM pg_shmem_allocations, generate_series(0, 3) AS i
WHERE name = 'fraiseql cache' AND corrupt_raw('version', i, NULL, size) % 2 = 0
	AND i < corrupt_raw('entry_unused', 0, NULL, size);
UPDATE account SET balance = 70 WHERE id = 1;
SQL

my $log = -s $node->logfile;
my $asked = asked('{ account(id: 1) { balance } }');

is($node->safe_psql('postgres', "SET fraiseql.verify_sample = 0; $asked"), 'hit|{"data":{"account":{"balance":100}}}',
	'a stale hit, as nobody should ever see one');

my ($status, $stdout, $stderr) = $node->psql('postgres', "SET client_min_messages = log; $asked");

is($stdout, 'hit|{"data":{"account":{"balance":70}}}', 'with verification, what executing gives');
unlike($stderr, qr/differs/, 'the client is told nothing');
is(seen(), '1|1|0|0', 'one failure');

my $logged = slurp_file($node->logfile, $log);

like($logged, qr/LOG:  fraiseql had an answer in its cache that differs from the executed one/, 'the log says so');
like($logged, qr/DETAIL:  Key $hash, role "postgres", cached at \d{4}-.*\. Operation: \{account\(id:\$_1\)\{balance\}\} Tags: \[\{"relation":"public.account","rows":\{"id":"1"\},/,
	'with the key, the role, the operation and the tags');
is(ask($node, '{ account(id: 1) { balance } }'), 'kept|{"data":{"account":{"balance":70}}}', 'the entry is gone');
is(ask($node, '{ account(id: 1) { balance } }'), 'hit|{"data":{"account":{"balance":70}}}', 'and the new one is right');
is(seen(), '2|1|0|0', 'and verified');
is($node->safe_psql('postgres', 'SELECT * FROM fraiseql.validate_coherency()'), '', 'the cache is coherent');

# A difference that proves nothing: what the answer depends on was written while it was executed.  The difference itself
# is made by a function that says falsely that it is pure; it waits for an advisory lock that the test holds.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION mood() RETURNS text STABLE LANGUAGE plpgsql AS $$
	BEGIN
		IF pg_advisory_xact_lock_shared(7) IS NULL THEN
			RETURN NULL;
		END IF;
		RETURN current_setting('verify.' || 'mood', true);
	END
$$;
SELECT fraiseql.declare_pure('mood()');
CREATE VIEW moody AS SELECT id, balance, mood() AS mood FROM account;
SELECT fraiseql.expose('moody');
SELECT fraiseql.stats_reset();
SQL

my $gate = $node->background_psql('postgres');
my $reader = $node->background_psql('postgres');
my $moody = asked('{ moodies(where: {id: {eq: 2}}) { balance mood } }');

$reader->query_safe("SET verify.mood = 'calm'");
is($reader->query_safe($moody), 'kept|{"data":{"moodies":[{"balance":100,"mood":"calm"}]}}', 'an answer is kept');
$reader->query_safe("SET verify.mood = 'merry'");
$gate->query_safe('SELECT pg_advisory_lock(7)');
$reader->query_until(qr/asking/, "\\echo asking\n$moody\n");
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
  or die 'the verification does not wait';
$node->safe_psql('postgres', 'UPDATE account SET balance = 90 WHERE id = 2');
$gate->query_safe('SELECT pg_advisory_unlock(7)');
is($reader->query('SELECT 1'), "hit|{\"data\":{\"moodies\":[{\"balance\":100,\"mood\":\"calm\"}]}}\n1",
	'a hit during whose verification somebody wrote');
is(seen(), '0|0|1|0', 'is inconclusive');
$_->quit for ($gate, $reader);
$node->stop;

# Load: whatever the writers do, every hit is right.
my $seconds = 8;

$node = fraiseql_node('load', config => "fraiseql.worker_interval = 20ms\nfraiseql.verify_sample = 1");
create_accounts($node);
$node->safe_psql('postgres', <<'SQL');
INSERT INTO account SELECT i, 100 FROM generate_series(3, 20) AS i;
CREATE TABLE entry (id int PRIMARY KEY, owner int REFERENCES account);
INSERT INTO entry SELECT i, 1 + i % 20 FROM generate_series(1, 100) AS i;
CREATE FUNCTION factor() RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE VIEW statement AS SELECT a.id, sum(e.id) * factor() AS total FROM account AS a LEFT JOIN entry AS e ON e.owner = a.id GROUP BY a.id;
SELECT fraiseql.expose('account'), fraiseql.expose('entry'), fraiseql.expose('statement');
SQL

my %scripts = (
	write => <<'SQL',
\set a random(1, 20)
\set b random(1, 100)
\set fate random(1, 100)
BEGIN;
UPDATE account SET balance = balance + 1 WHERE id = :a;
UPDATE entry SET owner = :a WHERE id = :b;
\if :fate <= 10
ROLLBACK;
\else
COMMIT;
\endif
SELECT pg_sleep(0.005);
SQL
	definitions => <<'SQL',
\set n random(1, 9)
CREATE OR REPLACE FUNCTION factor() RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN :n; END';
SELECT pg_sleep(0.3);
SQL
	read => <<'SQL',
\set a random(1, 20)
\set fate random(1, 4)
\if :fate = 1
BEGIN ISOLATION LEVEL REPEATABLE READ;
\else
BEGIN;
\endif
SELECT count(fraiseql.execute('query($id: Int!) { account(id: $id) { balance entries { id } } }', jsonb_build_object('id', :a::int))) FROM generate_series(1, 3);
SELECT count(fraiseql.execute('query($id: Int!) { statements(where: {id: {eq: $id}}) { id total } }', jsonb_build_object('id', :a::int))) FROM generate_series(1, 3);
SELECT count(fraiseql.execute('{ accounts(limit: 5) { id balance } }')) FROM generate_series(1, 3);
COMMIT;
SQL
);
my @running;
my %error;

for my $script ([ 'write', 3 ], [ 'definitions', 1 ], [ 'read', 4 ])
{
	my ($name, $clients) = @$script;
	my $path = $node->basedir . "/$name";

	append_to_file($path, $scripts{$name});
	$error{$name} = '';
	push(@running, [ $name, IPC::Run::start(
		[ 'pgbench', '--no-vacuum', "--time=$seconds", "--client=$clients", '-f', $path, $node->connstr('postgres') ],
		'<', \undef, '>', \my $output, '2>', \$error{$name}) ]);
}
for my $pgbench (@running)
{
	$pgbench->[1]->finish;
	is(join("\n", grep { /error|aborted/i } split(/\n/, $error{ $pgbench->[0] })), '', "$pgbench->[0]: nobody complains");
}

my ($verified, $failures, $inconclusive, $errors) = split(/\|/, seen());

note "$verified verified, $inconclusive inconclusive";
cmp_ok($verified, '>', 200, 'a good many hits were verified');
is($failures, '0', 'none was wrong');
is($errors, '0', 'none failed');
cmp_ok(cache_stat($node, 'invalidations'), '>', 20, 'while much was written');
unlike(slurp_file($node->logfile), qr/differs from the executed one/, 'and nothing was logged');
$node->stop;
done_testing();
