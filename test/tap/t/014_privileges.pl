# A role that loses a privilege, or sees fewer rows than before, is told so on its very next call, though its answer is
# cached; and when it gets the privilege back, the answer is there again.  Each loss is asked for by a session that had
# the answer, with its plans, and by one that never saw it; and the same is asked without the cache.
use Fraiseql::Test;

# The worker sleeps: a look-up that meets an entry while it is freed, even another's, is a miss.
my $node = fraiseql_node('privileges', config => q(fraiseql.worker_interval = '1h'));
my $version = $node->safe_psql('postgres', 'SHOW server_version_num');

# What became of a call: "kept" or "hit" and the answer, "refused", or an error of SQL.
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE ann LOGIN;
CREATE ROLE crew;
CREATE ROLE fleet;
CREATE ROLE keeper;
CREATE SCHEMA app;
CREATE SCHEMA back;
CREATE SCHEMA hidden;
GRANT USAGE ON SCHEMA app TO PUBLIC;
GRANT USAGE ON SCHEMA back TO keeper;
CREATE FUNCTION try(query text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		before record;
		answer json;
		outcome text;
	BEGIN
		SELECT * INTO before FROM fraiseql.cache_stats;
		answer := fraiseql.execute(query);
		SELECT CASE WHEN hits > before.hits THEN 'hit ' WHEN fills > before.fills THEN 'kept ' ELSE 'executed ' END INTO outcome
		FROM fraiseql.cache_stats;
		IF answer #>> '{errors,0,extensions,code}' = 'FORBIDDEN' THEN RETURN outcome || 'refused'; END IF;
		RETURN outcome || answer;
	EXCEPTION WHEN insufficient_privilege THEN RETURN 'executed ' || SQLERRM;
	END
$$;

-- one row, one table or view for each kind of privilege
CREATE TABLE app.note (id int PRIMARY KEY, body text);
INSERT INTO app.note VALUES (1, 'note');
CREATE TABLE app.wide (id int PRIMARY KEY, body text, secret text);
INSERT INTO app.wide VALUES (1, 'wide', 'secret');
GRANT SELECT (id, body) ON app.wide TO ann;
CREATE TABLE back.base (id int PRIMARY KEY, body text);
INSERT INTO back.base VALUES (1, 'base');
ALTER TABLE back.base OWNER TO keeper;
CREATE VIEW app.owned AS SELECT id, body FROM back.base;
ALTER VIEW app.owned OWNER TO keeper;
GRANT SELECT ON app.owned TO ann;
CREATE VIEW app.chained AS SELECT id, body FROM app.owned;
GRANT SELECT ON app.owned TO fleet;
ALTER VIEW app.chained OWNER TO fleet;
GRANT SELECT ON app.chained TO ann;
CREATE FUNCTION app.inlined(int) RETURNS text STABLE LANGUAGE sql AS $$ SELECT 'inlined' || $1 $$;
CREATE FUNCTION app.called(int) RETURNS text STABLE STRICT LANGUAGE sql AS $$ SELECT body || $1 FROM app.note WHERE id = $1 LIMIT 1 $$;
CREATE FUNCTION app.pure(int) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'pure' || $1; END $$;
CREATE FUNCTION app.definer(int) RETURNS text STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT body FROM back.base WHERE id = $1 $$;
ALTER FUNCTION app.definer OWNER TO keeper;
REVOKE EXECUTE ON FUNCTION app.inlined, app.called, app.pure FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.inlined, app.called, app.pure TO ann;
CREATE VIEW app.by_inlined AS SELECT id, app.inlined(id) AS body FROM app.note;
CREATE VIEW app.by_called AS SELECT id, app.called(id) AS body FROM app.note;
CREATE VIEW app.by_pure AS SELECT id, app.pure(id) AS body FROM app.note;
CREATE VIEW app.by_constant AS SELECT id, app.pure(7) AS body FROM app.note;
CREATE VIEW app.by_definer AS SELECT id, app.definer(id) AS body FROM app.note;
GRANT SELECT ON app.note, app.by_inlined, app.by_called, app.by_pure, app.by_constant, app.by_definer TO ann;
CREATE TABLE app.shared (id int PRIMARY KEY, body text);
INSERT INTO app.shared VALUES (1, 'shared');
CREATE FUNCTION app.of_crew() RETURNS SETOF app.shared STABLE SET role = crew LANGUAGE sql AS 'SELECT * FROM app.shared';
CREATE VIEW app.as_crew WITH (security_invoker = true) AS SELECT id, body FROM app.of_crew();
GRANT SELECT ON app.shared TO crew;
GRANT SELECT ON app.as_crew TO ann;

-- and one for each way to lose rows
CREATE TABLE app.guarded (id int PRIMARY KEY, owner name, body text);
INSERT INTO app.guarded VALUES (1, 'ann', 'guarded');
ALTER TABLE app.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.guarded USING (owner = current_user);
CREATE TABLE app.open (id int PRIMARY KEY, body text);
INSERT INTO app.open VALUES (1, 'open');
CREATE TABLE app.closed (id int PRIMARY KEY, body text);
INSERT INTO app.closed VALUES (1, 'closed');
ALTER TABLE app.closed ENABLE ROW LEVEL SECURITY;
CREATE TABLE app.member (who name PRIMARY KEY);
INSERT INTO app.member VALUES ('ann');
CREATE TABLE app.by_member (id int PRIMARY KEY, body text);
INSERT INTO app.by_member VALUES (1, 'member');
ALTER TABLE app.by_member ENABLE ROW LEVEL SECURITY;
CREATE POLICY member ON app.by_member USING (EXISTS (SELECT FROM app.member WHERE who = current_user));
CREATE FUNCTION app.allows(int) RETURNS bool STABLE LANGUAGE sql AS 'SELECT $1 = 1';
CREATE TABLE app.by_function (id int PRIMARY KEY, body text);
INSERT INTO app.by_function VALUES (1, 'function');
ALTER TABLE app.by_function ENABLE ROW LEVEL SECURITY;
CREATE POLICY allowed ON app.by_function USING (app.allows(id));
GRANT SELECT ON app.guarded, app.open, app.closed, app.member, app.by_member, app.by_function TO ann;
CREATE VIEW app.invoker WITH (security_invoker = true) AS WITH g AS MATERIALIZED (SELECT * FROM app.closed) SELECT id, body FROM g;
GRANT SELECT ON app.invoker TO ann;
SELECT fraiseql.expose(format('app.%I', relname)::regclass) FROM pg_class
WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r', 'v');
SQL

my $session = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'ann' ]);

