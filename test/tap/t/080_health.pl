# Health: every alert, provoked for real; it comes in the views and in the server's log, and goes.
#
# Each check has a server of its own, so that the status is this check's; their loads go on at the same time.
use Fraiseql::Test;
use Fraiseql::Alerts;
use PostgreSQL::Test::Utils;

# Every step of a check, in the order of getting worse.
my %steps = (
	hit_rate => [ 'warning', 'critical', 'worst' ],
	(map { $_ => [ 'warning', 'worst' ] } qw(invalidation_rate in_flight memory)),
	(map { $_ => ['worst'] } qw(eviction_rate cascade_failure_rate cascade_extraction_p99 audit_records qps verify_failures)),
);

# What the messages say of these figures.
my %message = (
	hit_rate => qr/hit rate is \d+\.\d %/,
	invalidation_rate => qr/invalidation rate is \d+\.\d %/,
	eviction_rate => qr/eviction rate is \d+\.\d %/,
	cascade_failure_rate => qr/cascade failure rate is \d+\.\d %/,
	cascade_extraction_p99 => qr/99th percentile of cascade extraction is \d+ ms/,
	audit_records => qr/number of audit records since the last reset is \d+/,
	in_flight => qr/number of calls that execute or wait is \d+/,
	memory => qr/memory of cached answers is [\d.]+ [kM]B/,
	qps => qr/number of calls and writes is \d+ a second/,
	verify_failures => qr/number of cached answers found wrong is \d+/,
);

