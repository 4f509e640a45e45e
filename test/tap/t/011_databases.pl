# What reaches beyond one database: clones that share OIDs, roles, names of databases.
use Fraiseql::Test;

my $query = '{ accounts { balance } }';
my $node = fraiseql_node('databases', extension => 0);

# A clone of a database has the same OIDs for everything, and answers of its own.
$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('one', 'CREATE EXTENSION fraiseql');
create_accounts($node, 'one');
is(ask($node, $query, 'one'), 'kept|' . accounts(100, 100), 'an answer in one database');
$node->safe_psql('postgres', 'CREATE DATABASE two TEMPLATE one');
is( $node->safe_psql('one', q(SELECT 'account'::regclass::oid)),
	$node->safe_psql('two', q(SELECT 'account'::regclass::oid)),
	'a clone shares OIDs');
is(ask($node, $query, 'one'), 'hit|' . accounts(100, 100), 'a database that comes concerns no other');
is(ask($node, $query, 'two'), 'kept|' . accounts(100, 100), 'and a clone shares none');
$node->safe_psql('two', 'UPDATE account SET balance = 1 WHERE id = 1');
is(ask($node, $query, 'one'), 'hit|' . accounts(100, 100), 'a write in the clone');
is(ask($node, $query, 'two'), 'kept|' . accounts(1, 100), 'is seen there');
$node->safe_psql('one', 'ALTER TABLE account ADD note text');
is(ask($node, $query, 'two'), 'hit|' . accounts(1, 100), 'a definition concerns its own database');
is(ask($node, $query, 'one'), 'kept|' . accounts(100, 100), 'only');

# By hand, too.
my $entry = '{ account(id: 1) { id } }';

ask($node, $entry, $_) for ('one', 'two');
is($node->safe_psql('one', q(SELECT fraiseql.invalidate('Account', '1'))), '2', 'invalidated by hand');
is(ask($node, $entry, 'one'), 'kept|{"data":{"account":{"id":1}}}', 'in one database');
is(ask($node, $entry, 'two'), 'hit|{"data":{"account":{"id":1}}}', 'and not in its clone');
is($node->safe_psql('two', q(SELECT fraiseql.invalidate_cascade('{"deleted": [{"type": "Account", "id": 1}]}'))),
	'2', 'nor the other way round');
is(ask($node, $entry, 'one'), 'hit|{"data":{"account":{"id":1}}}', 'by a cascade');
ask($node, $query, $_) for ('one', 'two');

# Roles are everybody's.
$node->safe_psql('one', <<'SQL');
CREATE ROLE reader LOGIN;
CREATE ROLE team;
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY team ON account TO team USING (id = 1);
GRANT SELECT ON account TO reader, team;
SQL

