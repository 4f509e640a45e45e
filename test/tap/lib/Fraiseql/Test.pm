# Fraiseql/Test.pm
#    Servers with fraiseql for the TAP tests: one call to have one, one call to ask it a GraphQL question.
#
# `use Fraiseql::Test;` brings in Test::More, PostgreSQL::Test::Cluster and the functions below, and turns strict and
# warnings on in the test, so that a test begins with what it tests.
package Fraiseql::Test;

use strict;
use warnings FATAL => 'all';

use parent 'Exporter';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = (@Test::More::EXPORT, qw(fraiseql_node graphql create_ask ask asked create_accounts accounts cache_stat
	wait_for_worker wait_for_restart));

# Besides exporting: strict and warnings in the importer.
sub import
{
	strict->import;
	warnings->import(FATAL => 'all');
	__PACKAGE__->export_to_level(1, @_);
}

# A running server with the extension in its database "postgres".  Options: preload (default 1), config (lines of
# postgresql.conf), extension (default 1), init (arguments of init()).  Without autovacuum, whose transactions would be
# open at times that no test chooses.
sub fraiseql_node
{
	my ($name, %option) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ], @{ $option{init} // [] });
	$node->append_conf('postgresql.conf', 'autovacuum = off');
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'fraiseql'") if $option{preload} // 1;
	$node->append_conf('postgresql.conf', $option{config}) if defined $option{config};
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION fraiseql') if $option{extension} // 1;
	return $node;
}

# The answer of one operation, as text, asked in a session of its own.
sub graphql
{
	my ($node, $query) = @_;

	return $node->safe_psql('postgres', "SELECT fraiseql.execute(\$fraiseql\$$query\$fraiseql\$)");
}

# Functions that a test asks by: like fraiseql.execute(), but they also tell what became of the call.
sub create_ask
{
	my ($node, $database) = @_;

	$node->safe_psql($database // 'postgres', <<'SQL');
CREATE FUNCTION counters(OUT name text, OUT n bigint) RETURNS SETOF record LANGUAGE sql AS $$
	SELECT 'hit', hits FROM fraiseql.cache_stats
	UNION ALL SELECT 'kept', fills FROM fraiseql.cache_stats
	UNION ALL SELECT kind || ': ' || reason, count FROM fraiseql.bypass_stats
$$;
CREATE FUNCTION ask(query text, OUT outcome text, OUT answer text) LANGUAGE plpgsql AS $$
	DECLARE
		before jsonb := (SELECT jsonb_object_agg(name, n) FROM counters());
	BEGIN
		answer := fraiseql.execute(query);
		outcome := (SELECT string_agg(name, ', ') FROM counters() WHERE n > (before->>name)::bigint);
	END
$$;
SQL
	return;
}

# The statement that asks, for sessions that a test keeps open.
sub asked
{
	my ($query) = @_;

	return "SELECT * FROM ask(\$fraiseql\$$query\$fraiseql\$);";
}

# What became of a call, and the answer: "hit|{...}".  Needs create_ask().
sub ask
{
	my ($node, $query, $database) = @_;

	return $node->safe_psql($database // 'postgres', asked($query));
}

# An exposed table of two accounts.
sub create_accounts
{
	my ($node, $database) = @_;

	create_ask($node, $database);
	$node->safe_psql($database // 'postgres', <<'SQL');
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO account VALUES (1, 100), (2, 100);
SELECT fraiseql.expose('account');
SQL
	return;
}

# The answer to { accounts { balance } } when these are the balances.
sub accounts
{
	return '{"data":{"accounts":[' . join(',', map { qq({"balance":$_}) } @_) . ']}}';
}

# One column of fraiseql.cache_stats.
sub cache_stat
{
	my ($node, $column) = @_;

	return $node->safe_psql('postgres', "SELECT $column FROM fraiseql.cache_stats");
}

# Wait until a background worker runs whose process is not $old_pid; its process.
sub wait_for_worker
{
	my ($node, $old_pid) = @_;
	my $other = defined $old_pid ? "AND pid <> $old_pid" : '';
	my $found = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'fraiseql worker' $other";

	$node->poll_query_until('postgres', "SELECT EXISTS ($found)") or die 'no fraiseql worker appeared';
	return $node->safe_psql('postgres', $found);
}

# Wait until the server has made itself anew after a crash of one of its processes.
sub wait_for_restart
{
	my ($node, $worker) = @_;

	# not poll_query_until(): a connection in the wrong moment is refused, and that is no failure
	for (my $tenths = 0; $tenths < 10 * $PostgreSQL::Test::Utils::timeout_default; $tenths++)
	{
		my ($status, $output) = $node->psql('postgres',
			"SELECT pid FROM pg_stat_activity WHERE backend_type = 'fraiseql worker' AND pid <> $worker");

		return if $status == 0 && $output ne '';
		usleep(100_000);
	}
	die 'the server has not come back';
}

1;