my $template = fraiseql_node('template', config => <<'CONF');
fraiseql.alert_log_interval = 0
fraiseql.cache_size = 8MB
fraiseql.tag_table_size = 1MB
log_line_prefix = '%m [%p] %e '
log_statement = none
CONF
prepare_alerts($template);
$template->safe_psql('postgres', <<'SQL');
CREATE PROCEDURE commit_often(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. n LOOP
		UPDATE alert.marker SET n = i WHERE id = 1;
		COMMIT;
	END LOOP;
END $$;
SQL
$template->stop;
$template->backup_fs_cold('prepared');

# A server with these settings beside those of the check.
sub copy
{
	my ($name, $check, $settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init_from_backup($template, 'prepared');
	$node->append_conf('postgresql.conf', settings_for($check));
	$node->append_conf('postgresql.conf', join('', map { "fraiseql.alert_hit_rate_$_ = 0\n" } qw(warning critical unhealthy)))
	  if $check ne 'hit_rate';
	$node->append_conf('postgresql.conf', $settings // '');
	$node->start;
	return $node;
}

sub configure
{
	my ($node, $settings) = @_;

	$node->append_conf('postgresql.conf', $settings);
	$node->reload;
	return;
}

sub sql
{
	my ($node, $statement) = @_;

	return $node->safe_psql('postgres', $statement);
}

# Wait for a query's result.
sub wait_is
{
	my ($node, $query, $expected, $name) = @_;

	ok($node->poll_query_until('postgres', $query, $expected), $name) or diag(sql($node, 'SELECT * FROM fraiseql.health'));
	return;
}

# Wait for so many judgements, all by what was so then; by default, by what is so now.
sub wait_for_judgements
{
	my ($node, $count, $then) = @_;
	my $now = $then // sql($node, 'SELECT clock_timestamp()');

	# the worker judges after the sample
	$node->poll_query_until('postgres', "SELECT count(*) > $count FROM fraiseql.recent_samples WHERE at > '$now'")
	  or die 'nobody judges';
	return;
}

sub level
{
	my ($check) = @_;

	return "SELECT level FROM fraiseql.health_checks WHERE check_name = '$check'";
}

# How often the log has this.
sub logged
{
	my ($node, $pattern) = @_;
	my @found = slurp_file($node->logfile) =~ /$pattern/g;

	return scalar(@found);
}

# The views say so, and have no other alert; the log, with all that it has to say.
sub check_step
{
	my ($node, $check, $way) = @_;
	my $expected = alert_info($check, $way);
	my ($level, $state) = @{$expected}{qw(level sqlstate)};

	wait_is($node, <<"SQL", "$expected->{status}|$level", "$check, $way: $level, and the server is $expected->{status}");
SELECT status, string_agg(level, ' ') FILTER (WHERE level <> 'ok') FROM fraiseql.health, fraiseql.health_checks
WHERE check_name = '$check' OR level <> 'ok' GROUP BY status
SQL
	is(sql($node, <<"SQL"), 't|t|t|t', "$check, $way: the alert is among the server's, with what to do");
SELECT alerts->0->>'check' = '$check' AND alerts->0->>'level' = '$level', alerts->0->>'advice' = advice,
	(alerts->0->>'since')::timestamptz >= since, (fraiseql.health() #>> '{alerts,0,message}') ~ ' is .* \\($level (above|below) '
FROM fraiseql.health
SQL
	my $log = slurp_file($node->logfile);
	like($log, qr/ $state WARNING:  fraiseql alert: $message{$check} \($level (?:above|below) /, "$check, $way: the log says so");
	like($log, qr/ $state DETAIL:  \d+ reads and \d+ writes a second in the last \d+ seconds\.\n/, "$check, $way: under which load");
	like($log, qr/ $state HINT:  \w.*\.\n/, "$check, $way: what to do");
	return;
}

# It is over, once.
sub check_end
{
	my ($node, $check) = @_;
	my $state = alert_info($check)->{sqlstate};

	wait_is($node, 'SELECT status, warnings + criticals FROM fraiseql.health', 'healthy|0', "$check: over");
	is(sql($node, 'SELECT advice, jsonb_array_length(alerts) FROM fraiseql.health'), 'Nothing needs to be done.|0', "$check: no advice");
	is(logged($node, qr/ $state LOG:  fraiseql alert is over: /), 1, "$check: the log says so, once");
	is(logged($node, qr/WARNING:  fraiseql alert: /), scalar(@{ $steps{$check} }), "$check: it had one message for each step");
	return;
}

my %settings = (
	hit_rate => "fraiseql.cache_size = 64MB\n",
	verify_failures => "fraiseql.alert_log_interval = 1h\n",
	small_queue => "fraiseql.alert_log_interval = 1h\nfraiseql.cascade_queue_size = 256kB\nfraiseql.worker_interval = 1h\n",
);
my %node = map { $_ => copy($_, $_, $settings{$_}) } sort keys %steps;
my %provocation;
my $stopped = copy('stopped', 'worker');
my $wavering = copy('wavering', 'memory', "fraiseql.alert_memory_warning = 1TB\nfraiseql.alert_memory_critical = 1TB\n");
my $small_queue = copy('small_queue', 'cascade_failure_rate', $settings{small_queue});

wait_is($stopped, q(SELECT status, advice, measured_at IS NOT NULL FROM fraiseql.health), 'healthy|Nothing needs to be done.|t',
	'a server without load is well');

# What begins now has its effect while other things are looked at.
my %next = map { $_ => [ @{ $steps{$_} } ] } keys %steps;

sub begin
{
	my ($check) = @_;

	# the one before it ends when this one has begun: nothing of it is to be seen in between
	my $before = $provocation{$check};
	$provocation{$check} = provoke($node{$check}, $check, $next{$check}[0]);
	$before->stop if defined $before;
	return;
}

# One cascade that failed, of one, is an alert, with the next sample or the one after.
sql($node{cascade_failure_rate}, 'SELECT alert.invalidate_by_nonsense()');
wait_is($node{cascade_failure_rate}, "SELECT level, value FROM fraiseql.health_checks WHERE check_name = 'cascade_failure_rate'", 'critical|1',
	'one failed cascade is an alert');
is(sql($node{cascade_failure_rate}, <<'SQL'), 't', 'at once');
SELECT count(*) <= 2 FROM fraiseql.recent_samples AS s, fraiseql.health_checks AS h, fraiseql.audit_recent AS a
WHERE check_name = 'cascade_failure_rate' AND a.status = 'Failed' AND s.at > a.committed_at AND s.at <= h.since
SQL

# Cascades that are lost have failed, too; that the worker makes a round an hour keeps it from nothing.
sql($small_queue, 'CALL commit_often(5000)');

# What is counted goes on over a reset.
my $began = sql($stopped, 'SELECT max(at) FROM fraiseql.recent_samples');
sql($stopped, 'CALL commit_often(500)');
sql($stopped, 'SELECT fraiseql.stats_reset()');
sql($stopped, 'CALL commit_often(300)');

begin($_) for grep { $_ ne 'hit_rate' } sort keys %steps;

# The rate of a few calls is not known.
sql($node{hit_rate}, q[SELECT count(fraiseql.execute('query($n: Int!) { alertThings(where: {n: {eq: $n}}) { id } }',
	jsonb_build_object('n', i))) FROM generate_series(1, 30) AS i]);
wait_for_judgements($node{hit_rate}, 4);
is(sql($node{hit_rate}, 'SELECT sum(hits), sum(misses) FROM fraiseql.recent_samples'), '0|30', 'few calls, and no hit');
is(sql($node{hit_rate}, q(SELECT level, value IS NULL, message FROM fraiseql.health_checks WHERE check_name = 'hit_rate')),
	'ok|t|hit rate is not known', 'their rate is not known, and no alert');
is(sql($node{hit_rate}, 'SELECT status, hit_rate IS NULL FROM fraiseql.health'), 'healthy|t', 'the server is well');
configure($node{hit_rate}, "fraiseql.worker_interval = 1h\n");
begin('hit_rate');wait_is($small_queue, level('cascade_failure_rate'), 'critical', 'lost cascades are an alert');
like(slurp_file($small_queue->logfile), qr/ QLA04 HINT:  Records of cascades did not fit into the queue: enlarge fraiseql\.cascade_queue_size\./,
	'which says what to enlarge');

wait_is($stopped, "SELECT sum(cascades) FROM fraiseql.recent_samples WHERE at > '$began'", '800',
	'a reset takes nothing from what is counted, and adds nothing');
is(sql($stopped, "SELECT bool_and(partial = 0 AND failed = 0 AND lost = 0) FROM fraiseql.recent_samples WHERE at > '$began'"), 't',
	'of any kind');

# Only who asks can see that nobody judges.
my $stop = provoke($stopped, 'worker');

# A figure at a threshold that moves about it, by less than it would have to be better.
my $filling = provoke($wavering, 'memory', 'warning');
wait_for_judgements($wavering, 1);
my $bytes = sql($wavering, 'SELECT memory_bytes FROM fraiseql.health');
is($bytes, cache_stat($wavering, 'memory_bytes'), 'a figure that stands still');

sub move_threshold
{
	my ($factor) = @_;

	configure($wavering, sprintf("fraiseql.alert_memory_warning = %dB\n", $bytes * $factor));
	return;
}

move_threshold(0.99);
wait_is($wavering, level('memory'), 'warning', 'it is beyond a threshold');
for my $factor (1.01, 0.99, 1.01)
{
	move_threshold($factor);
	wait_for_judgements($wavering, 1);
}
my $moved = sql($wavering, 'SELECT clock_timestamp()');

# Each step of each check, and what is worse.
while (my @begun = grep { @{ $next{$_} } } sort keys %next)
{
	for my $check (@begun)
	{
		check_step($node{$check}, $check, shift @{ $next{$check} });
		begin($check) if @{ $next{$check} };
	}
}

# A worker that is started again goes on.
my $state = 'SELECT level, since FROM fraiseql.health_checks WHERE check_name = ';
my $in_flight = sql($node{in_flight}, "$state 'in_flight'");
my $worker = wait_for_worker($node{in_flight});
sql($node{in_flight}, "SELECT pg_terminate_backend($worker)");
wait_for_worker($node{in_flight}, $worker);
wait_for_judgements($node{in_flight}, 2);
is(sql($node{in_flight}, "$state 'in_flight'"), $in_flight, 'another worker goes on where the first one was');

wait_is($stopped, "SELECT status, criticals, advice ~ 'runs, and does not get on' FROM fraiseql.health", 'degraded|1|t',
	'the worker is stopped: who asks sees it');
is(sql($stopped, <<'SQL'), 'critical|t|t', 'and since when');
SELECT level, value > critical, c.since = h.measured_at FROM fraiseql.health_checks AS c, fraiseql.health AS h WHERE check_name = 'worker'
SQL
$stop->stop;

# The causes end: of some, by another threshold.
wait_for_judgements($wavering, 12, $moved);
is(sql($wavering, level('memory')), 'warning', 'a figure within the margin of a threshold is no change');
is(logged($wavering, qr/fraiseql alert/), 1, 'one message, however often it was on either side');
move_threshold(1.05);
$provocation{$_}->stop for grep { $_ ne 'qps' } sort keys %steps;
configure($node{qps}, "fraiseql.alert_qps_warning = 1000000\n");
wait_is($stopped, 'SELECT status, criticals FROM fraiseql.health', 'healthy|0', 'the worker goes on: the server is well');
is(logged($stopped, qr/fraiseql alert/), 0, 'about which it has nothing to say');
check_end($node{$_}, $_) for grep { $_ ne 'verify_failures' } sort keys %steps;
$provocation{qps}->stop;

# Messages about one alert are few: it comes back within the hour.
my $wrong = $node{verify_failures};
wait_is($wrong, level('verify_failures'), 'ok', 'no wrong answers any more');
is(logged($wrong, qr/fraiseql alert is over/), 0, 'of which the log says nothing so soon');
$provocation{verify_failures} = provoke($wrong, 'verify_failures');
wait_is($wrong, level('verify_failures'), 'critical', 'they are back');
is(logged($wrong, qr/fraiseql alert/), 1, 'which the log knows');
$provocation{verify_failures}->stop;

# But what is so in the end is said, when it is time.
wait_is($small_queue, level('cascade_failure_rate'), 'ok', 'nothing is lost any more');
is(logged($small_queue, qr/fraiseql alert/), 1, 'of which the log says nothing so soon');
configure($small_queue, "fraiseql.alert_log_interval = 0\n");
$small_queue->poll_query_until('postgres', 'SHOW fraiseql.alert_log_interval', '0') or die 'no reload';
wait_for_judgements($small_queue, 2);
is(logged($small_queue, qr/fraiseql alert is over/), 1, 'but when it may');

wait_is($wavering, level('memory'), 'ok', 'one beyond the margin is');
is(logged($wavering, qr/fraiseql alert is over/), 1, 'which is a message');

$_->stop for (values %node, $stopped, $wavering, $small_queue);
done_testing();
