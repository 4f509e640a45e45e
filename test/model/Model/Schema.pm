# Model/Schema.pm
#    A random schema: tables of all kinds with their indexes, foreign keys, policies and children.
#
# A table is a hash: name, columns, key (its columns, or none), child_of what, part (its partitioning).  A column is
# name, type (of Model::Types), nullable, generated.  create() is the SQL that makes all of it.
package Model::Schema;

use strict;
use warnings FATAL => 'all';

use Model::Types;

# A random schema.
sub new
{
	my ($class, $random) = @_;
	my $self = bless { random => $random, tables => [], foreign_keys => [], policies => [], next_index => 1, sql => [] }, $class;
	my $tables = $random->weighted(1 => 2, 2 => 4, 3 => 4, 4 => 2);

	$self->say('CREATE TYPE colour AS ENUM (\'RED\', \'GREEN\', \'BLUE\')');
	$self->say('CREATE DOMAIN small_int AS int CHECK (value < 1000)');
	$self->say('CREATE DOMAIN short_text AS text CHECK (length(value) < 10)');
	$self->add_table($_) for (1 .. $tables);
	$self->add_foreign_key for (1 .. $random->below($tables + 2));
	for my $table (@{ $self->{tables} })
	{
		$self->say($self->random_index($table)) for (1 .. $random->weighted(0 => 2, 1 => 4, 2 => 4, 3 => 2, 4 => 1));
		$self->add_policies($table) if $random->percent(30);
	}
	return $self;
}

sub say
{
	my ($self, $sql) = @_;

	push(@{ $self->{sql} }, $sql);
	return;
}

# The columns that a statement may set.
sub writable
{
	my ($table) = @_;

	return grep { !$_->{generated} } @{ $table->{columns} };
}

sub column_names
{
	return join(', ', map { $_->{name} } @_);
}

# A table with its key, and with partitions or children where it shall have them.
sub add_table
{
	my ($self, $number) = @_;
	my $random = $self->{random};
	my $table = { name => "t$number", columns => [], key => [], constraints => [], leaves => [] };
	# seldom more columns than an answer can tell apart
	my $columns = $random->percent(3) ? 68 : $random->between(2, 8);

	for my $i (1 .. $columns)
	{
		push(@{ $table->{columns} }, { name => "c$i", type => Model::Types::random($random), nullable => $random->percent(65), generated => 0 });
	}
	$self->add_key($table);
	$self->add_generated($table) if $random->percent(15);
	my $kind = $random->weighted(plain => 14, list => 2, range => 2, hash => 2, parent => @{ $table->{key} } ? 2 : 0);
	$kind = 'plain' if $kind =~ /^(?:list|range|hash)$/ && !$self->choose_partition_key($table, $kind);
	$table->{kind} = $kind;
	push(@{ $self->{tables} }, $table);
	$self->create_table($table);
	return;
}

# A primary key of one column or several; now and then none, or a unique constraint in its place.
sub add_key
{
	my ($self, $table) = @_;
	my $random = $self->{random};
	my $first = $table->{columns}[0];
	my $width = $random->weighted(0 => 1, 1 => 10, 2 => 4, 3 => 1);

	return if $width == 0;
	if ($random->percent(60))
	{
		# an ordinary key has values enough
		$first->{type} = $random->pick(qw(int4 int4 int8 int2));
		$first->{wide} = 1;
	}
	my @able = grep { $Model::Types::TYPE{ $_->{type} }{key} } @{ $table->{columns} };
	my @key = $first->{wide} ? ($first) : ();
	my @rest = grep { !@key || $_ != $key[0] } @able;
	push(@key, $random->some($width - @key, $width - @key, @rest)) if $width > @key;
	return if !@key;
	@key = $random->shuffle(@key) if $random->percent(40);
	$_->{nullable} = 0 for @key;
	$_->{in_key} = 1 for @key;
	$table->{indexed}{ $key[0]{name} } = 1;
	$table->{key} = \@key;
	return;
}

