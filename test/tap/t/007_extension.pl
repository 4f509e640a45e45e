# The extension comes and goes: DROP EXTENSION leaves the tables as they were, a dump carries exposures and tracking to
# another server, FraiseQL's own helpers live beside it, and what somebody planted before is not adopted.
use Fraiseql::Test;
use PostgreSQL::Test::Utils;

my $node = fraiseql_node('extension', extension => 0);
my $tables = <<'SQL';
CREATE SCHEMA shop;
CREATE TABLE shop.author (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE shop.event (id int, place text, PRIMARY KEY (id, place)) PARTITION BY LIST (place);
CREATE TABLE shop.event_north PARTITION OF shop.event FOR VALUES IN ('north');
CREATE TABLE shop.event_south PARTITION OF shop.event FOR VALUES IN ('south') PARTITION BY RANGE (id);
CREATE TABLE shop.event_south_low PARTITION OF shop.event_south FOR VALUES FROM (0) TO (100);
CREATE TABLE shop.animal (id int PRIMARY KEY, name text);
CREATE TABLE shop.dog (breed text) INHERITS (shop.animal);
CREATE VIEW shop.north AS SELECT id FROM shop.event WHERE place = 'north';
CREATE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION shop.mood() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'calm'; END $$;
CREATE TRIGGER note AFTER INSERT ON shop.author FOR EACH ROW EXECUTE FUNCTION shop.note();
CREATE FUNCTION shop.fn_rename(p_id int, p_name text) RETURNS shop.author LANGUAGE sql
	AS 'UPDATE shop.author SET name = p_name WHERE id = p_id RETURNING *';
INSERT INTO shop.author VALUES (1, 'Anna');
INSERT INTO shop.event VALUES (1, 'north'), (2, 'south');
INSERT INTO shop.dog VALUES (1, 'Rex', 'collie');
SQL
my $expose = <<'SQL';
SELECT fraiseql.expose('shop.author', 'Writer', '{"ttl": 60}');
SELECT fraiseql.expose('shop.event');
SELECT fraiseql.expose('shop.animal');
SELECT fraiseql.expose('shop.north');
SELECT fraiseql.declare_pure('shop.mood()');
SELECT fraiseql.expose_function('shop.fn_rename(int, text)', options => '{"arguments": {"p_name": "newName"}}');
SQL
my $query = '{ writers { name } events { id } animals { name } norths { id } }';
my $answer =
  '{"data":{"writers":[{"name":"Anna"}],"events":[{"id":1},{"id":2}],"animals":[{"name":"Rex"}],"norths":[{"id":1}]}}';

# The definitions of a database, without comments and what each dump makes up anew.
sub definitions
{
	my ($database) = @_;
	my ($dump) = run_command([ 'pg_dump', '--schema-only', '--schema=shop', '-d', $node->connstr($database) ]);

	return join("\n", grep { !/^--|^\s*$|^\\(un)?restrict / } split(/\n/, $dump));
}

# Every tracking trigger of the database: table, name, fires always, goes with the extension.
sub tracking
{
	my ($database) = @_;

	return $node->safe_psql($database, <<'SQL');
SELECT t.tgrelid::regclass, t.tgname, t.tgenabled,
	EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS e ON d.refobjid = e.oid
		WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_trigger'::regclass AND d.objid = t.oid
			AND d.deptype = 'x' AND e.extname = 'fraiseql') OR t.tgparentid <> 0
FROM pg_trigger AS t WHERE t.tgname LIKE 'fraiseql%' ORDER BY t.tgrelid::regclass::text, t.tgname
SQL
}

