# Invalidating by hand, by several sessions at once, while others ask: every answer that dies is counted, once, and by one.
use Fraiseql::Test;

my $node = fraiseql_node('invalidate', config => "fraiseql.worker_interval = 10ms\nfraiseql.cache_size = 64MB");

create_ask($node);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE writer (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE book (id int PRIMARY KEY, title text NOT NULL, writer_id int NOT NULL REFERENCES writer (id));
INSERT INTO writer SELECT i, 'writer ' || i FROM generate_series(0, 4999) AS i;
INSERT INTO book SELECT i, 'book ' || i, i % 500 FROM generate_series(0, 4999) AS i;
CREATE INDEX ON book (writer_id);
SELECT fraiseql.expose('writer'), fraiseql.expose('book');
CREATE TABLE died (n bigint NOT NULL);
CREATE FUNCTION ask_book(id int) RETURNS json LANGUAGE sql AS $$
	SELECT fraiseql.execute('query($id: Int!) { book(id: $id) { id title writer { id name } } }', jsonb_build_object('id', id))
$$;
SQL

# A few thousand answers about books, each with one of 500 writers.
$node->safe_psql('postgres', 'SELECT count(ask_book(i)) FROM generate_series(0, 4999) AS i');
is(cache_stat($node, 'entries'), '5000', 'answers');
is($node->safe_psql('postgres', q(SELECT fraiseql.invalidate('Book', '4999'))), '1', 'one by its own id');
is($node->safe_psql('postgres', q(SELECT fraiseql.invalidate('Writer', '7'))), '10', 'ten by what is nested in them');
is( $node->safe_psql('postgres', <<'SQL'),
SELECT fraiseql.invalidate_cascade(jsonb_build_object('updated',
	(SELECT jsonb_agg(jsonb_build_object('__typename', 'Book', 'id', i)) FROM generate_series(0, 999) AS i), 'deleted',
	'[{"type": "Writer", "id": "10"}, {"type": "Nobody", "id": "10"}]'::jsonb))
SQL
	'1006', 'a thousand by a cascade, less two that were gone, and eight of a writer');
is(cache_stat($node, 'entries, invalidations'), '3983|1017', 'the others stay');

# Three who ask, each about books of his own so that nobody replaces another's answer, and three who invalidate.
$node->pgbench(
	'--no-vacuum --client=6 --jobs=2 --transactions=1500',
	0,
	[qr/number of transactions actually processed: 9000\/9000/],
	[qr/^$/],
	'concurrent invalidation',
	{
		'042_ask@3' => <<'SQL',
\set id random(0, 799) * 6 + :client_id
SELECT 1 / (ask_book(:id::int) #>> '{data,book,title}' = 'book ' || :id)::int;
SQL
		'042_invalidate@3' => <<'SQL',
\set id random(0, 4999)
\set kind random(1, 20)
\if :kind <= 12
INSERT INTO died SELECT fraiseql.invalidate('Book', ':id');
\elif :kind < 20
INSERT INTO died SELECT fraiseql.invalidate_cascade(('{"updated": [{"__typename": "Writer", "id": "' || :id % 500 || '"}]}')::jsonb);
\else
INSERT INTO died SELECT fraiseql.invalidate('Writer');
\endif
SQL
	});
is( $node->safe_psql('postgres', <<'SQL'),
SELECT invalidations - 1017 - (SELECT sum(n) FROM died), fills - invalidations - entries, evictions, expirations FROM fraiseql.cache_stats
SQL
	'0|0|0|0', 'what they counted is what died, and no answer is unaccounted for');
is($node->safe_psql('postgres', 'SELECT sum(n) > 100 FROM died'), 't', 'and that was a good deal');
is($node->safe_psql('postgres', 'SELECT * FROM fraiseql.validate_coherency()'), '', 'shared memory is coherent');
$node->safe_psql('postgres', q(SELECT fraiseql.invalidate('Book')));
is(cache_stat($node, 'entries, memory_bytes'), '0|0', 'all of them at once');

$node->stop;
done_testing();