# A column computed from another.
sub add_generated
{
	my ($self, $table) = @_;
	my @ints = grep { $_->{type} =~ /^int[48]$/ } @{ $table->{columns} };

	return if !@ints;
	my $from = $self->{random}->pick(@ints);
	push(@{ $table->{columns} }, { name => 'g1', type => 'int8', nullable => 1,
		generated => "GENERATED ALWAYS AS (" . $self->{random}->pick("$from->{name} % 3", "$from->{name}::bigint + 1", "0") . ") STORED" });
	return;
}

# The column to part by: one of the key's, if there is a key.
sub choose_partition_key
{
	my ($self, $table, $kind) = @_;
	my @candidates = grep { $_->{type} =~ /^(?:int[248]|text|enum|date|uuid)$/ && !$_->{generated} }
		@{ $table->{key} } ? @{ $table->{key} } : @{ $table->{columns} };

	return 0 if !@candidates;
	$table->{part} = $self->{random}->pick(@candidates);
	return 1;
}

# A column as CREATE TABLE has it.
sub column_sql
{
	my ($column) = @_;

	return join(' ', $column->{name}, $Model::Types::TYPE{ $column->{type} }{sql}, $column->{generated} || (), $column->{nullable} ? () : 'NOT NULL');
}

sub create_table
{
	my ($self, $table) = @_;
	my $random = $self->{random};
	my $name = $table->{name};
	my @parts = map { column_sql($_) } @{ $table->{columns} };

	push(@parts, 'PRIMARY KEY (' . column_names(@{ $table->{key} }) . ')') if @{ $table->{key} };
	my $by = $table->{kind} =~ /^(?:list|range|hash)$/ ? " PARTITION BY $table->{kind} ($table->{part}{name})" : '';
	$self->say("CREATE TABLE $name (" . join(', ', @parts) . ")$by");
	$self->add_leaves($table) if $by ne '';
	$self->add_child($table) if $table->{kind} eq 'parent';
	$self->add_unused_column($table) if $by eq '' && $random->percent(10);
	return;
}

# A dropped column in front of nothing: attribute numbers with a hole.
sub add_unused_column
{
	my ($self, $table) = @_;

	$self->say("ALTER TABLE $table->{name} ADD COLUMN gone int");
	$self->say("ALTER TABLE $table->{name} DROP COLUMN gone");
	push(@{ $table->{columns} }, { name => 'c_late', type => 'int4', nullable => 1, generated => 0 });
	$self->say("ALTER TABLE $table->{name} ADD COLUMN c_late int" . ($self->{random}->percent(50) ? ' DEFAULT 1' : ''));
	return;
}

# The bounds of two partitions, for a column of this type.
sub bounds
{
	my ($self, $table) = @_;
	my @values = map { $_->[0] } @{ $Model::Types::TYPE{ $table->{part}{type} }{values} };

	return map { "FOR VALUES WITH (MODULUS 3, REMAINDER $_)" } (0 .. 2) if $table->{kind} eq 'hash';
	return ("FOR VALUES IN ($values[0], $values[1])", "FOR VALUES IN ($values[2])") if $table->{kind} eq 'list';
	return ("FOR VALUES FROM (MINVALUE) TO ($values[1])", "FOR VALUES FROM ($values[1]) TO ($values[2])") if $table->{part}{type} ne 'text';
	return ("FOR VALUES FROM (MINVALUE) TO ('a')", "FOR VALUES FROM ('a') TO ('b')");
}

