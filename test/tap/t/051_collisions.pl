# Hashes that collide: two keys with one hash are two keys, and tags that share words cost needless misses and nothing
# else.  Nobody can choose keys with one hash (it is seeded), so their hashes are made equal in shared memory.
use Fraiseql::Test;

my $node = fraiseql_node('collisions', config => 'fraiseql.worker_interval = 1h');

$node->safe_psql('postgres', 'CREATE FUNCTION corrupt(what text, index bigint, value bigint, size bigint) RETURNS bigint '
	  . "LANGUAGE c AS '$ENV{TESTDIR}/corrupt'");
create_accounts($node);
$node->safe_psql('postgres', <<'SQL');
UPDATE account SET balance = id;
CREATE TABLE secret (id int PRIMARY KEY, owner name, body text);
INSERT INTO secret VALUES (1, 'ann', 'of ann'), (2, 'bob', 'of bob');
SELECT fraiseql.expose('secret');
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secret USING (owner = current_user);
CREATE ROLE ann;
CREATE ROLE bob;
GRANT SELECT ON secret TO ann, bob;
SQL

# Put a value into the shared memory; the one that was there.
sub corrupt
{
	my ($what, $index, $value) = @_;
	my $part = $what eq 'line_mask' ? 'fraiseql words' : 'fraiseql cache';

	return $node->safe_psql('postgres', "SELECT corrupt('$what', $index, $value, size) FROM pg_shmem_allocations WHERE name = '$part'");
}

# Make the key of the second entry lead to the first one, and to it alone: same bucket, same hash.  (The worker sleeps,
# so that it does not go there.)
sub collide
{
	my ($first, $second) = @_;

	corrupt('bucket', $second, $first);
	corrupt('hash', $first, corrupt('hash', $second, 'NULL'));
	is(corrupt('hash', $first, 'NULL'), corrupt('hash', $second, 'NULL'), 'the hashes are equal');
	is(corrupt('bucket', $second, 'NULL'), $first, 'and the key leads to the other entry');
	return;
}

my $first = '{ account(id: 1) { balance } }';
my $second = '{ account(id: 2) { balance } }';
my $balance = sub { qq({"data":{"account":{"balance":$_[0]}}}) };

# Keys of one length: nothing but their bytes tells them apart.
is(ask($node, $first), 'kept|' . $balance->(1), 'the first answer');
is(ask($node, $second), 'kept|' . $balance->(2), 'the second answer');
is(ask($node, $second), 'hit|' . $balance->(2), 'is found by its key');
is($node->safe_psql('postgres', 'SELECT count(DISTINCT key_hash) FROM fraiseql.cache_entries'), '2', 'their hashes differ');

my @hashes = map { corrupt('hash', $_, 'NULL') } 0, 1;

collide(0, 1);
is(ask($node, $second), 'kept|' . $balance->(2), 'what has the same hash is not served for it');
is(ask($node, $second), 'hit|' . $balance->(2), 'both are kept under one hash');
is(ask($node, $first), 'kept|' . $balance->(1), 'and the first is not found where it does not belong');
is(ask($node, $first), 'hit|' . $balance->(1), 'but anew');
$node->stop('immediate');
$node->start;
isnt(corrupt('hash', 0, 'NULL'), $hashes[0], 'a restart begins with an empty cache');
ask($node, $first);
isnt(corrupt('hash', 0, 'NULL'), $hashes[0], 'and with other hashes of the same keys');
$node->stop('immediate');
$node->start;

# Keys that differ in who asks.
sub as_role
{
	my ($role) = @_;

	return $node->safe_psql('postgres', "SET ROLE $role; " . asked('{ secrets { body } }'));
}

is(as_role('ann'), 'kept|{"data":{"secrets":[{"body":"of ann"}]}}', "Ann's answer");
is(as_role('bob'), 'kept|{"data":{"secrets":[{"body":"of bob"}]}}', "Bob's answer");
collide(0, 1);
is(as_role('bob'), 'kept|{"data":{"secrets":[{"body":"of bob"}]}}', "Bob is not served Ann's");
is(as_role('bob'), 'hit|{"data":{"secrets":[{"body":"of bob"}]}}', 'but his own');

