# Two-phase commit: while a transaction is prepared, nothing that it may change is served or kept; from the moment at which
# anybody ends it, every answer shows what it did.  After a start, the cache stays shut until transactions from before
# have ended.
use Fraiseql::Test;

my $query = '{ offers { price } }';
my $crates = '{ crates { id } }';
my $node = fraiseql_node('prepared', config => 'max_prepared_transactions = 5');

# The answer when these are the prices.
sub offers
{
	return '{"data":{"offers":[' . join(',', map { qq({"price":$_}) } @_) . ']}}';
}

sub replace_price
{
	return "CREATE OR REPLACE FUNCTION price(id int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT id * $_[0]'";
}

sub prepare
{
	my ($sql, $gid) = @_;

	$gid //= 'one';
	$node->safe_psql('postgres', "BEGIN; $sql; PREPARE TRANSACTION '$gid'");
}

# Ended in a session of its own.
sub finish
{
	my ($how, $gid) = @_;

	$gid //= 'one';
	$node->safe_psql('postgres', "$how PREPARED '$gid'");
}

# An answer is there, and hits.
sub settled
{
	my ($name, $answer) = @_;

	is(ask($node, $query), "kept|$answer", "$name: the next answer is right, and kept");
	is(ask($node, $query), "hit|$answer", "$name: and hits");
}

# The words agree with those who hold fences.
sub coherent
{
	my ($name) = @_;

	is($node->safe_psql('postgres', 'SELECT * FROM fraiseql.validate_coherency()'), '', "$name: coherent");
}

create_ask($node);
$node->safe_psql('postgres', 'CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1); '
	  . 'CREATE TABLE unrelated (id int PRIMARY KEY); '
	  . 'CREATE TABLE crate (id int PRIMARY KEY)');
$node->safe_psql('postgres', replace_price(100));
$node->safe_psql('postgres', 'CREATE VIEW offer AS SELECT id, price(id) AS price FROM item; '
	  . "SELECT fraiseql.expose('offer'), fraiseql.expose('crate')");
settled('at first', offers(100));
is(ask($node, $crates), 'kept|{"data":{"crates":[]}}', 'and another table');

# A transaction that touched nothing does not matter.
prepare('INSERT INTO unrelated VALUES (1)');
is(ask($node, $query), 'hit|' . offers(100), 'a transaction that touched nothing is prepared, and hits go on');
$node->safe_psql('postgres', 'UPDATE item SET id = 2');
settled('beside it', offers(200));
finish('COMMIT');
is(ask($node, $query), 'hit|' . offers(200), 'and its commit changes nothing');
is($node->safe_psql('postgres', 'SELECT count(*) FROM unrelated'), '1', 'it did what it should');
$node->safe_psql('postgres', 'UPDATE item SET id = 1');
settled('back again', offers(100));

# Everything that a transaction can change, committed and rolled back; the old answer is right until then.  Definitions
# count as a write also while they are prepared.
sub both_ways
{
	my ($name, $sql, $answer, $reason) = @_;
	my $old = (split(/\|/, ask($node, $query), 2))[1];

	$reason //= 'prepared';
	for my $how ('ROLLBACK', 'COMMIT')
	{
		is(ask($node, $query), "hit|$old", "$name: an answer in the cache");
		prepare($sql);
		is(ask($node, $query), "rejected: $reason|$old", "$name: prepared, the answer is executed and not kept");
		is(ask($node, $query), "rejected: $reason|$old", "$name: nor the next time");
		finish($how);
		settled("$name, $how", $how eq 'COMMIT' ? $answer : $old);
	}
}

both_ways('an insert', 'INSERT INTO item VALUES (2)', offers(100, 200));
both_ways('an update', 'UPDATE item SET id = 3 WHERE id = 2', offers(100, 300));
both_ways('a delete', 'DELETE FROM item WHERE id = 1', offers(300));
is(ask($node, $query), 'hit|' . offers(300), 'TRUNCATE, which locks readers out while it is prepared');
prepare('TRUNCATE item; INSERT INTO item VALUES (1)');
finish('COMMIT');
settled('TRUNCATE', offers(100));
both_ways('a definition', replace_price(200), offers(200), 'write');
both_ways('a savepoint that was rolled back', 'SAVEPOINT s; INSERT INTO item VALUES (2); ROLLBACK TO s', offers(200));
both_ways('a privilege', 'REVOKE ALL ON item FROM PUBLIC', offers(200), 'write');