# Partitions: created in place, or attached with their columns in another order; a default one for what is left.
sub add_leaves
{
	my ($self, $table) = @_;
	my $random = $self->{random};
	my $number = 1;

	for my $bound ($self->bounds($table))
	{
		my $leaf = "$table->{name}p$number";

		if ($random->percent(50) && !grep { $_->{generated} } @{ $table->{columns} })
		{
			my @columns = ($random->shuffle(map { column_sql($_) } @{ $table->{columns} }));

			$self->say("CREATE TABLE $leaf (gone int, " . join(', ', @columns) . ')');
			$self->say("ALTER TABLE $leaf DROP COLUMN gone");
			$self->say("ALTER TABLE $table->{name} ATTACH PARTITION $leaf $bound");
		}
		else
		{
			$self->say("CREATE TABLE $leaf PARTITION OF $table->{name} $bound");
		}
		push(@{ $table->{leaves} }, $leaf);
		$number++;
	}
	return if $table->{kind} eq 'hash' || $random->percent(15);
	my $rest = "$table->{name}d";
	$self->say("CREATE TABLE $rest PARTITION OF $table->{name} DEFAULT");
	push(@{ $table->{leaves} }, $rest);
	return;
}

# A child by inheritance.  Its keys are others than its parent's, or the order of a list would not be total.
sub add_child
{
	my ($self, $table) = @_;
	my $name = "$table->{name}kid";
	my $key = $table->{key}[0];

	if ($key->{type} !~ /^int/ || !$key->{wide})
	{
		$table->{kind} = 'plain';
		return;
	}
	$self->say("ALTER TABLE $table->{name} ADD CHECK ($key->{name} < 100) NO INHERIT");
	$self->say("CREATE TABLE $name (x_own int, PRIMARY KEY (" . column_names(@{ $table->{key} }) . "), CHECK ($key->{name} >= 100)) INHERITS ($table->{name})");
	$table->{kid} = $name;
	return;
}

# A foreign key from one table's columns, which it may have to add, to another's key.
sub add_foreign_key
{
	my ($self) = @_;
	my $random = $self->{random};
	my @parents = grep { @{ $_->{key} } } @{ $self->{tables} };

	return if !@parents;
	my $parent = $random->pick(@parents);
	my $child = $random->pick(@{ $self->{tables} });
	my $number = @{ $self->{foreign_keys} } + 1;
	my @columns;

	return if $child->{kid} || $parent->{kid};
	for my $key (@{ $parent->{key} })
	{
		my $column = { name => "f${number}_$key->{name}", type => $key->{type}, wide => $key->{wide}, nullable => $child == $parent || $random->percent(80),
			generated => 0, parent => $parent->{name}, parent_column => $key->{name} };

		push(@columns, $column);
		push(@{ $child->{columns} }, $column);
		$child->{indexed}{ $column->{name} } = 1;
		$self->say("ALTER TABLE $child->{name} ADD COLUMN " . column_sql($column));
	}
	my $action = $random->pick('', '', 'ON DELETE CASCADE', 'ON DELETE SET NULL', 'ON DELETE CASCADE ON UPDATE CASCADE', 'ON UPDATE CASCADE ON DELETE SET NULL');
	my $late = $random->percent(20) ? ' DEFERRABLE INITIALLY DEFERRED' : '';
	my $name = "fk$number";

	$self->say("ALTER TABLE $child->{name} ADD CONSTRAINT $name FOREIGN KEY (" . column_names(@columns) . ") REFERENCES $parent->{name} (" .
		column_names(@{ $parent->{key} }) . ") $action$late");
	$self->say("CREATE INDEX ON $child->{name} (" . column_names(@columns) . ')') if $random->percent(50);
	push(@{ $self->{foreign_keys} }, { name => $name, child => $child, parent => $parent, columns => \@columns });
	return;
}

