#!/usr/bin/perl
#
# test/demo/render.pl
#    Make the demo's output readable: titles, and JSON broken into lines without touching the order of its keys.
#
# Lines from standard input pass through, except those that begin with a word of ours:
#    @title <text>     a heading
#    @json <json>      the JSON, indented; what fits into a line stays on a line
#    @diff <json>      followed by
#    @with <json>      the lines in which the two differ
# (A JSON module would lose the order, which is the order of the request.)
use strict;
use warnings;
use utf8;

use File::Temp 'tempfile';

use constant WIDTH => 96;
use constant MAX_LINES => 36;

my ($bold, $plain) = -t STDOUT ? ("\e[1m", "\e[0m") : ('', '');
my $old = '';

binmode $_, ':utf8' for *STDIN, *STDOUT;
$| = 1;
while (my $line = <STDIN>)
{
	chomp $line;
	if    ($line =~ /^\@title (.*)/) { print_title($1); }
	elsif ($line =~ /^\@json (.*)/)  { print_lines(' ', pretty($1)); }
	elsif ($line =~ /^\@diff (.*)/)  { $old = $1; }
	elsif ($line =~ /^\@with (.*)/)  { print_difference($old, $1); }
	else                             { print with_colour($line), "\n"; }
}

# On a terminal verdicts have the colours that everybody expects.
sub with_colour
{
	my ($line) = @_;

	if ($bold)
	{
		$line =~ s/^(  )(\[ok\])/$1\e[32m$2$plain/;
		$line =~ s/^(  )(\[WRONG\])/$1\e[1;31m$2$plain/;
		$line =~ s/(×[\d,]+ faster)$/$bold$1$plain/;
	}
	return $line;
}

sub print_title
{
	my ($title) = @_;

	print "\n$bold$title$plain\n", '-' x WIDTH, "\n";
}

sub print_lines
{
	my ($mark, @lines) = @_;
	my $more = @lines > MAX_LINES + 5 ? @lines - MAX_LINES : 0;

	splice @lines, MAX_LINES if $more > 0;
	print "  $mark $_\n" for @lines;
	print "  $mark ... and $more more lines\n" if $more > 0;
}

# The lines that differ, by diff(1), which every Debian has.
sub print_difference
{
	my @files = map {
		my ($file, $name) = tempfile(UNLINK => 1);
		binmode $file, ':utf8';
		print $file map { "$_\n" } pretty($_);
		close $file or die "$name: $!\n";
		$name;
	} @_;

	open my $diff, '-|:utf8', 'diff', '--unchanged-line-format=', '--old-line-format=  - %L',
		'--new-line-format=  + %L', @files
		or die "diff: $!\n";
	print <$diff>;
	close $diff;
}

# JSON text as indented lines.
sub pretty
{
	my ($json) = @_;
	my @tokens = $json =~ /("(?:[^"\\]|\\.)*"|[][{}:,]|[^][{}:,"\s]+)/g;

	return layout(read_value(\@tokens), '', '');
}

# A value: a scalar's text, or [opening, closing, members], where a member is [label, value].
sub read_value
{
	my ($tokens) = @_;
	my $token = shift @$tokens // return 'null';
	my $close = { '{' => '}', '[' => ']' }->{$token} or return $token;
	my @members;

	while (@$tokens && $tokens->[0] ne $close)
	{
		my $label = '';

		$label = join('', splice(@$tokens, 0, 2)) . ' ' if $token eq '{';
		push @members, [ $label, read_value($tokens) ];
		shift @$tokens if @$tokens && $tokens->[0] eq ',';
	}
	shift @$tokens;
	return [ $token, $close, \@members ];
}

# On one line when it is short and holds no list of its own, else a member a line.
sub layout
{
	my ($value, $indent, $label) = @_;
	my $inline = $indent . $label . inline($value);
	my ($open, $close, $members) = ref $value ? @$value : ();

	return $inline if !ref $value || length $inline <= WIDTH - 4;
	my @lines = ("$indent$label$open");
	for my $i (0 .. $#$members)
	{
		my @member = layout($members->[$i][1], "$indent  ", $members->[$i][0]);

		$member[-1] .= ',' if $i < $#$members;
		push @lines, @member;
	}
	return (@lines, "$indent$close");
}

sub inline
{
	my ($value) = @_;

	return $value unless ref $value;
	my ($open, $close, $members) = @$value;
	return $open . join(', ', map { $_->[0] . inline($_->[1]) } @$members) . $close;
}
