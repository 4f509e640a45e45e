# Cascades, at random: mutations of all kinds, and plain transactions with savepoints.  Of each transaction three accounts
# must agree: the cascade in the response (or of transaction_cascade()), the record in the audit trail, and the difference
# between the tables before and after it, taken by plain SQL.  A role with row security is told of exactly what it sees:
# created and updated rows as they are now, deleted ones as they were.
#
# The random numbers are the same each time.
use Fraiseql::Test;
use JSON::PP;
use Time::HiRes qw(usleep);

my $ROUNDS = 160;
my $seed = 1;

# Types, and the tables whose rows they are.
my %tables = (User => 'tb_user', Post => 'tb_post', Note => 'tb_note');

my $node = fraiseql_node('cascades', config => "fraiseql.worker_interval = 10ms\nfraiseql.audit_ring_size = 2000");

# "rev" differs after each change, so that a row which is changed and changed back is not as it was
$node->safe_psql('postgres', <<'SQL');
CREATE SEQUENCE rev;
CREATE SEQUENCE new_id START 1000;
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS
	$$BEGIN NEW.rev := nextval('public.rev'); RETURN NEW; END$$;
ALTER FUNCTION note_change() SECURITY DEFINER;
CREATE TABLE tb_user (pk_user int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id int NOT NULL UNIQUE DEFAULT nextval('new_id'),
	team int NOT NULL DEFAULT 1, name text NOT NULL CHECK (name <> 'bad'), rev int);
CREATE TABLE tb_post (id int PRIMARY KEY DEFAULT nextval('new_id'), fk_user int NOT NULL REFERENCES tb_user ON DELETE CASCADE,
	team int NOT NULL DEFAULT 1, name text NOT NULL CHECK (name <> 'bad'), rev int);
CREATE TABLE tb_note (id int PRIMARY KEY DEFAULT nextval('new_id'), post_id int REFERENCES tb_post ON DELETE SET NULL,
	team int NOT NULL DEFAULT 1, name text NOT NULL CHECK (name <> 'bad'), rev int);
CREATE INDEX ON tb_post (fk_user);
CREATE INDEX ON tb_note (post_id);
CREATE TRIGGER note_insert BEFORE INSERT ON tb_user FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER note_insert BEFORE INSERT ON tb_post FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER note_insert BEFORE INSERT ON tb_note FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER note_update BEFORE UPDATE ON tb_user FOR EACH ROW WHEN (NEW.* IS DISTINCT FROM OLD.*) EXECUTE FUNCTION note_change();
CREATE TRIGGER note_update BEFORE UPDATE ON tb_post FOR EACH ROW WHEN (NEW.* IS DISTINCT FROM OLD.*) EXECUTE FUNCTION note_change();
CREATE TRIGGER note_update BEFORE UPDATE ON tb_note FOR EACH ROW WHEN (NEW.* IS DISTINCT FROM OLD.*) EXECUTE FUNCTION note_change();
INSERT INTO tb_user (id, team, name) SELECT i, 1 + i % 2, 'user ' || i FROM generate_series(1, 20) AS i;
INSERT INTO tb_post SELECT i, u.pk_user, 1 + i / 2 % 2, 'post ' || i FROM generate_series(1, 40) AS i JOIN tb_user u ON u.id = 1 + i % 20;
INSERT INTO tb_note SELECT i, 1 + i % 40, 1 + i / 4 % 2, 'note ' || i FROM generate_series(1, 40) AS i;

-- Statements as their owner, who sees all rows: what a role without rights to rows may have done for it.
CREATE FUNCTION fn_run_script(statements text[], fails boolean DEFAULT false) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = public AS $$
DECLARE
	statement text;
BEGIN
	FOREACH statement IN ARRAY statements LOOP
		EXECUTE statement;
	END LOOP;
	IF fails THEN RAISE EXCEPTION 'as it was told'; END IF;
	RETURN cardinality(statements);
END $$;

SELECT fraiseql.expose('tb_user', options => '{"mutations": true}'), fraiseql.expose('tb_post', options => '{"mutations": true}'),
	fraiseql.expose('tb_note', options => '{"mutations": true}'), fraiseql.expose_function('fn_run_script(text[], boolean)');

CREATE ROLE clerk;
GRANT USAGE ON SCHEMA fraiseql TO clerk;
GRANT SELECT, INSERT, UPDATE, DELETE ON tb_user, tb_post, tb_note TO clerk;
GRANT USAGE ON new_id TO clerk;
ALTER TABLE tb_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE tb_post ENABLE ROW LEVEL SECURITY;
ALTER TABLE tb_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_team ON tb_user TO clerk USING (team = 1);
CREATE POLICY own_team ON tb_post TO clerk USING (team = 1);
CREATE POLICY own_team ON tb_note TO clerk USING (team = 1);
SQL

my $session = $node->background_psql('postgres', on_error_stop => 0);
my $json = JSON::PP->new;

srand($seed);
note("seed $seed");

sub one_of
{
	return $_[ int(rand(@_)) ];
}

