# A table that logical replication writes to: what is applied makes answers invalid on the subscriber like any write,
# from the first copy of the table to TRUNCATE; with two_phase, from COMMIT PREPARED on; also what is sent while it runs.
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $two_phase = 'max_prepared_transactions = 5';
my $publisher = fraiseql_node('publisher', init => [ allows_streaming => 'logical' ], preload => 0, extension => 0,
	config => $two_phase);
my $subscriber = fraiseql_node('subscriber', config => $two_phase);

# Write on the publisher, and wait until the subscriber has applied it.
sub publish
{
	my ($sql) = @_;

	$publisher->safe_psql('postgres', $sql);
	$publisher->wait_for_catchup('sub');
}

$publisher->safe_psql('postgres', <<'SQL');
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO account VALUES (1, 100), (2, 100);
CREATE PUBLICATION pub FOR TABLE account;
SQL
create_ask($subscriber);
$subscriber->safe_psql('postgres', 'CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL); '
	  . "SELECT fraiseql.expose('account')");
is(ask($subscriber, $query), 'kept|' . accounts(), 'an empty list in the cache');

$subscriber->safe_psql('postgres',
	'CREATE SUBSCRIPTION sub CONNECTION $$' . $publisher->connstr('postgres') . '$$ PUBLICATION pub');
$subscriber->wait_for_subscription_sync($publisher, 'sub');
is(ask($subscriber, $query), 'kept|' . accounts(100, 100), 'the first copy of the table shows');
is(ask($subscriber, $query), 'hit|' . accounts(100, 100), 'and is cached');

publish('UPDATE account SET balance = 70 WHERE id = 1');
is(ask($subscriber, $query), 'kept|' . accounts(70, 100), 'an update shows');
publish('INSERT INTO account VALUES (3, 30)');
is(ask($subscriber, $query), 'kept|' . accounts(70, 100, 30), 'an insert shows');
publish('DELETE FROM account WHERE id = 2');
is(ask($subscriber, $query), 'kept|' . accounts(70, 30), 'a delete shows');
is(ask($subscriber, $query), 'hit|' . accounts(70, 30), 'and hits come back');
publish('BEGIN; UPDATE account SET balance = 1; ROLLBACK; SELECT 1');
is(ask($subscriber, $query), 'hit|' . accounts(70, 30), 'what was rolled back does not matter');
publish('TRUNCATE account');
is(ask($subscriber, $query), 'kept|' . accounts(), 'TRUNCATE shows');

# A session of the subscriber that asks all the time never goes back.
my $session = $subscriber->background_psql('postgres');

publish('INSERT INTO account VALUES (1, 0)');
for my $n (1 .. 20)
{
	publish("UPDATE account SET balance = $n");

	my $answer = $session->query_safe(asked($query));

	is($answer, 'kept|' . accounts($n), "write $n shows") if $answer ne 'kept|' . accounts($n);
}
is($session->query_safe(asked($query)), 'hit|' . accounts(20), 'twenty writes, each shown at once');

# Two-phase commit: the subscriber prepares what the publisher prepares, and ends it when the publisher does.
$publisher->safe_psql('postgres', 'CREATE TABLE stock (id int PRIMARY KEY, amount int NOT NULL); '
	  . 'CREATE PUBLICATION stock_pub FOR TABLE stock');
$subscriber->safe_psql('postgres', 'CREATE TABLE stock (id int PRIMARY KEY, amount int NOT NULL); '
	  . "SELECT fraiseql.expose('stock')");
$subscriber->safe_psql('postgres', 'CREATE SUBSCRIPTION stock_sub CONNECTION $$' . $publisher->connstr('postgres')
	  . '$$ PUBLICATION stock_pub WITH (two_phase = true)');
$subscriber->wait_for_subscription_sync($publisher, 'stock_sub');
$subscriber->poll_query_until('postgres', "SELECT subtwophasestate = 'e' FROM pg_subscription WHERE subname = 'stock_sub'")
  or die 'two_phase is not on';

# The amounts that the subscriber answers, after it has applied this.
sub stock_after
{
	my ($sql) = @_;

	$publisher->safe_psql('postgres', $sql);
	$publisher->wait_for_catchup('stock_sub');
	return $session->query_safe(asked('{ stocks(orderBy: {id: ASC}) { amount } }'));
}

sub stock
{
	return '{"data":{"stocks":[' . join(',', map { qq({"amount":$_}) } @_) . ']}}';
}

is(stock_after('INSERT INTO stock VALUES (1, 10)'), 'kept|' . stock(10), 'in one phase');
is(stock_after('SELECT 1'), 'hit|' . stock(10), 'it hits');
is(stock_after("BEGIN; UPDATE stock SET amount = 20; PREPARE TRANSACTION 'one'"),
	'rejected: prepared|' . stock(10), 'prepared on the publisher');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts'), '1', 'and on the subscriber');
