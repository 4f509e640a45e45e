# A cache that is too small for what is asked: gauges stay within bounds, answers are right, under concurrency too; and
# answers whose time is over go by themselves.
use Fraiseql::Test;

my $node = fraiseql_node('memory', config => <<'CONF');
fraiseql.cache_size = 1MB
fraiseql.worker_interval = 100ms
CONF

# How many of these rows are answered wrongly.
sub wrong_answers
{
	my ($first, $last) = @_;

	return $node->safe_psql('postgres', <<"SQL");
SELECT count(*) FROM item
WHERE id BETWEEN $first AND $last
	AND fraiseql.execute('query(\$id: Int!) { item(id: \$id) { id body } }', jsonb_build_object('id', id))::jsonb
		<> jsonb_build_object('data', jsonb_build_object('item', jsonb_build_object('id', id, 'body', body)))
SQL
}

create_ask($node);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE item (id int PRIMARY KEY, body text NOT NULL);
INSERT INTO item SELECT i, repeat(md5(i::text), 1 + i % 60) FROM generate_series(1, 3000) AS i;
SELECT fraiseql.expose('item');
SQL

# Three thousand answers of up to 2 kB, twice.
is(wrong_answers(1, 3000), '0', 'all answers are right while the cache overflows');
is(wrong_answers(1, 3000), '0', 'and the second time');
is( $node->safe_psql('postgres', <<'SQL'),
SELECT evictions > 4000, memory_bytes <= max_memory_bytes, peak_memory_bytes <= max_memory_bytes, max_memory_bytes,
	memory_bytes > max_memory_bytes / 2, entries > 100, fills - evictions - invalidations - entries
FROM fraiseql.cache_stats
SQL
	't|t|t|1048576|t|t|0',
	'the gauges are within bounds, and every fill is accounted for');
is( $node->safe_psql('postgres', 'SELECT count(*) = (SELECT entries FROM fraiseql.cache_stats), sum(memory_bytes) = '
		  . '(SELECT memory_bytes FROM fraiseql.cache_stats) FROM fraiseql.cache_entries'),
	't|t', 'the entries are as many, and as large, as the gauges say');
is(wrong_answers(1, 20), '0', 'a few answers');
is($node->safe_psql('postgres', 'SELECT fraiseql.stats_reset()'), '', 'counting anew');
is(wrong_answers(1, 20), '0', 'the same answers');
is(cache_stat($node, 'hits'), '20', 'are hits');

# What does not fit is answered all the same.
is( $node->safe_psql('postgres', q(SELECT outcome, length(answer) > 500000 FROM ask('{ items(where: {id: {lte: 600}}) { body } }'))),
	'rejected: too_large|t', 'an answer larger than its share is not kept');
$node->safe_psql('postgres', "ALTER SYSTEM SET fraiseql.cache_max_entry_size = '1kB'");
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('fraiseql.cache_max_entry_size') = '1kB'")
  or die 'the setting is not in force';
is( $node->safe_psql('postgres', q(SELECT outcome FROM ask('{ items(where: {id: {eq: 59}}) { body } }'))),
	'rejected: too_large', 'nor is one larger than the setting');
$node->safe_psql('postgres', 'ALTER SYSTEM RESET fraiseql.cache_max_entry_size');
$node->reload;

# Four sessions that evict each other's entries, two that make them invalid, and every answer is checked: a statement
# that gets one wrong fails, and pgbench with it.
$node->pgbench(
	'--no-vacuum --client=6 --jobs=2 --transactions=1500',
	0,
	[qr/number of transactions actually processed: 9000\/9000/],
	[qr/^$/],
	'concurrent evictions',
	{
		'006_read@4' => <<'SQL',
\set id random(1, 1500)
SELECT 1 / (fraiseql.execute('query($id: Int!) { item(id: $id) { id body } }', jsonb_build_object('id', :id)) #>> '{data,item,body}'
	= (SELECT body FROM item WHERE id = :id))::int;
SQL
		'006_write@1' => <<'SQL',
\set id random(1501, 3000)
UPDATE item SET body = md5(random()::text) WHERE id = :id;
SQL
	});

# Answers of ninety blocks, and room for eleven of them: readers copy what others evict and overwrite meanwhile.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE page (id int PRIMARY KEY, body text NOT NULL);
INSERT INTO page SELECT i, repeat(md5(i::text), 2900) FROM generate_series(1, 14) AS i;
SELECT fraiseql.expose('page');
SQL
$node->pgbench(
	'--no-vacuum --client=6 --jobs=2 --time=5 --protocol=prepared',
	0,
	[qr/number of failed transactions: 0 /],
	[qr/^$/],
	'no answer is torn',
	{
		'006_page' => <<'SQL',
\set id random_exponential(1, 14, 3)
SELECT 1 / (fraiseql.execute('query($id: Int!) { page(id: $id) { body } }', jsonb_build_object('id', :id::int))::text
	= '{"data":{"page":{"body":"' || body || '"}}}')::int FROM page WHERE id = :id;
SQL
	});
is( $node->safe_psql('postgres', 'SELECT evictions > 1000, hits > 1000 FROM fraiseql.cache_stats'),
	't|t', 'although there were many evictions, and many hits');
is( $node->safe_psql('postgres', 'SELECT memory_bytes <= max_memory_bytes, hits > 0 FROM fraiseql.cache_stats'),
	't|t', 'the gauges are within bounds, and there were hits');
is( $node->safe_psql('postgres', 'SELECT fraiseql.cache_reset() > 0 FROM fraiseql.cache_stats'),
	't', 'cache_reset() tells that it dropped something');
is(cache_stat($node, 'entries, memory_bytes'), '0|0', 'and leaves nothing');

# Time to live: of the setting, and of the type.
my $short = 'SET fraiseql.cache_ttl = 1; ' . asked('{ item(id: 1) { id } }');
my $item = '{"data":{"item":{"id":1}}}';

$node->safe_psql('postgres', 'SELECT fraiseql.stats_reset()');
is($node->safe_psql('postgres', $short), "kept|$item", 'an answer with a second to live');
ok($node->poll_query_until('postgres', 'SELECT entries = 0 AND expirations = 1 FROM fraiseql.cache_stats'),
	'is swept when it is over');
is(ask($node, '{ item(id: 1) { id } }'), "kept|$item", 'and then computed anew');
$node->safe_psql('postgres', q(SELECT fraiseql.expose('item', options => '{"ttl": 1}')));
is(ask($node, '{ item(id: 1) { id } }'), "kept|$item", 'an answer of a type with a second to live');
ok($node->poll_query_until('postgres', 'SELECT entries = 0 AND expirations = 2 FROM fraiseql.cache_stats'),
	'is swept as well');

# While the worker stands still, an answer whose time is over is not served either.
my $worker = wait_for_worker($node);

kill('STOP', $worker) == 1 or die "no process $worker";
is(ask($node, '{ item(id: 1) { id } }'), "kept|$item", 'an answer with a second to live');
$node->poll_query_until('postgres', 'SELECT expires_at < now() FROM fraiseql.cache_entries') or die 'it does not expire';
is(ask($node, '{ item(id: 1) { id } }'), "kept|$item", 'is not served when the second is over');
kill('CONT', $worker) == 1 or die "no process $worker";

$node->stop;
done_testing();
