# Debian's Prometheus and both exporters watch a server: every value is the server's, every alert comes when it has a reason
# and goes when it has none, every panel of the dashboard has something to show.
#
# Alerts are provoked for real (Fraiseql::Alerts).  The durations of the rules are a test's, as Fraiseql::Monitoring says.
use Fraiseql::Test;
use Fraiseql::Alerts;
use Fraiseql::Monitoring;
use JSON::PP;
use PostgreSQL::Test::Utils;

my @jobs = qw(fraiseql fraiseql_postgres_exporter);

# What fires while a check is provoked.
my %alerts = (
	hit_rate => [ 'FraiseqlHitRateLow', 'FraiseqlHitRateCritical' ],
	invalidation_rate => [ 'FraiseqlInvalidationRateHigh', 'FraiseqlInvalidationRateCritical' ],
	eviction_rate => ['FraiseqlEvictionRateHigh'],
	cascade_failure_rate => ['FraiseqlCascadeFailures'],
	cascade_extraction_p99 => ['FraiseqlCascadeExtractionSlow'],
	audit_records => ['FraiseqlAuditRecordsMany'],
	in_flight => [ 'FraiseqlInFlightHigh', 'FraiseqlInFlightCritical' ],
	memory => [ 'FraiseqlMemoryHigh', 'FraiseqlMemoryCritical' ],
	qps => ['FraiseqlQpsHigh'],
	verify_failures => ['FraiseqlVerifyFailures'],
	worker => ['FraiseqlNotJudged'],
);
my @together = grep { !alert_info($_)->{alone} } sort keys %alerts;

# All at once: the calls of one dilute the rate of another.
my $node = fraiseql_node('watched', config => settings_for(alert_checks())
	. "max_connections = 100\nfraiseql.alert_invalidation_rate_critical = 0.31\n");
prepare_alerts($node);
$node->safe_psql('postgres', 'CREATE ROLE prometheus LOGIN IN ROLE pg_monitor');

# The samples as the server has them: {'name{label="value",...}' => value}.
sub samples
{
	my $rows = $node->safe_psql('postgres', <<'SQL');
SELECT name || '{' || coalesce((SELECT string_agg(format('%s="%s"', key, l.value), ',' ORDER BY key) FROM jsonb_each_text(labels) AS l), '')
	|| '} ' || value FROM fraiseql.metric_samples()
SQL
	return { map { /^(.*) (\S+)$/ } split /\n/, $rows };
}

#
# The text by itself, as node_exporter's textfile collector has it
#

my ($status, $output) = promtool($node->safe_psql('postgres', 'SELECT fraiseql.metrics()') . "\n", 'check', 'metrics');
is("$status $output", '0 ', 'promtool has nothing to say about metrics()');

my $monitoring = Fraiseql::Monitoring->new($node);

# The same by what Prometheus has of a job.  Of the labels that come with the target, none but these stay.
sub scraped
{
	my ($job) = @_;
	my %scraped;

	for my $series ($monitoring->query(qq({__name__=~"fraiseql_.+",job="$job"})))
	{
		my %label = %{ $series->{metric} };
		my $name = delete $label{__name__};

		delete @label{qw(job instance host database server)};
		$scraped{ "$name\{" . join(',', map { qq($_="$label{$_}") } sort keys %label) . '}' } = $series->{value}[1];
	}
	return \%scraped;
}

# Figures that never stand still: the age of the last judgement, and now.
my %moving = map { $_ => 1 } 'fraiseql_health_value{check="worker"}', 'fraiseql_metrics_timestamp_seconds{}';

# Samples that are not the same on both sides.
sub differing
{
	my ($ours, $theirs) = @_;
	my %all = (%$ours, %$theirs);

	return grep { !exists $ours->{$_} || !exists $theirs->{$_} || ($ours->{$_} != $theirs->{$_} && !$moving{$_}) } sort keys %all;
}

