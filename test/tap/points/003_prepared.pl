# Races of prepared transactions, each driven through the few instructions where it could be lost: who prepares, who ends,
# who finds that it has ended, and who opens the cache after a start are stopped at test points, and others do their worst.
use Fraiseql::Points;
use Fraiseql::Test;
use Time::HiRes qw(usleep);

my $query = '{ accounts { balance } }';
my $second = '{ account(id: 2) { balance } }';
my $versions = '{ versions { inlined called } }';

# A statement that looks for prepared transactions that have ended, and counts as nothing.
my $look = q(SELECT fraiseql.execute('{'));
my $node = fraiseql_node('prepared',
	init => [ allows_streaming => 'logical' ],
	config => "fraiseql.worker_interval = 1h\nmax_prepared_transactions = 5");
my $points = Fraiseql::Points->new($node);
my $balance = 100;
my $version = 1;

sub run_sql
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $sql);
}

# A new balance of the first account, as one statement that prepares it.
sub deposit
{
	my ($gid) = @_;

	$balance++;
	return "BEGIN\\; UPDATE account SET balance = $balance WHERE id = 1\\; PREPARE TRANSACTION '" . ($gid // 'one') . "'";
}

# New bodies of both functions, likewise.
sub next_version
{
	$version++;
	return "BEGIN\\; CREATE OR REPLACE FUNCTION inlined(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n - n + $version'\\; "
	  . "CREATE OR REPLACE FUNCTION called(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $version; END'\\; "
	  . "PREPARE TRANSACTION 'one'";
}

# In a session of its own; ended in another one.
sub prepare
{
	my ($sql) = @_;

	run_sql($sql =~ s/\\;/;/gr);
	return;
}

sub finish
{
	my ($how, $gid) = @_;

	run_sql("$how PREPARED '" . ($gid // 'one') . "'");
	$balance-- if $how eq 'ROLLBACK';
	return;
}

sub answer
{
	return accounts($balance, 100);
}

sub old_answer
{
	return accounts($balance - 1, 100);
}

sub version_answer
{
	my ($n) = @_;

	return qq({"data":{"versions":[{"inlined":$n,"called":$n}]}});
}

# The present answer is not in the cache; then it is.
sub settled
{
	my ($name) = @_;

	is(ask($node, $query), 'kept|' . answer(), "$name: the next answer is right, and kept");
	is(ask($node, $query), 'hit|' . answer(), "$name: and hits");
	is($points->violations, '', "$name: shared memory is coherent");
	return;
}

# It is not known whether it is in the cache; then it is.
sub cached
{
	ask($node, $query);
	is(ask($node, $query), 'hit|' . answer(), "$_[0]: an answer in the cache");
	return;
}

# After a restart of the server.
sub reconnect
{
	eval { $points->{control}->quit };
	$points->connect;
	return;
}

create_accounts($node);
run_sql(<<'SQL');
CREATE FUNCTION inlined(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n - n + 1';
CREATE FUNCTION called(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
CREATE TABLE crate (id int PRIMARY KEY);
INSERT INTO crate VALUES (1);
CREATE TABLE unrelated (id int);
CREATE VIEW version AS SELECT id, inlined(id) AS inlined, called(id) AS called FROM crate;
SELECT fraiseql.expose('version');
SQL

my $session = $points->session;

#
# PREPARE TRANSACTION
#

# Stopped at each of its steps: the answer is served until the fence is up, and then neither served nor kept until the
# transaction has ended.  Another one that is prepared meanwhile gets a place of its own in the table.
for my $point (qw(slot_taken slot_filled prepare_fenced prepared handing_over))
{
	my $is_fenced = $point !~ /^slot/;

	for my $how (qw(ROLLBACK COMMIT))
	{
		my $name = "$point, $how";

		cached($name);
		$points->run_until($point, $session, deposit());
		is(ask($node, $query), ($is_fenced ? 'rejected: write|' : 'hit|') . old_answer(), "$name: while it stands there");
		is($points->violations, '', "$name: shared memory is coherent");
		run_sql("BEGIN; UPDATE account SET balance = 7 WHERE id = 2; PREPARE TRANSACTION 'two'");
		is(ask($node, $query), 'rejected: prepared|' . old_answer(), "$name: another one is prepared");
		run_sql("ROLLBACK PREPARED 'two'");
		is(ask($node, $query), ($is_fenced ? 'rejected: write|' : 'kept|') . old_answer(), "$name: and rolled back");

		my ($status, undef, $error) = $node->psql('postgres', "COMMIT PREPARED 'one'");

		like($error, $point =~ /^(prepared|handing_over)$/ ? qr/is busy/ : qr/does not exist/, "$name: nobody can end it yet");
		$points->finish($point, $session);
		is(ask($node, $query), 'rejected: prepared|' . old_answer(), "$name: prepared");
		finish($how);
		settled($name);
	}
}

# Somebody else takes the name meanwhile, so PREPARE fails when the fence is up: nothing has happened, and what was there hits.
for my $point (qw(slot_taken slot_filled prepare_fenced))
{
	my $name = "$point, the name is taken";
	my $loser = $points->session;

	cached($name);
	$points->run_until($point, $loser, deposit());
	run_sql("BEGIN; INSERT INTO unrelated VALUES (1); PREPARE TRANSACTION 'one'");
	$points->finish($point, $loser);
	$balance--;
	is(ask($node, $query), 'hit|' . answer(), "$name: it fails, and its fence is down");
	is($points->violations, '', "$name: shared memory is coherent");
	run_sql("ROLLBACK PREPARED 'one'");
	$loser->{psql}->quit;
}

# Who prepares is terminated there: either all of it has happened, or nothing.
for my $point (qw(slot_taken slot_filled prepare_fenced prepared handing_over))
{
	my $victim = $points->session;

	cached("$point, terminated");
	$points->run_until($point, $victim, deposit());
	run_sql("SELECT pg_terminate_backend($victim->{pid})");
	$points->go($point);
	$node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $victim->{pid})")
	  or die 'the session does not end';
	eval { $victim->{psql}->quit };
	if (run_sql('SELECT count(*) FROM pg_prepared_xacts'))
	{
		is(ask($node, $query), 'rejected: prepared|' . old_answer(), "$point, terminated: it is prepared");
		finish('COMMIT');
		settled("$point, terminated");
	}
	else
	{
		$balance--;
		is(ask($node, $query), 'hit|' . answer(), "$point, terminated: nothing has happened");
		is($points->violations, '', "$point, terminated: shared memory is coherent");
	}
}

#
# Fills
#

# A row is changed by a transaction that is prepared, ended, and found to have ended, while an answer is computed: where
# the fill stands, and whether the answer is kept and shows the change when nothing of it was there before; an answer that
# is kept all the same is dead when it is published.
my @fill_steps = (
	[ 'missed', 1 ],
	[ 's0_read', 1 ],
	[ 'messages_received', 1 ],
	[ 'snapshot_taken', 0 ],
	[ 'executed', 0 ],
	[ 'schema_checked', 0 ],
	[ 'reserved', 0 ],
);

# What the call says of keeping its answer when the transaction is still prepared, has ended, or somebody has found that it
# has, and ticked.
sub outcome
{
	my ($point, $state) = @_;

	return 'kept' if $point eq 'reserved' || ($state eq 'found' && $point eq 'missed');
	return $state eq 'prepared' ? 'rejected: prepared' : 'rejected: write';
}

for my $step (@fill_steps)
{
	my ($point, $shows) = @$step;

	for my $how (qw(COMMIT ROLLBACK))
	{
		my $name = "fill, $point, $how";
		my $seen = sub { $how eq 'ROLLBACK' ? answer() : $shows ? answer() : old_answer() };

		run_sql('SELECT fraiseql.cache_reset()');
		$points->run_until($point, $session, asked($query));
		prepare(deposit());
		is($points->finish($point, $session), outcome($point, 'prepared') . '|' . old_answer(), "$name: one is prepared");
		is(ask($node, $query), 'rejected: prepared|' . old_answer(), "$name: and then nothing is served or kept");
		finish($how);
		settled($name);

		run_sql('SELECT fraiseql.cache_reset()');
		$points->run_until($point, $session, asked($query));
		prepare(deposit());
		finish($how);
		is($points->finish($point, $session), outcome($point, 'ended') . '|' . $seen->(), "$name: one is prepared and ended");
		settled("$name: prepared and ended");

		run_sql('SELECT fraiseql.cache_reset()');
		$points->run_until($point, $session, asked($query));
		prepare(deposit());
		finish($how);
		run_sql($look);
		is($points->finish($point, $session), outcome($point, 'found') . '|' . $seen->(), "$name: prepared, ended, and found");
		if ($point eq 'missed')
		{
			is(ask($node, $query), 'hit|' . answer(), "$name: that was before the fill");
		}
		else
		{
			settled("$name: prepared, ended, and found");
		}
	}
}

# Prepared before the fill, ended while it is under way, and maybe found: then nothing is pending any more when the fill
# looks at the words, and only the clock tells.
for my $step (@fill_steps)
{
	my ($point, $shows) = @$step;
	my $name = "fill, $point, already prepared";

	next if $point eq 'reserved';	# not reached while it is prepared
	prepare(deposit());
	$points->run_until($point, $session, asked($query));
	finish('COMMIT');
	is($points->finish($point, $session),
		'rejected: write|' . ($shows ? answer() : old_answer()), "$name: ended, and nobody has found it");
	settled($name);

	prepare(deposit());
	$points->run_until($point, $session, asked($query));
	finish('COMMIT');
	run_sql($look);
	is($points->finish($point, $session), outcome($point, 'found') . '|' . ($shows ? answer() : old_answer()),
		"$name: ended and found");
	is(ask($node, $query), ($point eq 'missed' ? 'hit|' : 'kept|') . answer(), "$name: the next answer is right");
}

# A function is replaced so while an answer is computed by a session that has a plan with the old one.
for my $step (@fill_steps)
{
	my $point = $step->[0];

	$session->{psql}->query_safe(asked($versions));
	run_sql('SELECT fraiseql.cache_reset()');
	$points->run_until($point, $session, asked($versions));
	prepare(next_version());
	finish('COMMIT');
	run_sql($look);
	$points->finish($point, $session);
	like(ask($node, $versions), qr/\|\Q@{[ version_answer($version) ]}\E$/, "definition, $point: the next answer shows it");
	is(ask($node, $versions), 'hit|' . version_answer($version), "definition, $point: and hits");
}

#
# Finding that it has ended
#

# Two find it at once: the second must not take what is in the slot by then for what it has found.
{
	cached('found twice');
	prepare(deposit());
	finish('COMMIT');
	$points->run_until('found_ended', $session, $look);
	settled('found twice: the one that passes');
	prepare(deposit());
	is(ask($node, $query), 'rejected: prepared|' . old_answer(), 'found twice: another transaction, in the same slot');
	$points->finish('found_ended', $session);
	is($points->violations, '', 'found twice: the fence is still the table\'s');
	is(ask($node, $query), 'rejected: prepared|' . old_answer(), 'found twice: and up');
	finish('COMMIT');
	settled('found twice');
}

# Stopped while the slot is neither of the transaction nor free.
for my $point (qw(found_ended retiring ticked retired))
{
	for my $how (qw(COMMIT ROLLBACK))
	{
		my $name = "$point, $how";
		my $filler = $points->session;
		my $expected = $point eq 'retired' ? 'kept' : $point eq 'found_ended' ? 'kept' : 'rejected: write';

		cached($name);
		prepare(deposit());
		finish($how);
		$points->run_until($point, $session, $look);
		$points->run_until('executed', $filler, asked($query));
		is($points->violations, '', "$name: shared memory is coherent");
		is(ask($node, $query), "$expected|" . answer(), "$name: while it stands there");
		run_sql("BEGIN; UPDATE account SET balance = 7 WHERE id = 2; PREPARE TRANSACTION 'two'");
		is(ask($node, $query), 'rejected: prepared|' . answer(), "$name: another one is prepared");
		$points->finish($point, $session);
		is(ask($node, $query), 'rejected: prepared|' . answer(), "$name: its fence is its own");
		like($points->finish('executed', $filler),
			qr/rejected: prepared\|\Q@{[ answer() ]}\E$/, "$name: a fill that was under way");
		run_sql("ROLLBACK PREPARED 'two'");
		settled($name);
		$filler->{psql}->quit;
	}
}

# A fill from between the end and the tick, which looks at the words after it: its s0 tells.
for my $point (qw(found_ended retiring))
{
	cached("tick, $point");
	my $filler = $points->session;

	prepare(deposit());
	$points->run_until('snapshot_taken', $filler, asked($query));
	finish('COMMIT');
	$points->run_until($point, $session, $look);
	$points->finish($point, $session);
	is($points->finish('snapshot_taken', $filler),
		'rejected: write|' . old_answer(), "tick, $point: computed before the end, looked at after the tick");
	settled("tick, $point");
	$filler->{psql}->quit;
}

# Who lowers the fence is terminated meanwhile: it is lowered, once.
for my $point (qw(found_ended retiring ticked retired))
{
	my $victim = $points->session;

	cached("$point, terminated");
	prepare(deposit());
	finish('COMMIT');
	$points->run_until($point, $victim, $look);
	run_sql("SELECT pg_terminate_backend($victim->{pid})");
	$points->go($point);
	$node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $victim->{pid})")
	  or die 'the session does not end';
	eval { $victim->{psql}->quit };
	settled("$point, terminated");
}

# The worker finds it, and a reader too.
for my $point (qw(found_ended retiring ticked retired))
{
	my $worker = wait_for_worker($node);

	cached("worker, $point");
	prepare(deposit());
	finish('COMMIT');
	$points->run_worker_until($point, $worker);
	is(ask($node, $query), ($point =~ /^retir(ed)|found/ ? 'kept|' : 'rejected: write|') . answer(), "worker, $point: a reader");
	$points->finish_worker($point, $worker);
	like(ask($node, $query), qr/^(kept|hit)\|\Q@{[ answer() ]}\E$/, "worker, $point: afterwards");
	is(ask($node, $query), 'hit|' . answer(), "worker, $point: and then it hits");
	is($points->violations, '', "worker, $point: shared memory is coherent");
}

#
# Between visibility and messages
#

# COMMIT PREPARED has made the transaction visible, and cannot send its invalidation messages: who has called the old
# functions still does.  Such an answer must not be kept, and nothing may tick.  No session begins or ends meanwhile.
sub commit_without_messages
{
	my ($name, $outcome) = @_;
	my ($holder, $committer, $old) = map { $points->session } (1 .. 3);
	my $control = $points->{control};

	$old->{psql}->query_safe(asked($versions));
	like($old->{psql}->query_safe(asked($versions)),
		qr/\|\Q@{[ version_answer($version - 1) ]}\E$/, "$name: a session has made a plan with the functions");
	$points->run_until('messages_held', $holder, 'SELECT point.hold_messages()');
	$committer->{psql}->query_until(qr/started/, "\\echo started\nCOMMIT PREPARED 'one';\n");
	# not pg_stat_activity: it needs the lock, too
	my $is_visible = "SELECT count(*) FROM pg_proc WHERE proname = 'called' AND prosrc ~ ' $version;'";

	for (my $polls = 0; $control->query_safe($is_visible) != 1; $polls++)
	{
		die 'the transaction does not become visible' if $polls > 12_000;
		usleep(5_000);
	}
	like($old->{psql}->query_safe(asked($versions)), qr/^$outcome\|/, "$name: what the session answers is not kept");
	like($old->{psql}->query_safe(asked($query)), qr/\Q@{[ answer() ]}\E$/, "$name: another answer is right");
	like($old->{psql}->query_safe(asked($versions)), qr/^$outcome\|/, "$name: nor later");
	$points->finish('messages_held', $holder);
	$committer->{psql}->query('');
	is($old->{psql}->query_safe(asked($versions)), 'kept|' . version_answer($version), "$name: now it shows");
	is(ask($node, $versions), 'hit|' . version_answer($version), "$name: and hits");
	is($points->violations, '', "$name: shared memory is coherent");
	$_->{psql}->quit for ($holder, $committer, $old);
	return;
}

for my $round (1 .. 2)
{
	prepare(next_version());
	commit_without_messages("no messages, $round", 'rejected: write');
}

# Two find at once that it has committed: its record is sent once, and none where it was rolled back.
for my $point (qw(found_ended retiring))
{
	for my $how (qw(ROLLBACK COMMIT))
	{
		my $name = "record, $point, $how";
		my $write = 'BEGIN; INSERT INTO crate VALUES (2); DELETE FROM crate WHERE id = 2; SELECT pg_current_xact_id()';
		ask($node, $versions);
		like(ask($node, $versions), qr/^hit/, "$name: an answer that depends on it");
		my $xid = run_sql("$write; PREPARE TRANSACTION 'one'");

		run_sql("$how PREPARED 'one'");
		$points->run_until($point, $session, $look);
		run_sql($look);
		$points->finish($point, $session);
		run_sql($look);
		# a later record, after which all that were sent before are there
		my $after = run_sql("$write; COMMIT");
		run_sql('SELECT pg_reload_conf()');
		$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM fraiseql.audit_recent WHERE xid = '$after'") or die 'no record';
		is(run_sql("SELECT entries_invalidated FROM fraiseql.audit_recent WHERE xid = '$xid'"), $how eq 'COMMIT' ? '1' : '', $name);
		is($points->violations, '', "$name: shared memory is coherent");
	}
}

#
# The server's start
#

# A transaction from before it: nothing is kept until it has ended, and it shows then.
sub restart_with
{
	my ($sql) = @_;

	prepare($sql);
	$session->{psql}->quit;
	$node->restart;
	reconnect();
	$session = $points->session;
	return;
}

for my $how (qw(ROLLBACK COMMIT))
{
	restart_with(deposit());
	is(ask($node, $query), 'rejected: starting|' . old_answer(), "start, $how: one is older");
	is(ask($node, $query), 'rejected: starting|' . old_answer(), "start, $how: however often");
	finish($how);
	settled("start, $how");
}

# A fill is stopped there while the transaction ends, and another one opens the cache.
for my $step ([ 'start_marked', 'kept', 1 ], [ 's0_read', 'rejected: starting', 1 ],
	[ 'snapshot_taken', 'rejected: starting', 0 ], [ 'executed', 'rejected: starting', 0 ])
{
	my ($point, $outcome, $shows) = @$step;
	my $name = "start, $point";

	restart_with(deposit());
	is(ask($node, $query), 'rejected: starting|' . old_answer(), "$name: one is older");
	$points->run_until($point, $session, asked($query));
	finish('COMMIT');
	is(ask($node, $second), 'kept|{"data":{"account":{"balance":100}}}', "$name: another one opens the cache");
	like($points->finish($point, $session),
		qr/\b$outcome\|\Q@{[ $shows ? answer() : old_answer() ]}\E$/, "$name: and the one in between");
	is(ask($node, $query), ($outcome eq 'kept' ? 'hit|' : 'kept|') . answer(), "$name: the next answer shows it");
	is(ask($node, $query), 'hit|' . answer(), "$name: and hits");
}

# One that ends while nobody asks, or is rolled back; one that is prepared while the start is looked at has its fence.
for my $point (qw(start_marked start_snapshot_passed start_passed))
{
	my $name = "start, $point, a younger one";

	restart_with(deposit('older'));
	is(ask($node, $query), 'rejected: starting|' . old_answer(), "$name: one is older");
	finish($point eq 'start_marked' ? 'ROLLBACK' : 'COMMIT', 'older');
	$points->run_until($point, $session, asked($query));
	is(ask($node, $second), 'kept|{"data":{"account":{"balance":100}}}', "$name: another one opens the cache");
	prepare(deposit());
	like($points->finish($point, $session), qr/\brejected: prepared\|\Q@{[ old_answer() ]}\E$/, "$name: it is fenced");
	finish('COMMIT');
	settled($name);
}

# One from before the start that is visible and has not sent its messages: no snapshot is older, but a lock is held.
for my $round (1 .. 2)
{
	restart_with(next_version());
	like(ask($node, $versions), qr/^rejected: starting\|/, "start, no messages, $round: one is older");
	commit_without_messages("start, no messages, $round", 'rejected: starting');
}

# A definition that ends while the first of all looks at the start.
{
	restart_with(next_version());
	$points->run_until('start_marked', $session, asked($versions));
	like(ask($node, $versions), qr/^rejected: starting\|/, 'start, definition: another one finds it open');
	finish('COMMIT');
	$points->finish('start_marked', $session);
	like(ask($node, $versions), qr/\|\Q@{[ version_answer($version) ]}\E$/, 'start, definition: it shows');
	is(ask($node, $versions), 'hit|' . version_answer($version), 'start, definition: and hits');
}

#
# Logical replication
#

# The apply worker prepares and ends what was prepared on the publisher, here another database.
{
	$node->safe_psql('postgres', 'CREATE DATABASE publisher');
	$node->safe_psql('publisher', <<'SQL');
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO account VALUES (1, 100), (2, 100);
CREATE PUBLICATION pub FOR TABLE account;
SELECT pg_create_logical_replication_slot('sub', 'pgoutput', false, true);
SQL
	run_sql('CREATE SUBSCRIPTION sub CONNECTION $$' . $node->connstr('publisher')
		  . q($$ PUBLICATION pub WITH (create_slot = false, copy_data = false, two_phase = true)));
	$node->poll_query_until('postgres', q(SELECT subtwophasestate = 'e' FROM pg_subscription))
	  or die 'two_phase is not on';

	my $apply = { pid => run_sql(q(SELECT pid FROM pg_stat_subscription WHERE subname = 'sub')) };

	# Do this on the publisher; until the apply worker stands at the point.
	my $apply_until = sub
	{
		my ($point, $sql) = @_;

		run_sql("SELECT point.stop('$point', $apply->{pid})");
		$node->safe_psql('publisher', $sql =~ s/\\;/;/gr);
		$points->wait_for($point, $apply->{pid});
	};
	my $ours = q(FROM pg_prepared_xacts WHERE database = 'postgres');

	for my $point (qw(slot_taken slot_filled prepare_fenced prepared handing_over))
	{
		for my $how (qw(ROLLBACK COMMIT))
		{
			my $name = "apply, $point, $how";
			my $is_fenced = $point !~ /^slot/;

			cached($name);
			$apply_until->($point, deposit());
			is(ask($node, $query), ($is_fenced ? 'rejected: write|' : 'hit|') . old_answer(), "$name: while it stands there");
			$points->go($point);
			$node->poll_query_until('postgres', "SELECT count(*) = 1 $ours") or die 'not prepared';
			is(ask($node, $query), 'rejected: prepared|' . old_answer(), "$name: prepared");
			# a fill that is under way when it ends
			$points->run_until('executed', $session, asked($query));
			$node->safe_psql('publisher', "$how PREPARED 'one'");
			$node->wait_for_catchup('sub');
			$node->poll_query_until('postgres', "SELECT count(*) = 0 $ours") or die 'not ended';
			run_sql($look);
			is($points->finish('executed', $session), 'rejected: write|' . old_answer(), "$name: ended during a fill");
			$balance-- if $how eq 'ROLLBACK';
			settled($name);
		}
	}
	run_sql('DROP SUBSCRIPTION sub');
}

$session->{psql}->quit;
$node->stop;
done_testing();
