# Model/Concurrent.pm
#    One random schema, writers that write to it at once, and readers that compare under one snapshot what the cache
#    says with what is there.
#
# A REPEATABLE READ transaction asks everything by the cache and then without it: its snapshot is the same for both.
# Such a transaction adds nothing to the cache, so between them the readers ask as everybody does.  Definitions that
# change what an old snapshot sees (TRUNCATE, ALTER TABLE) are left out; indexes come and go.
package Model::Concurrent;

use strict;
use warnings FATAL => 'all';

use File::Temp;
use IPC::Run;
use Model::Random;
use Model::Runner;
use Model::Script;
use Model::Writes;

# Run a seed for so many seconds on a runner's connection: a result, as Model::Runner has them.
sub run
{
	my ($runner, $seed, $seconds) = @_;
	my $script = Model::Script->new($seed);
	my ($output, $error, $status) = $runner->psql(Model::Script::prelude() . $script->opening);
	my %result = (problem => undef, map { $_ => 0 } qw(queries comparisons survived unchanged hits errors steps refused));

	if ($status != 0 || $output !~ /^S\|done$/m)
	{
		$result{problem} = "the schema could not be made: $error";
		return \%result;
	}
	my ($hits) = $output =~ /^H\|(\d+)$/m;
	my @texts = ((map { writer_text($script, $_) } (1 .. 3)), (map { reader_text($script, $_) } (1 .. 2)));
	my @sessions = map { start($runner, $_, $seconds) } @texts;

	for my $session (@sessions)
	{
		$session->{run}->finish;
		utf8::decode($session->{output});
		$result{problem} //= "session lost: $session->{error}" if $session->{run}->full_result(0) != 0;
		$result{problem} //= "query $1:\n  cached   $2\n  uncached $3" if $session->{output} =~ /^D\|0\|(\d+)\|concurrent\|(.*)\|(.*)$/m;
		$result{comparisons} += $1 while $session->{output} =~ /^C\|0\|(\d+)\|/mg;
		$result{steps}++ while $session->{output} =~ /^C\|/mg;
	}
	my ($last) = $runner->psql('SELECT \'H|\' || hits FROM fraiseql.cache_stats; DROP SCHEMA m CASCADE;');
	$result{hits} = $1 - $hits if $last =~ /^H\|(\d+)$/m;
	$result{problem} //= 'the readers compared nothing' if !$result{comparisons};
	Model::Runner::write_file("$runner->{directory}/concurrent-$seed-$_.sql", $texts[$_]) for ($result{problem} ? 0 .. $#texts : ());
	return \%result;
}

# One psql with this script; it looks at the clock now and then.
sub start
{
	my ($runner, $text, $seconds) = @_;
	my $session = { output => '', error => '', file => File::Temp->new };

	# a file, not a pipe: psql leaves when the time is over, whatever comes after
	Model::Runner::write_file($session->{file}->filename, $text);
	$session->{run} = IPC::Run::start([ @{ $runner->{connection} }, '-XqAt', '-v', "seconds=$seconds", '-f', $session->{file}->filename ], '<', \undef, '>', \$session->{output}, '2>', \$session->{error});
	return $session;
}

# What each session begins with.
sub session_start
{
	return ("SET client_min_messages = error;", 'SET jit = off;', 'SET search_path = m;', "SET model.tenant = 'a';", "SET fraiseql.cache_vary = 'model.tenant';",
		"SET deadlock_timeout = '20ms';", "SELECT clock_timestamp() + :'seconds'::interval AS until \\gset");
}

# End the session when its time is over.
sub look_at_clock
{
	return ("SELECT clock_timestamp() > :'until' AS over \\gset", '\\if :over', '\\q', '\\endif');
}

sub writer_text
{
	my ($script, $number) = @_;
	my $schema = $script->{schema};
	my $random = Model::Random->new($script->{seed} * 31 + $number);
	my @text = session_start();

	local $schema->{random} = $random;
	for my $i (1 .. 1500)
	{
		my @write = $random->percent(3) ? Model::Writes::make($schema, $random->pick(qw(index drop_index concurrently analyze))) : Model::Writes::random_data($schema);

		push(@text, 'SET fraiseql.bulk_write_limit = ' . $random->pick(0, 2, 10, 1000) . ';') if $random->percent(5);
		push(@text, (map { Model::Script::terminated($_) } @write), 'ROLLBACK;');
		push(@text, look_at_clock()) if $i % 4 == 0;
	}
	return join("\n", @text) . "\n";
}

sub reader_text
{
	my ($script, $number) = @_;
	my $random = Model::Random->new($script->{seed} * 31 + 16 + $number);
	my @text = session_start();

	for my $i (1 .. 1500)
	{
		push(@text, map { "$_;" } local_settings($script, $random)) if $random->percent(10);
		push(@text, "SELECT model.ask('$script->{reader}');") for (1 .. $random->between(1, 2));
		push(@text, 'BEGIN ISOLATION LEVEL REPEATABLE READ;', "SELECT model.compare('$script->{reader}');", 'COMMIT;', look_at_clock());
	}
	return join("\n", @text) . "\n";
}

# Settings of a step, by this generator.
sub local_settings
{
	my ($script, $random) = @_;

	local $script->{random} = $random;
	return $script->settings;
}

1;
