# Model/Types.pm
#    The column types that schemas are made of, each with a handful of values: few, so that rows collide, and the awkward
#    ones among them.
#
# A value is a pair: what SQL writes, and what a filter in GraphQL says, as Perl data of Model::Queries (undef where a
# filter cannot say it).  Strings are [ 'text' ] there, everything else stands for itself.
package Model::Types;

use strict;
use warnings FATAL => 'all';

# Values that are written alike in SQL and in GraphQL.
sub plain
{
	return map { [ $_, $_ ] } @_;
}

# Values that are strings in both.
sub quoted
{
	return map { [ sql_string($_), [$_] ] } @_;
}

sub sql_string
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return "'$text'";
}

my @int_ops = qw(eq neq in nin gt gte lt lte);
my @text_ops = (@int_ops, qw(contains icontains startswith istartswith endswith like ilike nlike regex));

# family: columns of one family can be compared in a join.  ops: what filters know.  exact: equal values look alike, so
# they may be grouped.  key: may be in a primary key.  wide: values for SQL that are out of the usual.
our %TYPE = (
	int2 => { sql => 'smallint', family => 'int', values => [ plain(0 .. 4, -1) ], odd => [70000], ops => \@int_ops, exact => 1, key => 1 },
	int4 => { sql => 'int', family => 'int', values => [ plain(0 .. 6) ], odd => [2147483647], ops => \@int_ops, exact => 1, key => 1 },
	int8 => { sql => 'bigint', family => 'int', values => [ plain(0 .. 4), [ '9007199254740993', ['9007199254740993'] ] ], odd => [ ['4'] ],
		ops => \@int_ops, exact => 1, key => 1 },
	intd => { sql => 'small_int', family => 'int', values => [ plain(0 .. 5) ], odd => [12345], ops => \@int_ops, exact => 1, key => 1 },
	text => { sql => 'text', family => 'text', values => [ quoted('', 'a', 'b', 'B', 'ab', 'a ', "x'y", "\x{e9}", 'a%') ], odd => [ ['zzz'] ],
		ops => \@text_ops, exact => 1, key => 1 },
	# stored out of line, and seldom indexed
	long => { sql => 'text', family => 'long', values => [ quoted('a', 'b'), map { [ "(SELECT string_agg(md5((i * $_)::text), '') FROM generate_series(1, 120) AS i)", undef ] } (1, 2) ],
		odd => [], ops => \@text_ops, exact => 1 },
	varchar => { sql => 'varchar(5)', family => 'text', values => [ quoted('a', 'b', 'ab', 'abcde') ], odd => [ ['abcdefgh'] ],
		ops => \@text_ops, exact => 1, key => 1 },
	textd => { sql => 'short_text', family => 'text', values => [ quoted('a', 'b', 'c') ], odd => [ [''] ], ops => \@text_ops, exact => 1,
		key => 1 },
	name => { sql => 'name', family => 'text', values => [ quoted('a', 'b', 'ab') ], odd => [ ['A'] ], ops => \@int_ops, exact => 1 },
	# equal whatever the case: a hash of the bytes must not stand for it
	ci => { sql => 'text COLLATE model.ci', family => 'ci', values => [ quoted('a', 'A', 'b', 'B') ], odd => [ ['C'] ], ops => \@int_ops, key => 1 },
	bpchar => { sql => 'char(3)', family => 'bpchar', values => [ quoted('a', 'b', 'ab', 'abc') ], odd => [ ['a  '] ], ops => \@int_ops,
		exact => 1, key => 1 },
	numeric => { sql => 'numeric', family => 'numeric', values => [ map { [ $_, [$_] ] } ('0', '1', '1.0', '1.00', '-1.5', '2') ],
		odd => [ ['1.000'] ], ops => \@int_ops, key => 1 },
	money2 => { sql => 'numeric(6,2)', family => 'numeric', values => [ map { [ $_, [$_] ] } ('0', '1', '1.5', '-1.5', '2') ],
		odd => [ ['1.0'] ], ops => \@int_ops, exact => 1, key => 1 },
	bool => { sql => 'boolean', family => 'bool', values => [ plain('true', 'false') ], odd => [], ops => [qw(eq neq)], exact => 1 },
	uuid => { sql => 'uuid', family => 'uuid', values => [ quoted(map { "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1$_" } (1 .. 4)) ],
		odd => [ ['A0EEBC999C0B4EF8BB6D6BB9BD380A11'] ], ops => \@int_ops, exact => 1, key => 1 },
	date => { sql => 'date', family => 'date', values => [ quoted(map { "2024-01-0$_" } (1 .. 4)) ], odd => [ ['2024-02-29'] ],
		ops => \@int_ops, exact => 1, key => 1 },
	tstz => { sql => 'timestamptz', family => 'date', values => [ quoted('2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z', '2024-01-02T12:00:00+02:00') ],
		odd => [ ['2024-01-02T10:00:00Z'] ], ops => \@int_ops, exact => 1, key => 1 },
	enum => { sql => 'colour', family => 'enum', values => [ map { [ sql_string($_), \"$_" ] } qw(RED GREEN BLUE) ], odd => [],
		ops => \@int_ops, exact => 1, key => 1 },
	float8 => { sql => 'float8', family => 'float', values => [ plain('0', '1', '0.5'), [ "'-0'", '-0.0' ], [ "'NaN'", undef ], [ "'Infinity'", undef ] ],
		odd => ['1e300'], ops => \@int_ops },
	jsonb => { sql => 'jsonb', family => 'json', values => [ map { [ sql_string($_), undef ] } ('{"a": 1}', '{"a": 2, "b": [1]}', 'null', '[]', '"x"') ],
		odd => [], ops => [], unordered => 1 },
	array => { sql => 'int[]', family => 'array', values => [ map { [ sql_string($_), undef ] } ('{}', '{1}', '{1,2}') ], odd => [],
		ops => undef, unordered => 1 });

our @NAMES = sort keys %TYPE;

# A type for a column, the commoner ones more often.
sub random
{
	my ($random) = @_;

	return $random->weighted(map { ($_ => /^(?:int4|text)$/ ? 6 : /^(?:int8|bool|enum|uuid|numeric)$/ ? 3 : /^(?:array|jsonb|name|long)$/ ? 1 : 2) } @NAMES);
}

# What SQL writes for a random value of a column; null now and then where it may be.
sub sql_value
{
	my ($random, $column) = @_;

	return 'NULL' if $column->{nullable} && $random->percent(18);
	return $random->pick(@{ $TYPE{ $column->{type} }{values} })->[0];
}

# What a filter says for a random value of a type, seldom one that no row has; undef where filters cannot say any.
sub filter_value
{
	my ($random, $type) = @_;
	my @values = grep { defined } map { $_->[1] } @{ $TYPE{$type}{values} };
	my @odd = @{ $TYPE{$type}{odd} };

	return $random->pick(@odd) if @odd && $random->percent(8);
	return @values ? $random->pick(@values) : undef;
}

1;
