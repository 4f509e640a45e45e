#!/usr/bin/perl
#
# test/model/model.pl
#    Random schemas, queries and writes against a running server: every cached answer compared with an uncached one.
#
# See README.md beside this file.  The server is the one of PGHOST and its kin.
use strict;
use warnings FATAL => 'all';

use File::Path qw(make_path);
use FindBin;
use Getopt::Long;
use lib $FindBin::Bin;
use Model::Concurrent;
use Model::Runner;

my %option = (batch => 20, directory => 'model-failures', database => 'model', minimal => 1);

sub usage
{
	print <<'TEXT';
Usage: model.pl [--seed N] [--schemas K] [--batch K] [--directory D] [--database D] [--no-minimal] [--print]
  --seed N        the first seed; without it, a random one; with it and without --schemas, that seed alone
  --schemas K     how many seeds, one after another (100)
  --batch K       seeds in one session (20)
  --directory D   where scripts of failures are kept (model-failures)
  --database D    made anew (model)
  --no-minimal    keep failures as they are
  --print         print the script of the seed, run nothing
  --concurrent S  writers and readers at once, for S seconds a seed
  --stop          end after the first batch with a failure
TEXT
	exit(shift);
}

GetOptions(\%option, 'seed=i', 'schemas=i', 'batch=i', 'directory=s', 'database=s', 'minimal!', 'print', 'stop', 'concurrent=f', 'help') or usage(1);
usage(0) if $option{help};
$option{schemas} //= defined $option{seed} ? 1 : 100;
my $seed = $option{seed} // int(rand(1_000_000_000));

binmode(STDOUT, ':utf8');
$| = 1;
if ($option{print})
{
	print Model::Script::prelude(), Model::Script->new($seed)->text;
	exit(0);
}
system('psql', '-Xq', '-d', 'postgres', '-c', 'SET client_min_messages = error', '-c', "DROP DATABASE IF EXISTS $option{database}", '-c',
	"CREATE DATABASE $option{database}") == 0 or exit(1);
make_path($option{directory});
print "# seeds $seed to ", $seed + $option{schemas} - 1, "\n";
my $runner = Model::Runner->new(connection => [ 'psql', '-d', $option{database} ], %option{qw(directory batch minimal stop)});
my @seeds = $seed .. $seed + $option{schemas} - 1;
my @failed = $option{concurrent} ? $runner->run_concurrent($option{concurrent}, @seeds) : $runner->run(@seeds);
print "# ", $runner->summary, "\n";
print "# $_\n" for (split(/\n/, $runner->reasons));
print "# failed: @failed\n" if @failed;
exit(@failed ? 1 : 0);
