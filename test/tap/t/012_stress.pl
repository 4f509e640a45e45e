# Everything at once: writers that move amounts between accounts, readers that check each answer against what they know,
# and an adversary that stops processes in the middle of what they do.
#
# The rules that every reader checks:
#   freshness   what plain SQL showed before the call, the answer shows too, or something newer
#   no future   what the answer shows, plain SQL shows afterwards
#   atomicity   the sum of all accounts is the same in every answer
#   sets        an inserted row is in the list at once, a deleted one is not
#   snapshots   in a REPEATABLE READ transaction the answer is what plain SQL shows, exactly
#   identity    each tenant sees its own rows
#   definitions a function that was replaced is the new one for all who know of it
#
# The adversary stops a process for some milliseconds at a time of no one's choosing: also between the moment at which a
# commit becomes visible and the end of its transaction, which is a few microseconds wide otherwise.
use Fraiseql::Test;

use IPC::Run;
use POSIX ();
use Time::HiRes qw(time usleep);

my $seconds = $ENV{FRAISEQL_STRESS_SECONDS} // 15;
my $node = fraiseql_node('stress', config => <<'CONF');
fraiseql.worker_interval = 20ms
log_statement = none
max_prepared_transactions = 5
CONF

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL, version int NOT NULL DEFAULT 0);
INSERT INTO account SELECT i, 1000 FROM generate_series(1, 8) AS i;
CREATE TABLE entry (id serial PRIMARY KEY, owner int NOT NULL);
CREATE TABLE told (id int PRIMARY KEY, n int NOT NULL);
INSERT INTO told VALUES (1, 0);
CREATE FUNCTION edition() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 0; END';
CREATE VIEW paper AS SELECT id, edition() AS edition FROM generate_series(1, 1) AS id;
CREATE TABLE note (id serial PRIMARY KEY, tenant text NOT NULL);
INSERT INTO note (tenant) SELECT 'tenant ' || i % 3 FROM generate_series(1, 9) AS i;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON note USING (tenant = current_setting('stress.tenant'));
CREATE ROLE tenant;
GRANT SELECT ON note TO tenant;
SELECT fraiseql.expose('account'), fraiseql.expose('entry'), fraiseql.expose('paper'), fraiseql.expose('note');

