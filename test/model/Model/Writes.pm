# Model/Writes.pm
#    Random writes to a random schema, of every kind that PostgreSQL has; and definitions and settings that change.
#
# A write is a list of statements, each a transaction of its own unless BEGIN and COMMIT are among them.  They may fail:
# a constraint that is violated is a case like any other.
package Model::Writes;

use strict;
use warnings FATAL => 'all';

use Model::Schema;

# Kinds of writes with their weights; "data" alone are those that may run beside each other and beside old snapshots.
my @DATA = (update => 22, insert => 14, delete => 10, key => 4, noop => 4, touch => 4, several => 6, conflict => 5, merge => 4, copy => 3, bulk => 4,
	savepoint => 4, rollback => 4, transaction => 5, view => 4, leaf => 4, child => 3, move => 4, writable_cte => 3, from => 3, replica => 1, predicate => 5);
my @DEFINITIONS = (index => 5, drop_index => 3, concurrently => 1, policy => 3, drop_policy => 1, add_column => 2, alter_type => 2, truncate => 3,
	analyze => 3, grant => 1, function => 1, security => 2, trigger => 1, vacuum => 1, reindex => 1, rename => 1, detach => 1);

# A write of data.
sub random_data
{
	my ($schema) = @_;

	return make($schema, $schema->{random}->weighted(@DATA));
}

# A write of any kind.
sub random_write
{
	my ($schema) = @_;
	my $random = $schema->{random};

	return random_data($schema) if $random->percent(86);
	return make($schema, $random->weighted(@DEFINITIONS));
}

# One of this kind, or an insertion where the schema has nothing for it.
sub make
{
	my ($schema, $kind) = @_;
	my $table = $schema->{random}->pick(@{ $schema->{tables} });
	my $maker = Model::Writes->can("write_$kind") or die "no such write: $kind";
	my @statements = $maker->($schema, $table);

	return @statements ? @statements : (insert($schema, $table));
}

# A row's values, in the order of the columns.
sub row
{
	my ($schema, @columns) = @_;

	my $row = $schema->{random}->below(9);

	return '(' . join(', ', map { $schema->value($_, $row) } @columns) . ')';
}

