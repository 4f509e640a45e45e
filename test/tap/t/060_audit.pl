# The durable audit trail and notifications: what is logged, once each, also across failures of the table, of the workers
# and of the server; and each failure shows in fraiseql.audit_recent, in fraiseql.cascade_stats and in the server's log,
# while no answer is stale.
use Fraiseql::Test;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time);

my $query = '{ accounts { balance } }';
my $node = fraiseql_node('audit', config => <<'CONF');
fraiseql.audit_log = on
fraiseql.cascade_notify_channel = 'cascades'
fraiseql.worker_interval = 50ms
max_prepared_transactions = 5
restart_after_crash = on
CONF

create_tables();
$node->safe_psql('postgres', 'SELECT fraiseql.stats_reset()');

# Accounts, and a table that no answer reads.
sub create_tables
{
	create_accounts($node);
	$node->safe_psql('postgres', q(CREATE TABLE marker (id int PRIMARY KEY); SELECT fraiseql.track('marker')));
	return;
}

# A transaction whose record is in the ring when this returns.  It may write, whatever the default.
sub record
{
	my ($statement) = @_;
	my $xid = $node->safe_psql('postgres', "BEGIN READ WRITE; $statement; SELECT pg_current_xact_id(); COMMIT");

	$node->poll_query_until('postgres', "SELECT count(*) FROM fraiseql.audit_recent WHERE xid = '$xid'", '1')
	  or die "no record of $statement";
	return;
}

sub write_balance
{
	my ($balance) = @_;

	return record("UPDATE account SET balance = $balance WHERE id = 1");
}

sub poll_is
{
	my ($sql, $expected, $what) = @_;

	ok($node->poll_query_until('postgres', $sql, $expected), $what);
	return;
}

# Everything of this database that is in the ring is in the table, once, and alike.
sub logged_completely
{
	my ($what) = @_;
	my $columns = <<'SQL';
number, mutation_id, xid, committed_at, processed_at, latency, entities, entity_count, truncated, definitions,
	entries_invalidated, keys, status, error
SQL
	my $ring = <<"SQL";
SELECT $columns FROM fraiseql.audit_recent
WHERE database IS NULL OR database = (SELECT oid FROM pg_database WHERE datname = current_database())
SQL
	my $table = <<"SQL";
SELECT $columns FROM fraiseql.audit_log WHERE counted_since = (SELECT max(counted_since) FROM fraiseql.audit_log)
SQL

	# what was committed before is in the ring when this one is
	record('INSERT INTO marker SELECT count(*) FROM marker');
	poll_is("SELECT count(*) FROM (($ring) EXCEPT ALL ($table)) AS missing", '0', "$what: nothing is missing");
	is($node->safe_psql('postgres', "SELECT count(*) FROM (($table) EXCEPT ALL ($ring)) AS more"),
		'0', "$what: nothing is in the table twice, or otherwise");
	return;
}

# How long it takes until the audit trail says something: told, not judged.
sub says
{
	my ($condition, $what) = @_;
	my $start = time;

	poll_is("SELECT count(*) > 0 FROM fraiseql.audit_recent WHERE $condition", 't', "$what: the audit trail says so");
	note(sprintf('%s: it says so after %d ms at most', $what, 1000 * (time - $start)));
	return;
}

sub failures
{
	return $node->safe_psql('postgres', 'SELECT failed FROM fraiseql.cascade_stats');
}

# The log fails while a write commits: it shows, and the record is written when the failure is over.
sub survives
{
	my ($what, $break, $mend, $message) = @_;
	my $failed = failures();
	my $before = $node->safe_psql('postgres', 'SELECT max(number) FROM fraiseql.audit_recent');
	my $position = -s $node->logfile;
	my $balance = 1000 + int(rand(1_000_000));

	$break->();
	write_balance($balance);
	is(graphql($node, $query), accounts($balance, 100), "$what: the answer is fresh");
	says("number > $before AND status = 'Failed' AND error LIKE 'audit log: %$message%'", $what);
	is(failures(), $failed + 1, "$what: it is counted, once");
	like(slurp_file($node->logfile, $position), qr/cannot log the cascades of database "postgres": .*$message/,
		"$what: the server's log says so");
	$mend->();
	logged_completely("$what, then mended");
	is(failures(), $failed + 1, "$what: one failure, however often it was tried");
	return;
}

