# Whom an answer is for, over each way to send a statement: the simple protocol, the extended one, and prepared
# statements that stay while the role of their session changes; by sessions that are many clients' one after the other,
# at once with others and with writes; and over connections that begin as somebody.  pgbench is the driver: each
# statement hands the answer that it was given to a function that knows what this caller must get.
use Fraiseql::Test;

# The worker sleeps: a look-up that meets an entry while it is freed, even another's, is a miss.
my $node = fraiseql_node('protocols', config => q(fraiseql.worker_interval = '1h'));

$node->safe_psql('postgres', <<'SQL');
CREATE ROLE ann LOGIN;
CREATE ROLE bob LOGIN;
CREATE ROLE team LOGIN;
GRANT team TO ann;
CREATE TABLE note (id int PRIMARY KEY, owner name, lead name, tenant text, body text, was text);
INSERT INTO note VALUES (1, 'ann', NULL, NULL, 'by ann'), (2, 'bob', NULL, NULL, 'by bob'), (3, 'team', NULL, NULL, 'by team'),
	(4, NULL, 'ann', NULL, 'for ann'), (5, NULL, 'bob', NULL, 'for bob'), (6, NULL, NULL, 'x', 'of x'), (7, NULL, NULL, 'y', 'of y');
UPDATE note SET was = body;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note USING (owner = current_user OR lead = session_user OR tenant = current_setting('app.tenant_id', true)
	OR tenant = current_setting('my.tenant', true));
GRANT SELECT ON note TO PUBLIC;
CREATE FUNCTION notes() RETURNS SETOF note STABLE LANGUAGE sql AS 'SELECT * FROM public.note';
CREATE VIEW by_cte WITH (security_invoker = true) AS WITH n AS MATERIALIZED (SELECT * FROM note) SELECT id, body FROM n;
CREATE VIEW by_link WITH (security_invoker = true) AS
	SELECT id FROM generate_series(1, 7) AS s (id) WHERE EXISTS (SELECT FROM note n WHERE n.id = s.id);
CREATE VIEW by_function WITH (security_invoker = true) AS SELECT id, body FROM notes();
GRANT SELECT ON by_cte, by_link, by_function TO PUBLIC;
SELECT fraiseql.expose('note'), fraiseql.expose('by_cte'), fraiseql.expose('by_link'), fraiseql.expose('by_function');

CREATE FUNCTION as_ann(query text) RETURNS json LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN fraiseql.execute(query); END $$;
ALTER FUNCTION as_ann OWNER TO ann;

-- What each caller must get: computed without the cache, for each session user, role, tenants and query.
CREATE TABLE query (n int PRIMARY KEY, text text);
INSERT INTO query VALUES (1, '{ notes { id body } }'), (2, '{ byCtes { body } }'), (3, '{ byLinks { id } }'), (4, '{ byFunctions { id body } }');
CREATE TABLE expected (session name, role name, tenant text, mine text, n int, answer text, PRIMARY KEY (session, role, tenant, mine, n));
GRANT SELECT ON query, expected TO PUBLIC;
SET fraiseql.cache_enabled = off;
DO $$
DECLARE
	caller record;
	answer text;
BEGIN
	FOR caller IN SELECT * FROM unnest('{postgres,ann,bob,team}'::name[]) AS session, unnest('{postgres,ann,bob,team}'::name[]) AS role,
		unnest('{"",x,y}'::text[]) AS tenant, unnest('{"",x,y}'::text[]) AS mine, query LOOP
		CONTINUE WHEN caller.session <> 'postgres' AND caller.session <> caller.role AND (caller.session <> 'ann' OR caller.role <> 'team');
		EXECUTE format('SET SESSION AUTHORIZATION %I', caller.session);
		IF caller.session <> caller.role THEN EXECUTE format('SET ROLE %I', caller.role); END IF;
		PERFORM set_config('app.tenant_id', caller.tenant, false), set_config('my.tenant', caller.mine, false);
		answer := fraiseql.execute(caller.text);
		RESET SESSION AUTHORIZATION;
		INSERT INTO expected VALUES (caller.session, caller.role, caller.tenant, caller.mine, caller.n, answer);
	END LOOP;
END
$$;

-- Complains where what was given is not what the caller must get, or as whom the caller says that it was asked.
CREATE FUNCTION check_answer(asked int, given json, asker name DEFAULT current_user) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	right_ text;
BEGIN
	SELECT e.answer INTO STRICT right_ FROM public.expected e WHERE e.session = session_user AND e.role = asker
		AND e.tenant = coalesce(current_setting('app.tenant_id', true), '') AND e.mine = coalesce(current_setting('my.tenant', true), '') AND e.n = asked;
	IF given::text <> right_ THEN
		RAISE EXCEPTION 'LEAK: %, %, %, %: % instead of %', session_user, asker, current_setting('app.tenant_id', true),
			current_setting('my.tenant', true), given, right_;
	END IF;
END
$$;
SQL
is($node->safe_psql('postgres', 'SELECT count(DISTINCT answer) > 40 FROM expected'), 't', 'callers differ');

my @queries = ('{ notes { id body } }', '{ byCtes { body } }', '{ byLinks { id } }', '{ byFunctions { id body } }');
my $dir = PostgreSQL::Test::Utils::tempdir;
my @scripts;

