# Two-phase commit: refused where it could not be fenced, let through where it changes nothing that is cached; and the
# cache stays shut after a start until transactions from before it have ended.
use Fraiseql::Test;

my $query = '{ offers { price } }';
my $node = fraiseql_node('prepared', config => 'max_prepared_transactions = 5');

# The answer when this is the price.
sub offers
{
	return qq({"data":{"offers":[{"price":$_[0]}]}});
}

sub replace_price
{
	return "CREATE OR REPLACE FUNCTION price(id int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT id * $_[0]'";
}

# A transaction that must not get through, with the cache as it was before.
sub refused
{
	my ($name, $sql) = @_;
	my ($status, $output, $error) = $node->psql('postgres', "BEGIN; $sql; PREPARE TRANSACTION 'refused'", on_error_stop => 1);

	like($error, qr/ERROR:  cannot PREPARE a transaction that has changed what fraiseql caches/, "refused: $name");
	is($status, 3, "nothing is prepared: $name") or $node->safe_psql('postgres', "ROLLBACK PREPARED 'refused'");
	is(ask($node, $query), 'hit|' . offers(100), "no harm done: $name");
}

create_ask($node);
$node->safe_psql('postgres', 'CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1); '
	  . 'CREATE TABLE unrelated (id int PRIMARY KEY)');
$node->safe_psql('postgres', replace_price(100));
$node->safe_psql('postgres', 'CREATE VIEW offer AS SELECT id, price(id) AS price FROM item; '
	  . "SELECT fraiseql.expose('offer')");
is(ask($node, $query), 'kept|' . offers(100), 'an answer in the cache');

refused('a write', 'INSERT INTO item VALUES (2)');
refused('TRUNCATE', 'TRUNCATE item');
refused('a definition', replace_price(200));
refused('a privilege', 'REVOKE ALL ON item FROM PUBLIC');
refused('an exposure', "SELECT fraiseql.hide('offer')");
refused('a write within a savepoint that was rolled back',
	'SAVEPOINT s; INSERT INTO item VALUES (2); ROLLBACK TO s');

# Other transactions may be prepared, and the cache goes on.
$node->safe_psql('postgres', "BEGIN; INSERT INTO unrelated VALUES (1); PREPARE TRANSACTION 'one'");
is(ask($node, $query), 'hit|' . offers(100), 'a transaction that touched nothing is prepared, and hits go on');
$node->safe_psql('postgres', 'UPDATE item SET id = 2');
is(ask($node, $query), 'kept|' . offers(200), 'answers are kept beside it');
$node->safe_psql('postgres', "COMMIT PREPARED 'one'");
is(ask($node, $query), 'hit|' . offers(200), 'and survive its commit');
is($node->safe_psql('postgres', 'SELECT count(*) FROM unrelated'), '1', 'which did what it should');

# A definition that was prepared while the library was not loaded, so that nobody refused: it outlives the restart.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
$node->safe_psql('postgres', 'BEGIN; ' . replace_price(7) . "; PREPARE TRANSACTION 'definition'");
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'fraiseql'");
$node->restart;
is(ask($node, $query), 'rejected: starting|' . offers(200), 'while it is open, answers are right and not kept');
is(ask($node, $query), 'rejected: starting|' . offers(200), 'however often');
$node->safe_psql('postgres', 'UPDATE item SET id = 3');
is(ask($node, $query), 'rejected: starting|' . offers(300), 'and fresh');
$node->safe_psql('postgres', "COMMIT PREPARED 'definition'");
is(ask($node, $query), 'kept|' . offers(21), 'after its commit the answer is new, and kept');
is(ask($node, $query), 'hit|' . offers(21), 'and hits');

# The same, rolled back.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
$node->safe_psql('postgres', 'BEGIN; ' . replace_price(8) . "; PREPARE TRANSACTION 'definition'");
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'fraiseql'");
$node->restart;
is(ask($node, $query), 'rejected: starting|' . offers(21), 'another one is open');
$node->safe_psql('postgres', "ROLLBACK PREPARED 'definition'");
is(ask($node, $query), 'kept|' . offers(21), 'after its rollback the cache opens');

$node->stop;
done_testing();