is(stock_after("COMMIT PREPARED 'one'"), 'kept|' . stock(20), 'committed');
is(stock_after('SELECT 1'), 'hit|' . stock(20), 'it hits');
is(stock_after("BEGIN; UPDATE stock SET amount = 30; PREPARE TRANSACTION 'one'"),
	'rejected: prepared|' . stock(20), 'prepared again');
is(stock_after("ROLLBACK PREPARED 'one'"), 'kept|' . stock(20), 'rolled back');
is(stock_after('SELECT 1'), 'hit|' . stock(20), 'it hits');
for my $n (1 .. 10)
{
	my $answer = stock_after("BEGIN; UPDATE stock SET amount = $n; PREPARE TRANSACTION 'one'; COMMIT PREPARED 'one'");

	is($answer, 'kept|' . stock($n), "prepared write $n shows") if $answer ne 'kept|' . stock($n);
}
is(stock_after('SELECT 1'), 'hit|' . stock(10), 'ten prepared writes, each shown at once');

# Transactions that are sent while they run, since they are large, and applied when they are committed.  Into a
# partitioned table, where a row may move; without what was rolled back to a savepoint.  (Not with streaming = parallel,
# from 16 on: there the server warns of every row of a partition that has a trigger, to a queue that nobody reads.)
$publisher->safe_psql('postgres', 'CREATE TABLE crate (id int, place text, note text, PRIMARY KEY (id, place)); '
	  . 'ALTER TABLE crate REPLICA IDENTITY FULL; CREATE PUBLICATION crate_pub FOR TABLE crate');
$publisher->append_conf('postgresql.conf', 'logical_decoding_work_mem = 64kB');
$publisher->reload;
$subscriber->safe_psql('postgres', <<'SQL');
CREATE TABLE crate (id int, place text, note text, PRIMARY KEY (id, place)) PARTITION BY LIST (place);
CREATE TABLE crate_north PARTITION OF crate FOR VALUES IN ('north');
CREATE TABLE crate_south PARTITION OF crate FOR VALUES IN ('south');
CREATE VIEW tally AS
	SELECT place AS id, count(*)::int AS crates, count(DISTINCT note)::int AS notes FROM crate GROUP BY place;
SELECT fraiseql.expose('tally'), fraiseql.expose('crate');
SQL
$subscriber->safe_psql('postgres', 'CREATE SUBSCRIPTION crate_sub CONNECTION $$' . $publisher->connstr('postgres')
	  . '$$ PUBLICATION crate_pub WITH (streaming = on)');
$subscriber->wait_for_subscription_sync($publisher, 'crate_sub');

my $tallies = '{ tallies { id crates notes } }';

sub crates_after
{
	my ($sql, $question) = @_;

	$publisher->safe_psql('postgres', $sql);
	$publisher->wait_for_catchup('crate_sub');
	return $session->query_safe(asked($question // $tallies));
}

# Of each place: how many crates, and how many different notes they have.
sub tallies
{
	return '{"data":{"tallies":[' . join(',', map { qq({"id":"$_->[0]","crates":$_->[1],"notes":$_->[2]}) } @_) . ']}}';
}

is(crates_after('SELECT 1'), 'kept|' . tallies(), 'a partitioned table, empty');
is(crates_after("INSERT INTO crate SELECT i, 'north', 'a' FROM generate_series(1, 5000) AS i"),
	'kept|' . tallies([ 'north', 5000, 1 ]), 'a large transaction shows');
is(crates_after("UPDATE crate SET place = 'south' WHERE id <= 2"),
	'kept|' . tallies([ 'north', 4998, 1 ], [ 'south', 2, 1 ]), 'rows that move to another partition show');
is(crates_after('SELECT 1', '{ crates(where: {place: {eq: "south"}}) { id note } }'),
	'kept|{"data":{"crates":[{"id":1,"note":"a"},{"id":2,"note":"a"}]}}', 'an answer about two of them');
is(crates_after("BEGIN; UPDATE crate SET note = 'b' || id; SAVEPOINT s; DELETE FROM crate; ROLLBACK TO s; "
		  . "UPDATE crate SET note = 'c' WHERE place = 'south'; COMMIT"),
	'kept|' . tallies([ 'north', 4998, 4998 ], [ 'south', 2, 1 ]), 'a large transaction without its rolled back part');
is(crates_after('SELECT 1', '{ crates(where: {place: {eq: "south"}}) { id note } }'),
	'kept|{"data":{"crates":[{"id":1,"note":"c"},{"id":2,"note":"c"}]}}', 'shows in the other answer, too');
is(crates_after('SELECT 1'), 'hit|' . tallies([ 'north', 4998, 4998 ], [ 'south', 2, 1 ]), 'and hits come back');
is(crates_after('BEGIN; UPDATE crate SET note = NULL; ROLLBACK; SELECT 1'),
	'hit|' . tallies([ 'north', 4998, 4998 ], [ 'south', 2, 1 ]), 'one that was rolled back leaves them');
$publisher->poll_query_until('postgres', 'SELECT sum(stream_txns) > 1 FROM pg_stat_replication_slots')
  or die 'nothing was streamed';
$session->quit;

$subscriber->stop;
$publisher->stop;
done_testing();