sub statement
{
	my ($query) = @_;

	return "SELECT try('$query');";
}

# As Ann: in the session that stays open, in a new one, and without the cache.
sub in_session { return $session->query(statement($_[0])); }
sub anew { return $node->safe_psql('postgres', statement($_[0]), extra_params => [ '-U', 'ann' ]); }
sub uncached { return $node->safe_psql('postgres',
		"SET fraiseql.cache_enabled = off; SET SESSION AUTHORIZATION ann; " . statement($_[0])); }

# Without what tells a hit from an execution.
sub answer { return $_[0] =~ s/^(hit|kept|executed) //r; }

# The answer that holds this row, or none.
sub row
{
	my ($field, $body) = @_;

	return qq({"data":{"$field":[) . (defined $body ? qq({"body":"$body"}) : '') . ']}}';
}

# One loss.  What is asked: a field and its row's body.  "without" is what is answered then.
sub loses
{
	my ($name, $field, $body, $without, $take, $give) = @_;
	my $query = "{ $field { body } }";
	my $with = row($field, $body);

	$without = row($field, $without) if !defined $without || $without !~ /refused|denied/;
	subtest $name => sub {
		is(answer(in_session($query)), $with, 'an answer');
		is(in_session($query), "hit $with", 'is cached');
		is(anew($query), "hit $with", 'for another session too');
		$node->safe_psql('postgres', $take);
		is(answer(in_session($query)), $without, 'lost for the session that had it');
		is(answer(in_session($query)), $without, 'again');
		is(answer(anew($query)), $without, 'and for a new one');
		is(answer(uncached($query)), $without, 'as without the cache');
		$node->safe_psql('postgres', $give);
		is(answer(anew($query)), $with, 'regained');
		is(in_session($query), "hit $with", 'and cached');
	};
	return;
}

# Privileges.
my $refused = 'refused';

loses('table', 'notes', 'note', $refused, 'REVOKE SELECT ON app.note FROM ann', 'GRANT SELECT ON app.note TO ann');
loses('column', 'wides', 'wide', $refused, 'REVOKE SELECT (body) ON app.wide FROM ann',
	'GRANT SELECT (body) ON app.wide TO ann');
loses('column, of a table that was granted whole', 'notes', 'note', $refused,
	'REVOKE SELECT ON app.note FROM ann; GRANT SELECT (id) ON app.note TO ann', 'GRANT SELECT ON app.note TO ann');
loses('schema', 'notes', 'note', $refused, 'REVOKE USAGE ON SCHEMA app FROM PUBLIC', 'GRANT USAGE ON SCHEMA app TO PUBLIC');
loses('a schema to which the table moves', 'notes', 'note', $refused, 'ALTER TABLE app.note SET SCHEMA hidden',
	'ALTER TABLE hidden.note SET SCHEMA app');
loses('the view', 'owneds', 'base', $refused, 'REVOKE SELECT ON app.owned FROM ann', 'GRANT SELECT ON app.owned TO ann');
loses("the view's owner loses the table", 'owneds', 'base', $refused, 'REVOKE SELECT ON back.base FROM keeper',
	'GRANT SELECT ON back.base TO keeper');
loses('the view gets an owner who may not read the table', 'owneds', 'base', $refused,
	'ALTER VIEW app.owned OWNER TO crew; GRANT SELECT ON app.owned TO ann', 'ALTER VIEW app.owned OWNER TO keeper');
loses('the view becomes one with the rights of who asks', 'owneds', 'base', $refused,
	'ALTER VIEW app.owned SET (security_invoker = true)', 'ALTER VIEW app.owned RESET (security_invoker)');
loses('the owner of a view over a view loses that view', 'chaineds', 'base', $refused,
	'REVOKE SELECT ON app.owned FROM fleet', 'GRANT SELECT ON app.owned TO fleet');
loses("EXECUTE on a function that is inlined", 'byInlineds', 'inlined1', $refused,
	'REVOKE EXECUTE ON FUNCTION app.inlined FROM ann', 'GRANT EXECUTE ON FUNCTION app.inlined TO ann');
loses("EXECUTE on a function that is called", 'byCalleds', 'note1', $refused,
	'REVOKE EXECUTE ON FUNCTION app.called FROM ann', 'GRANT EXECUTE ON FUNCTION app.called TO ann');
loses("EXECUTE on an immutable function", 'byPures', 'pure1', $refused,
	'REVOKE EXECUTE ON FUNCTION app.pure FROM ann', 'GRANT EXECUTE ON FUNCTION app.pure TO ann');
loses("EXECUTE on a function that was folded into a constant", 'byConstants', 'pure7', $refused,
	'REVOKE EXECUTE ON FUNCTION app.pure FROM ann', 'GRANT EXECUTE ON FUNCTION app.pure TO ann');
loses('the definer of a function loses the table', 'byDefiners', 'base', $refused,
	'REVOKE SELECT ON back.base FROM keeper', 'GRANT SELECT ON back.base TO keeper');
loses('the function gets another owner', 'byDefiners', 'base', $refused, 'ALTER FUNCTION app.definer OWNER TO crew',
	'ALTER FUNCTION app.definer OWNER TO keeper');
loses('the function is no longer SECURITY DEFINER', 'byDefiners', 'base', $refused,
	'ALTER FUNCTION app.definer SECURITY INVOKER', 'ALTER FUNCTION app.definer SECURITY DEFINER');
loses('EXECUTE on fraiseql.execute', 'notes', 'note', 'permission denied for function execute',
	'REVOKE EXECUTE ON FUNCTION fraiseql.execute FROM PUBLIC', 'GRANT EXECUTE ON FUNCTION fraiseql.execute TO PUBLIC');
loses('the schema of fraiseql.execute', 'notes', 'note', 'permission denied for schema fraiseql',
	'REVOKE USAGE ON SCHEMA fraiseql FROM PUBLIC', 'GRANT USAGE ON SCHEMA fraiseql TO PUBLIC');
$node->safe_psql('postgres', 'ALTER ROLE ann SUPERUSER');
loses('the superuser attribute', 'shareds', 'shared', $refused, 'ALTER ROLE ann NOSUPERUSER', 'ALTER ROLE ann SUPERUSER');
$node->safe_psql('postgres', 'ALTER ROLE ann NOSUPERUSER');

# Membership.  Before PostgreSQL 16 the role says whether it inherits, later each grant does.
my ($disinherit, $inherit) = $version < 160000 ? ('ALTER ROLE ann NOINHERIT', 'ALTER ROLE ann INHERIT')
  : ('GRANT crew TO ann WITH INHERIT FALSE', 'GRANT crew TO ann WITH INHERIT TRUE');
my ($forbid, $allow) = $version < 160000 ? ('REVOKE crew FROM ann', 'GRANT crew TO ann')
  : ('GRANT crew TO ann WITH SET FALSE', 'GRANT crew TO ann WITH SET TRUE');

$node->safe_psql('postgres', 'GRANT crew TO ann');
loses('membership', 'shareds', 'shared', $refused, 'REVOKE crew FROM ann', 'GRANT crew TO ann');
loses('a right of the group', 'shareds', 'shared', $refused, 'REVOKE SELECT ON app.shared FROM crew',
	'GRANT SELECT ON app.shared TO crew');
loses('what the group owns', 'shareds', 'shared', $refused, 'DROP OWNED BY crew', 'GRANT SELECT ON app.shared TO crew');
loses('inheritance', 'shareds', 'shared', $refused, $disinherit, $inherit);
loses('SET ROLE, in a function', 'asCrews', 'shared', $refused, $forbid, $allow);
$node->safe_psql('postgres', 'REVOKE SELECT ON app.shared FROM crew; GRANT SELECT ON app.shared TO fleet; GRANT fleet TO crew');
loses('membership of the group in another', 'shareds', 'shared', $refused, 'REVOKE fleet FROM crew', 'GRANT fleet TO crew');
$node->safe_psql('postgres', 'REVOKE SELECT ON app.shared FROM fleet; GRANT pg_read_all_data TO ann');
loses('membership in a role of the server', 'shareds', 'shared', $refused, 'REVOKE pg_read_all_data FROM ann',
	'GRANT pg_read_all_data TO ann');
$node->safe_psql('postgres',
	'REVOKE pg_read_all_data FROM ann; GRANT SELECT ON app.shared TO pg_database_owner; ALTER DATABASE postgres OWNER TO ann');
loses('the database', 'shareds', 'shared', $refused, 'ALTER DATABASE postgres OWNER TO postgres', 'ALTER DATABASE postgres OWNER TO ann');
$node->safe_psql('postgres', 'ALTER DATABASE postgres OWNER TO postgres; ALTER TABLE app.shared OWNER TO ann');
loses('the table', 'shareds', 'shared', $refused, 'ALTER TABLE app.shared OWNER TO keeper', 'ALTER TABLE app.shared OWNER TO ann');
loses('the table, reassigned', 'shareds', 'shared', $refused, 'REASSIGN OWNED BY ann TO keeper', 'ALTER TABLE app.shared OWNER TO ann');

# Rows.
loses('the policy', 'guardeds', 'guarded', undef, 'DROP POLICY own ON app.guarded',
	'CREATE POLICY own ON app.guarded USING (owner = current_user)');
loses("the policy's condition", 'guardeds', 'guarded', undef, 'ALTER POLICY own ON app.guarded USING (owner <> current_user)',
	'ALTER POLICY own ON app.guarded USING (owner = current_user)');
loses("the policy's roles", 'guardeds', 'guarded', undef, 'ALTER POLICY own ON app.guarded TO keeper',
	'ALTER POLICY own ON app.guarded TO PUBLIC');
loses('one more policy', 'guardeds', 'guarded', undef, 'CREATE POLICY less ON app.guarded AS RESTRICTIVE USING (false)',
	'DROP POLICY less ON app.guarded');
loses('row security is turned on', 'opens', 'open', undef, 'ALTER TABLE app.open ENABLE ROW LEVEL SECURITY',
	'ALTER TABLE app.open DISABLE ROW LEVEL SECURITY');
loses('the name', 'guardeds', 'guarded', undef, "UPDATE app.guarded SET owner = 'crew'", "UPDATE app.guarded SET owner = 'ann'");
$node->safe_psql('postgres', 'ALTER ROLE ann BYPASSRLS');
loses('BYPASSRLS', 'closeds', 'closed', undef, 'ALTER ROLE ann NOBYPASSRLS', 'ALTER ROLE ann BYPASSRLS');
loses('BYPASSRLS, through a view', 'invokers', 'closed', undef, 'ALTER ROLE ann NOBYPASSRLS', 'ALTER ROLE ann BYPASSRLS');
$node->safe_psql('postgres', 'ALTER ROLE ann NOBYPASSRLS; ALTER TABLE app.closed OWNER TO ann');
loses('row security is forced upon the owner', 'closeds', 'closed', undef, 'ALTER TABLE app.closed FORCE ROW LEVEL SECURITY',
	'ALTER TABLE app.closed NO FORCE ROW LEVEL SECURITY');
loses('the owner', 'invokers', 'closed', undef, 'ALTER TABLE app.closed OWNER TO keeper; GRANT SELECT ON app.closed TO ann',
	'ALTER TABLE app.closed OWNER TO ann');
$node->safe_psql('postgres', 'ALTER TABLE app.closed OWNER TO keeper; CREATE POLICY crew ON app.closed TO crew USING (true)');
$node->safe_psql('postgres', 'GRANT SELECT ON app.closed TO ann');
loses('membership that a policy is for', 'closeds', 'closed', undef, 'REVOKE crew FROM ann', 'GRANT crew TO ann');
loses('membership that a policy is for, through a view', 'invokers', 'closed', undef, 'REVOKE crew FROM ann', 'GRANT crew TO ann');
loses('membership by a row', 'byMembers', 'member', undef, 'DELETE FROM app.member', "INSERT INTO app.member VALUES ('ann')");
loses('the right to that row', 'byMembers', 'member', $refused, 'REVOKE SELECT ON app.member FROM ann',
	'GRANT SELECT ON app.member TO ann');
loses("the policy's function", 'byFunctions', 'function', undef,
	"CREATE OR REPLACE FUNCTION app.allows(int) RETURNS bool STABLE LANGUAGE sql AS 'SELECT false'",
	"CREATE OR REPLACE FUNCTION app.allows(int) RETURNS bool STABLE LANGUAGE sql AS 'SELECT \$1 = 1'");
loses("EXECUTE on the policy's function", 'byFunctions', 'function', $refused,
	'REVOKE EXECUTE ON FUNCTION app.allows FROM PUBLIC', 'GRANT EXECUTE ON FUNCTION app.allows TO PUBLIC');

# A loss that is rolled back is none, and one that is not committed is none yet.
my $query = '{ notes { body } }';
my $admin = $node->background_psql('postgres');

is(answer(in_session($query)), row('notes', 'note'), 'an answer');
$admin->query_safe('BEGIN; REVOKE SELECT ON app.note FROM ann');
is(answer(in_session($query)), row('notes', 'note'), 'while the REVOKE is not committed');
$admin->query_safe('ROLLBACK');
is(answer(in_session($query)), row('notes', 'note'), 'after it was rolled back');
is(in_session($query), 'hit ' . row('notes', 'note'), 'it is cached');
$admin->query_safe('BEGIN; REVOKE SELECT ON app.note FROM ann');
$admin->query_safe('COMMIT');
is(answer(in_session($query)), $refused, 'and refused after COMMIT');
is($node->safe_psql('postgres', 'SELECT count(*) FROM fraiseql.validate_coherency()'), '0', 'the cache is coherent');

$admin->quit;
$session->quit;
$node->stop;
done_testing();
