# report() and dashboard() where there is little to show, and where text is not UTF-8: they come, well formed, and in
# characters that the database and the client have.
use Fraiseql::Test;

use Encode qw(decode encode);

my $no_samples = 'No samples yet.';

sub page
{
	my ($node, $database) = @_;

	return $node->safe_psql($database // 'postgres', 'SELECT fraiseql.report()');
}

sub is_well_formed
{
	my ($node, $database, $name) = @_;

	return is($node->safe_psql($database, 'SELECT xml_is_well_formed_document(fraiseql.report())'), 't', $name);
}

# As many lines as fit on a screen, none wider than it.
sub fits
{
	my ($screen, $name) = @_;
	my @lines = split /\n/, $screen, -1;
	my @wide = grep { length > 100 } map { decode('UTF-8', $_) } @lines;

	is("@wide", '', "$name: no line is too wide");
	ok(@lines >= 24 && @lines <= 45, "$name: " . @lines . ' lines');
	return;
}

sub dashboard
{
	my ($node, $database, $client_encoding) = @_;

	return $node->safe_psql($database, "SET client_encoding = '$client_encoding'; SELECT fraiseql.dashboard()");
}

#
# Not preloaded
#
my $node = fraiseql_node('unloaded', preload => 0);

is_well_formed($node, 'postgres', 'not preloaded: a page');
like(page($node), qr/fraiseql is not in shared_preload_libraries: nothing is cached/, 'it says so');
is(scalar(() = page($node) =~ /$no_samples/g), 8, 'and has no charts');
fits(dashboard($node, 'postgres', 'UTF8'), 'not preloaded');
like(dashboard($node, 'postgres', 'UTF8'), qr/^fraiseql is not in shared_preload_libraries/m, 'the dashboard says so too');
$node->stop;

#
# Right after the start, and from the first sample on
#
$node = fraiseql_node('primary', init => [ allows_streaming => 1 ], extension => 1);
is_well_formed($node, 'postgres', 'started: a page');
fits(dashboard($node, 'postgres', 'UTF8'), 'started');
ok($node->poll_query_until('postgres', q{SELECT fraiseql.report() ~ '<svg class="chart"'}), 'there are charts before long');
is_well_formed($node, 'postgres', 'a sample or two: a page');
unlike(page($node), qr/[^\n\x20-\x7e]|\bnan\b|\binf\b/i, 'in ASCII, and without figures that are none');

#
# Names that are no text elsewhere: shared catalogs hold those of every database, in the encoding of each
#
for my $encoding (qw(SQL_ASCII LATIN1 EUC_JP))
{
	my $database = lc $encoding;

	$node->safe_psql('postgres', "CREATE DATABASE $database ENCODING '$encoding' TEMPLATE template0 LOCALE 'C'");
	$node->safe_psql($database, 'CREATE EXTENSION fraiseql');
	create_accounts($node, $database);
}

# Ask as a role whose name has these bytes where it is made.
sub ask_as
{
	my ($database, $name, $query) = @_;

	$node->safe_psql($database, qq{CREATE ROLE "$name"; GRANT SELECT ON account TO "$name"; SET ROLE "$name";
		SELECT fraiseql.execute('$query'), fraiseql.execute('$query')});
	return;
}

ask_as('sql_ascii', "bytes \xff\xe9<b>", '{ accounts { id } }');
ask_as('latin1', "caf\xe9", 'query La { accounts { id } }');
ask_as('euc_jp', encode('euc-jp', "\x{65e5}\x{672c}"), 'query Jp { accounts { id } }');
my %shown = (
	postgres => qr/bytes &#65533;&#65533;&#60;b&#62;/,
	sql_ascii => qr/bytes &#65533;&#65533;&#60;b&#62;/,
	latin1 => qr/bytes &#255;&#233;&#60;b&#62;/,
	euc_jp => qr/bytes (?:&#65533;)+&#60;b&#62;/,);
for my $database (sort keys %shown)
{
	is_well_formed($node, $database, "$database: a page");
	unlike(page($node, $database), qr/[^\n\x20-\x7e]/, 'in ASCII');
	like(page($node, $database), $shown{$database}, 'with a name that is no text');
	is($node->safe_psql($database, q{SELECT octet_length(convert_to(fraiseql.dashboard(), 'UTF8')) > 1000}), 't',
		'the dashboard is text of the database') if $database ne 'sql_ascii';
	fits(dashboard($node, $database, $database eq 'sql_ascii' ? 'SQL_ASCII' : 'UTF8'), $database);
}
like(page($node, 'latin1'), qr/<td class="text">caf&#233;</, 'names are right where they were made: LATIN1');
like(page($node, 'euc_jp'), qr/<td class="text">&#26085;&#26412;</, 'EUC_JP');
like(page($node, 'postgres'), qr/<td class="text">caf&#65533;</, 'and elsewhere what is no character is marked');
like(dashboard($node, 'postgres', 'UTF8'), qr/\xe2\x96[\x81-\x88]/, 'blocks where database and client have them');
for my $case ([ 'postgres', 'LATIN1' ], [ 'latin1', 'UTF8' ], [ 'sql_ascii', 'UTF8' ], [ 'postgres', 'SQL_ASCII' ])
{
	unlike(dashboard($node, @$case), qr/[^\n\x20-\x7e]/, "ASCII elsewhere: @$case");
}

#
# A standby
#
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');

$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is_well_formed($standby, 'postgres', 'a standby: a page');
like(page($standby), qr/This server is a standby: calls are executed, and nothing is cached/, 'it says so');
ok($standby->poll_query_until('postgres', q{SELECT fraiseql.report() ~ '<svg class="chart"'}), 'it has charts');
fits(dashboard($standby, 'postgres', 'UTF8'), 'standby');

$standby->stop;
$node->stop;
done_testing();