# Who may do what with each object of the extension, by whose grant, and under which settings it runs.
sub rights
{
	my ($database) = @_;

	return $node->safe_psql($database, <<'SQL');
SELECT pg_describe_object(d.classid, d.objid, 0), pg_get_userbyid(coalesce(proowner, relowner)), proconfig, prosecdef, (
	SELECT string_agg(concat_ws(' ', grantor::regrole, CASE WHEN grantee <> 0 THEN grantee::regrole::text ELSE 'everybody' END, privilege_type, is_grantable), ', '
		ORDER BY grantee::regrole::text, privilege_type)
	FROM aclexplode(coalesce(proacl, relacl, acldefault(CASE WHEN p.oid IS NULL THEN 'r' ELSE 'f' END::"char", coalesce(proowner, relowner)))))
FROM pg_depend AS d LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
	LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fraiseql') AND d.deptype = 'e'
ORDER BY 1
SQL
}

# The functions that the DBA has declared pure.
sub declared
{
	my ($database) = @_;

	return $node->safe_psql($database, "SELECT objname, label FROM pg_seclabels WHERE provider = 'fraiseql'");
}

# Writes of every kind in a database that has the tables make answers invalid.
sub is_tracked
{
	my ($database, $name) = @_;

	like(ask($node, $query, $database), qr/^kept/, "$name: kept");
	like(ask($node, $query, $database), qr/^hit/, "$name: hit");
	for my $write (
		"INSERT INTO shop.author VALUES (2, 'Bo')",
		"UPDATE shop.event SET place = 'south' WHERE id = 1",
		'DELETE FROM shop.event_south_low WHERE id = 1',
		"UPDATE shop.dog SET name = 'Max'",
		'TRUNCATE shop.event_south',
		'TRUNCATE shop.dog')
	{
		$node->safe_psql($database, $write);
		like(ask($node, $query, $database), qr/^kept/, "$name: fresh after $write");
	}
	is(ask($node, $query, $database),
		'hit|{"data":{"writers":[{"name":"Anna"},{"name":"Bo"}],"events":[],"animals":[],"norths":[]}}', "$name: right");
}

# Comes and goes.
$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('shop', $tables);

my $before = definitions('shop');

$node->safe_psql('shop', "CREATE EXTENSION fraiseql; $expose");
create_ask($node, 'shop');
is(ask($node, $query, 'shop'), "kept|$answer", 'tables are exposed');
is(ask($node, $query, 'shop'), "hit|$answer", 'and cached');
isnt(definitions('shop'), $before, 'and have triggers');

my $tracking = tracking('shop');
my $row = sub { "shop.$_[0]|fraiseql_track_row|A|t\nshop.$_[0]|fraiseql_track_truncate|A|t" };

is($tracking, join("\n", map { $row->($_) } qw(animal author dog event event_north event_south event_south_low)),
	'every table has both triggers, firing always, going with the extension');
is(declared('shop'), 'shop.mood()|pure', 'and a function that is declared pure has its label');
$node->safe_psql('shop', 'DROP FUNCTION ask, counters; DROP EXTENSION fraiseql');
is(declared('shop'), '', 'which DROP EXTENSION takes away');
is(definitions('shop'), $before, 'DROP EXTENSION, without CASCADE, leaves the tables as they were');
$node->safe_psql('shop', "INSERT INTO shop.author VALUES (2, 'Bo'); DELETE FROM shop.author WHERE id = 2");
is($node->safe_psql('shop', "SELECT count(*) FROM pg_proc JOIN pg_namespace AS n ON n.oid = pronamespace "
	  . "WHERE nspname = 'fraiseql'"), '0', 'and nothing of itself');
$node->safe_psql('shop', "CREATE EXTENSION fraiseql; $expose");
create_ask($node, 'shop');
is(ask($node, $query, 'shop'), "kept|$answer", 'it can come again');
is(tracking('shop'), $tracking, 'with the same triggers');

# Dropped and created in one transaction, and a DROP that is rolled back.
$node->safe_psql('shop', "BEGIN; DROP EXTENSION fraiseql CASCADE; CREATE EXTENSION fraiseql; $expose COMMIT");
is(ask($node, $query, 'shop'), "kept|$answer", 'dropped and created in one transaction');
$node->safe_psql('shop', 'BEGIN; DROP EXTENSION fraiseql CASCADE; ROLLBACK');
is(ask($node, $query, 'shop'), "hit|$answer", 'a DROP that is rolled back changes nothing');