sub sql
{
	my ($statement) = @_;

	return sub { $node->safe_psql('postgres', $statement); return };
}

# What is logged.
$node->safe_psql('postgres', "UPDATE account SET balance = 1 WHERE id = $_") for 1 .. 2;
$node->safe_psql('postgres', 'DELETE FROM account WHERE id = 1; INSERT INTO account VALUES (1, 100)');
logged_completely('writes');
is($node->safe_psql('postgres', <<'SQL'), 'postgres|postgres|Success|2', 'by its entities: found, with names');
SELECT role, database, status, count(*) FROM fraiseql.audit_log
WHERE entities @> '[{"type": "Account", "id": "1", "operation": "UPDATED"}]'
	OR entities @> '[{"type": "Account", "id": "2"}]' GROUP BY 1, 2, 3
SQL
$node->safe_psql('postgres', 'UPDATE account SET balance = 100 WHERE id = 2');

# It is written by its owner, not by a superuser on whom triggers could prey.
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE keeper;
ALTER TABLE fraiseql.audit_log OWNER TO keeper;
GRANT USAGE ON SCHEMA fraiseql TO keeper;
CREATE TABLE writer AS SELECT current_user AS name, session_user AS session WHERE false;
GRANT INSERT ON writer TO keeper;
CREATE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.writer VALUES (current_user, session_user);
	RETURN NULL;
END $$;
CREATE TRIGGER note_writer AFTER INSERT ON fraiseql.audit_log FOR EACH ROW EXECUTE FUNCTION note_writer();
UPDATE account SET balance = 100 WHERE id = 2;
SQL
poll_is('SELECT count(*) > 0 FROM writer', 't', 'a trigger on the log sees its rows');
is($node->safe_psql('postgres', 'SELECT DISTINCT name FROM writer'), 'keeper', 'as the owner of the table');
$node->safe_psql('postgres',
	'DROP TRIGGER note_writer ON fraiseql.audit_log; ALTER TABLE fraiseql.audit_log OWNER TO CURRENT_USER');

# What reads the log is fresh too, and tracking its writes is no cascade of its own.
$node->safe_psql('postgres', <<'SQL');
CREATE VIEW logged AS SELECT number AS id, status FROM fraiseql.audit_log;
SELECT fraiseql.expose('logged');
SQL
logged_completely('an exposed view of it');
my $seen = '{ loggeds(orderBy: {id: DESC}, limit: 1) { id } }';
my $first = graphql($node, $seen);
$node->safe_psql('postgres', 'UPDATE account SET balance = 100 WHERE id = 2');
logged_completely('with an exposed view of it');
isnt(graphql($node, $seen), $first, 'an answer about the log');
$node->safe_psql('postgres', q(SELECT fraiseql.hide('logged'); DROP VIEW logged));

# Its own writes are not cascades, and cost no answer.
ask($node, $query);
logged_completely('before it is quiet');
my $quiet = $node->safe_psql('postgres', 'SELECT max(number) FROM fraiseql.audit_recent');
poll_is("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'fraiseql log worker'", '0',
	'without work, the log worker ends');
is($node->safe_psql('postgres', 'SELECT max(number) FROM fraiseql.audit_recent'), $quiet, 'it made no record by writing');
like(ask($node, $query), qr/^hit/, 'and made no answer invalid');

# Notifications: each once, in order, when the row is there.
sub notified
{
	my ($session) = @_;
	my $output = $session->query_safe('SELECT 1');

	return map { /with payload "(.*)" received from/ ? $1 : () } split /\n/, $output;
}

sub wait_for_notifications
{
	my ($session, $count) = @_;
	my @seen;

	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		push @seen, notified($session);
		last if @seen >= $count;
		select(undef, undef, undef, 0.1);
	}
	return @seen;
}

my $listener = $node->background_psql('postgres');
$listener->query_safe('LISTEN cascades');
$node->safe_psql('postgres', "UPDATE account SET balance = $_ WHERE id = 1") for 1 .. 20;
my @seen = wait_for_notifications($listener, 20);
is(scalar(@seen), 20, 'as many notifications as transactions');
my @numbers = map { /"number":(\d+)/ ? $1 : die $_ } @seen;
is(join(' ', @numbers), join(' ', $numbers[0] .. $numbers[0] + 19), 'in order, each once');
is($node->safe_psql('postgres', "SELECT count(*) FROM fraiseql.audit_log WHERE number = $numbers[-1]"),
	'1', 'the row is there');
