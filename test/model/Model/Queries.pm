# Model/Queries.pm
#    Random GraphQL operations over the entities of a random schema.
#
# Arguments are Perl data, printed as GraphQL literals or as JSON variables: { member => value } an object, as pairs in
# an array so that their order is the seed's; see value() for what stands for what.
package Model::Queries;

use strict;
use warnings FATAL => 'all';

use Model::Types;
use Model::Views;

# An operation: its document and its variables as SQL literals, [ document, variables or undef ].
sub random_query
{
	my ($random, @entities) = @_;
	my $query = { random => $random, variables => [], next => 1 };
	my $roots = $random->weighted(1 => 8, 2 => 2, 3 => 1);
	my $body = join(' ', map { "r$_: " . root($query, $random->pick(@entities)) } (1 .. $roots));
	my $head = @{ $query->{variables} } ? 'query (' . join(', ', map { "\$$_->{name}: $_->{type}" } @{ $query->{variables} }) . ') ' : '';
	my $variables = @{ $query->{variables} } ? '{' . join(', ', map { "\"$_->{name}\": $_->{json}" } @{ $query->{variables} }) . '}' : undef;

	return [ "$head\{ $body }", $variables ];
}

# A root field: by key, or a list.
sub root
{
	my ($query, $entity) = @_;
	my $random = $query->{random};

	if ($entity->{one} && $random->percent(35))
	{
		my @arguments = map { "$_->{name}: " . argument($query, scalar_type($_->{type}) . '!', key_value($random, $_)) } @{ $entity->{key} };

		return "$entity->{one}(" . join(', ', @arguments) . ') ' . selection($query, $entity, 0);
	}
	return list($query, $entity->{many}, $entity, 0);
}

# A list field with its arguments and selection.
sub list
{
	my ($query, $field, $entity, $depth) = @_;
	my $random = $query->{random};
	my @arguments;

	if ($random->percent($depth ? 35 : 80))
	{
		my $filter = filter($random, $entity, 0);

		push(@arguments, 'where: ' . argument($query, "$entity->{type_name}Where", $filter)) if @$filter > 1;
	}
	my @order = order($random, $entity);
	push(@arguments, 'orderBy: [' . join(', ', @order) . ']') if @order;
	push(@arguments, 'limit: ' . $random->between(0, 4)) if $random->percent(20);
	push(@arguments, 'offset: ' . $random->between(0, 2)) if $random->percent(10);
	return $field . (@arguments ? '(' . join(', ', @arguments) . ')' : '') . ' ' . selection($query, $entity, $depth);
}

# Sort keys; all of those that make the order total.
sub order
{
	my ($random, $entity) = @_;
	my @order;
	my @able = grep { !$Model::Types::TYPE{ $_->{type} }{unordered} } @{ $entity->{fields} };

	@order = $random->some(1, 2, @able) if $random->percent(25) && @able;
	if ($entity->{order})
	{
		my %taken = map { $_->{name} => 1 } @order;

		push(@order, grep { !$taken{ $_->{name} } } @{ $entity->{order} });
	}
	return map { "{$_->{name}: " . $random->pick('ASC', 'ASC', 'DESC', 'ASC_NULLS_FIRST', 'DESC_NULLS_LAST') . '}' } @order;
}

# Some fields, and nested ones to depth 3.
sub selection
{
	my ($query, $entity, $depth) = @_;
	my $random = $query->{random};
	my @fields = map { defined $_->{inside} ? "$_->{name} { $_->{inside} }" : $_->{name} } $random->some(1, 4, @{ $entity->{fields} });

	if ($depth < 3)
	{
		for my $nested (@{ $entity->{nested} })
		{
			next if !$random->percent($depth ? 30 : 55);
			push(@fields, $nested->{kind} eq 'one' ? "$nested->{field} " . selection($query, $nested->{entity}, $depth + 1)
				: list($query, $nested->{field}, $nested->{entity}, $depth + 1));
		}
	}
	push(@fields, '__typename') if !@fields;
	return '{ ' . join(' ', @fields) . ' }';
}

