# Reclaiming through the reverse map: what a write has made invalid is found by what it depends on, and freed; nothing
# else is, however long the chains, and whatever happens while they are walked.
use Fraiseql::Points;
use Fraiseql::Test;

# The worker sleeps: nothing goes but what these tests take.
my $node = fraiseql_node('reclaim', config => "fraiseql.worker_interval = 1h\nfraiseql.audit_ring_size = 0\nfraiseql.cache_size = 2MB");
my $points = Fraiseql::Points->new($node);
my $session = $points->session;

create_accounts($node);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE crate (id int PRIMARY KEY, size int NOT NULL);
INSERT INTO crate SELECT i, 1 FROM generate_series(1, 10) AS i;
SELECT fraiseql.expose('crate');
CREATE FUNCTION reclaim(relation regclass, definitions bool) RETURNS bigint LANGUAGE c STRICT AS 'fraiseql', 'fql_test_reclaim';
-- so many answers about all rows of a table
CREATE FUNCTION fill(field text, answers int) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(fraiseql.execute(format('{ %s(limit: %s) { id } }', field, i))) FROM generate_series(1, answers) AS i
$$;
SQL

sub fill
{
	my ($field, $answers) = @_;

	$node->safe_psql('postgres', "SELECT fill('$field', $answers)");
	return;
}

# Rows come and go, so that every answer about the table is invalid.
sub write_to
{
	my ($table) = @_;

	$node->safe_psql('postgres', "INSERT INTO $table VALUES (0, 0); DELETE FROM $table WHERE id = 0");
	return;
}

# How many were freed; by the table's word, or by those of the table and of all definitions.
sub reclaim
{
	my ($table, $definitions) = @_;

	return $node->safe_psql('postgres', "SELECT reclaim('$table', $definitions)");
}

sub entries
{
	return cache_stat($node, 'entries');
}

is(reclaim('crate', 'true'), '0', 'in an empty cache there is nothing');
fill('crates', 300);
fill('accounts', 300);
is(entries(), '600', 'many answers about two tables');
is(reclaim('crate', 'true'), '0', 'all of them hold');
is(entries(), '600', 'so all stay');
write_to('crate');
is(reclaim('account', 'false'), '0', 'the other table has not changed');
is(reclaim('crate', 'false'), '300', 'by the table: those about it');
is(reclaim('crate', 'true'), '0', 'and they are gone');
is(entries(), '300', 'the others stay');
is(cache_stat($node, 'invalidations'), '300', 'each counts as invalidated');

# The chain of the definitions: 300 that hold in front of 300 that do not, and behind them.
fill('crates', 300);
write_to('account');
is($node->safe_psql('postgres', "SELECT reclaim('pg_class', true)"), '300', 'by the definitions: what is invalid behind what holds');
fill('accounts', 300);
write_to('account');
is($node->safe_psql('postgres', "SELECT reclaim('pg_class', true)"), '300', 'and in front of it');
is(entries(), '300', 'what holds stays');
is($points->violations, '', 'shared memory is coherent');
$node->safe_psql('postgres', 'ALTER TABLE crate ADD note text');
is($node->safe_psql('postgres', "SELECT reclaim('pg_class', true)"), '300', 'a definition: everything');
is(entries(), '0', 'nothing is left');

# Stopped after a first look at the chain.
sub stop_reclaim
{
	return $points->run_until('links_met', $session, "SELECT reclaim('crate', true)");
}

fill('crates', 300);
write_to('crate');
stop_reclaim();
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
is($points->finish('links_met', $session), '0', 'what has gone meanwhile is not counted');

fill('crates', 300);
write_to('crate');
stop_reclaim();
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
fill('crates', 300);
is($points->finish('links_met', $session), '0', 'nor are other answers in the same places');
is(entries(), '300', 'which stay');

write_to('crate');
stop_reclaim();
is(reclaim('crate', 'true'), '300', 'another one is faster');
is($points->finish('links_met', $session), '0', 'each is counted once');

# The place to go on is lost: what was passed holds, and goes before the second look is worked off, and others come.
fill('accounts', 300);
$points->run_until('links_met', $session, "SELECT reclaim('pg_class', true)");
$points->go_until('links_met', $session);
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
fill('crates', 300);
write_to('crate');
is($points->finish('links_met', $session), '300', 'a walk that lost its way begins anew');
is(entries(), '0', 'and misses nothing');
is($points->violations, '', 'shared memory is coherent');

# All at once: fills, evictions, writes, and three who reclaim.
$node->safe_psql('postgres', 'INSERT INTO account SELECT i, 100 FROM generate_series(3, 3000) AS i');
$node->pgbench(
	'--no-vacuum --client=7 --jobs=2 --time=6',
	0,
	[qr/number of failed transactions: 0 /],
	[qr/^$/],
	'concurrent reclaiming',
	{
		'reclaim_read@3' => <<'SQL',
\set id random(1, 3000)
SELECT 1 / (fraiseql.execute('query($id: Int!) { account(id: $id) { id } crates(limit: 5) { id } }', jsonb_build_object('id', :id::int))
	#>> '{data,account,id}' = :id::text)::int;
SQL
		'reclaim_write@1' => <<'SQL',
\set id random(1, 3000)
UPDATE account SET balance = balance + 1 WHERE id = :id;
UPDATE crate SET id = id + 0, size = 2 WHERE id = :id / 300;
SQL
		'reclaim_reclaim@3' => "SELECT reclaim('crate', true), reclaim('account', false);\n",
	});
is($points->violations, '', 'shared memory is coherent');
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
is(cache_stat($node, 'entries, memory_bytes'), '0|0', 'and all of it comes back');

$node->stop;
done_testing();