# A DBA changes rights: a dump carries that, and leaves the others as they were.
my $rights = rights('shop');

like($rights, qr/^function fraiseql\.expose\(regclass,text,jsonb\)\|postgres\|.*\|postgres postgres EXECUTE f$/m, 'what only its owner may do');
like($rights, qr/^view fraiseql\.cache_stats\|.*everybody SELECT f/m, 'and what everybody may');
$node->safe_psql('shop', 'CREATE ROLE deployer; GRANT EXECUTE ON FUNCTION fraiseql.expose TO deployer; '
	  . 'REVOKE SELECT ON fraiseql.cache_entries FROM PUBLIC; REVOKE EXECUTE ON FUNCTION fraiseql.cache_entries FROM PUBLIC');
isnt(rights('shop'), $rights, 'rights that are changed');

# A dump, in both formats, into a database of its own.
my $dump = $node->basedir . '/shop.dump';
my $text = $node->basedir . '/shop.sql';

$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('shop') ], 'pg_dump, custom format');
$node->command_ok([ 'pg_dump', '-f', $text, '-d', $node->connstr('shop') ], 'pg_dump, plain');
$node->safe_psql('postgres', 'CREATE DATABASE custom; CREATE DATABASE plain');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('custom'), $dump ], 'pg_restore');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $text, '-d', $node->connstr('plain') ],
	'psql of the plain dump');
for my $database ('custom', 'plain')
{
	is( $node->safe_psql($database,
			'SELECT relation, type_name, options FROM fraiseql.exposure ORDER BY relation::text'),
		"shop.animal||\nshop.author|Writer|{\"ttl\": 60}\nshop.event||\nshop.north||", "$database: exposures");
	is($node->safe_psql($database, 'SELECT function, field_name, options FROM fraiseql.exposed_function'),
		'shop.fn_rename(integer,text)||{"arguments": {"p_name": "newName"}}', "$database: exposed functions");
	is($node->safe_psql($database,
			q{SELECT fraiseql.execute('mutation { rename(id: 1, newName: "Anna") { name } }')->'data'}),
		'{"rename":{"name":"Anna"}}', "$database: a mutation");
	is(tracking($database), $tracking, "$database: triggers");
	is(rights($database), rights('shop'), "$database: rights");
	is(declared($database), 'shop.mood()|pure', "$database: what was declared pure");
	is_tracked($database, $database);
}

# Data that is loaded with triggers switched off is seen all the same.
$node->safe_psql('shop', 'TRUNCATE shop.author');
is(ask($node, '{ writers { name } }', 'shop'), 'kept|{"data":{"writers":[]}}', 'an empty table');
$node->command_ok(
	[ 'pg_restore', '--data-only', '--table=author', '--schema=shop', '--disable-triggers', '-d',
		$node->connstr('shop'), $dump ],
	'pg_restore --data-only --disable-triggers');
like(ask($node, '{ writers { name } }', 'shop'), qr/\{"data":\{"writers":\[\{"name":"Anna"\}\]\}\}$/, 'shows what it loaded');