# A filter: ('object', name => value, ...).
sub filter
{
	my ($random, $entity, $depth) = @_;
	my @able = grep { defined $Model::Types::TYPE{ $_->{type} }{ops} && !defined $_->{inside} } @{ $entity->{fields} };
	my @predicates = $entity->{table} ? @{ $entity->{table}{predicates} // [] } : ();
	my @members;

	if (@predicates && $random->percent(35))
	{
		# what the index's predicate says, and a value of the column that it is on
		my $predicate = $random->pick(@predicates);
		my ($says, $on) = map { Model::Views::camel($predicate->{$_}{name}) } qw(column indexed);
		my ($field) = grep { $_->{name} eq $says } @able;
		my ($indexed) = grep { $_->{name} eq $on && $on ne $says } @able;
		my $value = $indexed && @{ $Model::Types::TYPE{ $indexed->{type} }{ops} } ? key_value($random, $indexed) : undef;

		push(@members, $says, [ 'object', 'eq', $predicate->{filter} ]) if $field;
		push(@members, $on, [ 'object', 'eq', $value ]) if defined $value;
		@able = grep { $_->{name} ne $says && $_->{name} ne $on } @able;
		return [ 'object', @members ] if @members && $random->percent(60);
	}
	my %indexed = map { Model::Views::camel($_) => 1 } keys %{ $entity->{table} ? $entity->{table}{indexed} // {} : {} };
	my @indexed = grep { $indexed{ $_->{name} } } @able;

	@able = @indexed if @indexed && $random->percent(45);
	for my $field ($random->some(1, $depth ? 1 : 2, @able))
	{
		my $operator = operator($random, $field);

		push(@members, $field->{name}, $operator) if $operator;
	}
	if ($depth < 2)
	{
		my $kind = $random->weighted(none => 12, _and => 2, _or => 4, _not => 2, nested => 3);
		my @ones = grep { $_->{kind} eq 'one' } @{ $entity->{nested} };

		push(@members, $kind, [ 'list', map { filter($random, $entity, $depth + 1) } (1 .. $random->between(1, 3)) ]) if $kind =~ /^_(?:and|or)$/;
		push(@members, '_not', filter($random, $entity, $depth + 1)) if $kind eq '_not';
		if ($kind eq 'nested' && @ones)
		{
			my $nested = $random->pick(@ones);

			push(@members, $nested->{field}, filter($random, $nested->{entity}, $depth + 1));
		}
	}
	return [ 'object', @members ];
}

# { eq: 1 } and its like, for a field.
sub operator
{
	my ($random, $field) = @_;
	my @ops = @{ $Model::Types::TYPE{ $field->{type} }{ops} };
	my $op = $random->percent(12) || !@ops ? $random->pick('isnull', 'is_not_null') : $random->percent(45) ? $random->pick(grep { /^(?:eq|in)$/ } @ops) : $random->pick(@ops);

	return [ 'object', $op, $random->percent(70) ? 'true' : 'false' ] if $op =~ /^is_?n/;
	return [ 'object', $op, [ 'list', map { value($random, $field, 12) } (1 .. $random->between(0, 4)) ] ] if $op =~ /in$/;
	return [ 'object', $op, [ pattern($random, $op) ] ] if $op =~ /contains|with|like|regex/;
	my $value = value($random, $field, $op =~ /^n?eq$/ ? 8 : 0);
	return defined $value ? [ 'object', $op, $value ] : undef;
}

sub pattern
{
	my ($random, $op) = @_;

	return $random->pick('^a', 'b$', '.', '[aB]') if $op =~ /regex/;
	return $random->pick('a%', '%b', '_', '%', 'a', 'A%') if $op =~ /like/;
	return $random->pick('a', 'b', 'A', '', '%');
}

# A value to compare a field with; null in so many of a hundred cases.
sub value
{
	my ($random, $field, $nulls) = @_;

	return 'null' if $random->percent($nulls);
	return key_value($random, $field);
}

sub key_value
{
	my ($random, $field) = @_;
	my $value = $field->{wide} ? $random->weighted($random->between(0, 30) => 20, 130 => 1) : Model::Types::filter_value($random, $field->{type});

	return $value;
}

# The GraphQL type of a column's values.
sub scalar_type
{
	my ($type) = @_;

	return { int2 => 'Int', int4 => 'Int', int8 => 'BigInt', intd => 'Int', numeric => 'Decimal', money2 => 'Decimal', bool => 'Boolean', uuid => 'ID',
		date => 'Date', tstz => 'DateTime', float8 => 'Float', enum => 'Colour' }->{$type} // 'String';
}

# An argument's value: written where it stands, or handed over as a variable.
sub argument
{
	my ($query, $type, $value) = @_;

	if ($query->{random}->percent(30) && $type ne 'Colour!')
	{
		my $name = 'v' . $query->{next}++;

		push(@{ $query->{variables} }, { name => $name, type => $type, json => print_value($value, 1) });
		return "\$$name";
	}
	return print_value($value, 0);
}

# [ 'text' ] a string, [ 'object', name => value, ... ], [ 'list', value, ... ], \ 'name' an enum's, anything else itself.
sub print_value
{
	my ($value, $is_json) = @_;

	return 'null' if !defined $value;
	return $is_json ? "\"$$value\"" : $$value if ref $value eq 'SCALAR';
	return $value if ref $value ne 'ARRAY';
	my ($kind, @rest) = @$value;

	return '"' . ($kind =~ s/(["\\])/\\$1/gr) . '"' if !@rest && $kind !~ /^(?:object|list)$/;
	return '[' . join(', ', map { print_value($_, $is_json) } @rest) . ']' if $kind eq 'list';
	my @members;
	while (my ($name, $inner) = splice(@rest, 0, 2))
	{
		push(@members, ($is_json ? "\"$name\"" : $name) . ': ' . print_value($inner, $is_json));
	}
	return '{' . join(', ', @members) . '}';
}

1;
