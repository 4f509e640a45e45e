#!/usr/bin/perl
#
# test/demo/packages.pl
#    From the package index of a Debian machine to three files for COPY: maintainers, packages, dependencies.
#
# Usage: apt-cache dumpavail | packages.pl <directory> [<number of packages> [<name to keep>...]]
#
# With a number only so many packages are kept, the named ones among them, and dependencies between kept packages.  An
# index entry is a paragraph of "Field: value" lines, with continuation lines that begin with a space.  Identifiers are
# the MD5 of the name, so that the same package has the same one on every machine.
use strict;
use warnings;

use Digest::MD5 'md5_hex';

my %KIND = (
	'Pre-Depends' => 'PRE_DEPENDS',
	'Depends' => 'DEPENDS',
	'Recommends' => 'RECOMMENDS',
	'Suggests' => 'SUGGESTS');

my ($directory, $limit, @keep) = @ARGV;
my @paragraphs = read_paragraphs();
@paragraphs = choose(@paragraphs) if $limit;

my %package_key;
my $keys = 0;
$package_key{ $_->{Package} } = ++$keys for @paragraphs;
write_packages_and_maintainers();
write_dependencies();

# The first entry of each package name: another architecture's entry of the same name comes later.
sub read_paragraphs
{
	my (@found, %seen);

	local $/ = '';
	while (my $text = <STDIN>)
	{
		my %field = $text =~ /^([A-Za-z-]+): *((?:.*)(?:\n[ \t].*)*)/mg;

		next unless defined $field{Package} && defined $field{Version};
		push @found, \%field unless $seen{ $field{Package} }++;
	}
	return @found;
}

sub choose
{
	my %named = map { $_ => 1 } @keep;
	my @first = grep { $named{ $_->{Package} } } @_;

	for my $package (@_)
	{
		last if @first >= $limit;
		push @first, $package unless $named{ $package->{Package} };
	}
	return @first;
}

# Name-based UUID text: the 32 digits of an MD5 are what PostgreSQL's md5(name)::uuid reads.
sub uuid
{
	my ($hex) = md5_hex($_[0]);

	return join '-', unpack 'A8 A4 A4 A4 A12', $hex;
}

# One line of COPY's text format; undef is NULL.  Bytes that are no UTF-8 are taken for Latin-1.
sub copy_line
{
	my @values = map {
		my $value = $_;
		if (defined $value)
		{
			my $probe = $value;
			utf8::encode($value) unless utf8::decode($probe);
			$value =~ s/([\\\t\n\r])/{ "\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r" }->{$1}/ge;
		}
		defined $value ? $value : "\\N";
	} @_;

	return join("\t", @values) . "\n";
}

sub open_copy
{
	open my $file, '>:raw', "$directory/$_[0].tsv" or die "$directory/$_[0].tsv: $!\n";
	return $file;
}

sub write_packages_and_maintainers
{
	my $packages = open_copy('package');
	my $maintainers = open_copy('maintainer');
	my %maintainer_key;

	for my $package (@paragraphs)
	{
		my ($name, $email) = ($package->{Maintainer} // 'nobody') =~ /^\s*"?(.*?)"?\s*(?:<(.*?)>.*)?$/s;
		my $identity = defined $email ? lc $email : $name;

		if (!$maintainer_key{$identity})
		{
			$maintainer_key{$identity} = 1 + keys %maintainer_key;
			print $maintainers copy_line($maintainer_key{$identity}, uuid($identity), $name, $email);
		}
		print $packages copy_line(
			$package_key{ $package->{Package} }, uuid($package->{Package}), $package->{Package}, $package->{Version},
			$package->{Section} // 'unknown', $package->{Priority} // 'optional', $package->{'Installed-Size'},
			(split /\n/, $package->{'Description-en'} // $package->{Description} // '')[0],
			$package->{Homepage}, $maintainer_key{$identity});
	}
	close $packages or die "package.tsv: $!\n";
	close $maintainers or die "maintainer.tsv: $!\n";
}

# A dependency names alternatives, and the first that is a package here stands for it (a virtual package is not one).
# Two constraints on one target, such as "x (>= 1), x (<< 2)", are one dependency.
sub dependencies_of
{
	my ($list) = @_;
	my (%constraint, @order);

	for my $item (split /\s*,\s*/, $list)
	{
		for my $alternative (split /\s*\|\s*/, $item)
		{
			my ($name, $version) = $alternative =~ /^\s*([a-z0-9][a-z0-9+.-]+)(?::\w+)?\s*(?:\((.*?)\))?/ or next;

			next unless $package_key{$name};
			push @order, $name unless $constraint{$name};
			push @{ $constraint{$name} }, grep { defined } $version;
			$constraint{$name} //= [];
			last;
		}
	}
	return map { [ $_, @{ $constraint{$_} } ? join(', ', @{ $constraint{$_} }) : undef ] } @order;
}

sub write_dependencies
{
	my $dependencies = open_copy('dependency');
	my $key = 0;

	for my $package (@paragraphs)
	{
		for my $field (sort keys %KIND)
		{
			next unless defined $package->{$field};
			for my $dependency (dependencies_of($package->{$field}))
			{
				my ($target, $constraint) = @$dependency;

				print $dependencies copy_line(++$key, uuid("$package->{Package} $KIND{$field} $target"),
					$package_key{ $package->{Package} }, $package_key{$target}, $KIND{$field}, $constraint);
			}
		}
	}
	close $dependencies or die "dependency.tsv: $!\n";
}
