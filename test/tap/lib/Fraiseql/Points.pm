# Fraiseql/Points.pm
#    Test points from Perl: a session, or the background worker, is stopped at a place in the code and let go on.
#
# The server must run a library that was built with -DFRAISEQL_TEST_POINTS; see src/testpoint.h for the places.
package Fraiseql::Points;

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More ();
use Time::HiRes qw(usleep);

# Test points of a running server, and the session that tells them.
sub new
{
	my ($class, $node) = @_;

	$node->safe_psql('postgres', <<'SQL');
SET client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS point;
CREATE OR REPLACE FUNCTION point.stop(point text, process int) RETURNS void
	LANGUAGE c STRICT AS 'fraiseql', 'fql_test_point_stop';
CREATE OR REPLACE FUNCTION point.standing(point text) RETURNS int LANGUAGE c STRICT AS 'fraiseql', 'fql_test_point_standing';
CREATE OR REPLACE FUNCTION point.go(point text) RETURNS void LANGUAGE c STRICT AS 'fraiseql', 'fql_test_point_go';
CREATE OR REPLACE FUNCTION point.names() RETURNS text LANGUAGE c STRICT AS 'fraiseql', 'fql_test_point_names';
CREATE OR REPLACE FUNCTION point.hold_messages() RETURNS void LANGUAGE c STRICT AS 'fraiseql', 'fql_test_hold_messages';
SQL
	return bless({ node => $node }, $class)->connect;
}

# A session whose timeout is one of each statement, not of its life: these live as long as a test, which may take its time.
sub background
{
	my ($self, $database) = @_;
	my $psql = $self->{node}->background_psql($database, on_error_stop => 0);

	$psql->set_query_timer_restart(1);
	return $psql;
}

# After a restart of the server the old session is gone.
sub connect
{
	my ($self) = @_;

	$self->{control} = $self->background('postgres');
	return $self;
}

# The names of all test points.
sub names
{
	my ($self) = @_;

	return split(/ /, $self->{control}->query_safe('SELECT point.names()'));
}

# A session to be stopped.
sub session
{
	my ($self, $database) = @_;
	my $psql = $self->background($database // 'postgres');

	return { psql => $psql, pid => $psql->query_safe('SELECT pg_backend_pid()') };
}

# Run this in the session until it stands at the point.
sub run_until
{
	my ($self, $point, $session, $sql) = @_;

	$self->{control}->query_safe("SELECT point.stop('$point', $session->{pid})");
	$session->{psql}->query_until(qr/started/, "\\echo started\n$sql;\n");
	$self->wait_for($point, $session->{pid});
	return $session;
}

# Let the background worker, of this process, begin a round, until it stands at the point.
sub run_worker_until
{
	my ($self, $point, $worker) = @_;

	$self->{control}->query_safe("SELECT point.stop('$point', $worker)");
	$self->{control}->query_safe('SELECT pg_reload_conf()');
	$self->wait_for($point, $worker);
	return;
}

# Wait until the process stands at the point.  In a test that has failed already it may never come: then not for long.
sub wait_for
{
	my ($self, $point, $pid) = @_;
	my $seconds = Test::More->builder->is_passing ? $PostgreSQL::Test::Utils::timeout_default : 5;

	for (my $polls = 0; $polls < 200 * $seconds; $polls++)
	{
		return if $self->{control}->query_safe("SELECT point.standing('$point')") == $pid;
		usleep(5_000);
	}
	Test::More::fail("process $pid comes by the test point $point");
	die "it does not";
}

# Let the process that stands at the point go on.
sub go
{
	my ($self, $point) = @_;

	$self->{control}->query_safe("SELECT point.go('$point')");
	return;
}

# Let the process that stands at the point go on, until it comes by again.
sub go_until
{
	my ($self, $point, $session) = @_;

	$self->{control}->query_safe("SELECT point.stop('$point', $session->{pid})");
	$self->go($point);
	$self->wait_for($point, $session->{pid});
	return;
}

# What a session that goes on printed until it was done.
sub result
{
	my ($self, $session) = @_;

	return $session->{psql}->query('');
}

# What fraiseql.validate_coherency() finds wrong: nothing, where nobody holds the store's lock.
sub violations
{
	my ($self) = @_;

	return $self->{node}->safe_psql('postgres', 'SELECT * FROM fraiseql.validate_coherency()');
}

# Both: let it go on, to its end.
sub finish
{
	my ($self, $point, $session) = @_;

	$self->go($point);
	return $self->result($session);
}

# Let the worker go on, and wait until it naps.
sub finish_worker
{
	my ($self, $point, $worker) = @_;

	$self->go($point);
	$self->{node}->poll_query_until('postgres',
		"SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $worker")
	  or die 'the worker does not nap';
	return;
}

1;