like($seen[0], qr/^\{"number":\d+,"xid":"\d+","mutation_id":null,"committed_at":"[^"]*",
	"updated":\[\{"__typename":"Account","id":"1","operation":"UPDATED"\}\],"deleted":\[\],"truncated":false\}$/x,
	'it names the row');

$node->safe_psql('postgres', 'INSERT INTO account SELECT generate_series(100, 500), 1');
@seen = wait_for_notifications($listener, 1);
is(scalar(@seen), 1, 'a large one');
ok(length($seen[0]) < 8000, 'within the limit');
like($seen[0], qr/\{"__typename":"Account","id":"\d+","operation":"CREATED"\}\],"deleted":\[\],"truncated":true\}$/,
	'it is cut between entities, and says so');
$node->safe_psql('postgres', 'DELETE FROM account WHERE id >= 100');
like(join('', wait_for_notifications($listener, 1)), qr/"updated":\[\],"deleted":\[\{.*DELETED"\}\],"truncated":true\}$/,
	'deleted ones too');

# A prepared transaction: its record comes when it has committed, with what it changed, and says that the time is not known.
sub prepare
{
	my ($statement) = @_;

	return $node->safe_psql('postgres', "BEGIN; $statement; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'one'");
}

# What a reader sends is before the record of what is written later.
sub end_prepared
{
	my ($how) = @_;

	$node->safe_psql('postgres', "$how PREPARED 'one'");
	graphql($node, $query);
	record('INSERT INTO marker SELECT count(*) FROM marker');
	return;
}

sub record_of
{
	my ($xid) = @_;

	return $node->safe_psql('postgres', <<"SQL");
SELECT role::regrole, mutation_id, status, error LIKE 'the transaction was prepared: %', entity_count, truncated,
	entities FROM fraiseql.audit_recent WHERE xid = '$xid'
SQL
}

my $partial = 'SELECT partial FROM fraiseql.cascade_stats';

my $known = $node->safe_psql('postgres', $partial);
my $xid = prepare('UPDATE account SET balance = 77 WHERE id = 1');
record('INSERT INTO marker SELECT count(*) FROM marker');
is(record_of($xid), '', 'a transaction is prepared: it has no record');
end_prepared('COMMIT');
is(record_of($xid), 'postgres||PartialSuccess|t|1|f|[{"id": "1", "type": "Account", "operation": "UPDATED"}]',
	'when it has committed, it has one');
is($node->safe_psql('postgres', $partial), $known + 1, 'it is counted');
is(graphql($node, $query), accounts(77, 100), 'the answer is fresh');
@seen = ();
push @seen, wait_for_notifications($listener, 1) until @seen > 3 || grep { /"xid":"$xid"/ } @seen;
like(join("\n", @seen), qr/"xid":"$xid",.*"updated":\[\{"__typename":"Account","id":"1","operation":"UPDATED"\}\]/, 'it is told');

$xid = prepare('UPDATE account SET balance = 78 WHERE id = 1');
end_prepared('ROLLBACK');
is(record_of($xid), '', 'one that is rolled back has none');
is(graphql($node, $query), accounts(77, 100), 'and changed nothing');

# By a mutation, as another role; and more rows than there is room for.
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE payer;
GRANT SELECT, UPDATE ON account TO payer;
GRANT USAGE ON SCHEMA fraiseql TO payer;
CREATE FUNCTION fn_pay() RETURNS int LANGUAGE sql AS 'UPDATE account SET balance = balance + 1 WHERE id = 1 RETURNING balance';
SELECT fraiseql.expose_function('fn_pay()');
CREATE TABLE long (id text PRIMARY KEY);
SELECT fraiseql.track('long');
SQL
$xid = prepare(q(SET ROLE payer; SELECT fraiseql.execute('mutation Pay { pay }'))) =~ s/.*\n//sr;
end_prepared('COMMIT');
like(record_of($xid), qr/^payer\|Pay\|PartialSuccess\|t\|1\|f\|/, 'a mutation: by whom, and which');
$xid = prepare(q(INSERT INTO long SELECT repeat('x', 60) || i FROM generate_series(1, 200) AS i));
end_prepared('COMMIT');
like(record_of($xid), qr/^postgres\|\|PartialSuccess\|t\|\d+\|t\|\[\{"id": "x+1", /, 'it is cut, and says so');
$node->safe_psql('postgres', "SELECT fraiseql.hide('fn_pay()')");
logged_completely('prepared transactions');

$node->append_conf('postgresql.conf', 'fraiseql.audit_log = off');
$node->restart;
$listener = $node->background_psql('postgres');
$listener->query_safe('LISTEN cascades');
my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.audit_log');
$node->safe_psql('postgres', 'UPDATE account SET balance = 3 WHERE id = 1');
is(scalar(wait_for_notifications($listener, 1)), 1, 'with the log off, it is notified too');
is($node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.audit_log'), $rows, 'and not logged');
$listener->quit;

$node->append_conf('postgresql.conf', "fraiseql.audit_log = on\nfraiseql.cascade_notify_channel = ''");
$node->restart;
write_balance(4);

# A dump takes it along.
logged_completely('before the dump');
my $dump = $node->basedir . '/audit.dump';
my $dumped = $node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.audit_log');
command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok([ 'pg_restore', '-d', $node->connstr('restored'), $dump ], 'pg_restore');
is($node->safe_psql('restored', q(SELECT count(*) FROM fraiseql.audit_log WHERE database = 'postgres')),
	$dumped, 'a dump has the rows');
$node->safe_psql('postgres', 'DROP DATABASE restored WITH (FORCE)');

# Failures of the table.
survives('renamed table',
	sql('ALTER TABLE fraiseql.audit_log RENAME TO away'),
	sql('ALTER TABLE fraiseql.away RENAME TO audit_log'),
	'does not exist');

my $locker;
survives('locked table',
	sub {
		$locker = $node->background_psql('postgres');
		$locker->query_safe('BEGIN; LOCK TABLE fraiseql.audit_log IN ACCESS EXCLUSIVE MODE');
	},
	sub { $locker->query_safe('COMMIT'); $locker->quit; },
	'lock timeout');

survives('read-only',
	sub {
		$node->safe_psql('postgres', 'ALTER SYSTEM SET default_transaction_read_only = on');
		$node->reload;
		# the log worker that may still wait for records reads it before its next transaction
		$node->poll_query_until('postgres', 'SHOW default_transaction_read_only', 'on');
		$node->poll_query_until('postgres',
			"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'fraiseql log worker'", '0');
	},
	sub {
		$node->safe_psql('postgres', 'ALTER SYSTEM RESET default_transaction_read_only');
		$node->reload;
	},
	'read-only transaction');

# A full disk: the file of a table without rows leads to a device that is always full.
$node->safe_psql('postgres', 'CREATE DATABASE narrow');
$node->safe_psql('narrow', 'CREATE EXTENSION fraiseql');
create_accounts($node, 'narrow');
# who has the file open would go on to write to it
my $mark = $node->safe_psql('narrow', 'BEGIN; UPDATE account SET balance = 11 WHERE id = 1; SELECT pg_current_xact_id(); COMMIT');
ok($node->poll_query_until('narrow', "SELECT count(*) FROM fraiseql.audit_log WHERE xid = '$mark'", '1'), 'disk full: before it, all is logged');
poll_is("SELECT count(*) FROM pg_stat_activity WHERE datname = 'narrow'", '0', 'disk full: nobody is in the database');
my $file = $node->data_dir . '/' . $node->safe_psql('narrow', q(TRUNCATE fraiseql.audit_log; SELECT pg_relation_filepath('fraiseql.audit_log')));
my $failed_before = failures();
my $log_end = -s $node->logfile;
unlink($file) == 1 or die "no file $file";
symlink('/dev/full', $file) or die "no link $file";
$node->safe_psql('narrow', 'UPDATE account SET balance = 12 WHERE id = 1');
is($node->safe_psql('narrow', "SELECT fraiseql.execute('$query')"), accounts(12, 100), 'disk full: the answer is fresh');
says("status = 'Failed' AND error LIKE 'audit log: could not extend file %: No space left on device'", 'disk full');
is(failures(), $failed_before + 1, 'disk full: it is counted');
like(slurp_file($node->logfile, $log_end), qr/cannot log the cascades of database "narrow": .*No space left on device/,
	"disk full: the server's log says so");
unlink($file) == 1 && open(my $empty, '>', $file) or die "no file $file";
close($empty);
ok($node->poll_query_until('narrow', q(SELECT count(*) > 0 FROM fraiseql.audit_log WHERE entities @> '[{"type": "Account", "id": "1"}]')),
	'disk full, then mended: the record is there');
$node->safe_psql('postgres', 'DROP DATABASE narrow WITH (FORCE)');

survives('constraint',
	sql("ALTER TABLE fraiseql.audit_log ADD CONSTRAINT only_failures CHECK (status <> 'Success') NOT VALID"),
	sql('ALTER TABLE fraiseql.audit_log DROP CONSTRAINT only_failures'),
	'violates check constraint');

survives('dropped table',
	sql(<<'SQL'),
CREATE TABLE spare (LIKE fraiseql.audit_log INCLUDING ALL);
ALTER EXTENSION fraiseql DROP TABLE fraiseql.audit_log;
BEGIN;
LOCK TABLE fraiseql.audit_log;
INSERT INTO spare SELECT * FROM fraiseql.audit_log;
DROP TABLE fraiseql.audit_log;
COMMIT;
SQL
	sql(<<'SQL'),
BEGIN;
ALTER TABLE spare RENAME TO audit_log;
ALTER TABLE audit_log SET SCHEMA fraiseql;
ALTER EXTENSION fraiseql ADD TABLE fraiseql.audit_log;
COMMIT;
SQL
	'does not exist');

# A cascade that cannot be read.
my $failed = failures();
ask($node, $query);
my $position = -s $node->logfile;
my ($status, $output, $error) =
  $node->psql('postgres', q(SELECT fraiseql.invalidate_cascade('{"updated": [{"id": "7"}]}')));
like($error, qr/malformed cascade/, 'a malformed cascade is an error');
like(slurp_file($node->logfile, $position), qr/ERROR: .*malformed cascade/, "the server's log says so");
is(failures(), $failed + 1, 'it is counted');
poll_is(q(SELECT count(*) FROM fraiseql.audit_recent WHERE error LIKE 'malformed cascade: %' AND status = 'Failed'),
	'1', 'the audit trail says so');
like(ask($node, $query), qr/^hit/, 'and nothing was invalidated');
logged_completely('after a malformed cascade');

# Workers that are terminated: nothing is missing, nothing is there twice.
for my $type ('fraiseql log worker', 'fraiseql worker')
{
	my $balance = 5000;
	my $told = $node->safe_psql('postgres', $partial);

	$position = -s $node->logfile;
	for (1 .. 5)
	{
		$node->safe_psql('postgres', 'UPDATE account SET balance = ' . $balance++ . ' WHERE id = 1') for 1 .. 5;
		$node->safe_psql('postgres',
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = '$type'");
	}
	$node->safe_psql('postgres', "UPDATE account SET balance = $balance WHERE id = 1");
	is(graphql($node, $query), accounts($balance, 100), "$type terminated: the answer is fresh");
	logged_completely("$type terminated");
	next if $type ne 'fraiseql worker';
	says("status = 'PartialSuccess' AND error LIKE 'the background worker has ended: %'", "$type terminated");
	cmp_ok($node->safe_psql('postgres', $partial), '>', $told, "$type terminated: it is counted");
	like(slurp_file($node->logfile, $position), qr/background worker "$type".* exited with exit code/,
		"$type terminated: the server's log says so");
}

# Databases that have no log, and those that go.
$node->safe_psql('postgres', 'CREATE DATABASE bare');
$failed = failures();
$node->safe_psql('bare', 'CREATE EXTENSION fraiseql; CREATE TABLE t (id int PRIMARY KEY)');
$node->safe_psql('bare', "SELECT fraiseql.expose('t')");
$node->safe_psql('bare', 'INSERT INTO t VALUES (1)');
$node->poll_query_until('bare', 'SELECT count(*) > 0 FROM fraiseql.audit_log WHERE entity_count = 1');
$node->safe_psql('bare', 'DROP EXTENSION fraiseql CASCADE');
poll_is(q(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'fraiseql log worker' AND datname = 'bare'), '0',
	'a database without the extension: its log worker ends');
$node->safe_psql('bare', 'CREATE TABLE u (id int PRIMARY KEY)');
is($node->safe_psql('postgres', q(SELECT count(*) FROM fraiseql.audit_recent WHERE error LIKE 'audit log: extension%')),
	'0', 'that it is not there is no failure');
$node->safe_psql('bare', 'CREATE EXTENSION fraiseql');
ok($node->poll_query_until('bare', 'SELECT count(*) > 0 FROM fraiseql.audit_log'), 'when it comes, its log goes on');
is(failures(), $failed, 'all of this without a failure');
$node->safe_psql('postgres', 'DROP DATABASE bare WITH (FORCE)');
logged_completely('a database was dropped');
poll_is(q(SELECT count(*) FROM fraiseql.audit_recent WHERE error LIKE 'audit log: %worker could not start%'), '0',
	'which is no failure');

$node->safe_psql('postgres', 'CREATE DATABASE shut');
$node->safe_psql('shut', 'CREATE EXTENSION fraiseql; CREATE TABLE t (id int PRIMARY KEY)');
$node->safe_psql('shut', "SELECT fraiseql.expose('t')");
$node->poll_query_until('shut', 'SELECT count(*) >= 1 FROM fraiseql.audit_log');
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'shut'");
$node->psql('shut', 'UPDATE pg_database SET datallowconn = false WHERE datname = current_database();
	INSERT INTO t VALUES (1)');
poll_is(q(SELECT count(*) FROM fraiseql.audit_recent WHERE error LIKE 'audit log: it does not accept connections'), '1',
	'a database that accepts no connections');

# Records that are too old are deleted when the log worker first comes by after a start.
$node->safe_psql('postgres', <<'SQL');
INSERT INTO fraiseql.audit_log (counted_since, number, committed_at, processed_at, latency, entity_count, truncated,
	definitions, entries_invalidated, status)
SELECT 'epoch', days, now() - make_interval(days => days), now(), '0', 0, false, false, 0, 'Success'
FROM generate_series(1, 60) AS days WHERE days NOT BETWEEN 29 AND 31
SQL
$node->restart;
write_balance(7);
poll_is(q(SELECT count(*), max(number) FROM fraiseql.audit_log WHERE counted_since = 'epoch'), '28|28',
	'after 30 days a row goes');

# What was logged outlives the server, however it ends.
logged_completely('before the end');
my $kept = $node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.audit_log');
my $worker = wait_for_worker($node);
my $crash = q(error LIKE 'the server came back after a crash: %');
$position = -s $node->logfile;
kill('KILL', $worker) == 1 or die "no process $worker";
wait_for_restart($node, $worker);
is($node->safe_psql('postgres', "SELECT count(*) FROM fraiseql.audit_log WHERE ($crash) IS NOT TRUE"),
	$kept, 'after kill -9, all is there');
says("status = 'PartialSuccess' AND $crash", 'kill -9');
is($node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.audit_recent'), '1', 'otherwise the ring began anew');
is($node->safe_psql('postgres', $partial), '1', 'kill -9: it is counted');
like(slurp_file($node->logfile, $position), qr/background worker "fraiseql worker".* was terminated by signal 9/,
	"kill -9: the server's log says so");
write_balance(8);
is(graphql($node, $query), accounts(8, 100), 'and the answer is fresh');
logged_completely('after kill -9');
is($node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.audit_log'), $kept + 3, 'logging goes on');

$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.audit_log'), $kept + 3,
	'after a start from the log of the server, all is there');

$node->stop;

# The queue is full: what is not known is said, and nothing is stale.
my $small = fraiseql_node('audit_small', config => <<'CONF');
fraiseql.audit_log = on
fraiseql.cascade_notify_channel = 'cascades'
fraiseql.audit_ring_size = 100
fraiseql.cascade_queue_size = 256kB
fraiseql.worker_interval = 50ms
CONF
$node = $small;
create_tables();
$small->safe_psql('postgres', <<'SQL');
CREATE PROCEDURE many(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..n LOOP
		UPDATE account SET balance = i WHERE id = 1;
		COMMIT;
	END LOOP;
END $$;
SQL
logged_completely('a small ring');
$listener = $node->background_psql('postgres');
$listener->query_safe('LISTEN cascades');
$worker = wait_for_worker($node);
kill('STOP', $worker) == 1 or die "no process $worker";
$node->safe_psql('postgres', 'CALL many(5000)');
is(graphql($node, $query), accounts(5000, 100), 'queue full: the answer is fresh');
my $lost = $node->safe_psql('postgres', 'SELECT lost FROM fraiseql.cascade_stats');
cmp_ok($lost, '>', 0, 'queue full: losses are counted at once');
$position = -s $node->logfile;
my $partly = $node->safe_psql('postgres', $partial);
kill('CONT', $worker) == 1 or die "no process $worker";
says("status = 'PartialSuccess' AND error = '$lost cascades were not recorded: the queue was full'", 'queue full, and how many');
cmp_ok($node->safe_psql('postgres', $partial), '>', $partly, 'queue full: it is counted');
like(slurp_file($node->logfile, $position), qr/$lost cascades were not recorded: the queue was full/,
	"queue full: the server's log says so");
poll_is("SELECT count(*) FROM fraiseql.audit_log WHERE error LIKE '% cascades were not recorded: the queue was full'",
	'1', 'queue full: the log has it');
my $told = 0;
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	$told += grep { /"xid":null,.*"updated":\[\],"deleted":\[\],"truncated":true/ } notified($listener);
	last if $told;
	select(undef, undef, undef, 0.1);
}
cmp_ok($told, '>=', 1, 'queue full: who listens is told that something is not known');
$listener->quit;

# The ring was faster than the log: every record is logged, or counted as overwritten.
my $accounted = <<'SQL';
SELECT count(*) FILTER (WHERE database IS NOT NULL AND error IS NULL OR status = 'Failed')
	+ coalesce(sum(split_part(error, ' ', 1)::int) FILTER (WHERE status = 'PartialSuccess'), 0) FROM fraiseql.audit_log
SQL
record('INSERT INTO marker SELECT count(*) FROM marker');
poll_is('SELECT max(number) - (SELECT max(number) FROM fraiseql.audit_log) FROM fraiseql.audit_recent', '0', 'all is logged');
my $before = $node->safe_psql('postgres', $accounted);
$failed = failures();
$node->safe_psql('postgres', 'ALTER TABLE fraiseql.audit_log RENAME TO away');
$node->safe_psql('postgres', 'CALL many(1000)');
poll_is(q(SELECT failed FROM fraiseql.cascade_stats), $failed + 1, 'it fails meanwhile');
$node->safe_psql('postgres', 'ALTER TABLE fraiseql.away RENAME TO audit_log');
# 1,000 writes, two definitions, one failure
poll_is($accounted, $before + 1003, 'every record is in the log, or counted as overwritten');
is($node->safe_psql('postgres', q(SELECT count(*) > 0 FROM fraiseql.audit_log WHERE status = 'PartialSuccess'
	AND error LIKE '% records were overwritten before they could be logged')), 't', 'some were overwritten');
is(graphql($node, $query), accounts(1000, 100), 'and the answer is fresh');

# Overwritten to the last one, by the records of another database.
$node->safe_psql('postgres', 'CREATE DATABASE noise');
$node->safe_psql('noise', 'CREATE EXTENSION fraiseql; CREATE TABLE t (id int PRIMARY KEY)');
$node->safe_psql('noise', <<'SQL');
SELECT fraiseql.track('t');
CREATE PROCEDURE many(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..n LOOP
		INSERT INTO t VALUES (i);
		COMMIT;
	END LOOP;
END $$;
SQL
record('INSERT INTO marker SELECT count(*) FROM marker');
poll_is("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'fraiseql log worker' AND datname = 'postgres'", '0',
	'all is logged again');
$before = $node->safe_psql('postgres', $accounted);
$failed = failures();
$locker = $node->background_psql('postgres');
$locker->query_safe('BEGIN; LOCK TABLE fraiseql.audit_log IN ACCESS EXCLUSIVE MODE');
write_balance($_) for 1 .. 3;
poll_is(q(SELECT failed FROM fraiseql.cascade_stats), $failed + 1, 'it fails meanwhile');
$node->safe_psql('noise', 'CALL many(300)');
$locker->query_safe('COMMIT');
$locker->quit;
# three writes, one failure
poll_is($accounted, $before + 4, 'what others have overwritten is counted');

# No background worker is free.
$node->append_conf('postgresql.conf', "max_worker_processes = 1\nmax_logical_replication_workers = 0");
$node->restart;
write_balance(9);
poll_is(q(SELECT count(*) FROM fraiseql.audit_recent WHERE status = 'Failed'
	AND error = 'audit log: no background worker is free: max_worker_processes is too small'), '1', 'no worker for the log');
is(graphql($node, $query), accounts(9, 100), 'and the answer is fresh');
$node->stop;
done_testing();