prepare("SELECT fraiseql.hide('offer')");
is(ask($node, $query), 'rejected: write|' . offers(200), 'an exposure that is being taken away');
finish('COMMIT');
like(ask($node, $query), qr/does not exist on type/, 'and has gone');
$node->safe_psql('postgres', "SELECT fraiseql.expose('offer')");
settled('exposed again', offers(200));
is(ask($node, $crates), 'kept|{"data":{"crates":[]}}', 'another table');

# Only what it touched.
prepare('INSERT INTO item VALUES (2)');
is(ask($node, $crates), 'hit|{"data":{"crates":[]}}', 'another table is not concerned');
finish('ROLLBACK');
settled('rolled back', offers(200));

# The session that prepares goes on, and the same session or another one may end it.  One that asks all the time is not
# served what was.
my $session = $node->background_psql('postgres');
my $asker = $node->background_psql('postgres');

is($asker->query_safe(asked($query)), 'hit|' . offers(200), 'a session asks');
$session->query_safe("BEGIN; INSERT INTO item VALUES (2); PREPARE TRANSACTION 'one'");
is($session->query_safe(asked($query)), 'rejected: prepared|' . offers(200), 'who has prepared does not see it either');
is($asker->query_safe(asked($query)), 'rejected: prepared|' . offers(200), 'nor does the other one');
$session->query_safe("COMMIT PREPARED 'one'");
is($asker->query_safe(asked($query)), 'kept|' . offers(200, 400), 'the other one sees it at once');
is($session->query_safe(asked($query)), 'hit|' . offers(200, 400), 'and so does the first');
$session->query_safe("BEGIN; DELETE FROM item WHERE id = 2; PREPARE TRANSACTION 'one'");
$asker->query_safe("COMMIT PREPARED 'one'");
is($session->query_safe(asked($query)), 'kept|' . offers(200), 'ended by the other one');

# Two at once: the fence is up until both have ended.
prepare('INSERT INTO item VALUES (2)', 'one');
prepare('INSERT INTO item VALUES (3)', 'two');
coherent('two are prepared');
finish('COMMIT', 'two');
is($asker->query_safe(asked($query)), 'rejected: prepared|' . offers(200, 600), 'one of two has ended');
finish('COMMIT', 'one');
is($asker->query_safe(asked($query)), 'kept|' . offers(200, 400, 600), 'both have ended');
coherent('both have ended');
$_->quit for ($session, $asker);
$node->safe_psql('postgres', 'DELETE FROM item WHERE id > 1');
settled('back again', offers(200));

# COMMIT PREPARED makes the transaction visible, removes the files of tables that it drops, and only then tells other
# backends of new definitions.  Meanwhile they still call the old function, and what they compute must not stay.
sub prepare_slow_end
{
	my ($price) = @_;
	my @tables = map { "dropped_$_" } (1 .. 300);

	$node->safe_psql('postgres', join('; ', map { "CREATE TABLE $_ ()" } @tables));
	prepare(replace_price($price) . '; DROP TABLE ' . join(', ', @tables));
}

sub finish_while_others_ask
{
	my ($name, $price) = @_;
	my $other = $node->background_psql('postgres');

	$other->query_until(qr/asking/, <<"SQL");
\\echo asking
DO \$\$ BEGIN
	WHILE clock_timestamp() < statement_timestamp() + interval '1 second' LOOP
		PERFORM fraiseql.execute('$query');
	END LOOP;
END \$\$;
SQL
	finish('COMMIT');
	like(ask($node, $query), qr/\|\Q@{[ offers($price) ]}\E$/, "$name: the new function, while others ask");
	$other->quit;
	is(ask($node, $query), 'hit|' . offers($price), "$name: and afterwards");
}

for my $price (201 .. 203)
{
	prepare_slow_end($price);
	finish_while_others_ask("price $price", $price);
}
$node->safe_psql('postgres', replace_price(200));
settled('back again', offers(200));

# A PREPARE that fails leaves nothing.
sub refused
{
	my ($name, $message, $sql) = @_;
	my ($status, $output, $error) = $node->psql('postgres', $sql, on_error_stop => 1);

	like($error, $message, "refused: $name");
	is(ask($node, $query), 'hit|' . offers(200), "no harm done: $name");
}

