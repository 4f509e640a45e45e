# Definitions that another extension changes from C, without a command that anybody could see.
use Fraiseql::Test;

my $node = fraiseql_node('silent');

create_ask($node);
$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION make_child(regclass, text) RETURNS void AS '$ENV{TESTDIR}/silent' LANGUAGE C;
CREATE FUNCTION make_empty(text, text) RETURNS void AS '$ENV{TESTDIR}/silent' LANGUAGE C;
CREATE FUNCTION rename_relation(regclass, text) RETURNS void AS '$ENV{TESTDIR}/silent' LANGUAGE C;
CREATE FUNCTION drop_relation(regclass) RETURNS void AS '$ENV{TESTDIR}/silent' LANGUAGE C;
CREATE TABLE event (id int, name text);
INSERT INTO event VALUES (1, 'first');
CREATE TABLE spare (id int);
INSERT INTO spare SELECT generate_series(1, 5);
SELECT fraiseql.track('spare');
CREATE VIEW seen AS SELECT name FROM event;
CREATE SCHEMA nearer;
CREATE FUNCTION by_name() RETURNS bigint LANGUAGE sql STABLE SET search_path = nearer, public
	AS 'SELECT count(*) FROM event';
CREATE VIEW total AS SELECT 1 AS id, by_name() AS events;
SELECT fraiseql.expose('seen'), fraiseql.expose('total');
SQL

# The answer that is in the cache, then what somebody does, and the answer afterwards.
sub changes
{
	my ($name, $query, $old, $change, $outcome, $new) = @_;

	like(ask($node, $query), qr/^(kept|hit)\|\Q$old\E$/, "$name: an answer");
	is(ask($node, $query), "hit|$old", "$name: in the cache");
	$node->safe_psql('postgres', "BEGIN; $change; ROLLBACK");
	is(ask($node, $query), "hit|$old", "$name: rolled back");
	$node->safe_psql('postgres', $change);
	is(ask($node, $query), "$outcome|$new", "$name: done");
}

sub seen
{
	return '{"data":{"seens":[' . join(',', map { qq({"name":"$_"}) } @_) . ']}}';
}

my $seen = '{ seens { name } }';
my $total = '{ totals { events } }';

# A row comes with the child that it needs, whose writes nobody tracks.
changes('a child', $seen, seen('first'), q(SELECT make_child('event', 'event_2'); INSERT INTO event_2 VALUES (2, 'second')),
	'rejected: untracked', seen('first', 'second'));
$node->safe_psql('postgres', "SELECT fraiseql.track('event')");
changes('a grandchild', $seen, seen('first', 'second'),
	q(SELECT make_child('event_2', 'event_3'); INSERT INTO event_3 VALUES (3, 'third')),
	'rejected: untracked', seen('first', 'second', 'third'));
$node->safe_psql('postgres', "SELECT fraiseql.track('event')");
changes('a child goes', $seen, seen('first', 'second', 'third'), q(SELECT drop_relation('event_3')),
	'kept', seen('first', 'second'));

# A name that a function means.
changes('a name', $total, '{"data":{"totals":[{"events":"2"}]}}',
	q(SELECT rename_relation('event', 'past_event'); SELECT rename_relation('spare', 'event')),
	'kept', '{"data":{"totals":[{"events":"5"}]}}');

# The function means another table once there is one.
changes('another table', $total, '{"data":{"totals":[{"events":"5"}]}}', q(SELECT make_empty('nearer', 'event')),
	'rejected: untracked', '{"data":{"totals":[{"events":"0"}]}}');

$node->stop;
done_testing();
