# The files for Prometheus and Grafana by themselves: syntax, the rules' own tests, the dashboard's form.
use Fraiseql::Test;
use Fraiseql::Monitoring;
use JSON::PP;
use PostgreSQL::Test::Utils;

my $files = "$FindBin::Bin/../../monitoring";

#
# promtool
#

sub promtool_accepts
{
	my ($what, @arguments) = @_;
	my ($status, $output) = promtool('', @arguments);

	ok($status == 0, $what) or diag($output);
	return;
}

# the rules where their directory is, not where users have them
my $config = PostgreSQL::Test::Utils::tempdir() . '/prometheus.yml';
append_to_file($config, monitoring_file('prometheus.yml') =~ s{/etc/prometheus/}{$files/}gr);
promtool_accepts('prometheus.yml', 'check', 'config', $config);
promtool_accepts('fraiseql_rules.yml', 'check', 'rules', "$files/fraiseql_rules.yml");
promtool_accepts('fraiseql_rules_test.yml', 'test', 'rules', "$files/fraiseql_rules_test.yml");

# ... and these tests can fail
my $directory = PostgreSQL::Test::Utils::tempdir();
my $rules = monitoring_file('fraiseql_rules.yml');
my $tests = monitoring_file('fraiseql_rules_test.yml');

for my $alert ($rules =~ /- alert: (\w+)\n/g)
{
	like($tests, qr/$alert"/, "$alert has a test");
}
$rules =~ s/^\s+< ignoring.*\n//mg;
append_to_file("$directory/fraiseql_rules.yml", $rules);
append_to_file("$directory/fraiseql_rules_test.yml", $tests);
my ($status, $output) = promtool('', 'test', 'rules', "$directory/fraiseql_rules_test.yml");
ok($status != 0 && $output =~ /FraiseqlHitRate/, 'a rule without its threshold fails its test') or diag($output);

#
# Grafana
#

my $dashboard = JSON::PP->new->utf8->decode(monitoring_file('grafana.json'));
my @panels = @{ $dashboard->{panels} };
my %seen;

cmp_ok($dashboard->{schemaVersion}, '>=', 39, 'the dashboard has a schema of Grafana 10 or later');
is_deeply([ grep { $seen{ $_->{id} }++ } @panels ], [], 'panels have ids of their own');
is_deeply([ grep { $_->{title} eq '' } @panels ], [], 'and titles');
is_deeply([ map { $_->{name} } @{ $dashboard->{templating}{list} } ], [ 'datasource', 'job', 'instance' ], 'variables');

sub overlap
{
	my ($a, $b) = map { $_->{gridPos} } @_;

	return $a->{x} < $b->{x} + $b->{w} && $b->{x} < $a->{x} + $a->{w} && $a->{y} < $b->{y} + $b->{h} && $b->{y} < $a->{y} + $a->{h};
}

for my $i (0 .. $#panels)
{
	my $panel = $panels[$i];
	my $place = $panel->{gridPos};
	my @others = map { $_->{title} } grep { overlap($panel, $_) } @panels[ $i + 1 .. $#panels ];

	is_deeply(\@others, [], "$panel->{title}: no other panel is in its place");
	ok($place->{x} >= 0 && $place->{x} + $place->{w} <= 24, "$panel->{title}: within the width");
	next if $panel->{type} eq 'row';

	my @foreign = grep { $_->{uid} ne '${datasource}' } $panel->{datasource}, map { $_->{datasource} } @{ $panel->{targets} };
	is_deeply(\@foreign, [], "$panel->{title}: asks the data source that was chosen");

	my %refs;
	is_deeply([ grep { $refs{ $_->{refId} }++ } @{ $panel->{targets} } ], [], "$panel->{title}: queries have names of their own");
}

done_testing();
