# Fraiseql/Monitoring.pm
#    Prometheus beside a server: both exporters and Prometheus itself, with the files of test/monitoring.
#
# The files are taken as they are, but for what must be another in a test: places, ports and durations.  Five minutes
# become ten seconds, and an alert need not last.  All listen on the loopback interface, on ports that are free, and end
# with the test, however it ends.
package Fraiseql::Monitoring;

use strict;
use warnings FATAL => 'all';

use parent 'Exporter';
use FindBin;
use HTTP::Tiny;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(monitoring_file promtool poll_until);

my $files = "$FindBin::Bin/../../monitoring";
my $json = JSON::PP->new->utf8;
my $http = HTTP::Tiny->new(timeout => 10);

# The text of a file of test/monitoring.
sub monitoring_file
{
	my ($name) = @_;

	return slurp_file("$files/$name");
}

# Its exit status, and what it printed.
sub promtool
{
	my ($input, @arguments) = @_;
	my $output = '';

	IPC::Run::run([ "$files/bin/promtool", @arguments ], '<', \$input, '>', \$output, '2>&1');
	return ($? >> 8, $output);
}

# Ask a subroutine until it says yes; whether it did so in time.
sub poll_until
{
	my ($condition) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;

	while (time < $deadline)
	{
		return 1 if $condition->();
		sleep 0.1;
	}
	return 0;
}

# One of our files with some of its words replaced, each of which must be there; where the result is.
sub adapted
{
	my ($directory, $name, %replacement) = @_;
	my $text = monitoring_file($name);

	for my $old (sort keys %replacement)
	{
		$text =~ s/\Q$old\E/$replacement{$old}/g or die "$name does not have $old";
	}
	append_to_file("$directory/$name", $text);
	return "$directory/$name";
}

# Run a program of theirs, which the system ends if it outlives us; its process.
sub run
{
	my ($name, $environment, @arguments) = @_;
	my $log = "$PostgreSQL::Test::Utils::log_path/$name.log";
	my $pid = fork // die "fork: $!";

	return $pid if $pid;
	local @ENV{ keys %$environment } = values %$environment;
	open(STDOUT, '>>', $log) && open(STDERR, '>&', \*STDOUT) && open(STDIN, '<', '/dev/null')
	  && exec('setpriv', '--pdeathsig', 'KILL', '--', "$files/bin/$name", @arguments);
	POSIX::_exit(1);			# not our parent's END blocks
}

# All three, for a server.  Jobs are those of prometheus.yml: fraiseql, fraiseql_postgres_exporter.
sub new
{
	my ($class, $node) = @_;
	my $directory = PostgreSQL::Test::Utils::tempdir();
	my ($sql, $postgres, $prometheus) = map { PostgreSQL::Test::Cluster::get_free_port() } 1 .. 3;
	my ($host, $port) = ($node->host, $node->port);
	my $self = bless({ url => "http://127.0.0.1:$prometheus", pids => {}, exporters => {
		fraiseql => "http://127.0.0.1:$sql/metrics", fraiseql_postgres_exporter => "http://127.0.0.1:$postgres/metrics" } }, $class);

	my $config = adapted($directory, 'sql_exporter.yml', 'interval: 15s' => 'interval: 1s',
		'prometheus@/postgres?host=/run/postgresql' => "prometheus\@:$port/postgres?host=$host");
	$self->{pids}{sql} = run('prometheus-sql-exporter', { CONFIG => $config, LOGLEVEL => 'WARN' },
		'-web.listen-address', "127.0.0.1:$sql");

	my $queries = adapted($directory, 'postgres_exporter_queries.yml');
	$self->{pids}{postgres} = run('prometheus-postgres-exporter',
		{ DATA_SOURCE_NAME => "user=prometheus host=$host port=$port dbname=postgres sslmode=disable" },
		"--extend.query-path=$queries", "--web.listen-address=127.0.0.1:$postgres");

	my $rules = adapted($directory, 'fraiseql_rules.yml', '[5m]' => '[10s]', 'for: 5m' => 'for: 1s', 'for: 1m' => 'for: 1s');
	$config = adapted($directory, 'prometheus.yml', '_interval: 15s' => '_interval: 1s', 'localhost:9237' => "127.0.0.1:$sql",
		'localhost:9187' => "127.0.0.1:$postgres", '/etc/prometheus/fraiseql_rules.yml' => $rules);
	$self->{config} = $config;
	$self->{pids}{prometheus} = run('prometheus', {}, "--config.file=$config", "--web.listen-address=127.0.0.1:$prometheus",
		"--storage.tsdb.path=$directory/prometheus");
	return $self;
}

# End some of sql, postgres and prometheus, or all.
sub stop
{
	my ($self, @names) = @_;

	for my $name (@names ? @names : keys %{ $self->{pids} })
	{
		my $pid = delete $self->{pids}{$name} // next;

		kill 'KILL', $pid;
		waitpid $pid, 0;
	}
	return;
}

sub DESTROY
{
	my ($self) = @_;

	local ($@, $?);
	$self->stop;
	return;
}

# What Prometheus' API answers to a path, or nothing.
sub api
{
	my ($self, $path, %parameter) = @_;
	my $query = $http->www_form_urlencode(\%parameter);
	my $response = $http->get("$self->{url}/api/v1/$path?$query");
	my $answer = $response->{content} =~ /^\{/ ? $json->decode($response->{content}) : {};

	$self->{error} = $response->{success} ? '' : $answer->{error} // $response->{content};
	return $answer->{data};
}

# Why there was none.
sub error
{
	my ($self) = @_;

	return $self->{error};
}

# Series with their values now: [{metric => {label => value}, value => [time, value]}].
sub query
{
	my ($self, $expression) = @_;
	my $data = $self->api('query', query => $expression);

	return $data ? @{ $data->{result} } : ();
}

# The same with their values of the last seconds: values => [[time, value]].
sub query_range
{
	my ($self, $expression, $seconds) = @_;
	my $data = $self->api('query_range', query => $expression, start => time - $seconds, end => time, step => 1);

	return $data ? @{ $data->{result} } : ();
}

# The alerts that fire: {name => {job => alert}}.
sub firing
{
	my ($self) = @_;
	my $data = $self->api('alerts') // return {};
	my %firing;

	for my $alert (grep { $_->{state} eq 'firing' } @{ $data->{alerts} })
	{
		$firing{ $alert->{labels}{alertname} }{ $alert->{labels}{job} // '' } = $alert;
	}
	return \%firing;
}

# What an exporter prints, or nothing.
sub exported
{
	my ($self, $job) = @_;
	my $response = $http->get($self->{exporters}{$job});

	return $response->{success} ? $response->{content} : '';
}

1;
