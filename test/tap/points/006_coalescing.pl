# Herds, each step of which a test drives: sessions that miss one answer together, with a leader that stands at a test point
# while others join, write, are cancelled, or end.
use Fraiseql::Points;
use Fraiseql::Test;
use Time::HiRes qw(usleep);

my $node = fraiseql_node('coalescing',
	config => "fraiseql.worker_interval = 1h\nfraiseql.coalesce_timeout = 30s\nfraiseql.audit_ring_size = 0\nwal_level = minimal\n"
	  . 'max_wal_senders = 0');
my $points = Fraiseql::Points->new($node);
my $reading = '{ readings { balance mark } }';
my $balance = 100;

# marked() counts its executions, in a sequence without a log, which needs no transaction id.  No plan shows what it does.
# broken() does the same, and fails.
create_accounts($node);
$node->safe_psql('postgres', <<'SQL');
CREATE UNLOGGED SEQUENCE executions;
CREATE FUNCTION marked(n int) RETURNS int STABLE LANGUAGE plpgsql AS $$
	DECLARE
		execution bigint;
	BEGIN
		execution := nextval('executions');
		RETURN n;
	END
$$;
CREATE FUNCTION broken(n int) RETURNS int STABLE LANGUAGE plpgsql AS $$
	DECLARE
		execution bigint;
	BEGIN
		execution := nextval('executions');
		RAISE EXCEPTION '% is too much', n;
	END
$$;
CREATE FUNCTION unlucky(n int) RETURNS int STABLE LANGUAGE plpgsql AS $$
	DECLARE
		execution bigint;
	BEGIN
		execution := nextval('executions');
		RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure';
	END
$$;
CREATE FUNCTION unknown(n int) RETURNS int STABLE LANGUAGE plpgsql AS $$
	DECLARE
		execution bigint;
	BEGIN
		execution := nextval('executions');
		RETURN n;
	END
$$;
CREATE FUNCTION locking(n int) RETURNS int STABLE LANGUAGE plpgsql AS $$
	DECLARE
		execution bigint;
		nothing text;
	BEGIN
		execution := nextval('executions');
		nothing := pg_advisory_xact_lock_shared(7);
		RETURN n;
	END