# Each of the queries.
sub asked_all
{
	return join('', map { "SELECT check_answer($_, fraiseql.execute('$queries[$_ - 1]'));\n" } 1 .. 4);
}

sub script
{
	my ($name, $text) = @_;

	PostgreSQL::Test::Utils::append_to_file("$dir/$name.sql", $text);
	return "$dir/$name.sql";
}

# One transaction, or one lease of a session, a client.  "Random" settings, the role among them, are chosen by number.
my $random = "\\set r random(1, 4)\n\\set t random(1, 3)\n\\set m random(1, 3)\n";
my $values = "set_config('role', ('{none,ann,bob,team}'::text[])[:r], %s), set_config('app.tenant_id', ('{\"\",x,y}'::text[])[:t], %s), "
  . "set_config('my.tenant', ('{\"\",x,y}'::text[])[:m], %s)";
my $local = sprintf($values, ('true') x 3);
my $leased = sprintf($values, ('false') x 3);

my %script = (
	local => script('local', "${random}BEGIN;\nSELECT $local;\n" . asked_all() . "COMMIT;\n" . asked_all()),
	undone => script('undone', "${random}BEGIN;\nSELECT $local;\n" . asked_all() . "SAVEPOINT s;\nSET LOCAL ROLE bob;\n" . asked_all()
		. "ROLLBACK TO s;\n" . asked_all() . "ROLLBACK;\n" . asked_all()),
	leased => script('leased', "${random}SELECT $leased;\n" . asked_all() . asked_all() . "RESET ROLE;\nRESET app.tenant_id;\nRESET my.tenant;\n" . asked_all()),
	user => script('user', "SET SESSION AUTHORIZATION ann;\n" . asked_all() . "SET ROLE team;\n" . asked_all()
		. "RESET SESSION AUTHORIZATION;\n" . asked_all() . "SET SESSION AUTHORIZATION bob;\n" . asked_all() . "RESET SESSION AUTHORIZATION;\n"),
	definer => script('definer', join('', map { "SELECT check_answer($_, as_ann('$queries[$_ - 1]'), 'ann');\n" } 1 .. 4) . asked_all()),
	write => script('write', "\\set n random(1, 7)\nBEGIN;\nUPDATE note SET body = '' WHERE id = :n;\n"
		. "UPDATE note SET body = was WHERE id = :n;\nCOMMIT;\n"));

# Writes, which make answers invalid and change none of them, are rarer.
my @mixed = map { "-f$script{$_}\@" . ($_ eq 'write' ? 1 : 3) } sort keys %script;

for my $mode ('simple', 'extended', 'prepared')
{
	$node->safe_psql('postgres', 'SELECT fraiseql.stats_reset()');
	$node->command_ok([ 'pgbench', '-n', '-M', $mode, '-c', 4, '-t', 60, '--random-seed=15', @mixed, 'postgres' ],
		"$mode: everybody gets their own answers");
	is($node->safe_psql('postgres', 'SELECT hits > 0, fills > 0 FROM fraiseql.cache_stats'), 't|t', "$mode: from the cache");
	# without writes, each answer that was computed once is a hit
	$node->command_ok([ 'pgbench', '-n', '-M', $mode, '-c', 2, '-t', 20, '--random-seed=16', map({ "-f$script{$_}" } grep { $_ ne 'write' } sort keys %script), 'postgres' ],
		"$mode: while nobody writes");
	is($node->safe_psql('postgres', 'SELECT hit_rate > 0.5 FROM fraiseql.cache_stats'), 't', "$mode: mostly hits");
}

# Connections that begin as somebody, and what is set for them.
my $ask = script('ask', asked_all());

for my $user ('ann', 'bob', 'team')
{
	for my $tenant ('', 'x', 'y')
	{
		local $ENV{PGOPTIONS} = "-c app.tenant_id=$tenant";

		$node->command_ok([ 'pgbench', '-n', '-M', 'extended', '-C', '-t', 2, '-U', $user, "-f$ask", 'postgres' ],
			"connected as $user, tenant '$tenant'");
	}
}
$node->safe_psql('postgres', "ALTER ROLE ann SET role = 'team'; ALTER ROLE ann SET my.tenant = 'x'; ALTER DATABASE postgres SET app.tenant_id = 'y'");
$node->safe_psql('postgres', 'SELECT fraiseql.stats_reset()');
$node->command_ok([ 'pgbench', '-n', '-M', 'prepared', '-C', '-t', 2, '-U', 'ann', "-f$ask", 'postgres' ], 'what is set for a role and a database');
is($node->safe_psql('postgres', "SELECT current_user || current_setting('my.tenant') || current_setting('app.tenant_id')", extra_params => [ '-U', 'ann' ]),
	'teamxy', 'is set');
is($node->safe_psql('postgres', 'SELECT hits FROM fraiseql.cache_stats'), '4', 'and the second connection finds what the first was answered');

# The driver would say so: an answer for somebody else.
my $wrong = script('wrong', "SELECT check_answer(1, fraiseql.execute('$queries[1]'));\n");

$node->command_fails_like([ 'pgbench', '-n', '-t', 1, "-f$wrong", 'postgres' ], qr/LEAK/, 'a wrong answer is noticed');
is($node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.validate_coherency()'), '0', 'the cache is coherent');

$node->stop;
done_testing();