CREATE FUNCTION must(condition boolean, complaint text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF condition IS NOT TRUE THEN
			RAISE EXCEPTION '%', complaint;
		END IF;
	END
$$;
GRANT EXECUTE ON FUNCTION must TO tenant;

CREATE FUNCTION versions() RETURNS int[] LANGUAGE sql VOLATILE AS
	'SELECT array_agg(version ORDER BY id) FROM account';

-- The accounts as an answer shows them.
CREATE FUNCTION answered(OUT versions int[], OUT total int) LANGUAGE plpgsql AS $$
	DECLARE
		answer json := fraiseql.execute('{ accounts(orderBy: {id: ASC}) { balance version } }');
	BEGIN
		SELECT array_agg((a->>'version')::int ORDER BY n), sum((a->>'balance')::int) INTO versions, total
		FROM json_array_elements(answer #> '{data,accounts}') WITH ORDINALITY AS e (a, n);
		IF total IS DISTINCT FROM 8000 THEN
			RAISE EXCEPTION 'torn answer: %', answer;
		END IF;
	END
$$;

CREATE FUNCTION at_least(a int[], b int[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS
	'SELECT bool_and(x >= y) FROM unnest(a, b) AS p (x, y)';

CREATE FUNCTION check_accounts() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
	DECLARE
		before int[] := versions();
		seen int[] := (SELECT versions FROM answered());
		after int[] := versions();
	BEGIN
		PERFORM must(at_least(seen, before), format('stale: %s after %s', seen, before));
		PERFORM must(at_least(after, seen), format('from the future: %s before %s', seen, after));
	END
$$;

CREATE FUNCTION check_snapshot() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
	DECLARE
		before int[] := versions();
		seen int[] := (SELECT versions FROM answered());
	BEGIN
		PERFORM must(seen = before, format('another snapshot: %s, not %s', seen, before));
	END
$$;
SQL

# What pgbench's clients do, with the share of each.
my %scripts = (
	'transfer@6' => <<'SQL',
\set a random(1, 7)
\set b random(:a + 1, 8)
\set amount random(-50, 50)
\set fate random(1, 10)
BEGIN;
UPDATE account SET balance = balance - :amount, version = version + 1 WHERE id = :a;
UPDATE account SET balance = balance + :amount, version = version + 1 WHERE id = :b;
SELECT version AS mine FROM account WHERE id = :b \gset
\if :fate = 1
ROLLBACK;
\else
COMMIT;
SELECT must((fraiseql.execute('query($id: Int!) { account(id: $id) { version } }', jsonb_build_object('id', :b::int)) #>> '{data,account,version}')::int >= :mine::int, 'an own write is missing');
\endif
SQL
	'own@2' => <<'SQL',
\set a random(1, 8)
BEGIN;
UPDATE account SET version = version + 1 WHERE id = :a RETURNING version AS mine \gset
SELECT must((fraiseql.execute('query($id: Int!) { account(id: $id) { version } }', jsonb_build_object('id', :a::int)) #>> '{data,account,version}')::int = :mine::int, 'an own uncommitted write is missing');
ROLLBACK;
SQL
	'read@20' => "SELECT check_accounts();\n",
	'read_one@20' => <<'SQL',
\set a random(1, 8)
SELECT version AS seen FROM account WHERE id = :a \gset
SELECT must((fraiseql.execute('query($id: Int!) { account(id: $id) { version } }', jsonb_build_object('id', :a::int)) #>> '{data,account,version}')::int >= :seen::int, 'stale after a plain read');
SQL
	# goes on when the writer's locks go, which is before the end of the writer's transaction; not FOR KEY SHARE, which does
	# not wait, and which PostgreSQL 15.18 has a race about with a transaction that is being rolled back (mended by 15.20)
	'read_after_lock@10' => <<'SQL',
\set a random(1, 8)
SELECT version AS seen FROM account WHERE id = :a FOR SHARE \gset
SELECT must((fraiseql.execute('query($id: Int!) { account(id: $id) { version } }', jsonb_build_object('id', :a::int)) #>> '{data,account,version}')::int >= :seen::int, 'stale after a lock');
SQL
	'repeatable@10' => <<'SQL',
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT check_snapshot();
SELECT check_snapshot();
COMMIT;
SQL
	'set@6' => <<'SQL',
INSERT INTO entry (owner) VALUES (:client_id) RETURNING id AS mine \gset
SELECT must(fraiseql.execute('query($owner: Int!) { entries(where: {owner: {eq: $owner}}) { id } }', jsonb_build_object('owner', :client_id::int))::jsonb #> '{data,entries}' @> jsonb_build_array(jsonb_build_object('id', :mine::int)), 'an inserted row is missing');
DELETE FROM entry WHERE id = :mine;
SELECT must(NOT fraiseql.execute('query($owner: Int!) { entries(where: {owner: {eq: $owner}}) { id } }', jsonb_build_object('owner', :client_id::int))::jsonb #> '{data,entries}' @> jsonb_build_array(jsonb_build_object('id', :mine::int)), 'a deleted row is there');
SQL
	'tenant@10' => <<'SQL',
\set t random(0, 2)
BEGIN;
SET LOCAL ROLE tenant;
SELECT set_config('stress.tenant', 'tenant ' || :t::int, true);
SELECT must((SELECT count(*) = 3 AND bool_and(n->>'tenant' = 'tenant ' || :t::int) FROM json_array_elements(fraiseql.execute('{ notes { tenant } }') #> '{data,notes}') AS n), 'rows of another tenant');
COMMIT;
SQL
	# the owner, whom policies let pass, with the same setting
	'all_tenants@2' => <<'SQL',
\set t random(0, 2)
BEGIN;
SELECT set_config('stress.tenant', 'tenant ' || :t::int, true);
SELECT must((SELECT count(*) = 9 FROM json_array_elements(fraiseql.execute('{ notes { tenant } }') #> '{data,notes}')), 'not all rows for the owner');
COMMIT;
SQL
	'paper@10' => <<'SQL',
SELECT n AS known FROM told \gset
SELECT must((fraiseql.execute('{ papers { edition } }') #>> '{data,papers,0,edition}')::int >= :known::int, 'an old function');
SQL
);

# Two-phase commit, which cannot be a prepared statement: in its own pgbench.
my %two_phase = (
	'two_phase@1' => <<'SQL',
\set a random(1, 7)
\set b random(:a + 1, 8)
\set amount random(-50, 50)
\set fate random(1, 4)
BEGIN;
UPDATE account SET balance = balance - :amount, version = version + 1 WHERE id = :a;
UPDATE account SET balance = balance + :amount, version = version + 1 WHERE id = :b;
SELECT version AS mine FROM account WHERE id = :b \gset
PREPARE TRANSACTION 'client :client_id';
SELECT check_accounts();
\if :fate = 1
ROLLBACK PREPARED 'client :client_id';
\else
COMMIT PREPARED 'client :client_id';
SELECT must((fraiseql.execute('query($id: Int!) { account(id: $id) { version } }', jsonb_build_object('id', :b)) #>> '{data,account,version}')::int >= :mine, 'an own prepared write is missing');
\endif
SQL
);

# Scripts as arguments of pgbench.
sub script_files
{
	my (%scripts) = @_;
	my @arguments;

	for my $name (sort keys %scripts)
	{
		my ($file, $weight) = split(/@/, $name);
		my $path = $node->basedir . "/$file";

		PostgreSQL::Test::Utils::append_to_file($path, $scripts{$name});
		push(@arguments, '-f', "$path\@$weight");
	}
	return @arguments;
}

my %output;
my %error;

# Start a pgbench of this name; its sessions have the name, too.
sub start_pgbench
{
	my ($name, $seconds, @arguments) = @_;

	$output{$name} = $error{$name} = '';
	return IPC::Run::start(
		[ 'pgbench', '--no-vacuum', "--time=$seconds", @arguments, $node->connstr('postgres') . " application_name=$name" ],
		'<', \undef, '>', \$output{$name}, '2>', \$error{$name});
}

# Wait for its end: a client that got a wrong answer has given up, and said why.
sub finish_pgbench
{
	my ($name, $pgbench) = @_;

	$pgbench->finish;
	is($pgbench->full_result(0), 0, "$name: every client got only right answers");
	is(join("\n", grep { /error|aborted/i } split(/\n/, $error{$name})), '', "$name: nobody complains");
	like($output{$name}, qr/number of transactions actually processed: \d{3}/, "$name: a good many transactions");
	note $output{$name};
}

# Processes of the sessions of this name.
sub processes
{
	my ($session, $name) = @_;

	return split(/\n/, $session->query_safe("SELECT pid FROM pg_stat_activity WHERE application_name = '$name'"));
}

# Stop one of these for a moment.
sub stop_one
{
	my ($longest, @pids) = @_;
	my $pid = $pids[ int(rand(@pids)) ];

	# it may have ended meanwhile
	kill('STOP', $pid) == 1 or return;
	usleep(1_000 + int(rand($longest)));
	kill('CONT', $pid);
}

# What validate_coherency() says while one of these is stopped, for as long as a lock that it may hold allows.
sub violations_while_stopped
{
	my ($session, @pids) = @_;
	my $pid = $pids[ int(rand(@pids)) ];
	my $found;
	my $child;

	kill('STOP', $pid) == 1 or return '';
	$child = fork() // die "could not fork: $!";
	if ($child == 0)
	{
		usleep(100_000);
		kill('CONT', $pid);
		POSIX::_exit(0);
	}
	$found = $session->query_safe('SELECT * FROM fraiseql.validate_coherency()');
	waitpid($child, 0);
	return $found;
}

# Replace the function, then tell those who ask.
sub replace_edition
{
	my ($session, $n) = @_;

	$session->query_safe("CREATE OR REPLACE FUNCTION edition() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $n; END'");
	$session->query_safe("UPDATE told SET n = $n");
}

# First part: everything.
my $session = $node->background_psql('postgres');
my $pgbench = start_pgbench('everything', $seconds, '--protocol=prepared', '--client=10', '--jobs=2', script_files(%scripts));
my $preparer = start_pgbench('preparer', $seconds, '--client=2', script_files(%two_phase));
my $end = time() + $seconds - 1;
my $rounds = 0;
my $violations = '';

# a notice of validate_coherency() that it could not count everything is no violation
$session->query_safe('SET client_min_messages = warning');
while (time() < $end)
{
	my @pids = (processes($session, 'everything'), processes($session, 'preparer'));

	# not there yet, or no longer there because an answer was wrong
	if (@pids == 0)
	{
		usleep(100_000);
		next;
	}
	stop_one(20_000, @pids) for (1 .. 20);
	$rounds++;
	# who was stopped in the middle of something has not done wrong
	$violations .= violations_while_stopped($session, @pids) for (1 .. 3);
	replace_edition($session, $rounds);
	$session->query_safe('SELECT fraiseql.cache_reset()') if $rounds % 7 == 0;
}
finish_pgbench('everything', $pgbench);
finish_pgbench('preparer', $preparer);
note $node->safe_psql('postgres', 'SELECT * FROM fraiseql.cache_stats', extra_params => ['-x']);
note $node->safe_psql('postgres', 'SELECT reason, count FROM fraiseql.bypass_stats WHERE count > 0');
cmp_ok($rounds, '>', 2, 'the adversary was at work');
is($violations, '', 'the memory was coherent all the time');
for my $counter ('hits', 'fills', 'invalidations')
{
	cmp_ok(cache_stat($node, $counter), '>', 100, "there were many $counter");
}
cmp_ok($node->safe_psql('postgres', "SELECT count FROM fraiseql.bypass_stats WHERE reason = 'write'"),
	'>', 0, 'and answers that a write overtook');

# Second part: one who replaces the function as fast as can be, in one phase and in two, and is stopped in the middle all
# the time.
my $part = 1 + int($seconds / 3);
my $readers = start_pgbench('readers', $part, '--protocol=prepared', '--client=3',
	script_files('paper_again@1' => $scripts{'paper@10'}));
my %replace = ('replace@1' => <<'SQL', 'replace_prepared@1' => <<'SQL');
SELECT n + 1 AS next FROM told \gset
CREATE OR REPLACE FUNCTION edition() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN :next; END';
UPDATE told SET n = :next;
SQL
SELECT n + 1 AS next FROM told \gset
BEGIN;
CREATE OR REPLACE FUNCTION edition() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN :next; END';
PREPARE TRANSACTION 'edition';
COMMIT PREPARED 'edition';
UPDATE told SET n = :next;
SQL
my $replacer = start_pgbench('replacer', $part, '--client=1', script_files(%replace));

$end = time() + $part - 1;
while (time() < $end)
{
	my @pids = processes($session, 'replacer');

	if (@pids == 0)
	{
		usleep(100_000);
		next;
	}
	stop_one(3_000, @pids), usleep(int(rand(3_000))) for (1 .. 100);
}
$session->quit;
finish_pgbench('readers', $readers);
finish_pgbench('replacer', $replacer);

# When all is over, nothing is left standing: every kind of answer is kept and hit.
create_ask($node);
for my $query ('{ accounts { id } }', '{ entries { id } }', '{ papers { edition } }', '{ notes { id } }')
{
	like(ask($node, $query), qr/^kept/, "kept: $query");
	like(ask($node, $query), qr/^hit/, "hit: $query");
}
is($node->safe_psql('postgres', 'SELECT sum(balance) FROM account'), '8000', 'no amount was lost');

$node->stop;
done_testing();
