# Random small schemas, queries and writes: a cached answer never differs from an uncached one.  What is generated, and
# how a failure is replayed, is in test/model/README.md; `make model-test` runs more of it.
#
# FRAISEQL_MODEL_SEED is the first seed (a random one otherwise), FRAISEQL_MODEL_SCHEMAS how many seeds.
use Fraiseql::Test;

use Model::Runner;

my @regressions = (1 .. 3);
my $schemas = $ENV{FRAISEQL_MODEL_SCHEMAS} || 80;
my $seed = $ENV{FRAISEQL_MODEL_SEED} || 1 + int(rand(1_000_000_000));
my $node = fraiseql_node('model', config => "fsync = off\nfraiseql.worker_interval = 100ms\nlog_min_messages = log\nlog_statement = none");
my $directory = $PostgreSQL::Test::Utils::log_path;

sub runner
{
	return Model::Runner->new(connection => [ 'psql', '-d', $node->connstr('postgres') ], directory => $directory, report => sub { diag(shift) });
}

# No difference, and the runner did what it is for.
sub check_runner
{
	my ($runner, $what, $schemas, @failed) = @_;
	my %n = %{ $runner->{counts} };

	note $runner->summary;
	is("@failed", '', "$what: every cached answer is the uncached one");
	is($n{schemas}, $schemas, "$what: every seed was run");
	is($n{refused}, 0, "$what: every definition was one");
	cmp_ok($n{hits}, '>', $n{comparisons} / 4, "$what: many of the compared answers came from the cache");
	cmp_ok($n{errors}, '<', $n{comparisons} / 10, "$what: few of them are errors");
	return;
}

diag("model: seeds $seed to ", $seed + $schemas - 1);
my $runner = runner();
my @failed = $runner->run(@regressions, $seed .. $seed + $schemas - 1);
check_runner($runner, 'one session', @regressions + $schemas, @failed);
cmp_ok($runner->{counts}{survived}, '>', $runner->{counts}{unchanged} / 3, 'many answers that a write left as they were outlived it');

my $concurrent = runner();
@failed = $concurrent->run_concurrent(3, $seed .. $seed + 3);
check_runner($concurrent, 'sessions at once', 4, @failed);

# The same seed makes the same script.
is(Model::Script->new($seed)->text, Model::Script->new($seed)->text, 'a seed is all that a script depends on');
done_testing();
