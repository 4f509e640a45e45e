# Model/Random.pm
#    Random numbers that are the same for a seed on every machine and in every version of Perl.
#
# Perl's own rand() is one generator for the whole process; here each schema has its own, so that what one seed makes
# does not depend on what was made before it.
package Model::Random;

use strict;
use warnings FATAL => 'all';

# A generator for this seed.
sub new
{
	my ($class, $seed) = @_;
	my $self = bless { state => 0 }, $class;

	{
		use integer;
		$self->{state} = ($seed + 1) * 2862933555777941757 + 3037000493;
	}
	$self->below(2) for (1 .. 8);
	return $self;
}

# An integer from 0 to one less than this.
sub below
{
	my ($self, $limit) = @_;
	my $bits;

	{
		use integer;
		$self->{state} = $self->{state} * 6364136223846793005 + 1442695040888963407;
		$bits = ($self->{state} >> 33) & 0x7fffffff;
	}
	return $limit <= 1 ? 0 : $bits % $limit;
}

# An integer of this range, both ends included.
sub between
{
	my ($self, $low, $high) = @_;

	return $low + $self->below($high - $low + 1);
}

# True in this many of a hundred cases.
sub percent
{
	my ($self, $percent) = @_;

	return $self->below(100) < $percent;
}

# One of these.
sub pick
{
	my ($self, @items) = @_;

	die "nothing to pick from" if !@items;
	return $items[ $self->below(scalar @items) ];
}

# One of the keys of (name => weight, ...), as often as its weight says.
sub weighted
{
	my ($self, @pairs) = @_;
	my $total = 0;

	for (my $i = 1; $i < @pairs; $i += 2) { $total += $pairs[$i]; }
	my $at = $self->below($total);
	for (my $i = 0; $i < @pairs; $i += 2)
	{
		return $pairs[$i] if $at < $pairs[ $i + 1 ];
		$at -= $pairs[ $i + 1 ];
	}
	die "weights of nothing";
}

# These, in another order.
sub shuffle
{
	my ($self, @items) = @_;

	for (my $i = $#items; $i > 0; $i--)
	{
		my $j = $self->below($i + 1);
		@items[ $i, $j ] = @items[ $j, $i ];
	}
	return @items;
}

# Some of these, in their order: at least and at most so many.
sub some
{
	my ($self, $least, $most, @items) = @_;

	$most = @items if $most > @items;
	$least = $most if $least > $most;
	my $n = $self->between($least, $most);
	my %chosen = map { $_ => 1 } ($self->shuffle(0 .. $#items))[ 0 .. $n - 1 ];
	return @items[ grep { $chosen{$_} } 0 .. $#items ];
}

1;