for my $job (@jobs)
{
	ok(poll_until(sub { keys %{ scraped($job) } }), "$job is scraped") or diag($monitoring->error);
}

#
# The rules
#

my @rules = map { @{ $_->{rules} } } @{ $monitoring->api('rules')->{groups} };
my @alerting = grep { $_->{type} eq 'alerting' } @rules;
my @checks = split /\n/, $node->safe_psql('postgres', 'SELECT check_name FROM fraiseql.health_checks');

for my $check (@checks)
{
	ok((grep { ($_->{labels}{check} // '') eq $check } @alerting), "$check has a rule");
	ok($alerts{$check}, "... and is provoked");
}
for my $rule (@alerting)
{
	my @missing = grep { ($rule->{annotations}{$_} // '') eq '' } qw(summary description runbook);

	is_deeply(\@missing, [], "$rule->{name} says what, why and what to do");
	like($rule->{labels}{severity}, qr/^(warning|critical)$/, "$rule->{name} has a severity");
}
ok(poll_until(sub { !grep { $_->{health} ne 'ok' } map { @{ $_->{rules} } } @{ $monitoring->api('rules')->{groups} } }), 'all rules can be evaluated')
  or diag(explain([ grep { $_->{health} ne 'ok' } map { @{ $_->{rules} } } @{ $monitoring->api('rules')->{groups} } ]));
ok(poll_until(sub { !%{ $monitoring->firing } }), 'no alert without a reason') or diag(explain($monitoring->firing));

#
# Alerts
#

# An alert fires for both jobs, with its check, and words that were made of its figure.
sub fires
{
	my ($name, $check) = @_;
	my $firing;

	my $came = poll_until(sub { $firing = $monitoring->firing->{$name}; $firing && @jobs == grep { $firing->{$_} } @jobs });
	ok($came, "$check: $name fires") or diag(explain($monitoring->firing));
	return unless $came;

	my ($alert) = $firing->{fraiseql};
	my $words = join('', values %{ $alert->{annotations} });

	is($alert->{labels}{check} // $check, $check, "$name is about $check");
	unlike($words, qr/error|%!|<no value>|\{\{/, "$name has words") or diag($words);
	return;
}

my %provocation = map { $_ => provoke($node, $_) } @together;

for my $check (@together)
{
	fires($_, $check) for @{ $alerts{$check} };
}

#
# The dashboard, while the load goes on; who waited tells how long when it has an end
#

$provocation{in_flight}->stop;

my $dashboard = JSON::PP->new->utf8->decode(monitoring_file('grafana.json'));

# As Grafana would ask it.
sub interpolated
{
	my ($expression) = @_;
	my %value = (job => '.*', instance => '.*', __rate_interval => '10s', __range => '60s');

	$expression =~ s/\$(\w+)/$value{$1} \/\/ die "no variable \$$1"/ge;
	return $expression;
}

# Series of a query that have a number.
sub answered
{
	my ($target) = @_;
	my $expression = interpolated($target->{expr});
	my @series = $target->{instant} ? $monitoring->query($expression) : $monitoring->query_range($expression, 15);

	return grep { grep { $_->[1] =~ /\d/ } $_->{value} // (), @{ $_->{values} // [] } } @series;
}

for my $panel (grep { $_->{targets} } @{ $dashboard->{panels} })
{
	for my $target (@{ $panel->{targets} })
	{
		my $name = "panel $panel->{title}, $target->{refId}";
		my @series;

		ok(poll_until(sub { @series = answered($target) }), "$name shows something") or diag("$target->{expr}\n" . $monitoring->error);
		my @unknown = grep { my $label = $_; grep { !exists $_->{metric}{$label} } @series } $target->{legendFormat} =~ /\{\{(\w+)\}\}/g;
		is_deeply(\@unknown, [], "$name: its legend has labels that there are");
	}
}
for my $variable (grep { $_->{type} eq 'query' } @{ $dashboard->{templating}{list} })
{
	my ($expression, $label) = $variable->{definition} =~ /^label_values\((.*), (\w+)\)$/;
	my $values = $monitoring->api("label/$label/values", 'match[]' => interpolated($expression));

	is(scalar @{ $values // [] }, 2, "variable $variable->{name} has two values");
}
for my $annotation (grep { $_->{expr} } @{ $dashboard->{annotations}{list} })
{
	ok($monitoring->query(interpolated($annotation->{expr})), "annotation $annotation->{name} shows something");
}

#
# The end of all reasons
#

# the last one resets the counters, when nothing counts any more; what all asked for is in the cache, beyond the threshold of memory
$provocation{$_}->stop for grep { $_ ne 'audit_records' } @together;
$node->poll_query_until('postgres', 'SELECT queued_bytes = 0 FROM fraiseql.cascade_stats') or die 'the worker does not get on';
$provocation{audit_records}->stop;
$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
ok(poll_until(sub { !%{ $monitoring->firing } }), 'all alerts are over') or diag(explain($monitoring->firing));

#
# Values
#

# Some of each that is counted, and too little for an alert: misses, hits that are verified, a mutation, a write
$node->safe_psql('postgres', <<'SQL');
SET fraiseql.verify_sample = 1;
SELECT fraiseql.execute('{ alertPage(id: 1) { body } }');
SELECT fraiseql.execute('{ alertThing(id: 10) { id n } }');
SELECT fraiseql.execute('{ alertThing(id: 10) { id n } }');
SELECT fraiseql.execute('mutation { alertChangeSlow(id: 1) }');
UPDATE alert.thing SET n = n + 1 WHERE id = 10;
SQL
for my $name (qw(cache_hits_total cache_misses_total cache_invalidations_total mutations_total cascade_extractions_total cascade_latency_p99_seconds))
{
	ok(poll_until(sub { (samples()->{"fraiseql_$name\{}"} // 0) > 0 }), "$name is counted");
}

for my $job (@jobs)
{
	my ($ours, $theirs, @differing);

	# figures of the last seconds are so for a while
	ok(poll_until(sub { ($ours, $theirs) = (samples(), scraped($job)); @differing = differing($ours, $theirs); !@differing }), "$job: all values are the server's")
	  or diag(map { sprintf("%s: %s, %s\n", $_, $ours->{$_} // 'none', $theirs->{$_} // 'none') } @differing);
	cmp_ok(scalar keys %$ours, '>', 100, '... and there are many');
	cmp_ok(scalar(grep { $_ != 0 } values %$theirs), '>', 30, '... many of which are not 0');
	like($monitoring->exported($job), qr/fraiseql_cache_hits_total/, '... and its exporter is the one that was asked');
}
is($node->safe_psql('postgres', 'SELECT hits, misses, invalidations, peak_memory_bytes FROM fraiseql.cache_stats'),
	join('|', map { scraped('fraiseql')->{"fraiseql_cache_$_\{}"} } qw(hits_total misses_total invalidations_total peak_memory_bytes)),
	'they are those of the view');

#
# What is no load: the worker, the module, the server, the exporters
#

my $worker = provoke($node, 'worker');
fires('FraiseqlNotJudged', 'worker');
$worker->stop;
ok(poll_until(sub { !%{ $monitoring->firing } }), 'the worker judges again');

$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
fires('FraiseqlWorkerDown', 'worker');

# one exporter tells what it knew, the other one has nothing to tell, or tries so long to connect that Prometheus, here, does
# not wait for it
my @absence = qw(FraiseqlMetricsOld FraiseqlMetricsMissing FraiseqlExporterDown);

$node->stop;
for my $job (@jobs)
{
	ok(poll_until(sub { my $firing = $monitoring->firing; grep { $firing->{$_}{$job} } @absence }), "server: $job tells that it is away")
	  or diag(explain($monitoring->firing));
}

$monitoring->stop('sql', 'postgres');
fires('FraiseqlExporterDown', 'exporters');

$monitoring->stop;
done_testing();