# INSERT of so many random rows.
sub insert
{
	my ($schema, $table, $rows, $into) = @_;
	my $random = $schema->{random};
	my @columns = Model::Schema::writable($table);
	my @values = map { row($schema, @columns) } (1 .. $rows // $random->weighted(1 => 6, 2 => 2, 5 => 1));

	$into //= $table->{name};
	return "INSERT INTO $into (" . Model::Schema::column_names(@columns) . ') VALUES ' . join(', ', @values) . ($random->percent(50) ? ' ON CONFLICT DO NOTHING' : '');
}

# "a = value, b = value" for some columns; not those of the key unless asked for.
sub assignments
{
	my ($schema, $table, $with_key) = @_;
	my $random = $schema->{random};
	my @columns = grep { $with_key || !$_->{in_key} } Model::Schema::writable($table);

	@columns = Model::Schema::writable($table) if !@columns;
	my $row = $random->below(9);
	return join(', ', map { "$_->{name} = " . $schema->value($_, $row) } $random->some(1, $random->weighted(1 => 6, 2 => 3, 4 => 1), @columns));
}

# Which rows: mostly few.
sub where
{
	my ($schema, $table) = @_;
	my $random = $schema->{random};

	if (@{ $table->{key} } && $random->percent(50))
	{
		return ' WHERE ' . join(' AND ', map { "$_->{name} = " . $schema->value($_) } @{ $table->{key} });
	}
	return ' WHERE ' . $schema->condition($table, '') if $random->percent(85);
	return '';
}

sub write_insert { return insert(@_); }

sub write_update
{
	my ($schema, $table, $target) = @_;
	my $name = $target // $table->{name};

	return "UPDATE $name SET " . assignments($schema, $table, 0) . where($schema, $table);
}

sub write_delete
{
	my ($schema, $table, $target) = @_;
	my $name = $target // $table->{name};
	my $where = where($schema, $table);

	# keep the tables from running empty
	return insert($schema, $table) if $where eq '' && !$schema->{random}->percent(20);
	return "DELETE FROM $name$where";
}

sub write_key
{
	my ($schema, $table) = @_;
	my @key = @{ $table->{key} };

	return if !@key;
	my $key = $schema->{random}->pick(@key);
	return "UPDATE $table->{name} SET $key->{name} = $key->{name} + 31 WHERE " . $schema->condition($table, '') if $key->{wide} && $schema->{random}->percent(30);
	return "UPDATE $table->{name} SET $key->{name} = " . $schema->value($key) . where($schema, $table);
}

# Rows written with what they have.
sub write_noop
{
	my ($schema, $table) = @_;
	my $column = $schema->{random}->pick(Model::Schema::writable($table));

	return "UPDATE $table->{name} SET $column->{name} = $column->{name}" . where($schema, $table);
}

# One column of one row: the write that should harm the fewest answers.
sub write_touch
{
	my ($schema, $table) = @_;
	my @key = @{ $table->{key} };

	return if !@key;
	my $column = $schema->{random}->pick(Model::Schema::writable($table));
	return "UPDATE $table->{name} SET $column->{name} = " . $schema->value($column) . ' WHERE ' . join(' AND ', map { "$_->{name} = " . $schema->value($_) } @key);
}

sub write_several
{
	my ($schema, $table) = @_;
	my @columns = grep { $_->{wide} && !$_->{in_key} } Model::Schema::writable($table);

	return "UPDATE $table->{name} SET $columns[0]{name} = nullif($columns[0]{name} % 5, 3)" if @columns;
	return insert($schema, $table, 6);
}

sub write_conflict
{
	my ($schema, $table) = @_;

	return if !@{ $table->{key} };
	my $insert = insert($schema, $table);
	$insert =~ s/ ON CONFLICT DO NOTHING//;
	return "$insert ON CONFLICT (" . Model::Schema::column_names(@{ $table->{key} }) . ') DO UPDATE SET ' . assignments($schema, $table, 0);
}

# A random value of a column's very type.
sub cast_value
{
	my ($schema, $column) = @_;
	my ($type, $collation) = split(/ COLLATE /, $Model::Types::TYPE{ $column->{type} }{sql});

	return 'CAST(' . $schema->value($column) . " AS $type)" . (defined $collation ? " COLLATE $collation" : '');
}

sub write_merge
{
	my ($schema, $table) = @_;
	my @key = @{ $table->{key} };
	my @columns = Model::Schema::writable($table);

	return if !@key;
	my $source = join(' UNION ALL ', map { 'SELECT ' . join(', ', map { cast_value($schema, $_) . " AS $_->{name}" } @columns) } (1 .. 2));
	my $on = join(' AND ', map { "t.$_->{name} = s.$_->{name}" } @key);
	my $names = Model::Schema::column_names(@columns);
	return "MERGE INTO $table->{name} AS t USING ($source) AS s ON $on WHEN MATCHED AND " . $schema->condition($table, 't.') . ' THEN ' .
		$schema->{random}->pick('DELETE', 'UPDATE SET ' . assignments($schema, $table, 0)) .
		" WHEN NOT MATCHED THEN INSERT ($names) VALUES (" . join(', ', map { "s.$_->{name}" } @columns) . ')';
}

# The rows of the table itself, copied and changed.
sub write_copy
{
	my ($schema, $table) = @_;
	my @columns = Model::Schema::writable($table);
	my @lines;

	for (1 .. $schema->{random}->between(1, 4))
	{
		push(@lines, join("\t", map { copy_text($schema->value($_)) } @columns));
	}
	return "COPY $table->{name} (" . Model::Schema::column_names(@columns) . ") FROM STDIN;\n" . join("\n", @lines) . "\n\\.";
}

# A literal as COPY has it.
sub copy_text
{
	my ($literal) = @_;

	return '\\N' if $literal eq 'NULL';
	$literal = $1 if $literal =~ /^'(.*)'$/s;
	$literal =~ s/''/'/g;
	return $literal;
}

# Beyond any limit that the script sets on naming rows one by one.
sub write_bulk
{
	my ($schema, $table) = @_;
	my $random = $schema->{random};
	my @columns = grep { !$_->{in_key} } Model::Schema::writable($table);

	return insert($schema, $table, 25) if !@columns || $random->percent(40);
	return "UPDATE $table->{name} SET " . assignments($schema, $table, 0);
}

sub write_savepoint
{
	my ($schema, $table) = @_;
	my $other = $schema->{random}->pick(@{ $schema->{tables} });

	return ('BEGIN', write_update($schema, $table), 'SAVEPOINT s', write_update($schema, $other), 'ROLLBACK TO s', write_delete($schema, $table), 'COMMIT');
}

sub write_rollback
{
	my ($schema, $table) = @_;

	return ('BEGIN', write_update($schema, $table), write_delete($schema, $table), 'ROLLBACK');
}

sub write_transaction
{
	my ($schema, $table) = @_;
	my $other = $schema->{random}->pick(@{ $schema->{tables} });

	return ('BEGIN', write_update($schema, $table), insert($schema, $other, 1), write_update($schema, $other), 'COMMIT');
}

sub write_view
{
	my ($schema, $table) = @_;
	my $view = $schema->{updatable};

	return if !$view;
	return $schema->{random}->pick(write_update($schema, $view, 'u_view'), write_delete($schema, $view, 'u_view'), insert($schema, $view, 1, 'u_view'));
}

# A partition by its own name.
sub write_leaf
{
	my ($schema) = @_;
	my @parted = grep { @{ $_->{leaves} } } @{ $schema->{tables} };

	return if !@parted;
	my $table = $schema->{random}->pick(@parted);
	my $leaf = $schema->{random}->pick(@{ $table->{leaves} });
	return $schema->{random}->pick(write_update($schema, $table, $leaf), write_delete($schema, $table, $leaf), insert($schema, $table, 1, $leaf));
}

sub write_child
{
	my ($schema) = @_;
	my @parents = grep { $_->{kid} } @{ $schema->{tables} };

	return if !@parents;
	my $table = $schema->{random}->pick(@parents);
	my $key = $table->{key}[0]{name};
	my @columns = Model::Schema::writable($table);

	return $schema->{random}->pick("INSERT INTO $table->{kid} (" . Model::Schema::column_names(@columns) . ') SELECT ' .
		join(', ', map { $_->{name} eq $key ? (100 + $schema->{random}->below(20)) : $schema->value($_) } @columns) . ' ON CONFLICT DO NOTHING',
		write_update($schema, $table, $table->{kid}), "DELETE FROM $table->{kid} WHERE $key % 2 = 0");
}

# Rows that come to a partial index's predicate, or leave it.
sub write_predicate
{
	my ($schema) = @_;
	my $random = $schema->{random};
	my @tables = grep { @{ $_->{predicates} // [] } } @{ $schema->{tables} };

	return if !@tables;
	my $table = $random->pick(@tables);
	my $predicate = $random->pick(@{ $table->{predicates} });
	my $name = $predicate->{column}{name};
	return if $predicate->{column}{generated};
	return "UPDATE $table->{name} SET $name = " . $schema->value($predicate->{column}) . " WHERE $name = $predicate->{sql}" if $random->percent(50);
	return "UPDATE $table->{name} SET $name = $predicate->{sql} WHERE " . $schema->condition($table, '');
}

# From one partition to another, or from one parent row to another.
sub write_move
{
	my ($schema) = @_;
	my @parted = grep { $_->{part} } @{ $schema->{tables} };
	my @keys = @{ $schema->{foreign_keys} };

	if (@parted && $schema->{random}->percent(50))
	{
		my $table = $schema->{random}->pick(@parted);

		return "UPDATE $table->{name} SET $table->{part}{name} = " . $schema->value($table->{part}) . where($schema, $table);
	}
	return if !@keys;
	my $key = $schema->{random}->pick(@keys);
	return "UPDATE $key->{child}{name} SET (" . Model::Schema::column_names(@{ $key->{columns} }) . ') = (SELECT ' .
		Model::Schema::column_names(@{ $key->{parent}{key} }) . " FROM $key->{parent}{name} ORDER BY 1 OFFSET " . $schema->{random}->below(4) . ' LIMIT 1)' .
		where($schema, $key->{child});
}

sub write_writable_cte
{
	my ($schema, $table) = @_;
	my $other = $schema->{random}->pick(@{ $schema->{tables} });

	return 'WITH w AS (' . write_update($schema, $table) . ' RETURNING 1) ' . write_delete($schema, $other);
}

sub write_from
{
	my ($schema, $table) = @_;
	my $other = $schema->{random}->pick(@{ $schema->{tables} });

	return "UPDATE $table->{name} AS a SET " . assignments($schema, $table, 0) . " FROM $other->{name} AS b WHERE " .
		$schema->join_condition($table, 'a.', $other, 'b.');
}

# As logical replication applies: ordinary triggers are silent, foreign keys are not asked.
sub write_replica
{
	my ($schema, $table) = @_;

	return ('SET session_replication_role = replica', write_update($schema, $table), 'RESET session_replication_role') if !@{ $schema->{foreign_keys} };
	return;
}

# From here on: definitions.

sub write_index
{
	my ($schema, $table) = @_;

	return $schema->random_index($table);
}

# A table's indexes have the names that random_index() gave them.
sub write_drop_index
{
	my ($schema, $table) = @_;

	return if $schema->{next_index} < 2;
	my $name = $table->{name} . '_i' . (1 + $schema->{random}->below($schema->{next_index} - 1));
	my $how = $schema->{random}->percent(30) && !$table->{part} ? 'CONCURRENTLY ' : '';
	return "DROP INDEX ${how}IF EXISTS $name";
}

sub write_concurrently
{
	my ($schema, $table) = @_;

	return if $table->{part};
	return $schema->random_index($table, 'CONCURRENTLY');
}

sub write_policy
{
	my ($schema, $table) = @_;

	return ("ALTER TABLE $table->{name} ENABLE ROW LEVEL SECURITY", $schema->random_policy($table)) if $schema->{random}->percent(50) || !$table->{policies};
	my $number = $schema->{random}->between(1, $table->{policies});
	return "ALTER POLICY p$number ON $table->{name} USING (" . $schema->condition($table, '') . ')';
}

sub write_drop_policy
{
	my ($schema, $table) = @_;

	return if !$table->{policies};
	return "DROP POLICY p" . $schema->{random}->between(1, $table->{policies}) . " ON $table->{name}";
}

sub write_add_column
{
	my ($schema, $table) = @_;
	my $name = 'n' . $schema->{next_index}++;

	return "ALTER TABLE $table->{name} ADD COLUMN $name int" . $schema->{random}->pick('', ' DEFAULT 1', ' NOT NULL DEFAULT 2');
}

sub write_alter_type
{
	my ($schema, $table) = @_;
	my @columns = grep { $_->{type} =~ /^(?:int[24]|varchar|money2|text)$/ && !$_->{in_key} && !$_->{generated} } @{ $table->{columns} };

	return if !@columns;
	my $column = $schema->{random}->pick(@columns);
	my $type = { int2 => 'int', int4 => 'bigint', varchar => 'text', money2 => 'numeric', text => 'varchar(8)' }->{ $column->{type} };
	return "ALTER TABLE $table->{name} ALTER COLUMN $column->{name} TYPE $type";
}

sub write_truncate
{
	my ($schema, $table) = @_;

	return "TRUNCATE $table->{name}" . $schema->{random}->pick('', ' CASCADE');
}

sub write_analyze { return "ANALYZE $_[1]{name}"; }

sub write_vacuum { return "VACUUM $_[1]{name}"; }

sub write_reindex { return "REINDEX TABLE $_[1]{name}"; }

sub write_grant
{
	my ($schema, $table) = @_;

	return ("REVOKE SELECT ON $table->{name} FROM model_reader", $schema->{random}->percent(60) ? "GRANT SELECT ON $table->{name} TO model_reader" : ());
}

sub write_function
{
	my ($schema, $table) = @_;

	return "CREATE OR REPLACE FUNCTION f_count() RETURNS bigint LANGUAGE sql STABLE AS \$\$ SELECT count(*) FROM $table->{name} AS t WHERE " .
		$schema->condition($table, 't.') . ' $$';
}

sub write_security
{
	my ($schema, $table) = @_;

	return 'ALTER ROLE model_reader ' . $schema->{random}->pick('BYPASSRLS', 'NOBYPASSRLS') if $schema->{random}->percent(30);
	return "ALTER TABLE $table->{name} " . $schema->{random}->pick('ENABLE', 'DISABLE', 'FORCE') . ' ROW LEVEL SECURITY';
}

# Triggers of the user's own that change the row after all.
sub write_trigger
{
	my ($schema, $table) = @_;
	my @columns = grep { !$_->{in_key} && $_->{nullable} && !$_->{generated} } @{ $table->{columns} };

	return if !@columns || $table->{part};
	my $column = $schema->{random}->pick(@columns);
	my $name = 'f_own' . $schema->{next_index}++;
	return ("CREATE FUNCTION $name() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN NEW.$column->{name} := " . $schema->value($column) . '; RETURN NEW; END $$',
		"CREATE TRIGGER $name BEFORE UPDATE ON $table->{name} FOR EACH ROW EXECUTE FUNCTION $name()", write_update($schema, $table));
}

# A column gets another name, then its own again.
sub write_rename
{
	my ($schema, $table) = @_;
	my $column = $schema->{random}->pick(@{ $table->{columns} })->{name};

	return ("ALTER TABLE $table->{name} RENAME COLUMN $column TO elsewhere", "ALTER TABLE $table->{name} RENAME COLUMN elsewhere TO $column");
}

sub write_detach
{
	my ($schema) = @_;
	my @parted = grep { @{ $_->{leaves} } } @{ $schema->{tables} };

	return if !@parted;
	my $table = $schema->{random}->pick(@parted);
	my $leaf = $schema->{random}->pick(@{ $table->{leaves} });
	return ("ALTER TABLE $table->{name} DETACH PARTITION $leaf", write_update($schema, $table, $leaf));
}

1;
