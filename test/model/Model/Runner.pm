# Model/Runner.pm
#    Runs scripts of seeds through psql, counts what they compared, and makes a failure small.
#
# A failure is an answer that differs, a comparison that did not come to its end, a server that went away, or a set-up
# that the generator got wrong.  Its script is kept, as it was and as small as leaving things out could make it.
package Model::Runner;

use strict;
use warnings FATAL => 'all';

use IPC::Run;
use Model::Concurrent;
use Model::Script;
use Time::HiRes qw(time);

# Options: connection (arguments of psql), directory (for the scripts of failures), batch (seeds in one session),
# report (a function that is handed lines).
sub new
{
	my ($class, %option) = @_;
	my %counts = map { $_ => 0 } qw(schemas queries comparisons survived unchanged hits errors steps refused failures);
	my $self = bless { connection => ['psql'], directory => '.', batch => 20, report => sub { print "$_[0]\n" }, %option, counts => \%counts,
		bypasses => {}, failures => [] }, $class;

	return $self;
}

# Run these seeds; the seeds that failed.
sub run
{
	my ($self, @seeds) = @_;
	my @failed;
	my $last = time();

	while (my @batch = splice(@seeds, 0, $self->{batch}))
	{
		my @scripts = map { Model::Script->new($_) } @batch;
		my @results = $self->run_batch(@scripts);

		for my $i (0 .. $#scripts)
		{
			$self->count($results[$i]);
			next if !$results[$i]{problem};
			push(@failed, $batch[$i]);
			$self->fail($scripts[$i], $results[$i], @scripts[ 0 .. $i ]);
		}
		last if @failed && $self->{stop};
		if (time() - $last > 30)
		{
			$last = time();
			$self->{report}->('# ' . $self->summary);
		}
	}
	return @failed;
}

# Run these seeds with writers and readers at once, so many seconds each; the seeds that failed.
sub run_concurrent
{
	my ($self, $seconds, @seeds) = @_;
	my @failed;

	for my $seed (@seeds)
	{
		my $result = Model::Concurrent::run($self, $seed, $seconds);

		$self->count($result);
		next if !$result->{problem};
		push(@failed, $seed);
		$self->{counts}{failures}++;
		push(@{ $self->{failures} }, { seed => $seed, problem => $result->{problem} });
		$self->{report}->("seed $seed failed: $result->{problem}");
		$self->{report}->("  scripts of its sessions: $self->{directory}/concurrent-$seed-*.sql");
	}
	return @failed;
}

# One session for all of these; a result each.
sub run_batch
{
	my ($self, @scripts) = @_;
	my ($output, $error, $status) = $self->psql(join('', Model::Script::prelude(), map { $_->text } @scripts));
	my %section = $output =~ /^B\|(\d+)\n(.*?)(?=^B\||\z)/msg;
	my @results = map { $self->judge($_, $section{ $_->{seed} }) } @scripts;

	if ($status != 0)
	{
		# the session ended early: who was at it
		my ($last) = grep { defined $section{ $scripts[$_]{seed} } } reverse 0 .. $#scripts;
		my $said = join(' ', grep { /FATAL|PANIC|terminated|server closed|connection/ } split(/\n/, $error));

		$results[$_]{problem} = undef for (($last // -1) + 1 .. $#scripts);
		$results[ $last // 0 ]{problem} = 'session lost: ' . ($said || substr($error, -300));
	}
	return @results;
}

# Run psql with this script: output, errors, status.
sub psql
{
	my ($self, $text) = @_;
	my ($output, $error) = ('', '');

	utf8::encode($text);
	my $run = IPC::Run::start([ @{ $self->{connection} }, '-XqAt', '-f', '-' ], '<', \$text, '>', \$output, '2>', \$error);
	$run->finish;
	utf8::decode($output);
	return ($output, $error, $run->full_result(0));
}

# What a script's output says.
sub judge
{
	my ($self, $script, $output) = @_;
	my %result = (problem => undef, map { $_ => 0 } qw(queries comparisons survived unchanged hits errors steps refused));
	my $checks = grep { /model\.check/ } map { @$_ } @{ $script->{steps} };

	if (!defined $output)
	{
		$result{problem} = 'not run';
		return \%result;
	}
	for my $line (split(/\n/, $output))
	{
		my ($what, @rest) = split(/\|/, $line, -1);

		$result{refused}++ if $line eq 'X';
		next if $line !~ /^[CD]\|/;
		$result{problem} //= "step $rest[0], query $rest[1], $rest[2]:\n  cached   $rest[3]\n  uncached " . ($rest[4] // '') if $what eq 'D';
		next if $what eq 'D';
		shift(@rest);
		$result{steps}++;
		$result{queries} += $rest[0];
		$result{comparisons} += 2 * $rest[0];
		$result{survived} += $rest[1] if $result{steps} > 1;
		$result{unchanged} += $rest[2];
		$result{hits} += $rest[1] + $rest[3];
		$result{errors} += $rest[4];
	}
	$result{problem} //= 'the schema could not be made' if $output !~ /^S\|done$/m;
	$result{problem} //= "only $result{steps} of $checks comparisons came to an end" if $result{steps} != $checks && !$script->{partial};
	return \%result;
}

sub count
{
	my ($self, $result) = @_;

	$self->{counts}{schemas}++;
	$self->{counts}{$_} += $result->{$_} for qw(queries comparisons survived unchanged hits errors steps refused);
	return;
}

# One line that says what has been done.
sub summary
{
	my ($self) = @_;
	my %n = %{ $self->{counts} };

	return sprintf('%d schemas, %d steps, %d comparisons, %d of them hits, %d of %d unchanged answers outlived a write (%.1f %%), %d with errors, %d definitions refused, %d failures',
		@n{qw(schemas steps comparisons hits survived unchanged)}, $n{unchanged} ? 100 * $n{survived} / $n{unchanged} : 0, @n{qw(errors refused failures)});
}

# Why answers were not kept, or the cache not asked, since the server's counters were reset.
sub reasons
{
	my ($self) = @_;
	my ($output) = $self->psql("SELECT format('%s %s: %s', kind, reason, count) FROM fraiseql.bypass_stats WHERE count > 0 ORDER BY count DESC");

	return $output;
}

# A seed failed: keep its script, see whether it fails alone, make it small, say so.
sub fail
{
	my ($self, $script, $result, @before) = @_;
	my $base = "$self->{directory}/seed-$script->{seed}";

	$self->{counts}{failures}++;
	push(@{ $self->{failures} }, { seed => $script->{seed}, problem => $result->{problem} });
	$self->{report}->("seed $script->{seed} failed: $result->{problem}");
	write_file("$base.sql", Model::Script::prelude() . $script->text);
	$self->{report}->("  replay: psql -XqAt -f $base.sql, or --seed $script->{seed}");
	if ($self->{minimal} // 1)
	{
		my $alone = $self->fails_without($script);

		if (!$alone)
		{
			write_file("$base-batch.sql", join('', Model::Script::prelude(), map { $_->text } @before));
			$self->{report}->("  not alone, only after others: $base-batch.sql");
			return;
		}
		my %without = $self->minimize($script);
		my $text = Model::Script::prelude() . $script->text(%without);

		write_file("$base-minimal.sql", $text);
		$self->{report}->("  minimal: $base-minimal.sql");
		$self->{report}->("  " . ($self->fails_without($script, %without) || 'no longer'));
	}
	return;
}

# Does the script fail alone, without these parts?  How.
sub fails_without
{
	my ($self, $script, %without) = @_;
	my ($output, $error, $status) = $self->psql(Model::Script::prelude() . $script->text(%without));

	return 'session lost' if $status != 0;
	return $output =~ /^(D\|.*)/m ? $1 : '';
}

# Leave out whatever can be left out: first halves, then quarters, then single parts, as long as it still fails.
sub minimize
{
	my ($self, $script) = @_;
	my @parts = $script->parts;
	my %without;
	my $end = time() + ($self->{minimize_seconds} // 30);

	for (my $size = int(@parts / 2); $size >= 1; $size = int($size / 2))
	{
		my @left = grep { !$without{$_} } @parts;

		while (my @try = splice(@left, 0, $size))
		{
			my %more = (%without, map { $_ => 1 } @try);

			return %without if time() > $end;
			%without = %more if $self->fails_without($script, %more);
		}
	}
	return %without;
}

sub write_file
{
	my ($path, $text) = @_;

	open(my $file, '>:utf8', $path) or die "cannot write $path: $!\n";
	print $file $text;
	close($file) or die "cannot write $path: $!\n";
	return;
}

1;
