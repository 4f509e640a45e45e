# A restart begins with an empty cache, and nothing that was cached before can come back.
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $node = fraiseql_node('restart');

create_accounts($node);
is(ask($node, $query), 'kept|' . accounts(100, 100), 'first answer is computed and kept');
is(ask($node, $query), 'hit|' . accounts(100, 100), 'second answer, in another session, is a hit');

my $hash = $node->safe_psql('postgres', 'SELECT key_hash FROM fraiseql.cache_entries');

$node->restart;
is(cache_stat($node, 'entries, memory_bytes, hits, misses'), '0|0|0|0', 'the cache is empty after a restart');
is(ask($node, $query), 'kept|' . accounts(100, 100), 'and filled anew');
isnt($node->safe_psql('postgres', 'SELECT key_hash FROM fraiseql.cache_entries'),
	$hash, 'under a hash with another seed');
is(ask($node, $query), 'hit|' . accounts(100, 100), 'and hits come back');

# A write that only the log knows: the server is stopped without a checkpoint, and recovers.
$node->safe_psql('postgres', 'UPDATE account SET balance = 70 WHERE id = 1');
$node->stop('immediate');
$node->start;
is(cache_stat($node, 'entries'), '0', 'the cache is empty after recovery');
is(ask($node, $query), 'kept|' . accounts(70, 100), 'the answer shows what was recovered');
is(ask($node, $query), 'hit|' . accounts(70, 100), 'and is cached');

# The size is the server's to choose at each start.
$node->append_conf('postgresql.conf', 'fraiseql.cache_size = 3MB');
$node->restart;
is(cache_stat($node, 'max_memory_bytes'), 3 * 1024 * 1024, 'fraiseql.cache_size counts from the next start');
is(ask($node, $query), 'kept|' . accounts(70, 100), 'a cache of another size works');

$node->stop;
done_testing();