sub ask_as_reader
{
	return $node->safe_psql('one', asked($_[0] // $query), extra_params => [ '-U', 'reader' ]);
}

is(ask_as_reader(), 'kept|' . accounts(), 'the role sees nothing');
$node->safe_psql('postgres', 'GRANT team TO reader');
is(ask_as_reader(), 'kept|' . accounts(100), 'a membership that was granted in another database counts');
is(ask_as_reader(), 'hit|' . accounts(100), 'and is cached');
$node->safe_psql('postgres', 'ALTER ROLE reader BYPASSRLS');
is(ask_as_reader(), 'kept|' . accounts(100, 100), 'so does BYPASSRLS');
$node->safe_psql('postgres', 'ALTER ROLE reader NOBYPASSRLS');
is(ask_as_reader(), 'kept|' . accounts(100), 'given');
$node->safe_psql('postgres', "UPDATE pg_authid SET rolbypassrls = true WHERE rolname = 'reader'");
is(ask_as_reader(), 'kept|' . accounts(100, 100), 'or written into the catalog');
$node->safe_psql('postgres', "ALTER ROLE reader NOBYPASSRLS; REVOKE team FROM reader");
is(ask_as_reader(), 'kept|' . accounts(), 'and taken');

# Log-ins, passwords, settings of sessions to come, and roles without memberships concern no answer.
ask($node, $query, 'two');
ask_as_reader();
$node->safe_psql('postgres', <<'SQL');
ALTER ROLE reader PASSWORD 'secret' VALID UNTIL '2040-01-01' CONNECTION LIMIT 10;
ALTER ROLE reader SET work_mem = '1MB';
ALTER DATABASE one SET work_mem = '1MB';
CREATE ROLE newcomer LOGIN PASSWORD 'other';
ALTER ROLE newcomer NOLOGIN;
SQL
is(ask_as_reader(), 'hit|' . accounts(), 'a password');
is(ask($node, $query, 'two'), 'hit|' . accounts(1, 100), 'disturbs nobody');
$node->safe_psql('postgres', 'DROP ROLE newcomer');
is(ask($node, $query, 'two'), 'kept|' . accounts(1, 100), 'a dropped role does');

# Who owns a database is the member of pg_database_owner there.
$node->safe_psql('one', <<'SQL');
CREATE VIEW ownership AS SELECT 1 AS id, pg_has_role('pg_database_owner', 'MEMBER') AS mine;
GRANT SELECT ON ownership TO reader;
SELECT fraiseql.expose('ownership');
SQL
my $mine = '{ ownerships { mine } }';
is(ask_as_reader($mine), 'kept|{"data":{"ownerships":[{"mine":false}]}}', 'a database of somebody else');
$node->safe_psql('postgres', 'ALTER DATABASE two OWNER TO reader');
is(ask_as_reader($mine), 'hit|{"data":{"ownerships":[{"mine":false}]}}', 'the owner of another one');
$node->safe_psql('postgres', 'ALTER DATABASE two OWNER TO CURRENT_USER');
is(ask($node, $query, 'two'), 'kept|' . accounts(1, 100), 'is its own affair');
$node->safe_psql('postgres', 'ALTER DATABASE one OWNER TO reader');
is(ask_as_reader($mine), 'kept|{"data":{"ownerships":[{"mine":true}]}}', 'the owner of this one');
is(ask($node, $query, 'two'), 'hit|' . accounts(1, 100), 'concerns this one only');
$node->safe_psql('one', 'REASSIGN OWNED BY reader TO CURRENT_USER');
is(ask_as_reader($mine), 'kept|{"data":{"ownerships":[{"mine":false}]}}', 'all that a role owns is given away');

# Names that answers can show.
$node->safe_psql('one', <<'SQL');
CREATE VIEW place AS SELECT 1 AS id, current_database() AS database, current_user AS role;
GRANT SELECT ON place TO reader;
SELECT fraiseql.expose('place');
SQL
is(ask_as_reader('{ places { database role } }'),
	'kept|{"data":{"places":[{"database":"one","role":"reader"}]}}', 'an answer with names in it');
$node->safe_psql('postgres', 'ALTER ROLE reader RENAME TO visitor');
is($node->safe_psql('one', asked('{ places { database role } }'), extra_params => [ '-U', 'visitor' ]),
	'kept|{"data":{"places":[{"database":"one","role":"visitor"}]}}', 'a role is renamed');
$node->safe_psql('postgres', 'ALTER DATABASE one RENAME TO three');
is($node->safe_psql('three', asked('{ places { database role } }'), extra_params => [ '-U', 'visitor' ]),
	'kept|{"data":{"places":[{"database":"three","role":"visitor"}]}}', 'the database is renamed');
is(ask($node, $query, 'two'), 'kept|' . accounts(1, 100), 'roles have been renamed meanwhile');
$node->safe_psql('postgres', 'ALTER DATABASE three RENAME TO four');
is(ask($node, $query, 'two'), 'hit|' . accounts(1, 100), 'another database is renamed');

# Where databases are stored concerns nobody; the server moves one only while nobody is connected to it.
$node->safe_psql('postgres', q(SET allow_in_place_tablespaces = on; CREATE TABLESPACE elsewhere LOCATION ''));
is(ask($node, $query, 'two'), 'hit|' . accounts(1, 100), 'a tablespace');
is(ask($node, $query, 'four'), 'kept|' . accounts(100, 100), 'what the next one will hold');
$node->safe_psql('postgres', 'ALTER DATABASE two SET TABLESPACE elsewhere');
is(ask($node, $query, 'four'), 'hit|' . accounts(100, 100), 'another database is moved');
is(ask($node, $query, 'two'), 'kept|' . accounts(1, 100), 'and answers as before');

# A database that has the name and the OID of one that was dropped.
my $oid = $node->safe_psql('postgres', q(SELECT oid FROM pg_database WHERE datname = 'two'));
$node->safe_psql('postgres', 'DROP DATABASE two');
is(ask($node, $query, 'four'), 'hit|' . accounts(100, 100), 'a database that goes concerns no other');
$node->safe_psql('postgres', "CREATE DATABASE two TEMPLATE four OID = $oid");
is(ask($node, $query, 'two'), 'kept|' . accounts(100, 100), 'what comes in its place has answers of its own');
is(ask($node, $query, 'four'), 'hit|' . accounts(100, 100), 'and disturbs nobody');

$node->stop;
done_testing();
