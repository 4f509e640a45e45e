# Fraiseql/Alerts.pm
#    Every alert of fraiseql.health_checks, provoked for real: by load, damage and stopped processes, never by writing a
#    figure.
#
# What a provocation does goes on in the background until it is stopped, so that a test can wait for whoever is to see
# the alert: the view, the server's log, or something beside the server.
#
#    $node->append_conf('postgresql.conf', settings_for(alert_checks()));  # before the start
#    prepare_alerts($node);
#    my $provocation = provoke($node, 'hit_rate');
#    ...                                                                   # wait for the alert
#    $provocation->stop;                                                   # now it has no reason any more
#
# All but "worker" can go on at once on one server; the thresholds are such that none hides another.  Where no machine
# that runs tests gets to what alerts by default (50,000 calls in flight, 64 GB), settings_for() lowers the threshold.
package Fraiseql::Alerts;

use strict;
use warnings FATAL => 'all';

use parent 'Exporter';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(alert_checks alert_info settings_for prepare_alerts provoke);

# What every server with provocations needs: figures of a few seconds, of few calls; and calls that wait as long as the
# test does.
my %common = (
	'fraiseql.health_window' => '4s',
	'fraiseql.health_min_calls' => 40,
	'fraiseql.coalesce_timeout' => '1h',
);

# Of each check: the SQLSTATE of its messages; what is provoked, [level, status] for each way, the last one by default;
# the settings that it takes; how.  "alone": not beside others.
my %checks = (
	hit_rate => {
		sqlstate => 'QLA01',
		ways => { warning => [ 'warning', 'degraded' ], critical => [ 'critical', 'degraded' ], worst => [ 'critical', 'unhealthy' ] },
		start => \&ask_what_is_not_there,
	},
	invalidation_rate => {
		sqlstate => 'QLA02',
		ways => { warning => [ 'warning', 'degraded' ], worst => [ 'critical', 'unhealthy' ] },
		start => \&write_what_is_asked,
	},
	# beside others it is not alone in filling the cache
	eviction_rate => {
		sqlstate => 'QLA03',
		ways => { worst => [ 'warning', 'healthy' ] },
		settings => { 'fraiseql.cache_size' => '2MB', 'fraiseql.alert_eviction_rate_warning' => 0.15 },
		start => \&ask_for_more_than_fits,
	},
	cascade_failure_rate => {
		sqlstate => 'QLA04',
		ways => { worst => [ 'critical', 'unhealthy' ] },
		start => \&invalidate_by_nonsense,
	},
	cascade_extraction_p99 => {
		sqlstate => 'QLA05',
		ways => { worst => [ 'warning', 'healthy' ] },
		start => \&change_what_is_slow_to_see,
	},
	audit_records => {
		sqlstate => 'QLA06',
		ways => { worst => [ 'warning', 'healthy' ] },
		settings => { 'fraiseql.alert_audit_records_warning' => 200 },
		start => \&commit_much,
	},
	in_flight => {
		sqlstate => 'QLA07',
		ways => { warning => [ 'warning', 'degraded' ], worst => [ 'critical', 'unhealthy' ] },
		settings => { 'fraiseql.alert_in_flight_warning' => 3, 'fraiseql.alert_in_flight_critical' => 9 },
		start => \&ask_what_takes_its_time,
	},
	memory => {
		sqlstate => 'QLA08',
		ways => { warning => [ 'warning', 'healthy' ], worst => [ 'critical', 'degraded' ] },
		settings => { 'fraiseql.alert_memory_warning' => '256kB', 'fraiseql.alert_memory_critical' => '1MB' },
		start => \&fill,
	},
	qps => {
		sqlstate => 'QLA09',
		ways => { worst => [ 'warning', 'healthy' ] },
		settings => { 'fraiseql.alert_qps_warning' => 40 },
		start => \&ask_often,
	},
	verify_failures => {
		sqlstate => 'QLA10',
		ways => { worst => [ 'critical', 'unhealthy' ] },
		start => \&lie,
	},
	worker => {
		sqlstate => 'QLA11',
		ways => { worst => [ 'critical', 'degraded' ] },
		alone => 1,
		start => \&stop_worker,
	},
);

# The names of all checks that can be provoked.
sub alert_checks
{
	my @names = sort keys %checks;

	return @names;
}