prepare('INSERT INTO unrelated VALUES (2)', 'taken');
refused('a name that is taken', qr/is already in use/, "BEGIN; UPDATE item SET id = 9; PREPARE TRANSACTION 'taken'");
refused('a temporary table', qr/temporary objects/,
	"BEGIN; UPDATE item SET id = 9; CREATE TEMPORARY TABLE t (); PREPARE TRANSACTION 'one'");
prepare("INSERT INTO unrelated VALUES (1$_)", "more $_") for (1 .. 4);
refused('too many', qr/maximum number of prepared transactions reached/,
	"BEGIN; UPDATE item SET id = 9; PREPARE TRANSACTION 'one'");
finish('ROLLBACK', $_) for ('taken', map { "more $_" } (1 .. 4));

# Every place in the table is used again: this takes more than there are.
my $last = $node->safe_psql('postgres', 'SELECT max(number) FROM fraiseql.audit_recent');
$node->safe_psql('postgres', join(";\n", map {
	("BEGIN", "INSERT INTO item VALUES (2)", "PREPARE TRANSACTION 'one'",
		$_ % 2 ? "ROLLBACK PREPARED 'one'" : "COMMIT PREPARED 'one'", 'DELETE FROM item WHERE id = 2') } (1 .. 400)));
settled('four hundred in a row', offers(200));

# Those that were committed have a record each, those that were rolled back none.  Whoever asks before a write sends it first.
my $records = q(SELECT count(DISTINCT xid) || ' of ' || count(*) FROM fraiseql.audit_recent WHERE error LIKE '%was prepared%');
my $xid = $node->safe_psql('postgres', 'BEGIN; INSERT INTO item VALUES (2); DELETE FROM item WHERE id = 2; SELECT pg_current_xact_id(); COMMIT');

$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM fraiseql.audit_recent WHERE xid = '$xid'") or die 'no record';
is($node->safe_psql('postgres', "$records AND number > $last"), '200 of 200', 'each that was committed has one record');
settled('four hundred in a row, recorded', offers(200));
coherent('four hundred in a row');

# Without a reader, the worker lowers the fence.
$node->append_conf('postgresql.conf', "log_min_messages = debug1\nfraiseql.worker_interval = '100ms'");
$node->reload;
prepare('INSERT INTO item VALUES (2)');

my $log_offset = -s $node->logfile;
my $worker = wait_for_worker($node);

finish('ROLLBACK');
ok($node->wait_for_log(qr/\[$worker\].* fraiseql has lowered the fence of prepared transaction/, $log_offset),
	'the worker lowers fences');
settled('after the worker', offers(200));
$node->append_conf('postgresql.conf', 'log_min_messages = warning');
$node->reload;

# More than the table has room for, in one table: it counts as a whole, and others do not.
is(ask($node, $crates), 'kept|{"data":{"crates":[]}}', 'another table');
prepare('INSERT INTO item SELECT generate_series(2, 800); DELETE FROM item WHERE id > 2');
is(ask($node, $query), 'rejected: prepared|' . offers(200), 'many rows');
is(ask($node, '{ offers(where: {id: {eq: 77777}}) { price } }'), 'rejected: prepared|' . offers(), 'concern every row');
is(ask($node, $crates), 'hit|{"data":{"crates":[]}}', 'of their table');
finish('COMMIT');
settled('many rows', offers(200, 400));
$node->safe_psql('postgres', 'DELETE FROM item WHERE id = 2');
settled('back again', offers(200));