$$;
CREATE FUNCTION folded(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
	BEGIN
		RAISE EXCEPTION 'not for %', current_setting('x.tenant', true);
	END
$$;
CREATE FUNCTION parsed(n int) RETURNS int STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT 1 / (n * 0 * marked(n))';
CREATE FUNCTION nested(n int) RETURNS int STABLE LANGUAGE plpgsql AS $$
	DECLARE
		answer json;
	BEGIN
		answer := fraiseql.execute('{ readings { balance mark } }');
		RETURN n;
	END
$$;
SELECT fraiseql.declare_pure(f) FROM unnest('{marked(int), broken(int), unlucky(int), locking(int)}'::regprocedure[]) AS f;
CREATE VIEW reading AS SELECT id, balance, marked(id) AS mark FROM account WHERE id = 1;
CREATE VIEW failing AS SELECT id, balance, broken(balance) AS mark FROM account WHERE id = 1;
CREATE VIEW dividing AS SELECT id, 100 / (balance + 0 * marked(id)) AS share FROM account WHERE id = 1;
CREATE VIEW misfortune AS SELECT id, unlucky(id) AS mark FROM account WHERE id = 1;
CREATE VIEW lottery AS SELECT id, marked(id) AS mark, random() > 2 AS won FROM account WHERE id = 1;
CREATE VIEW raffle AS SELECT id, random() > 2 AS won, 1 / (balance * 0 * marked(id)) AS share FROM account WHERE id = 1;
CREATE VIEW opaque AS SELECT id, unknown(id) AS mark FROM account WHERE id = 1;
CREATE VIEW locked AS SELECT id, locking(id) AS mark FROM account WHERE id = 1;
CREATE VIEW planned AS SELECT id, folded(1) AS mark FROM account WHERE id = 1;
CREATE VIEW textual AS SELECT id, parsed(id) AS mark FROM account WHERE id = 1;
CREATE VIEW outermost AS SELECT id, nested(id) AS mark FROM account WHERE id = 1;
CREATE VIEW visit AS SELECT id, marked(id) AS mark, current_setting('x.tenant', true) AS tenant FROM account WHERE id = 1;
CREATE TABLE note (id int PRIMARY KEY, owner text NOT NULL, body text NOT NULL);
INSERT INTO note VALUES (1, 'ann', 'Ann''s'), (2, 'bob', 'Bob''s');
CREATE VIEW memo AS SELECT id, body, marked(id) AS mark FROM note WHERE owner = current_setting('x.tenant', true);
CREATE ROLE reader;
CREATE ROLE other;
GRANT SELECT ON reading, failing, memo TO reader, other;
GRANT USAGE ON SEQUENCE executions TO reader, other;
SELECT fraiseql.expose(v) FROM unnest('{reading, failing, dividing, misfortune, lottery, raffle, opaque, locked, planned, textual, outermost, visit,
	memo}'::regclass[]) AS v;
CREATE FUNCTION fn_raise() RETURNS account LANGUAGE plpgsql AS $$
	DECLARE
		execution bigint;
		row account;
	BEGIN
		execution := nextval('executions');
		UPDATE account SET balance = balance + 1 WHERE id = 2 RETURNING * INTO row;
		RETURN row;
	END
$$;
SELECT fraiseql.expose_function('fn_raise()');
SQL

my $sql = $points->background('postgres');
my $leader = $points->session;
my @followers = map { $points->session } 1 .. 3;
my @everybody = ($leader, @followers);

#
# Words of the tests
#

sub run_sql
{
	my ($statements) = @_;

	return $sql->query_safe($statements);
}

sub executed
{
	my ($query) = @_;

	return "SELECT fraiseql.execute(\$fraiseql\$$query\$fraiseql\$)";
}

sub in_all_sessions
{
	my ($statements) = @_;

	$_->{psql}->query_safe($statements) for @everybody;
	return;
}

# A cold cache, and counters at zero.
sub begin
{
	run_sql(q(SELECT fraiseql.cache_reset(), fraiseql.stats_reset(), setval('executions', 1, false)));
	return;
}

# The sessions follow whoever leads: each has joined, and sleeps or is about to.
sub follow
{
	my ($query, @sessions) = @_;

	for my $session (@sessions)
	{
		$points->run_until('following', $session, executed($query));
		$points->go('following');
	}
	return;
}

# The session asks, and may follow or not.
sub begin_to_ask
{
	my ($query, $session) = @_;

	$points->run_until('joining', $session, executed($query));
	$points->go('joining');
	return;
}

# This session is to stop at the point when it comes by.
sub stop_at
{
	my ($point, $session) = @_;

	$points->{control}->query_safe("SELECT point.stop('$point', $session->{pid})");
	return;
}

# Let the session that stands at one point go on, until it stands at another.
sub go_on_until
{
	my ($from, $to, $session) = @_;

	stop_at($to, $session);
	$points->go($from);
	$points->wait_for($to, $session->{pid});
	return;
}

# What each printed, one a line, as of sessions that go on.
sub results
{
	my (@sessions) = @_;

	return join("\n", map { scalar($points->result($_)) } @sessions);
}

# The error that a session's statement has ended with.
sub error_of
{
	my ($session) = @_;

	$points->result($session);
	my $error = $session->{psql}{stderr};
	$session->{psql}{stderr} = '';
	return $error;
}

sub coalescing
{
	my ($columns) = @_;

	return run_sql("SELECT $columns FROM fraiseql.coalescing_stats");
}

# Wait until it is so.
sub becomes
{
	my ($query, $name) = @_;

	ok($node->poll_query_until('postgres', $query), $name);
	return;
}

sub waits_for_a_lock
{
	my ($name, $session) = @_;

	becomes("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $session->{pid}", $name);
	return;
}

# How often marked() and the like have been executed.
sub marks
{
	return run_sql('SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM executions');
}

# The end of a herd: what became of it in numbers, and nothing of it is left.
sub ends
{
	my ($name, %counted) = @_;
	my $marks = delete($counted{marks});

	is(marks(), $marks, "$name: executions, as the function counts them") if defined $marks;
	is(coalescing(join(', ', sort keys %counted)),
		join('|', map { $counted{$_} } sort keys %counted),
		"$name: " . join(', ', sort keys %counted));
	is(coalescing('in_flight, waiting'), '0|0', "$name: nobody leads or waits any more");
	is($points->violations, '', "$name: shared memory is coherent");
	return;
}

sub balance_is
{
	my ($value) = @_;

	return qq({"data":{"readings":[{"balance":$value,"mark":1}]}});
}

# A new balance of the first account, committed.
sub deposit
{
	$balance++;
	run_sql("UPDATE account SET balance = $balance WHERE id = 1");
	return;
}

sub same
{
	my ($answer, $count) = @_;

	return join("\n", ($answer) x $count);
}

#
# One execution
#

# Others come while the leader is at this step, and get its answer.
for my $point (qw(missed s0_read messages_received snapshot_taken executed schema_checked reserved entities_hold))
{
	begin();
	$points->run_until($point, $leader, executed($reading));
	follow($reading, @followers);
	is(coalescing('in_flight, waiting'), '1|3', "$point: one executes, three wait");
	$points->go($point);
	is(results(@everybody), same(balance_is($balance), 4), "$point: all get one answer");
	ends($point, marks => 1, executions => 1, coalesced => 3, executions_saved => 3, waits => 3, timeouts => 0,
		takeovers => 0, handed_over => 0, reduction_percent => 75);
}

# When the answer is there, nobody need wait for the leader to say so.
begin();
$points->run_until('execution_ends', $leader, executed($reading));
is($followers[0]{psql}->query_safe(executed($reading)), balance_is($balance), 'execution_ends: a hit');
is($points->finish('execution_ends', $leader), balance_is($balance), 'execution_ends: the leader');
ends('execution_ends', marks => 1, executions => 1, coalesced => 0);

# A follower that is about to sleep when the leader ends has not lost the call.
begin();
$points->run_until('executed', $leader, executed($reading));
$points->run_until('following', $followers[0], executed($reading));
is($points->finish('executed', $leader), balance_is($balance), 'a late sleeper: the leader');
is($points->finish('following', $followers[0]), balance_is($balance), 'a late sleeper: wakes');
ends('a late sleeper', marks => 1, executions => 1, coalesced => 1, executions_saved => 1);

# Who has looked in vain, and comes when the leader is gone, looks again.
begin();
$points->run_until('joining', $followers[0], executed($reading));
is($leader->{psql}->query_safe(executed($reading)), balance_is($balance), 'the leader is gone');
is($points->finish('joining', $followers[0]), balance_is($balance), 'who leads looks again');
ends('who leads looks again', marks => 1, executions => 1, coalesced => 0);

# Which settings the answer depends on is not known yet: those with the same values share it all the same.
begin();
in_all_sessions(q(SET x.tenant = 'ann'));
$points->run_until('executed', $leader, executed('{ visits { mark tenant } }'));
follow('{ visits { mark tenant } }', @followers);
$points->go('executed');
is(results(@everybody), same('{"data":{"visits":[{"mark":1,"tenant":"ann"}]}}', 4), 'an unknown setting: all get one answer');
ends('an unknown setting', marks => 1, executions => 1, coalesced => 3, executions_saved => 3);

# Others execute for themselves when they have learnt what it depends on: once for each value.  One of them falls asleep late,
# and finds that another one with its value executes already.
begin();
$_->{psql}->query_safe(q(SET x.tenant = 'bob')) for @followers[ 1, 2 ];
$points->run_until('executed', $leader, executed('{ visits { mark tenant } }'));
follow('{ visits { mark tenant } }', @followers[ 0, 1 ]);
$points->run_until('following', $followers[2], executed('{ visits { mark tenant } }'));
stop_at('executed', $followers[1]);
$points->go('executed');
is(results($leader, $followers[0]), same('{"data":{"visits":[{"mark":1,"tenant":"ann"}]}}', 2), 'two values: the first');
$points->wait_for('executed', $followers[1]->{pid});
$points->go('following');
becomes('SELECT waits = 3 AND waiting = 1 FROM fraiseql.coalescing_stats', 'two values: the late one follows');
$points->go('executed');
is(results(@followers[ 1, 2 ]), same('{"data":{"visits":[{"mark":1,"tenant":"bob"}]}}', 2), 'two values: the second');
ends('two values', marks => 2, executions => 2, coalesced => 3, executions_saved => 2, waits => 4);

# Now that it is known, they have nothing to do with each other.
run_sql(q(SELECT fraiseql.stats_reset(), setval('executions', 1, false)));
$leader->{psql}->query_safe(q(SET x.tenant = 'eve'));
$followers[0]{psql}->query_safe(q(SET x.tenant = 'dan'; SET fraiseql.coalesce_timeout = 100));
$points->run_until('executed', $leader, executed('{ visits { mark tenant } }'));
is($followers[0]{psql}->query_safe(executed('{ visits { mark tenant } }')),
	'{"data":{"visits":[{"mark":1,"tenant":"dan"}]}}', 'another tenant does not wait');
is($points->finish('executed', $leader), '{"data":{"visits":[{"mark":1,"tenant":"eve"}]}}', 'and the first one gets its own');
ends('another tenant', marks => 2, executions => 2, coalesced => 0, timeouts => 0);
in_all_sessions('RESET x.tenant; RESET fraiseql.coalesce_timeout');

#
# Writes: who gets what
#

# A row is changed while the leader is at this step.  One follower came before, one comes after it.  Where the leader sees
# the change in time, all get its answer; else the followers need another, and one of them executes for both.
for my $step ([ 'missed', 1, 1 ], [ 's0_read', 2, 1 ], [ 'messages_received', 2, 1 ], [ 'snapshot_taken', 2, 0 ], [ 'executed', 2, 0 ],
	[ 'schema_checked', 2, 0 ], [ 'reserved', 2, 0 ], [ 'execution_ends', 2, 0 ])
{
	my ($point, $executions, $shows) = @$step;

	begin();
	$points->run_until($point eq 'execution_ends' ? 'executed' : $point, $leader, executed($reading));
	follow($reading, $followers[0]);
	go_on_until('executed', 'execution_ends', $leader) if $point eq 'execution_ends';
	deposit();
	follow($reading, $followers[1]);
	$points->go($point);
	is($points->result($leader), balance_is($shows ? $balance : $balance - 1), "$point: a write overtakes the leader");
	is(results(@followers[ 0, 1 ]), same(balance_is($balance), 2), "$point: the others see it");
	ends("$point: a write", marks => $executions, executions => $executions, coalesced => 2, executions_saved => 3 - $executions,
		handed_over => $executions - 1, timeouts => 0, takeovers => 0);
}

# Two executions, each overtaken.  The first one ends; the first follower executes until it stands at this point, which it
# does with the second one there already.
sub overtake_twice
{
	my ($point, $query) = @_;

	begin();
	$points->run_until('executed', $leader, executed($query));
	follow($query, $followers[0]);
	$points->run_until('following', $followers[1], executed($query));
	deposit();
	stop_at($point, $followers[0]);
	$points->go('executed');
	$points->result($leader);
	$points->wait_for($point, $followers[0]->{pid});
	$points->go('following');
	becomes('SELECT waits = 2 FROM fraiseql.coalescing_stats', "$point: the second one follows the first");
	return;
}

# The second one came before this execution began, so it may have what a write has overtaken since.  The third came after that
# write was committed, so it may not.
overtake_twice('snapshot_taken', $reading);
deposit();
$points->run_until('following', $followers[2], executed($reading));
is($points->finish('snapshot_taken', $followers[0]), balance_is($balance - 1), 'overtaken twice: who executes');
is($points->result($followers[1]), balance_is($balance - 1), 'overtaken twice: who came before the execution began');
is($points->finish('following', $followers[2]), balance_is($balance), 'overtaken twice: who came after the write');
ends('overtaken twice', marks => 3, executions => 3, coalesced => 3, executions_saved => 1, handed_over => 1);

# Coming before the write is not enough: the third came during the execution.
overtake_twice('snapshot_taken', $reading);
$points->run_until('following', $followers[2], executed($reading));
deposit();
is($points->finish('snapshot_taken', $followers[0]), balance_is($balance - 1), 'overtaken twice, later: who executes');
is($points->result($followers[1]), balance_is($balance - 1), 'overtaken twice, later: who came before the execution began');
is($points->finish('following', $followers[2]), balance_is($balance), 'overtaken twice, later: who came during the execution');
ends('overtaken twice, later', marks => 3, executions => 3, coalesced => 3, executions_saved => 1, handed_over => 1);

# What was left for others is kept for nobody else.
overtake_twice('snapshot_taken', $reading);
deposit();
$points->finish('snapshot_taken', $followers[0]);
$points->result($followers[1]);
is($leader->{psql}->query_safe(executed($reading)), balance_is($balance), 'whoever comes afterwards executes');
ends('afterwards', marks => 3, executions => 3, executions_saved => 1, handed_over => 1);

# Definitions and privileges are none of this: an execution that has seen them change leaves nothing.  It was validated before
# (missed), or has its snapshot already; then a write overtakes it, too.
my $forbidden = '{"data":null,"errors":[{"message":"Permission denied for field \"readings\".","locations":[{"line":1,"column":3}],'
  . '"path":["readings"],"extensions":{"code":"FORBIDDEN","sqlstate":"42501"}}]}';

sub overtake_with
{
	my ($name, $change, $expected, $session, @steps) = @_;

	for my $point (@steps)
	{
		overtake_twice($point, $reading);
		$session->query_safe($change->[0]);
		go_on_until('missed', 'snapshot_taken', $followers[0]) if $point eq 'missed';
		deposit();
		begin_to_ask($reading, $followers[2]);
		$points->go($point eq 'missed' ? 'snapshot_taken' : $point);
		$points->result($followers[0]);
		is($points->result($followers[1]), $expected->(), "$point: $name changes: nothing is left for who came before");
		is($points->result($followers[2]), $expected->(), "$point: $name changes: who came after it");
		# where the schema's word has not moved, those two are one herd still, and one may leave its answer for the other
		ends("$point: $name changes", $session == $sql ? (handed_over => 0) : (timeouts => 0));
		$session->query_safe($change->[1]);
	}
	return;
}

in_all_sessions('SET ROLE reader');
overtake_with('a privilege', [ 'REVOKE SELECT ON reading FROM reader', 'GRANT SELECT ON reading TO reader' ],
	sub { $forbidden }, $sql, qw(missed snapshot_taken));
overtake_with('a membership', [ 'GRANT other TO reader', 'REVOKE other FROM reader' ],
	sub { balance_is($balance) }, $sql, qw(missed snapshot_taken));
# of another database only the word of the roles tells, and here nothing makes the session receive messages
run_sql('CREATE DATABASE elsewhere');
$node->safe_psql('elsewhere', 'CREATE EXTENSION fraiseql');
my $elsewhere = $points->background('elsewhere');
overtake_with('a membership elsewhere', [ 'GRANT other TO reader', 'REVOKE other FROM reader' ], sub { balance_is($balance) },
	$elsewhere, 'executed');
$elsewhere->quit;
overtake_with('a definition',
	[ map { "CREATE OR REPLACE VIEW reading AS SELECT id, $_ AS balance, marked(id) AS mark FROM account WHERE id = 1" }
		qw(-balance balance) ],
	sub { balance_is(-$balance) }, $sql, qw(missed snapshot_taken));
in_all_sessions('RESET ROLE');

#
# Errors
#

# Errors of the operation itself are its answer: all get the same bytes, and nothing of it stays.
sub fails_together
{
	my ($name, $query, $pattern, $marks) = @_;

	for my $point (qw(snapshot_taken executed))
	{
		begin();
		$points->run_until($point, $leader, executed($query));
		follow($query, @followers);
		my $answer = $points->finish($point, $leader);

		like($answer, $pattern, "$point: $name: the error");
		is(results(@followers), same($answer, 3), "$point: $name: all get the same bytes");
		ends("$point: $name", marks => $marks, executions => 1, coalesced => 3, executions_saved => 3, handed_over => 1, takeovers => 0);
		is(run_sql('SELECT entries, memory_bytes FROM fraiseql.cache_stats'), '0|0', "$point: $name: nothing is left of it");
		is($leader->{psql}->query_safe(executed($query)), $answer, "$point: $name: a later call");
		ends("$point: $name: it executes", marks => 2 * $marks, executions => 2, handed_over => 1);
	}
	return;
}

fails_together('an exception', '{ failings { mark } }', qr/^\{"data":null,"errors":\[.*"\d+ is too much".*"P0001"/, 1);
# when they have failed together, each root field is executed by itself
fails_together('with siblings', '{ readings { balance mark } failings { mark } }', qr/is too much/, 4);
run_sql('UPDATE account SET balance = 0 WHERE id = 1');
fails_together('a division', '{ dividings { share } }', qr/"division by zero".*"22012"/, 1);
run_sql("UPDATE account SET balance = $balance WHERE id = 1");
# (a view would be refused by the planner, since PostgreSQL 15.14: that is left for nobody)
run_sql('GRANT SELECT (id) ON account TO reader');
in_all_sessions('SET ROLE reader');
fails_together('a column that is not theirs', '{ accounts { balance } }', qr/"Permission denied for field \\"accounts\\"/, 0);
in_all_sessions('RESET ROLE');

# It is asked whether it still holds.  A write repairs what has failed, when the error has been left for the others.
run_sql('UPDATE account SET balance = 0 WHERE id = 1');
begin();
$points->run_until('executed', $leader, executed('{ dividings { share } }'));
follow('{ dividings { share } }', $followers[0]);
go_on_until('executed', 'execution_ends', $leader);
run_sql("UPDATE account SET balance = 50 WHERE id = 1");
follow('{ dividings { share } }', $followers[1]);
like($points->finish('execution_ends', $leader), qr/division by zero/, 'repaired: who was before it');
is(results(@followers[ 0, 1 ]), same('{"data":{"dividings":[{"share":2}]}}', 2), 'repaired: who comes after it sees that');
ends('repaired', marks => 2, executions => 2, handed_over => 2);
run_sql("UPDATE account SET balance = $balance WHERE id = 1");

# So is an error that planning has met, by whoever plans.
begin();
$leader->{psql}->query_safe(q(SET x.tenant = 'ann'));
$followers[0]{psql}->query_safe(q(SET x.tenant = 'bob'));
$points->run_until('executed', $leader, executed('{ planneds { mark } }'));
follow('{ planneds { mark } }', $followers[0]);
like($points->finish('executed', $leader), qr/"not for ann"/, 'an error of planning: one');
like($points->result($followers[0]), qr/"not for bob"/, 'an error of planning: another one');
ends('an error of planning', executions => 2, coalesced => 1, executions_saved => 0, handed_over => 0);
in_all_sessions('RESET x.tenant');

# Whatever is invalidated by hand concerns it, too.
run_sql('UPDATE account SET balance = 0 WHERE id = 1');
begin();
$points->run_until('executed', $leader, executed('{ dividings { share } }'));
follow('{ dividings { share } }', $followers[0]);
go_on_until('executed', 'execution_ends', $leader);
run_sql(q(SELECT fraiseql.invalidate('Dividing')));
$points->run_until('following', $followers[1], executed('{ dividings { share } }'));
$points->finish('execution_ends', $leader);
like($points->result($followers[0]), qr/division by zero/, 'invalidated by hand: who was before it');
like($points->finish('following', $followers[1]), qr/division by zero/, 'invalidated by hand: who comes after it');
is(coalescing('executions > 1'), 't', 'invalidated by hand: it is executed anew');
run_sql("UPDATE account SET balance = $balance WHERE id = 1");

# Messages have a language.
begin();
$followers[1]{psql}->query_safe(q(SET lc_messages = 'C'));
$points->run_until('executed', $leader, executed('{ failings { mark } }'));
follow('{ failings { mark } }', $followers[0]);
$points->run_until('following', $followers[1], executed('{ failings { mark } }'));
is($points->finish('executed', $leader), $points->result($followers[0]), 'a language: the same one');
like($points->finish('following', $followers[1]), qr/is too much/, 'a language: another one');
ends('a language', marks => 2, executions => 2, executions_saved => 1, handed_over => 1);
$followers[1]{psql}->query_safe('RESET lc_messages');

# What is volatile is nobody else's, with an error or without.  Those who had waited execute, all at once: the first two stand
# there together.  For a while nobody waits for this one, until the definitions are others.
for my $uncacheable ([ 'a volatile answer', '{ lotteries { mark won } }', qr/"won":false/ ],
	[ 'a volatile answer with an error', '{ raffles { won share } }', qr/division by zero/ ],
	[ 'a function that nobody knows', '{ opaques { mark } }', qr/"mark":1/ ])
{
	my ($name, $query, $pattern) = @$uncacheable;

	begin();
	$points->run_until('executed', $leader, executed($query));
	follow($query, @followers);
	stop_at('snapshot_taken', $followers[0]);
	stop_at('messages_received', $followers[1]);
	like($points->finish('executed', $leader), $pattern, "$name: the leader");
	$points->wait_for('snapshot_taken', $followers[0]->{pid});
	$points->wait_for('messages_received', $followers[1]->{pid});
	$points->go($_) for qw(snapshot_taken messages_received);
	like($points->result($_), $pattern, "$name: a follower") for @followers;
	ends($name, marks => 4, executions => 4, coalesced => 3, executions_saved => 0, handed_over => 0, reduction_percent => 0);
	$points->run_until('executed', $leader, executed($query));
	$followers[0]{psql}->query_safe('SET fraiseql.coalesce_timeout = 1000');
	like($followers[0]{psql}->query_safe(executed($query)), $pattern, "$name: the second herd is none");
	$followers[0]{psql}->query_safe('RESET fraiseql.coalesce_timeout');
	$points->finish('executed', $leader);
	ends("$name, again", marks => 6, executions => 6, coalesced => 3, executions_saved => 0);
}
run_sql(q(SELECT fraiseql.declare_pure('unknown(int)')));
begin();
$points->run_until('executed', $leader, executed('{ opaques { mark } }'));
follow('{ opaques { mark } }', @followers);
$points->go('executed');
is(results(@everybody), same('{"data":{"opaques":[{"mark":1}]}}', 4), 'a function that was declared pure: all get one answer');
ends('a function that was declared pure', marks => 1, executions => 1, coalesced => 3, executions_saved => 3);

#
# Misfortunes of a session's own
#

# Sessions that may be lost.
sub lost_session
{
	my $session = $points->session;

	$session->{psql}->query_safe(executed('{ __typename }'));
	return $session;
}

sub lose
{
	my ($session) = @_;

	run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $session->{pid}");
	becomes("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $session->{pid})", 'a session is gone');
	eval { $session->{psql}->quit };
	return;
}

# The leader has one, at each step of its execution that asks for interrupts.  A follower takes over, and the others get what it
# finds.
my %misfortune = (
	'cancelled' => sub { run_sql("SELECT pg_cancel_backend($_[0]->{pid})") },
	'terminated' => sub { run_sql("SELECT pg_terminate_backend($_[0]->{pid})") },
	'out of time' => sub { usleep(300_000) });

for my $name (sort keys %misfortune)
{
	my $lost = lost_session();

	begin();
	$lost->{psql}->query_safe('SET statement_timeout = 200') if $name eq 'out of time';
	$points->run_until('snapshot_taken', $lost, executed($reading));
	follow($reading, @followers);
	$misfortune{$name}->($lost);
	$points->go('snapshot_taken');
	is(results(@followers), same(balance_is($balance), 3), "the leader is $name: the others get their answer");
	ends("the leader is $name", marks => 1, executions => 2, coalesced => 3, executions_saved => 2, takeovers => 1, timeouts => 0);
	like(error_of($lost), qr/cancel/, "the leader is $name: its error") if $name ne 'terminated';
	lose($lost);
}

# A follower has one: it leaves, and the others get their answer.
for my $name (qw(cancelled terminated))
{
	my $lost = lost_session();

	begin();
	$points->run_until('executed', $leader, executed($reading));
	follow($reading, $lost, @followers);
	is(coalescing('waiting'), 4, "a follower is $name: it waits");
	$misfortune{$name}->($lost);
	becomes('SELECT waiting = 3 FROM fraiseql.coalescing_stats', "a follower is $name: it leaves");
	like(error_of($lost), qr/canceling statement due to user request/, "a follower is $name: its error") if $name eq 'cancelled';
	$points->go('executed');
	is(results(@everybody), same(balance_is($balance), 4), "a follower is $name: the others get their answer");
	ends("a follower is $name", marks => 1, executions => 1, executions_saved => 3, takeovers => 0);
	lose($lost);
}

# An error that tells of the session or the moment is thrown on, and left for nobody.  After two in a row the others execute
# without waiting any more.
begin();
$points->run_until('executed', $leader, executed($reading));
$points->finish('executed', $leader);
begin();
$points->run_until('snapshot_taken', $leader, executed('{ misfortunes { mark } }'));
follow('{ misfortunes { mark } }', @followers);
$points->go('snapshot_taken');
like(error_of($_), qr/not now/, 'not now: an error of its own') for @everybody;
ends('not now', marks => 4, executions => 4, coalesced => 3, executions_saved => 0, takeovers => 1, handed_over => 0);

# An error that may come from parsing a function's text is one of these: settings that are read then are not seen.
begin();
$points->run_until('snapshot_taken', $leader, executed('{ textuals { mark } }'));
follow('{ textuals { mark } }', @followers);
$points->go('snapshot_taken');
like($points->result($_), qr/division by zero/, 'a text that is parsed: an error of its own') for @everybody;
ends('a text that is parsed', marks => 4, executions => 4, coalesced => 3, executions_saved => 0, takeovers => 1, handed_over => 0);

# Functions may meet what is temporary in the leader's session.
{
	my $lost = lost_session();

	$lost->{psql}->query_safe('CREATE TEMPORARY TABLE passing ()');
	begin();
	$points->run_until('snapshot_taken', $lost, executed($reading));
	follow($reading, @followers);
	is($points->finish('snapshot_taken', $lost), balance_is($balance), 'temporary objects: the leader');
	is(results(@followers), same(balance_is($balance), 3), 'temporary objects: the others get the answer of one of them');
	ends('temporary objects', marks => 2, executions => 2, coalesced => 3, executions_saved => 2, takeovers => 1);
	lose($lost);
}

#
# Waiting no longer than one wants
#

begin();
$followers[0]{psql}->query_safe('SET fraiseql.coalesce_timeout = 100');
$followers[1]{psql}->query_safe('SET fraiseql.coalesce_timeout = 0');
$points->run_until('executed', $leader, executed($reading));
follow($reading, $followers[2]);
is($followers[1]{psql}->query_safe(executed($reading)), balance_is($balance), 'who never waits');
is(coalescing('waits, timeouts'), '0|0', 'who never waits has not waited');
deposit();
is($followers[0]{psql}->query_safe(executed($reading)), balance_is($balance), 'who has waited long enough takes the place of the leader');
is($points->result($followers[2]), balance_is($balance), 'whoever else waits gets what that one finds');
is(coalescing('waits, timeouts, coalesced, executions_saved, average_wait_ms >= 100, max_wait_ms >= p99_wait_ms, p99_wait_ms >= 100'),
	'2|1|2|1|t|t|t', 'it has waited, and executed');
is($points->finish('executed', $leader), balance_is($balance - 1), 'the leader has not noticed');
ends('out of patience', marks => 3, timeouts => 1, coalesced => 2, executions_saved => 1, takeovers => 0);

# Who has lost its place ends its own execution, and not the other one's.
begin();
$points->run_until('executed', $leader, executed($reading));
stop_at('snapshot_taken', $followers[0]);
follow($reading, $followers[0]);
$points->wait_for('snapshot_taken', $followers[0]->{pid});
is($points->finish('executed', $leader), balance_is($balance), 'the old leader ends');
is(coalescing('in_flight, waiting'), '1|0', 'the new one does not');
is($followers[2]{psql}->query_safe(executed($reading)), balance_is($balance), 'what the old one has found is there for all');
is($points->finish('snapshot_taken', $followers[0]), balance_is($balance), 'the new leader');
ends('two leaders', marks => 2, executions => 2, timeouts => 1, coalesced => 1, executions_saved => 0);
in_all_sessions('RESET fraiseql.coalesce_timeout');

#
# Who waits for nobody
#

# This session's call is done while the leader stands, and shows what it should.
sub does_not_wait
{
	my ($name, $session, $statement, $answer) = @_;

	is($session->{psql}->query_safe($statement), $answer, "$name: an answer");
	is(coalescing('coalesced, timeouts'), '0|0', "$name: has not waited");
	return;
}

begin();
$_->{psql}->query_safe('SET fraiseql.coalesce_timeout = 3000') for @followers;
$points->run_until('executed', $leader, executed($reading));
my $one = $followers[0];

does_not_wait('another operation', $one, executed('{ accounts { id } }'), '{"data":{"accounts":[{"id":1},{"id":2}]}}');
$one->{psql}->query_safe('SET ROLE other');
does_not_wait('another role', $one, executed($reading), balance_is($balance));
$one->{psql}->query_safe('RESET ROLE; BEGIN ISOLATION LEVEL REPEATABLE READ');
does_not_wait('REPEATABLE READ', $one, executed('{ readings { mark balance } }'), qq({"data":{"readings":[{"mark":1,"balance":$balance}]}}));
$one->{psql}->query_safe('COMMIT; BEGIN ISOLATION LEVEL SERIALIZABLE');
does_not_wait('SERIALIZABLE', $one, executed($reading), balance_is($balance));
$one->{psql}->query_safe('COMMIT');
$points->finish('executed', $leader);
ends('others', coalesced => 0, timeouts => 0);

# Locks: one on a table that was read, one by hand, an advisory one; and a transaction id.
for my $lock (
	[ 'a table that was read', 'BEGIN; SELECT count(*) FROM note', 'COMMIT' ],
	[ 'LOCK TABLE', 'BEGIN; LOCK TABLE note', 'COMMIT' ],
	[ 'an advisory lock', 'SELECT pg_advisory_lock(1)', 'SELECT pg_advisory_unlock(1)' ],
	[ 'a transaction that has written', 'BEGIN; INSERT INTO note VALUES (3, 3, 3)', 'ROLLBACK' ],
	[ 'a cursor', 'BEGIN; DECLARE c CURSOR FOR SELECT * FROM note', 'COMMIT' ],
	[ 'a savepoint', 'BEGIN; SAVEPOINT s; SELECT count(*) FROM note; ROLLBACK TO s; SELECT count(*) FROM note', 'COMMIT' ])
{
	my ($name, $lock, $unlock) = @$lock;

	begin();
	$points->run_until('executed', $leader, executed($reading));
	$one->{psql}->query_safe($lock);
	does_not_wait($name, $one, executed($reading), balance_is($balance));
	$one->{psql}->query_safe($unlock);
	is($points->finish('executed', $leader), balance_is($balance), "$name: the leader");
	ends($name, marks => 2, coalesced => 0);
}

# A transaction that holds nothing any more may wait.
begin();
$points->run_until('executed', $leader, executed($reading));
$one->{psql}->query_safe('BEGIN; SAVEPOINT s; SELECT count(*) FROM note; ROLLBACK TO s');
follow($reading, $one);
$points->go('executed');
is(results($leader, $one), same(balance_is($balance), 2), 'rolled back: it waits');
$one->{psql}->query_safe('COMMIT');
ends('rolled back', marks => 1, coalesced => 1);

# Where a wait would be a deadlock: the leader is about to wait for what a session holds that asks the same.
begin();
$points->run_until('missed', $leader, executed($reading));
$one->{psql}->query_safe('BEGIN; LOCK TABLE account');
$points->go('missed');
waits_for_a_lock('the leader waits', $leader);
does_not_wait('a locked table', $one, executed($reading), balance_is($balance));
$one->{psql}->query_safe('COMMIT');
is($points->result($leader), balance_is($balance), 'a locked table: the leader, afterwards');
ends('a locked table', marks => 2, coalesced => 0);

begin();
$one->{psql}->query_safe('SELECT pg_advisory_lock(7)');
$points->run_until('missed', $leader, executed('{ lockeds { mark } }'));
$points->go('missed');
waits_for_a_lock('the leader waits', $leader);
does_not_wait('a lock that the function wants', $one, executed('{ lockeds { mark } }'), '{"data":{"lockeds":[{"mark":1}]}}');
$one->{psql}->query_safe('SELECT pg_advisory_unlock(7)');
is($points->result($leader), '{"data":{"lockeds":[{"mark":1}]}}', 'a lock that the function wants: the leader, afterwards');
ends('a lock that the function wants', marks => 2, coalesced => 0);

# A weak lock is one, too: the leader queues behind a third session that waits for it.
begin();
$one->{psql}->query_safe('BEGIN; SELECT count(*) FROM account');
$points->run_until('missed', $leader, executed($reading));
my $third = $points->session;

$third->{psql}->query_until(qr/started/, "\\echo started\nBEGIN\\; LOCK TABLE account\\; COMMIT;\n");
waits_for_a_lock('the third session waits', $third);
$points->go('missed');
waits_for_a_lock('the leader waits', $leader);
does_not_wait('who has read', $one, executed($reading), balance_is($balance));
$one->{psql}->query_safe('COMMIT');
$points->result($third);
is($points->result($leader), balance_is($balance), 'who has read: the leader, afterwards');
ends('who has read', marks => 2, coalesced => 0);

# A call within a call does not wait, nor does it end what the outer one leads.
begin();
$points->run_until('executed', $leader, executed($reading));
does_not_wait('a call within a call', $one, executed('{ outermosts { mark } }'), '{"data":{"outermosts":[{"mark":1}]}}');
$points->finish('executed', $leader);
ends('a call within a call', marks => 2, coalesced => 0);
run_sql('ALTER FUNCTION nested(int) STABLE');
begin();
$points->run_until('missed', $leader, executed('{ outermosts { mark } }'));
follow('{ outermosts { mark } }', $one);
go_on_until('missed', 'snapshot_taken', $leader);
go_on_until('snapshot_taken', 'executed', $leader);
$points->go_until('executed', $leader);
is(coalescing('in_flight, waiting'), '1|1', 'the inner one has ended, the outer one has not');
is($points->finish('executed', $leader), '{"data":{"outermosts":[{"mark":1}]}}', 'the outer one');
is($points->result($one), '{"data":{"outermosts":[{"mark":1}]}}', 'who waits for the outer one executes');
ends('the outer one', coalesced => 1, executions_saved => 0);

# Mutations: each its own.  The second one waits for the row that the first has changed, and for nothing else.
begin();
$points->run_until('fence_raised', $leader, executed('mutation { raise { id } }'));
$one->{psql}->query_until(qr/started/, "\\echo started\n" . executed('mutation { raise { id } }') . ";\n");
waits_for_a_lock('the second mutation waits', $one);
$points->finish('fence_raised', $leader);
like($points->result($one), qr/^\{"data":\{"raise":\{"id":2\}\}/, 'a mutation');
ends('mutations', marks => 2, executions => 0, coalesced => 0);

$node->stop;
done_testing();