# What to see after provoke($node, $check, $way): level, status, sqlstate, alone.
sub alert_info
{
	my ($check, $way) = @_;
	my $info = $checks{$check} // die "no check $check";
	my ($level, $status) = @{ $info->{ways}{ $way // 'worst' } // die "no way $way" };

	return { level => $level, status => $status, sqlstate => $info->{sqlstate}, alone => $info->{alone} // 0 };
}

# Lines of postgresql.conf for these checks.
sub settings_for
{
	my (@names) = @_;
	my %settings = (%common, map { %{ $checks{$_}{settings} // {} } } @names);

	return join('', map { "$_ = $settings{$_}\n" } sort keys %settings);
}

# What the provocations ask for and write to, in the database "postgres".
sub prepare_alerts
{
	my ($node) = @_;

	$node->safe_psql('postgres', <<'SQL');
CREATE SCHEMA alert;
CREATE TABLE alert.thing (id int PRIMARY KEY, n int NOT NULL);
INSERT INTO alert.thing SELECT i, 0 FROM generate_series(1, 10) AS i;
CREATE INDEX ON alert.thing (n);
CREATE TABLE alert.page (id int PRIMARY KEY, body text NOT NULL);
INSERT INTO alert.page SELECT i, repeat('x', 60000) FROM generate_series(1, 500) AS i;
CREATE TABLE alert.marker (id int PRIMARY KEY, n int NOT NULL);
INSERT INTO alert.marker VALUES (1, 0);
SELECT fraiseql.track('alert.marker');

-- who comes waits while somebody holds the lock of this number; no plan shows it
CREATE FUNCTION alert.gate(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$
DECLARE
	nothing text := pg_advisory_xact_lock_shared(7000, id);
BEGIN
	RETURN id;
END
$$;
-- another answer each time, which declare_pure() denies
CREATE FUNCTION alert.lie() RETURNS text STABLE LANGUAGE plpgsql AS 'BEGIN RETURN clock_timestamp(); END';
SELECT fraiseql.declare_pure('alert.gate(int)'), fraiseql.declare_pure('alert.lie()');
CREATE VIEW alert.gated AS SELECT id, alert.gate(id) AS mark FROM alert.thing;
CREATE VIEW alert.liar AS SELECT id, alert.lie() AS mark FROM alert.thing;

-- what the caller sees takes a while to tell
CREATE ROLE alert_caller;
CREATE TABLE alert.slow (id int PRIMARY KEY, n int NOT NULL);
INSERT INTO alert.slow SELECT i, 0 FROM generate_series(1, 100) AS i;
CREATE FUNCTION alert.is_seen() RETURNS boolean STABLE LANGUAGE plpgsql AS $$
DECLARE
	nothing text := pg_sleep(0.06);
BEGIN
	RETURN true;
END
$$;
ALTER TABLE alert.slow ENABLE ROW LEVEL SECURITY;
CREATE POLICY slowly ON alert.slow USING (alert.is_seen());
CREATE FUNCTION alert.fn_change_slow(p_id int) RETURNS int SECURITY DEFINER LANGUAGE sql AS
	'UPDATE alert.slow SET n = n + 1 WHERE id = p_id RETURNING n';
GRANT USAGE ON SCHEMA alert, fraiseql TO alert_caller;
GRANT SELECT ON alert.slow TO alert_caller;

CREATE FUNCTION alert.invalidate_by_nonsense() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM fraiseql.invalidate_cascade('{"updated": [{"id": "7"}]}');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLERRM;
END
$$;

SELECT fraiseql.expose(format('alert.%s', name)::regclass, 'Alert' || initcap(name))
FROM unnest('{thing, page, gated, liar, slow}'::text[]) AS name;
SELECT fraiseql.expose_function('alert.fn_change_slow(int)', 'alertChangeSlow');
SQL
	return;
}

# Begin; what is returned has a method "stop".
sub provoke
{
	my ($node, $check, $way) = @_;
	my $info = $checks{$check} // die "no check $check";

	exists $info->{ways}{ $way // 'worst' } or die "no way $way to provoke $check";
	return bless({ node => $node, stop => [ $info->{start}->($node, $way // 'worst') ] }, __PACKAGE__);
}

# The load ends, and what it left that is still an alert goes.
sub stop
{
	my ($self) = @_;

	$_->() for splice(@{ $self->{stop} });
	return;
}

# What a test that dies leaves.
sub DESTROY
{
	my ($self) = @_;

	local ($@, $?);
	eval { $self->stop };
	return;
}

#
# Provocations: what stops them, a list of subroutines
#

# Clients that repeat a script, so often a second; options for their sessions.  Options: clients, options.
sub load
{
	my ($node, $rate, $script, %option) = @_;
	my $clients = $option{clients} // 1;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/script';
	my ($output, $error) = ('', '');

	append_to_file($file, $script);
	local $ENV{PGOPTIONS} = $option{options} // '';
	my $run = IPC::Run::start(
		[ 'pgbench', '-n', '-c', $clients, '-T', 1_000_000, ($rate ? ('-R', $rate) : ()), '-f', $file,
			$node->connstr('postgres') ],
		'<', \undef, '>', \$output, '2>', \$error);
	return sub { $run->kill_kill; return };
}

sub execute
{
	my ($query, $variables) = @_;

	return "SELECT fraiseql.execute('$query'" . ($variables ? ", jsonb_build_object($variables)" : '') . ");\n";
}

my $pick = "\\set n random(1, 1000000000)\n";
my $ask_anew = execute('query($n: Int!) { alertThings(where: {n: {eq: $n}}) { id } }', q('n', :n));
my $ask_again = execute('{ alertThing(id: 10) { id } }');

# Of twenty calls: no hits, 11, 13; spread evenly, so that a part of them says what all say.
sub ask_what_is_not_there
{
	my ($node, $way) = @_;
	my $hits = { worst => 0, critical => 11, warning => 13 }->{$way};
	my $script = '';

	for my $call (1 .. 20)
	{
		$script .= int($call * $hits / 20) > int(($call - 1) * $hits / 20) ? $ask_again : $pick . $ask_anew;
	}
	return load($node, 2, $script);
}

# Each answer is asked for once before it is invalid; or the answers to two calls in five.
sub write_what_is_asked
{
	my ($node, $way) = @_;
	my $hits = $way eq 'worst' ? '' : $ask_again . $ask_again . $ask_again;
	my $write = "UPDATE alert.thing SET n = n + 1 WHERE id = 1;\n" . execute('{ alertThing(id: 1) { n } }');

	return load($node, 75, $write . $write . $hits);
}

sub ask_for_more_than_fits
{
	my ($node) = @_;

	return load($node, 30, "\\set id random(1, 500)\n" . execute('query($id: Int!) { alertPage(id: $id) { body } }', q('id', :id)));
}

sub invalidate_by_nonsense
{
	my ($node) = @_;

	return load($node, 10, 'SELECT alert.invalidate_by_nonsense();');
}

sub change_what_is_slow_to_see
{
	my ($node) = @_;

	return load($node, 0, "\\set id 1 + :client_id\n" . execute('mutation($id: Int!) { alertChangeSlow(id: $id) }', q('id', :id)),
		clients => 4, options => '-c role=alert_caller');
}

# Their number goes only with a reset.
sub commit_much
{
	my ($node) = @_;

	return (load($node, 100, 'UPDATE alert.marker SET n = n + 1 WHERE id = 1;'),
		sub { $node->safe_psql('postgres', 'SELECT fraiseql.stats_reset()'); return });
}

# Two calls for each of some keys: one executes, the other one waits.  A gate is kept shut by a client that sleeps: when it
# goes, its session does.
sub ask_what_takes_its_time
{
	my ($node, $way) = @_;
	my ($first, $last) = $way eq 'worst' ? (1, 6) : (7, 9);
	my $keys = $last - $first + 1;
	my $gate = load($node, 0, <<"SQL");
SELECT pg_advisory_lock(7000, id) FROM generate_series($first, $last) AS id;
\\sleep 1000000 s
SQL
	my $script = "\\set id $first + :client_id % $keys\n" . execute('query($id: Int!) { alertGateds(where: {id: {eq: $id}}) { mark } }', q('id', :id));

	$node->poll_query_until('postgres', <<"SQL", $keys) or die 'the gate is open';
SELECT count(*) FROM pg_locks WHERE classid = 7000 AND objid BETWEEN $first AND $last AND granted
SQL
	$node->safe_psql('postgres', q(SELECT fraiseql.invalidate('AlertGated')));
	return (load($node, 0, $script, clients => 2 * $keys), $gate);
}

# Somebody asks for large answers, and leaves them there.
sub fill
{
	my ($node, $way) = @_;
	my $pages = 'generate_series(' . ($way eq 'worst' ? '101, 125' : '1, 8') . ') AS id';

	$node->safe_psql('postgres', <<"SQL");
SELECT count(fraiseql.execute('query(\$id: Int!) { alertPage(id: \$id) { id body } }', jsonb_build_object('id', id))) FROM $pages
SQL
	return sub { $node->safe_psql('postgres', "SELECT fraiseql.invalidate('AlertPage', id::text) FROM $pages"); return };
}

# Calls that do not ask the cache: no rate of hits follows from them.
sub ask_often
{
	my ($node) = @_;

	return load($node, 100, $ask_again, options => '-c fraiseql.cache_enabled=off');
}

# Kept, and then hit and verified.
sub lie
{
	my ($node) = @_;
	my $query = execute('{ alertLiars(limit: 1) { mark } }');

	return load($node, 5, $query . $query, options => '-c fraiseql.verify_sample=1');
}

# It neither ends nor gets on.
sub stop_worker
{
	my ($node) = @_;
	my $worker = $node->safe_psql('postgres', q(SELECT pid FROM pg_stat_activity WHERE backend_type = 'fraiseql worker'));

	kill('STOP', $worker) == 1 or die 'no worker';
	return sub { kill('CONT', $worker); return };
}

1;
