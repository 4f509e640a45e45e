# Races, each driven through the few instructions where it could be lost: one process is stopped at a test point, another
# does its worst, and the first goes on.
use Fraiseql::Points;
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $node = fraiseql_node('races', config => "fraiseql.worker_interval = 1h\nfraiseql.audit_ring_size = 0\nfraiseql.cache_size = 1MB");
my $points = Fraiseql::Points->new($node);
my $session = $points->session;
my $balance = 100;

# A new balance of the first account, committed.
sub deposit
{
	$balance++;
	$node->safe_psql('postgres', "UPDATE account SET balance = $balance WHERE id = 1");
	return;
}

sub run_sql
{
	my ($sql) = @_;

	$node->safe_psql('postgres', $sql);
	return;
}

create_accounts($node);
run_sql(<<'SQL');
CREATE TABLE crate (id int PRIMARY KEY, size int NOT NULL, note text);
INSERT INTO crate VALUES (1, 5);
CREATE TABLE page (id int PRIMARY KEY, body text NOT NULL);
INSERT INTO page SELECT i, repeat(md5(i::text), 100) FROM generate_series(1, 500) AS i;
SELECT fraiseql.expose('crate'), fraiseql.expose('page');
CREATE FUNCTION inlined(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n - n + 1';
CREATE FUNCTION called(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
CREATE VIEW version AS SELECT id, inlined(id) AS inlined, called(id) AS called FROM crate;
SELECT fraiseql.expose('version');
SQL

# The points themselves.
my ($status, undef, $error) = $node->psql('postgres', q(SELECT point.stop('nowhere', 1)));

like($error, qr/there is no test point "nowhere"/, 'a point that does not exist');
($status, undef, $error) = $node->psql('postgres', q(SELECT point.go('missed')));
like($error, qr/no process stands at test point "missed"/, 'a point where nobody stands');

#
# Commits
#

# A write, stopped at each step of its commit: what it changes is neither served nor kept, and shows when it is visible.
for my $point (qw(fence_raised commit_visible messages_pending before_tick ticked))
{
	my $before = $balance++;

	ask($node, $query);
	is(ask($node, $query), 'hit|' . accounts($before, 100), "$point: an answer in the cache");
	ask($node, '{ crates { size } }');
	$points->run_until($point, $session, "UPDATE account SET balance = $balance WHERE id = 1");
	my $shown = $point eq 'fence_raised' ? $before : $balance;

	is(ask($node, $query), 'rejected: write|' . accounts($shown, 100), "$point: computed, and not kept");
	is(ask($node, '{ crates { size } }'), 'hit|{"data":{"crates":[{"size":5}]}}', "$point: another table");
	is($points->violations, '', "$point: shared memory is coherent");
	$points->finish($point, $session);
	is(ask($node, $query), 'kept|' . accounts($balance, 100), "$point: afterwards it is kept");
	is(ask($node, $query), 'hit|' . accounts($balance, 100), "$point: and served");
}

# Two commits whose ticks overtake each other: the earlier one sets the word last, and must not set it back.
{
	my $filler = $points->session;

	$balance++;
	$points->run_until('ticked', $session, "UPDATE account SET balance = $balance WHERE id = 1");
	$points->run_until('executed', $filler, asked($query));
	run_sql('UPDATE account SET balance = 200 WHERE id = 2');
	$points->finish('ticked', $session);
	is($points->finish('executed', $filler),
		'rejected: write|' . accounts($balance, 100), 'ticks overtake: an answer from before the second is not kept');
	is(ask($node, $query), 'kept|' . accounts($balance, 200), 'ticks overtake: the next one shows it');
	run_sql('UPDATE account SET balance = 100 WHERE id = 2');
	$filler->{psql}->quit;
}

# A definition: after visibility and before its messages are out, other sessions still compute with what they know of
# the function.  Such an answer must not be kept as one from after the commit.
my $versions = '{ versions { inlined called } }';
my $version = 1;

sub version_answer
{
	my ($n) = @_;

	return qq({"data":{"versions":[{"inlined":$n,"called":$n}]}});
}

# SQL that replaces both functions with those of the next version.
sub next_version
{
	$version++;
	return "BEGIN\\; CREATE OR REPLACE FUNCTION inlined(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n - n + $version'\\; "
	  . "CREATE OR REPLACE FUNCTION called(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $version; END'\\; COMMIT";
}

for my $point (qw(fence_raised commit_visible messages_pending before_tick ticked))
{
	my $reader = $points->session;

	run_sql('SELECT fraiseql.cache_reset()');
	is($reader->{psql}->query_safe(asked($versions)),
		'kept|' . version_answer($version), "$point: a session has made a plan with the function");
	$points->run_until($point, $session, next_version());
	like($reader->{psql}->query_safe(asked($versions)),
		qr/^rejected: write\|/, "$point: a session that may know the old function keeps nothing");
	$points->finish($point, $session);
	is(ask($node, $versions), 'kept|' . version_answer($version), "$point: the new function shows");
	is($reader->{psql}->query_safe(asked($versions)),
		'hit|' . version_answer($version), "$point: in the old session, too");
	$reader->{psql}->quit;
}

#
# Fills
#

# A row is changed while an answer is computed: where the fill stands, what becomes of its answer, and whether the answer
# shows the change.
my @fill_steps = (
	[ 'missed', 'kept', 1 ],
	[ 's0_read', 'rejected: write', 1 ],
	[ 'messages_received', 'rejected: write', 1 ],
	[ 'snapshot_taken', 'rejected: write', 0 ],
	[ 'executed', 'rejected: write', 0 ],
	[ 'schema_checked', 'rejected: write', 0 ],
	[ 'reserved', 'kept', 0 ],      # dead when it is published
);

for my $step (@fill_steps)
{
	my ($point, $outcome, $shows) = @$step;

	run_sql('SELECT fraiseql.cache_reset()');
	$points->run_until($point, $session, asked($query));
	deposit();
	is($points->violations, '', "$point: shared memory is coherent");
	is($points->finish($point, $session),
		"$outcome|" . accounts($shows ? $balance : $balance - 1, 100), "$point: a row is changed");
	if ($outcome eq 'kept' && $shows)
	{
		is(ask($node, $query), 'hit|' . accounts($balance, 100), "$point: the change was before the fill");
	}
	else
	{
		is(ask($node, $query), 'kept|' . accounts($balance, 100), "$point: the next answer shows it");
	}
}

# A function is replaced while an answer is computed by a session that has a plan with the old one.
for my $step (@fill_steps)
{
	my $point = $step->[0];

	is($session->{psql}->query_safe(asked($versions)) =~ s/^.*\|//r,
		version_answer($version), "$point: the session knows the function");
	run_sql('SELECT fraiseql.cache_reset()');
	$points->run_until($point, $session, asked($versions));
	run_sql(next_version() =~ s/\\;/;/gr);
	like($points->finish($point, $session),
		$point eq 'reserved' ? qr/^kept\|/ : qr/^rejected: write\|/, "$point: a function is replaced");
	is(ask($node, $versions), 'kept|' . version_answer($version), "$point: the next answer shows it");
}

# A membership is revoked from another database, whose schema is not ours: only the roles' word tells.  The session has
# locked the table, so nothing but the fill itself makes it receive messages before it executes.
{
	run_sql('CREATE DATABASE other');
	$node->safe_psql('other', 'CREATE EXTENSION fraiseql');
	run_sql('CREATE ROLE readers; CREATE ROLE member; GRANT readers TO member; GRANT SELECT ON account TO readers');
	my $member = $points->session;

	$member->{psql}->query_safe('SET ROLE member');
	deposit();
	$member->{psql}->query_safe('BEGIN');
	is($member->{psql}->query_safe(asked($query)), 'kept|' . accounts($balance, 100), 'a member reads');
	deposit();
	is($member->{psql}->query_safe(asked($query)), 'kept|' . accounts($balance, 100), 'and again, in one transaction');
	deposit();
	$points->run_until('missed', $member, asked($query));
	$node->safe_psql('other', 'REVOKE readers FROM member');
	like($points->finish('missed', $member),
		qr/^rejected: error\|.*Permission denied/, 'a member no more, before the clock was read');
	$member->{psql}->query_safe('COMMIT');
	like($node->safe_psql('postgres', 'SET ROLE member; ' . asked($query)),
		qr/^rejected: error\|.*Permission denied/, 'and nothing is in the cache for him');
	$member->{psql}->quit;
}

# The schema changes after an operation was validated, and before the clock is read: only the schema's word tells that
# the answer was printed by the old one.
{
	my $crates = '{ crates { size } }';

	run_sql('SELECT fraiseql.cache_reset()');
	$points->run_until('missed', $session, asked($crates));
	run_sql('ALTER TABLE crate ALTER size TYPE bigint');
	is($points->finish('missed', $session), 'rejected: write|{"data":{"crates":[{"size":5}]}}', 'validated before');
	is(ask($node, $crates), 'kept|{"data":{"crates":[{"size":"5"}]}}', 'and the next operation after a column has changed');
	is(ask($node, $crates), 'hit|{"data":{"crates":[{"size":"5"}]}}', 'whose answer is kept');
}

# Two fills of one answer: the later gives way to none, and there is one entry.
{
	run_sql('SELECT fraiseql.cache_reset()');
	$points->run_until('reserved', $session, asked($query));
	is(ask($node, $query), 'kept|' . accounts($balance, 100), 'two fills: the one that passes');
	is($points->finish('reserved', $session), 'kept|' . accounts($balance, 100), 'two fills: the one that was passed');
	is(cache_stat($node, 'entries, memory_bytes'), '1|1024', 'two fills: one entry');
	deposit();
	is(ask($node, $query), 'kept|' . accounts($balance, 100), 'two fills: neither outlives a write');
}

# The first began before a write, the second after it.  The first comes late, and is not kept, or is dead when it is.
# (The counters are everybody's, so what became of the second is told with the first.)
for my $step ([ 'snapshot_taken', 'kept, rejected: write', 'hit' ], [ 'executed', 'kept, rejected: write', 'hit' ],
	[ 'schema_checked', 'kept, rejected: write', 'hit' ], [ 'reserved', 'kept', 'kept' ])
{
	my ($point, $late, $then) = @$step;

	run_sql('SELECT fraiseql.cache_reset()');
	$points->run_until($point, $session, asked($query));
	deposit();
	is(ask($node, $query), 'kept|' . accounts($balance, 100), "$point: a fill from after a write");
	is($points->finish($point, $session), "$late|" . accounts($balance - 1, 100), "$point: one from before it ends later");
	is(ask($node, $query), "$then|" . accounts($balance, 100), "$point: and is not served");
	is(ask($node, $query), 'hit|' . accounts($balance, 100), "$point: then, either");
	is($points->violations, '', "$point: shared memory is coherent");
}

#
# Hits
#

# Ask for all pages of a range, so that the cache is full of them.
sub read_pages
{
	my ($first, $last) = @_;

	run_sql("SELECT fraiseql.execute('query(\$id: Int!) { page(id: \$id) { body } }', jsonb_build_object('id', i)) "
		  . "FROM generate_series($first, $last) AS i");
	return;
}

my $page = '{ page(id: 7) { body } }';
my $body = $node->safe_psql('postgres', 'SELECT body FROM page WHERE id = 7');
my $page_answer = qq({"data":{"page":{"body":"$body"}}});

# The entry is taken away, and its blocks are written anew, while a reader is about to copy them.
ask($node, $page);
$points->run_until('hit_found', $session, asked($page));
read_pages(8, 500);
is($points->finish('hit_found', $session), "kept|$page_answer", 'an entry that is evicted under the reader is not served');
is(ask($node, $page), "hit|$page_answer", 'and then it is in the cache anew');
$points->run_until('hit_found', $session, asked($page));
run_sql('SELECT fraiseql.cache_reset()');
read_pages(8, 8);
is($points->finish('hit_found', $session), "kept|$page_answer", 'nor one whose blocks are another answer by now');

# A write that commits then came during the call: the answer is one of an instant within it.
ask($node, $query);
$points->run_until('hit_found', $session, asked($query));
deposit();
is($points->finish('hit_found', $session), 'hit|' . accounts($balance - 1, 100), 'a write during a hit comes after it');
is(ask($node, $query), 'kept|' . accounts($balance, 100), 'the next call shows it');

# While the lock is held, in the middle of a change, other answers are served: a hit takes no lock.
sub is_served
{
	my ($name) = @_;
	my $timed_out = 0;
	my $answer = '';

	$node->psql('postgres', "SELECT fraiseql.execute('$query')", stdout => \$answer, timeout => 60,
		timed_out => \$timed_out);
	is($answer, accounts($balance, 100), $name);
	return;
}

for my $change ([ 'publishing', asked('{ page(id: 9) { id } }') ],
	[ 'removing', q(SELECT outcome FROM ask('{ page(id: 10) { body } }')) ],
	[ 'evicting', q(SELECT outcome FROM ask('{ page(id: 11) { body } }')) ])
{
	my ($point, $sql) = @$change;

	# a full cache, in which this answer is the newest
	run_sql('SELECT fraiseql.cache_reset()') if $point eq 'publishing';
	read_pages(1, 300) if $point ne 'publishing';
	ask($node, $query);
	$points->run_until($point, $session, $sql);
	is_served("$point: another answer is served");
	like($points->finish($point, $session), qr/^hit, kept/, "$point: from the cache; and then the change is completed");
	is(ask($node, $query), 'hit|' . accounts($balance, 100), "$point: and the other answer is still there");
	is($points->violations, '', "$point: shared memory is coherent");
}

#
# The worker
#

my $worker = wait_for_worker($node);

# An entry that the worker found dead is replaced, and its header belongs to another answer by now.
run_sql('SELECT fraiseql.cache_reset()');
ask($node, $query);
deposit();
$points->run_worker_until('reclaiming', $worker);
is(ask($node, $query), 'kept|' . accounts($balance, 100), 'reclaiming: the dead answer is replaced');
is(ask($node, '{ account(id: 2) { balance } }'),
	'kept|{"data":{"account":{"balance":100}}}', 'reclaiming: its place is taken');
$points->finish_worker('reclaiming', $worker);
is(ask($node, $query), 'hit|' . accounts($balance, 100), 'reclaiming: the new answer stays');
is(ask($node, '{ account(id: 2) { balance } }'),
	'hit|{"data":{"account":{"balance":100}}}', 'reclaiming: and so does the one in its place');

# An entry that is live although something beside it has changed is renewed; a write that comes in between still counts.
my $size = 5;

for my $point (qw(found_live renewing))
{
	my $crates = '{ crates { size } }';

	run_sql('SELECT fraiseql.cache_reset()');
	ask($node, $crates);
	run_sql("UPDATE crate SET note = '$point'");
	is(ask($node, $crates), qq(hit|{"data":{"crates":[{"size":"$size"}]}}), "$point: a column that was not read");
	$points->run_worker_until($point, $worker);
	$points->finish_worker($point, $worker);
	is(ask($node, $crates), qq(hit|{"data":{"crates":[{"size":"$size"}]}}), "$point: the entry is renewed");

	run_sql("UPDATE crate SET note = '$point again'");
	$points->run_worker_until($point, $worker);
	$size++;
	run_sql("UPDATE crate SET size = $size");
	$points->finish_worker($point, $worker);
	is(ask($node, $crates),
		qq(kept|{"data":{"crates":[{"size":"$size"}]}}), "$point: a write between the look and the renewal counts");
}

#
# Invalidating by hand.  The data stays as it is, so that what is kept tells whether the answer escaped.
#

my $single = '{ account(id: 2) { id } }';
my $single_answer = '{"data":{"account":{"id":2}}}';

sub invalidate
{
	my ($id) = @_;

	return $node->safe_psql('postgres', "SELECT fraiseql.invalidate('Account', '$id')");
}

# A fill that began before is not kept, wherever it is; one of another object is.
for my $point (qw(s0_read messages_received snapshot_taken executed schema_checked reserved entities_hold))
{
	run_sql('SELECT fraiseql.cache_reset()');
	$points->run_until($point, $session, asked($single) =~ s/;$//r);
	is(invalidate(2), '0', "$point: invalidated by hand before the answer is there");
	is($points->finish($point, $session), "rejected: write|$single_answer", "$point: it is not kept");
	is(ask($node, $single), "kept|$single_answer", "$point: the next one is");
	is(invalidate(2), '1', "$point: and is found");

	$points->run_until($point, $session, asked($single) =~ s/;$//r);
	is(invalidate(1), '0', "$point: another object");
	is($points->finish($point, $session), "kept|$single_answer", "$point: is no reason not to keep it");
	is(invalidate(2), '1', "$point: so it is there, and is found");
	is(cache_stat($node, 'entries, memory_bytes'), '0|0', "$point: no memory is lost");
}
$points->run_until('missed', $session, asked($single) =~ s/;$//r);
is(invalidate(2), '0', 'before the clock is read');
is($points->finish('missed', $session), "kept|$single_answer", 'what is computed afterwards is kept');

# Who invalidates stands between telling and removing: what began before is not kept, and what is found there goes.
my $other = $points->session;

run_sql('SELECT fraiseql.cache_reset()');
$points->run_until('reserved', $session, asked($single) =~ s/;$//r);
$points->run_until('removal_begins', $other, "SELECT fraiseql.invalidate('Account')");
is($points->finish('reserved', $session), "rejected: write|$single_answer", 'words have ticked: not kept');
is(ask($node, $single), "kept|$single_answer", 'computed after that: kept');
is($points->finish('removal_begins', $other), '1', 'and removed all the same');
is(ask($node, $single), "kept|$single_answer", 'then kept for good');

# A reader who has found the answer is served it, or executes.
$points->run_until('hit_found', $session, asked($single) =~ s/;$//r);
is(invalidate(2), '1', 'invalidated under the reader');
is($points->finish('hit_found', $session), "kept|$single_answer", 'who executes');

# A fill stands in the middle of publishing: who invalidates waits, and finds the answer.
run_sql('SELECT fraiseql.cache_reset()');
$points->run_until('publishing', $session, asked($single) =~ s/;$//r);
$other->{psql}->query_until(qr/started/, "\\echo started\nSELECT fraiseql.invalidate('Account', '2');\n");
$node->poll_query_until('postgres',
	"SELECT wait_event_type = 'LWLock' FROM pg_stat_activity WHERE pid = $other->{pid}") or die 'it does not wait';
is($points->finish('publishing', $session), "kept|$single_answer", 'published first');
is($points->result($other), '1', 'and then found');
is(cache_stat($node, 'entries'), '0', 'nothing is left');
$other->{psql}->quit;

is($points->violations, '', 'shared memory is coherent after all of it');
$session->{psql}->quit;
$node->stop;
done_testing();