# CREATE INDEX, of any kind.  "CONCURRENTLY" is for tables that are not partitioned.
sub random_index
{
	my ($self, $table, $how) = @_;
	my $random = $self->{random};
	my @able = grep { $_->{type} !~ /^(?:jsonb|long)$/ } @{ $table->{columns} };
	my $name = sprintf('%s_i%d', $table->{name}, $self->{next_index}++);
	my $unparted = $table->{kind} =~ /^(?:plain|parent)$/;
	my $on = $unparted && $random->percent(10) && $table->{kid} ? $table->{kid} : $table->{name};
	my $begin = 'INDEX ' . ($how // '') . " $name ON $on";

	$begin =~ s/ +/ /g;
	return "CREATE INDEX $name ON $on ((1))" if !@able;
	my $column = $random->pick(@able);
	$table->{indexed}{ $column->{name} } = 1;
	my $kind = $random->weighted(one => 8, several => 8, hash => 3, partial => 3, expression => 2, include => 2, unique => 2, mixed => 2, nulls => 1);

	return "CREATE $begin USING hash ($column->{name})" if $kind eq 'hash';
	return "CREATE $begin ($column->{name}) WHERE " . $self->predicate($table, $column) if $kind eq 'partial';
	return "CREATE $begin (($column->{name} IS NULL))" if $kind eq 'expression';
	return "CREATE $begin ($column->{name}) INCLUDE (" . column_names($random->some(1, 2, @able)) . ')' if $kind eq 'include';
	return "CREATE UNIQUE $begin (" . column_names($random->shuffle($random->some(2, 3, @able))) . ')' if $kind eq 'unique' && $unparted;
	return "CREATE $begin ($column->{name}, ($column->{name} IS NULL), " . $random->pick(@able)->{name} . ')' if $kind eq 'mixed';
	return "CREATE $begin (" . join(', ', map { $_->{name} . $random->pick('', ' DESC', ' DESC NULLS LAST', ' NULLS FIRST') } $random->shuffle($random->some(1, 3, @able))) . ')'
		if $kind eq 'nulls' || $kind eq 'several';
	return "CREATE $begin ($column->{name}" . $random->pick('', '', ' DESC') . ')';
}

# The predicate of a partial index on a column; mostly one that filters can say too, and then they know of it.
sub predicate
{
	my ($self, $table, $indexed) = @_;
	my $random = $self->{random};
	my $column = $random->pick(@{ $table->{columns} });
	my $value = $column->{wide} ? [ (7) x 2 ] : $random->pick(@{ $Model::Types::TYPE{ $column->{type} }{values} });

	return $self->condition($table, '') if $random->percent(25) || !defined $value->[1];
	push(@{ $table->{predicates} }, { column => $column, filter => $value->[1], sql => $value->[0], indexed => $indexed });
	return "$column->{name} = $value->[0]";
}

# A condition on the rows of a table, its columns with this prefix; mostly on one that an index begins with.
sub condition
{
	my ($self, $table, $prefix) = @_;
	my $random = $self->{random};
	my @indexed = grep { $table->{indexed}{ $_->{name} } } @{ $table->{columns} };
	my $column = $random->pick(@indexed && $random->percent(50) ? @indexed : @{ $table->{columns} });
	my $name = "$prefix$column->{name}";
	my $type = $column->{type};
	# a long value is a sub-select, which not every condition may have
	my $value = $type eq 'long' ? "'a'" : $self->value({ %$column, nullable => 0 });

	return "$name = $value" if $type eq 'long';
	return "$name IS " . $random->pick('NULL', 'NOT NULL') if $type =~ /^(?:jsonb|array)$/ || $random->percent(8);
	return $random->pick($name, "NOT $name", "$name = $value", "$name IS TRUE", "$name IS NOT FALSE") if $type eq 'bool';
	return "$name IN ($value, " . $self->value($column) . ', ' . $self->value($column) . ')' if $random->percent(20);
	return "($name = $value OR $name = " . $self->value({ %$column, nullable => 0 }) . ')' if $random->percent(10);
	return join(' ', $name, $random->pick('<', '<=', '>', '>=', '<>'), $value) if $random->percent(25);
	return "$value = $name" if $random->percent(10);
	return "$name = $value";
}

# A value for a column: keys have more of them than others, and references mostly are to rows that there are.  References
# of several columns hand in a row's number, so that they agree.
sub value
{
	my ($self, $column, $row) = @_;
	my $random = $self->{random};

	if ($column->{parent} && defined $row && $random->percent(90))
	{
		return "(SELECT $column->{parent_column} FROM $column->{parent} ORDER BY 1, $column->{parent}::text OFFSET $row LIMIT 1)";
	}
	return $random->between(0, 30) if $column->{wide} && !($column->{nullable} && $random->percent(18));
	return Model::Types::sql_value($random, $column);
}

# Row security: by a value, by the tenant, by another table's rows.
sub add_policies
{
	my ($self, $table) = @_;

	$self->say("ALTER TABLE $table->{name} ENABLE ROW LEVEL SECURITY");
	$table->{policies} = 0;
	$self->say($self->random_policy($table)) for (1 .. $self->{random}->between(1, 2));
	return;
}

# CREATE POLICY.  One that looks into a table looks into an earlier one, or policies would go round in circles.
sub random_policy
{
	my ($self, $table) = @_;
	my $random = $self->{random};
	my ($number) = $table->{name} =~ /(\d+)/;
	my @earlier = grep { $_->{name} =~ /(\d+)/ && $1 < $number } @{ $self->{tables} };
	my $name = sprintf('p%d', ++$table->{policies});
	my @texts = grep { $_->{type} =~ /^(?:text|varchar|textd)$/ } @{ $table->{columns} };
	my @ints = grep { $_->{type} =~ /^int[48d]$/ } @{ $table->{columns} };
	my @choices = ($self->condition($table, ''));

	push(@choices, "$texts[0]{name} = current_setting('model.tenant')", "$texts[-1]{name} IN ('a', current_setting('model.tenant'))") if @texts;
	push(@choices, "$ints[0]{name} = length(current_setting('model.tenant', true))") if @ints;
	push(@choices, "current_setting('model.tenant') = 'a' OR " . $self->condition($table, '')) if $random->percent(40);
	if (@earlier)
	{
		my $other = $random->pick(@earlier);
		my $join = $self->join_condition($table, "$table->{name}.", $other, 'o.');

		push(@choices, "EXISTS (SELECT FROM $other->{name} AS o WHERE $join)");
		push(@choices, "EXISTS (SELECT FROM $other->{name} AS o WHERE $join AND " . $self->condition($other, 'o.') . ')');
	}
	return "CREATE POLICY $name ON $table->{name} FOR ALL USING (" . $random->pick(@choices) . ')';
}

# An equality between columns of two tables that can be compared, or else a condition on one of them.
sub join_condition
{
	my ($self, $left, $left_prefix, $right, $right_prefix) = @_;
	my $random = $self->{random};
	my @pairs;

	for my $a (@{ $left->{columns} })
	{
		for my $b (@{ $right->{columns} })
		{
			my ($x, $y) = map { $Model::Types::TYPE{ $_->{type} }{family} } ($a, $b);

			push(@pairs, "$left_prefix$a->{name} = $right_prefix$b->{name}") if $x eq $y && $x ne 'json' && $x ne 'array';
			push(@pairs, "$left_prefix$a->{name} = ANY ($right_prefix$b->{name})") if $a->{type} eq 'int4' && $y eq 'array';
			push(@pairs, "$right_prefix$b->{name} = ANY ($left_prefix$a->{name})") if $b->{type} eq 'int4' && $x eq 'array';
		}
	}
	for my $key (@{ $self->{foreign_keys} })
	{
		next if $key->{child} != $left || $key->{parent} != $right;
		my @keys = @{ $right->{key} };
		my $both = join(' AND ', map { "$left_prefix$key->{columns}[$_]{name} = $right_prefix$keys[$_]{name}" } (0 .. $#keys));

		push(@pairs, ($both) x 5);
	}
	return $self->condition($right, $right_prefix) if !@pairs;
	return $random->pick(@pairs) . ($random->percent(25) ? " AND " . $random->pick(@pairs) : '');
}

1;