# FraiseQL's own set-up uses the same schema: before the extension and after it.
my $helpers = <<'SQL';
CREATE SCHEMA IF NOT EXISTS fraiseql;
CREATE TABLE IF NOT EXISTS fraiseql.library_version (version text);
CREATE OR REPLACE FUNCTION fraiseql.mutation_ok(data jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT data';
CREATE OR REPLACE FUNCTION fraiseql.mutation_err(message text) RETURNS jsonb LANGUAGE sql AS 'SELECT to_jsonb(message)';
CREATE OR REPLACE FUNCTION fraiseql.cascade_entity(id uuid) RETURNS jsonb LANGUAGE sql AS 'SELECT to_jsonb(id)';
CREATE OR REPLACE FUNCTION fraiseql.deleted_entity(id uuid) RETURNS jsonb LANGUAGE sql AS 'SELECT to_jsonb(id)';
CREATE OR REPLACE FUNCTION fraiseql.cascade_invalidation(q text) RETURNS jsonb LANGUAGE sql AS 'SELECT to_jsonb(q)';
CREATE OR REPLACE FUNCTION fraiseql.build_cascade(data jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT data';
SQL
my $use_helpers = "SELECT fraiseql.build_cascade(fraiseql.mutation_ok('1')), set_config('fraiseql.tenant_id', '7', false), "
  . "set_config('fraiseql.started_at', 'now', false), set_config('fraiseql.cdc_mediated', 'on', false)";

for my $order ('before', 'after')
{
	$node->safe_psql('postgres', "CREATE DATABASE helpers_$order");
	$node->safe_psql("helpers_$order", $helpers) if $order eq 'before';
	$node->safe_psql("helpers_$order", 'CREATE EXTENSION fraiseql');
	$node->safe_psql("helpers_$order", $helpers) if $order eq 'after';
	is($node->safe_psql("helpers_$order", $use_helpers), '1|7|now|on', "helpers installed $order the extension");
	create_accounts($node, "helpers_$order");
	is(ask($node, '{ accounts { balance } }', "helpers_$order"), 'kept|' . accounts(100, 100), 'both work');
	$node->safe_psql("helpers_$order", 'DROP EXTENSION fraiseql');
	is($node->safe_psql("helpers_$order", $use_helpers), '1|7|now|on', 'the helpers outlive the extension');
}

# There is one version, so nothing to update, and no script that would leave rights of an older one as they were.
is( $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extension_versions WHERE name = 'fraiseql'"),
	'1', 'there is one version');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_extension_update_paths('fraiseql')"), '0', 'and no update');
$node->safe_psql('plain', 'DROP FUNCTION ask, counters; DROP EXTENSION fraiseql CASCADE; CREATE EXTENSION fraiseql');
is(rights('plain'), $rights, 'to drop and to create it gives the rights that it comes with');

# What its script may not say: it would adopt what is there, or run with rights or names that are not its own.
my ($share) = run_command([ 'pg_config', '--sharedir' ]);

for my $script (glob "$share/extension/fraiseql--*.sql")
{
	my $text = slurp_file($script);

	$text =~ s{^\s*--.*$|^\\echo.*$|/\*.*?\*/}{}gm;
	unlike($text, qr/$_/i, "the script says nothing like $_")
	  for 'OR\s+REPLACE', 'IF\s+NOT\s+EXISTS', '@extschema', '@extowner', 'SECURITY\s+DEFINER', 'GRANT\s+ALL', 'SET\s+ROLE',
	  'CREATE\s+(?!TRIGGER|INDEX)\w+(?!\s+fraiseql\.)\s', 'LANGUAGE\s+(?!C\b)\w';
}

# Somebody was here before: an object with one of our names stops the installation.
my @planted = (
	'CREATE TABLE fraiseql.exposure (relation regclass, type_name text, options jsonb)',
	'CREATE VIEW fraiseql.cache_stats AS SELECT 1 AS hits',
	'CREATE FUNCTION fraiseql.execute(text, jsonb DEFAULT NULL, text DEFAULT NULL, jsonb DEFAULT NULL) RETURNS json '
	  . "LANGUAGE sql AS 'SELECT NULL::json'",
	"CREATE FUNCTION fraiseql.track_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");

$node->safe_psql('postgres', 'CREATE ROLE mallory LOGIN; CREATE DATABASE planted OWNER mallory');
for my $object (@planted)
{
	$node->safe_psql('planted', "SET ROLE mallory; CREATE SCHEMA fraiseql; $object");

	my ($status, $output, $error) = $node->psql('planted', 'CREATE EXTENSION fraiseql');

	like($error, qr/already exists/, (split(/[(]/, $object))[0] . ' is not adopted');
	$node->safe_psql('planted', 'DROP SCHEMA fraiseql CASCADE');
}

# And objects that would be called instead of the server's own, if a search_path were not fixed: they would leave a
# trace, as the superuser that called them.
$node->safe_psql('planted', <<'SQL');
SET ROLE mallory;
CREATE SCHEMA fraiseql;
CREATE SCHEMA hostile;
CREATE TABLE hostile.trace (who name, what text);
GRANT ALL ON SCHEMA hostile TO PUBLIC;
GRANT ALL ON hostile.trace TO PUBLIC;
CREATE FUNCTION hostile.hit(what text) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO hostile.trace VALUES (current_user, what); RETURN true; END $$;
DO $do$
DECLARE
	target text;
BEGIN
	FOREACH target IN ARRAY ARRAY['fraiseql', 'public', 'hostile'] LOOP
		EXECUTE format($sql$
			CREATE FUNCTION %1$I.jsonb_typeof(json) RETURNS text LANGUAGE sql AS $$ SELECT hostile.hit('jsonb_typeof')::text $$;
			CREATE FUNCTION %1$I.lower(name) RETURNS text LANGUAGE sql AS $$ SELECT hostile.hit('lower')::text $$;
			CREATE FUNCTION %1$I.json_build_object(name, integer) RETURNS json LANGUAGE sql AS
				$$ SELECT to_json(hostile.hit('json_build_object')) $$;
			CREATE FUNCTION %1$I.to_json(integer) RETURNS json LANGUAGE sql AS $$ SELECT NULL::json FROM hostile.hit('to_json') $$;
			CREATE FUNCTION %1$I.equal(regclass, regclass) RETURNS boolean LANGUAGE sql AS $$ SELECT hostile.hit('=') $$;
			CREATE OPERATOR %1$I.= (LEFTARG = regclass, RIGHTARG = regclass, FUNCTION = %1$I.equal);
			CREATE FUNCTION %1$I.equal(regclass, oid) RETURNS boolean LANGUAGE sql AS $$ SELECT hostile.hit('=') $$;
			CREATE OPERATOR %1$I.= (LEFTARG = regclass, RIGHTARG = oid, FUNCTION = %1$I.equal);
			CREATE FUNCTION %1$I.equal(varchar, text) RETURNS boolean LANGUAGE sql AS $$ SELECT hostile.hit('=') $$;
			CREATE OPERATOR %1$I.= (LEFTARG = varchar, RIGHTARG = text, FUNCTION = %1$I.equal);
			CREATE FUNCTION %1$I.equal(integer, smallint) RETURNS boolean LANGUAGE sql AS $$ SELECT hostile.hit('=') $$;
			CREATE FUNCTION %1$I.equal(smallint, smallint) RETURNS boolean LANGUAGE sql AS $$ SELECT hostile.hit('=') $$;
			CREATE OPERATOR %1$I.= (LEFTARG = smallint, RIGHTARG = smallint, FUNCTION = %1$I.equal);
			CREATE OPERATOR %1$I.<= (LEFTARG = smallint, RIGHTARG = smallint, FUNCTION = %1$I.equal)
		$sql$, target);
	END LOOP;
END $do$;
RESET ROLE;
CREATE EXTENSION fraiseql;
SET search_path = hostile, public, fraiseql, pg_catalog;
CREATE TABLE public.thing (id int PRIMARY KEY, code varchar(10) NOT NULL, size smallint NOT NULL);
INSERT INTO public.thing VALUES (1, 'one', 1), (2, 'two', 2);
SELECT fraiseql.expose('public.thing', NULL, '{"ttl": 60}');
SELECT fraiseql.hide('public.thing');
SELECT fraiseql.expose('public.thing');
SELECT * FROM fraiseql.expose_schema('public');
SELECT fraiseql.schema_sdl();
SQL
is( $node->safe_psql('planted',
		'SET search_path = hostile, public, fraiseql, pg_catalog; SELECT fraiseql.execute('
		  . q('{ things(where: {code: {eq: "two"}, size: {lte: 2}, id: {eq: 2}}) { id code size } }')
		  . ')'),
	'{"data":{"things":[{"id":2,"code":"two","size":2}]}}', 'the answer is right');
is($node->safe_psql('planted', 'SELECT * FROM hostile.trace'), '', 'nothing that was planted has been called');

$node->stop;
done_testing();
