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

our @EXPORT = (@Test::More::EXPORT, qw(fraiseql_node graphql cache_stat wait_for_worker));

# Besides exporting: strict and warnings in the importer.
sub import
{
	strict->import;
	warnings->import(FATAL => 'all');
	__PACKAGE__->export_to_level(1, @_);
}

# A running server with the extension in its database "postgres".  Options: preload (default 1), config (lines of
# postgresql.conf), extension (default 1).
sub fraiseql_node
{
	my ($name, %option) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
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

1;