# In more tables than the table has room for: then nothing is served.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE wide (id int PRIMARY KEY) PARTITION BY LIST (id);
SELECT format('CREATE TABLE wide_%s PARTITION OF wide FOR VALUES IN (%s)', n, n) FROM generate_series(1, 400) AS n
\gexec
SELECT fraiseql.expose('wide');
SQL
settled('four hundred tables', offers(200));
is(ask($node, $crates), 'kept|{"data":{"crates":[]}}', 'another table');
prepare('INSERT INTO wide SELECT generate_series(1, 400)');
is(ask($node, $query), 'rejected: write|' . offers(200), 'they concern everything');
is(ask($node, $crates), 'rejected: write|{"data":{"crates":[]}}', 'they concern everything, indeed');
coherent('everything');
is(ask($node, '{ wides(where: {id: {eq: 400}}) { id } }'), 'rejected: write|{"data":{"wides":[]}}', 'and the last of them');
finish('COMMIT');
is(ask($node, '{ wides(where: {id: {eq: 400}}) { id } }'), 'kept|{"data":{"wides":[{"id":400}]}}', 'it shows');
settled('four hundred tables', offers(200));
is(ask($node, $crates), 'kept|{"data":{"crates":[]}}', 'another table too');
prepare('DELETE FROM wide');
finish('ROLLBACK');
is(ask($node, '{ wides(where: {id: {eq: 400}}) { id } }'), 'kept|{"data":{"wides":[{"id":400}]}}', 'rolled back');
$node->safe_psql('postgres', 'DROP TABLE wide');
settled('without them', offers(200));

# A crash, and then transactions that nobody holds a fence for.
sub starting
{
	my ($name, $old, $new) = @_;

	is(ask($node, $query), "rejected: starting|$old", "$name: while it is open, answers are right and not kept");
	is(ask($node, $query), "rejected: starting|$old", "$name: however often");
	$node->safe_psql('postgres', 'INSERT INTO crate VALUES (1)');
	is(ask($node, $crates), 'rejected: starting|{"data":{"crates":[{"id":1}]}}', "$name: and fresh");
	$node->safe_psql('postgres', 'DELETE FROM crate');
	finish($new eq $old ? 'ROLLBACK' : 'COMMIT');
	settled($name, $new);
}

prepare('INSERT INTO item VALUES (2)');
$node->stop('immediate');
$node->start;
starting('a crash', offers(200), offers(200, 400));
prepare('DELETE FROM item WHERE id = 2');
$node->restart;
starting('a restart', offers(200, 400), offers(200));
prepare('INSERT INTO item VALUES (2)');
$node->stop('immediate');
$node->start;
starting('a crash, rolled back', offers(200), offers(200));

# The end of a transaction from before the start is as long.
for my $price (201 .. 202)
{
	prepare_slow_end($price);
	$node->restart;
	finish_while_others_ask("price $price after a restart", $price);
}
$node->safe_psql('postgres', replace_price(200));
settled('back again', offers(200));

# One more that is prepared before the cache has opened has its fence.
prepare('INSERT INTO item VALUES (2)', 'one');
$node->restart;
is(ask($node, $query), 'rejected: starting|' . offers(200), 'one is older than the start');
prepare('INSERT INTO item VALUES (3)', 'two');
finish('COMMIT', 'one');
is(ask($node, $query), 'rejected: prepared|' . offers(200, 400), 'the other is not');
finish('COMMIT', 'two');
settled('both have ended', offers(200, 400, 600));

# The server makes itself anew because a process was killed.
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->reload;
$session = $node->background_psql('postgres', on_error_stop => 0);

my $pid = $session->query_safe('SELECT pg_backend_pid()');

$worker = wait_for_worker($node);
$session->query_safe("BEGIN; DELETE FROM item WHERE id > 1; PREPARE TRANSACTION 'one'");
kill('KILL', $pid) == 1 or die "no process $pid";
wait_for_restart($node, $worker);
eval { $session->quit };
starting('a killed process', offers(200, 400, 600), offers(200));

# A definition that was prepared while the library was not loaded: it outlives the restart.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
prepare(replace_price(7));
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'fraiseql'");
$node->restart;
starting('not preloaded', offers(200), offers(7));

# Where nothing can be prepared, the server says so, and no harm is done.
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 0');
$node->restart;
is(ask($node, $query), 'kept|' . offers(7), 'no prepared transactions');

my ($status, $output, $error) =
  $node->psql('postgres', "BEGIN; UPDATE item SET id = 9; PREPARE TRANSACTION 'one'", on_error_stop => 1);

like($error, qr/prepared transactions are disabled/, 'PREPARE fails');
is(ask($node, $query), 'hit|' . offers(7), 'and leaves no fence');
$node->safe_psql('postgres', 'UPDATE item SET id = 2');
settled('ordinary writes go on', offers(14));
coherent('at the end');

$node->stop;
done_testing();