# All tags in one line of words, as if the table had room for no more.
$node->stop('immediate');
$node->start;
corrupt('line_mask', 0, 0);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE item (id int PRIMARY KEY, kind text, n int);
CREATE INDEX ON item (kind);
CREATE TABLE shop (id int PRIMARY KEY, town text);
INSERT INTO item SELECT i, chr(96 + i % 5), i FROM generate_series(1, 20) AS i;
INSERT INTO shop SELECT i, 'town ' || i FROM generate_series(1, 5) AS i;
SELECT fraiseql.expose('item'), fraiseql.expose('shop');
CREATE TABLE question AS SELECT * FROM unnest(ARRAY['{ items { n } }', '{ item(id: 3) { n } }', '{ item(id: 99) { n } }', '{ items(where: {kind: {eq: "a"}}) { id } }',
	'{ items(where: {kind: {eq: "b"}}) { id n } }', '{ shops { town } }', '{ shop(id: 1) { town } }', '{ shops { id } items(limit: 1) { kind } }']) AS query;
CREATE FUNCTION wrong() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	asked text;
	answer text;
	wrong bigint := 0;
BEGIN
	FOR asked IN SELECT query FROM question LOOP
		answer := fraiseql.execute(asked);
		PERFORM set_config('fraiseql.cache_enabled', 'off', true);
		IF answer IS DISTINCT FROM fraiseql.execute(asked)::text THEN
			wrong := wrong + 1;
		END IF;
		PERFORM set_config('fraiseql.cache_enabled', 'on', true);
	END LOOP;
	RETURN wrong;
END
$$;
SQL

my @writes = (
	'UPDATE item SET n = n + 1 WHERE id = 3',
	q(UPDATE item SET kind = 'a' WHERE id = (SELECT min(id) FROM item WHERE kind = 'b')),
	q(UPDATE item SET kind = 'b' WHERE id = (SELECT min(id) FROM item WHERE kind = 'a')),
	q(UPDATE shop SET town = town || '!' WHERE id = 1),
	q(INSERT INTO item VALUES (99, 'a', 1) ON CONFLICT (id) DO UPDATE SET n = item.n + 1),
	'DELETE FROM item WHERE id = 99',
	'BEGIN; UPDATE item SET n = 0; ROLLBACK',
	'SELECT 1');

is( $node->safe_psql('postgres', 'SELECT fraiseql.stats_reset();' . join('', map { "$writes[$_ % @writes]; SELECT wrong();" } 0 .. 8 * @writes - 1)),
	"\n" . join("\n", map { ($_ % @writes == @writes - 1 ? '1' : ()) , '0' } 0 .. 8 * @writes - 1),
	'every answer is right although every tag shares its word with every other');
is($node->safe_psql('postgres', 'SELECT hits > 100, misses > 100 FROM fraiseql.cache_stats'), 't|t', 'some are hits, many are misses');
$node->safe_psql('postgres', 'UPDATE shop SET town = town');
$node->safe_psql('postgres', 'SELECT wrong()');

# Which word of the line is a tag's first one depends on the seed, and the words of its columns follow in their order.  So
# among answers about the second column there are some whose tag begins where that of the written table does, if there
# are enough of them: one in eight does.
my $kinds = join('', map { asked("{ item(id: $_) { kind } }") } 1 .. 200);
my $outcomes = sub { return join(' ', map { /^(\w+)/ } split(/\n/, $node->safe_psql('postgres', $kinds))) };

$outcomes->();
unlike($outcomes->(), qr/kept/, 'nothing is written: hits');
$node->safe_psql('postgres', q(UPDATE shop SET town = 'elsewhere' WHERE id = 2));
like($outcomes->(), qr/\bkept\b.*\bkept\b/, 'needless misses after a write to another table');

$node->stop('immediate');
done_testing();