sub query
{
	my ($sql) = @_;

	return $session->query($sql) // '';
}

# Rows of all tables as the session's role sees them: {"User:7" => rev}.
sub rows
{
	my $union = join(' UNION ALL ', map { "SELECT '$_:' || id AS k, rev FROM $tables{$_}" } sort keys %tables);

	return $json->decode(query("SELECT coalesce(json_object_agg(k, rev), '{}') FROM ($union) AS r"));
}

# The same as a role sees them.
sub rows_as
{
	my ($role) = @_;

	query("SET ROLE $role");
	my $rows = rows();
	query('RESET ROLE');
	return $rows;
}

# What differs, in the words of cascades, a sorted list of "UPDATED User:7".
sub difference
{
	my ($before, $after) = @_;
	my %keys = (%$before, %$after);

	return sort map {
		!exists $before->{$_} ? "CREATED $_" : !exists $after->{$_} ? "DELETED $_" : "UPDATED $_"
	} grep { ($before->{$_} // '') ne ($after->{$_} // '') } keys %keys;
}

# Of a list like that, what a role sees that sees these rows before and these after.
sub seen
{
	my ($before, $after, @changes) = @_;

	return grep { /^(\w+) (.*)$/ && exists(($1 eq 'DELETED' ? $before : $after)->{$2}) } @changes;
}

# What a cascade names.
sub named
{
	my ($cascade) = @_;

	return sort map { "$_->{operation} $_->{__typename}:$_->{id}" } @{ $cascade->{updated} }, @{ $cascade->{deleted} };
}

# What a record of the audit trail names.
sub recorded
{
	my ($xid) = @_;

	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		my $entities = query("SELECT entities FROM fraiseql.audit_recent WHERE xid = '$xid' AND NOT truncated AND status = 'Success'");

		return sort map { "$_->{operation} $_->{type}:$_->{id}" } @{ $json->decode($entities) } if $entities ne '';
		usleep(100_000);
	}
	return "no record";
}

# A row that is there, most of the time.
sub some_id
{
	my ($rows, $type) = @_;
	my @ids = sort { $a <=> $b } map { /^$type:(.*)/ ? $1 : () } keys %$rows;

	return @ids && rand() < 0.95 ? one_of(@ids) : 999;
}

sub some_name
{
	return rand() < 0.1 ? 'bad' : 'name ' . int(rand(1000));
}

# A statement of plain SQL.  Those that are not to fail have no bad names.
sub statement
{
	my ($rows) = @_;
	my $type = one_of(sort keys %tables);
	my $table = $tables{$type};
	my ($id, $other) = map { some_id($rows, $type) } 1 .. 2;
	my $name = 'plain ' . int(rand(1000));

	return one_of(
		"UPDATE $table SET name = '$name' WHERE id = $id",
		"UPDATE $table SET name = name WHERE id IN ($id, $other)",
		"UPDATE $table SET name = name || '+' WHERE id BETWEEN $id AND $id + 10",
		"UPDATE $table SET team = 3 - team WHERE id IN ($id, $other)",
		"UPDATE tb_post SET id = nextval('new_id') WHERE id = " . some_id($rows, 'Post')
		  . ' AND NOT EXISTS (SELECT 1 FROM tb_note WHERE post_id = tb_post.id)',
		"INSERT INTO tb_user (name, team) SELECT '$name', i FROM generate_series(1, 2) AS i",
		"INSERT INTO tb_post (fk_user, name, team) SELECT pk_user, '$name', 1 + id % 2 FROM tb_user WHERE id = " . some_id($rows, 'User'),
		"INSERT INTO tb_note (name, team) VALUES ('$name', " . one_of(1, 2) . ')',
		"DELETE FROM $table WHERE id = $id",
		"WITH gone AS (DELETE FROM tb_note WHERE id IN ($id, $other) RETURNING *) SELECT 1 FROM gone",
		"INSERT INTO tb_note (id, name) VALUES (5000, '$name') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name",
		"DELETE FROM tb_note WHERE id = 5000");
}

# A root field of a mutation, which may fail.
sub field
{
	my ($rows) = @_;
	my $type = one_of(sort keys %tables);
	my ($id, $other) = map { some_id($rows, $type) } 1 .. 2;
	my ($user, $name) = (some_id($rows, 'User'), some_name());
	my $script = join(', ', map { $json->allow_nonref->encode($_) } map { statement($rows) } 1 .. 1 + int(rand(4)));

	return one_of(
		qq(update${type}s(where: {id: {eq: $id}}, set: {name: "$name"}) { affectedCount records { id name } }),
		qq(update${type}s(where: {id: {in: [$id, $other]}}, set: {team: @{[ one_of(1, 2) ]}}) { affectedCount }),
		qq(update${type}s(where: {id: {gte: $id}}, set: {name: "$name"}, atMost: 8) { affectedCount }),
		qq(delete${type}s(where: {id: {in: [$id, $other]}}) { affectedCount records { name } }),
		qq(delete${type}s(where: {id: {gt: $id}, team: {eq: 2}}, atMost: 3) { affectedCount }),
		qq(insertUsers(objects: [{name: "$name", posts: [{name: "a", notes: [{name: "b"}, {name: "@{[ some_name() ]}"}]}, {name: "c"}]}]) { affectedCount }),
		qq(insertPosts(objects: [{name: "$name", user: {connect: {id: $user}}}, {name: "d", user: {create: {name: "e"}}}]) { affectedCount }),
		qq(insertNotes(objects: [{id: $id, name: "$name"}, {id: 6000, name: "f"}], onConflict: {columns: [id], update: [name]}) { affectedCount }),
		qq(insertNotes(objects: [{id: $id, name: "$name"}], onConflict: {columns: [id]}) { affectedCount }),
		qq(runScript(statements: [$script])),
		qq(runScript(statements: [$script], fails: true)));
}

# A mutation, by a role: its cascade.
sub mutation
{
	my ($rows, $role) = @_;
	my $fields = join(' ', map { "f$_: " . field($rows) } 1 .. 1 + int(rand(3)));

	$main::what = "mutation { $fields }";
	query("SET LOCAL ROLE $role");
	my $response = $json->decode(query("SELECT fraiseql.execute(\$mutation\$$main::what\$mutation\$)"));
	query('RESET ROLE');
	$main::fails++ if $response->{errors};
	return $response->{extensions}{cascade};
}

# A transaction of plain SQL with savepoints, of which some are rolled back: its cascade, as a role is told.
sub transaction
{
	my ($rows, $role) = @_;
	my @statements = (statement($rows));
	my $depth = 0;

	for (1 .. int(rand(6)))
	{
		push @statements, 'SAVEPOINT s' . ++$depth if rand() < 0.4;
		push @statements, statement($rows);
		push @statements, one_of('ROLLBACK TO', 'RELEASE') . ' s' . $depth-- if $depth && rand() < 0.4;
	}
	$main::what = join('; ', @statements);
	query($_) for @statements;
	query("SET LOCAL ROLE $role");
	my $cascade = $json->decode(query('SELECT fraiseql.transaction_cascade()'));
	query('RESET ROLE');
	return $cascade;
}

our ($what, $fails) = ('', 0);
my %total;
my ($wrong, $hidden, $names) = (0, 0, 0);

# Compare, and say what was done where something differs.
sub same
{
	my ($which, $got, $expected) = @_;

	return if "@$got" eq "@$expected";
	$wrong++;
	diag("$which of $what\n   it says: @$got\n   expected: @$expected") if $wrong <= 5;
	return;
}

for my $round (1 .. $ROUNDS)
{
	my $role = one_of('postgres', 'clerk');
	my $kind = one_of('mutation', 'mutation', 'transaction');
	my ($before, $clerk_before) = (rows(), rows_as('clerk'));

	query('BEGIN');
	my $cascade = $kind eq 'mutation' ? mutation($before, $role) : transaction($before, $role);
	my $xid = query('SELECT pg_current_xact_id_if_assigned()');
	query('COMMIT');
	my ($after, $clerk_after) = (rows(), rows_as('clerk'));
	my @changes = difference($before, $after);
	my @named = named($cascade);
	my @expected = $role eq 'clerk' ? seen($clerk_before, $clerk_after, @changes) : @changes;

	# after it has changed rows a transaction knows no more which ones a role with row security saw before that
	@expected = grep { !/^DELETED/ } @expected if $role eq 'clerk' && $kind eq 'transaction';
	same("cascade for $role", \@named, \@expected);
	same('audit trail', [ recorded($xid) ], \@changes) if @changes;
	same('no truncation', [ $cascade->{metadata}{truncated} ? 'truncated' : () ], []);
	same('objects', [ map { "$_->{__typename}:$_->{id} " . ($_->{entity}{rev} // 'null') } @{ $cascade->{updated} } ],
		[ map { "$_->{__typename}:$_->{id} " . ($after->{"$_->{__typename}:$_->{id}"} // 'null') } @{ $cascade->{updated} } ]);
	$hidden += @changes - @named;
	$names += @named;
	$total{"$kind $role"}++ if @changes;
	$total{ (split / /)[0] }++ for @changes;
}

is($wrong, 0, "cascades, audit trail and tables agree in $ROUNDS transactions");
cmp_ok($total{$_} // 0, '>', 10, "$_: there were some")
  for 'mutation postgres', 'mutation clerk', 'transaction postgres', 'transaction clerk', 'CREATED', 'UPDATED', 'DELETED';
cmp_ok($fails, '>', 10, 'there were mutations that failed');
cmp_ok($names, '>', 100, 'there were names');
cmp_ok($hidden, '>', 30, 'and rows that were hidden');
is(query('SELECT partial + failed + lost FROM fraiseql.cascade_stats'), '0', 'no cascade is lost or in parts');
is(query('SELECT * FROM fraiseql.validate_coherency()'), '', 'shared memory is coherent');

$session->quit;
$node->stop;
done_testing();
