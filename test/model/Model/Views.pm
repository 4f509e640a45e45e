# Model/Views.pm
#    Random views over a random schema, and what GraphQL sees of tables and views: the entities.
#
# An entity is a hash: relation, one (the root field by key, or none), many (the root field of the list), fields (name,
# type), key (the fields that name a row), order (what makes the order of a list total, where the key does not), nested
# ([field, entity, 'one' or 'many']).  Views output only what has one spelling for equal values where they group or sort,
# so that an answer does not depend on the plan.
package Model::Views;

use strict;
use warnings FATAL => 'all';

use Model::Types;

# All entities of a schema; the SQL that makes views and exposes everything is added to the schema's.
sub add
{
	my ($schema) = @_;
	my $random = $schema->{random};
	my @entities = map { table_entity($_) } @{ $schema->{tables} };
	my %of = map { $_->{relation} => $_ } @entities;

	relate(\%of, $schema);
	add_functions($schema);
	for my $number (1 .. $random->weighted(0 => 2, 1 => 3, 2 => 4, 3 => 3))
	{
		my $view = random_view($schema, "v_w$number", \@entities);

		push(@entities, $view) if $view;
	}
	$schema->say(expose($_)) for @entities;
	return @entities;
}

# SELECT fraiseql.expose() with the names that the queries use.
sub expose
{
	my ($entity) = @_;
	my @options = ("\"plural\": \"$entity->{many}\"", "\"singular\": \"$entity->{one_name}\"");

	push(@options, '"relations": {' . join(', ', @{ $entity->{relations} }) . '}') if @{ $entity->{relations} // [] };
	return "SELECT fraiseql.expose('$entity->{relation}', '$entity->{type_name}', '{" . join(', ', @options) . "}')";
}

# What GraphQL sees of a table.
sub table_entity
{
	my ($table) = @_;
	my ($number) = $table->{name} =~ /(\d+)/;
	my @fields = map { { name => camel($_->{name}), type => $_->{type}, wide => $_->{wide} } } @{ $table->{columns} };
	my %entity = (relation => $table->{name}, type_name => "A$number", one_name => "a$number", many => "a${number}s", fields => \@fields,
		key => [ map { my $key = $_; grep { $_->{name} eq camel($key->{name}) } @fields } @{ $table->{key} } ], order => undef, nested => [],
		table => $table, relations => []);

	$entity{one} = $entity{one_name} if @{ $entity{key} };
	# without a key all columns together must order the rows, and equal ones must look alike
	if (!@{ $entity{key} })
	{
		$entity{fields} = [ grep { $Model::Types::TYPE{ $_->{type} }{exact} } @fields ];
		$entity{order} = $entity{fields};
	}
	return \%entity;
}

# A column's name as a field's.
sub camel
{
	my ($name) = @_;

	$name =~ s/_([a-z0-9])/\u$1/g;
	return $name;
}

# The fields that foreign keys make, in both directions.
sub relate
{
	my ($of, $schema) = @_;

	for my $key (@{ $schema->{foreign_keys} })
	{
		my ($child, $parent) = map { $of->{ $_->{name} } } @{$key}{qw(child parent)};

		push(@{ $child->{relations} }, "\"$key->{name}\": {\"toOne\": \"$key->{name}One\", \"toMany\": \"$key->{name}Many\"}");
		push(@{ $child->{nested} }, { field => "$key->{name}One", entity => $parent, kind => 'one' });
		push(@{ $parent->{nested} }, { field => "$key->{name}Many", entity => $child, kind => 'many' });
	}
	return;
}

# Functions that views call: inlined as expressions, inlined as tables, or neither.
sub add_functions
{
	my ($schema) = @_;
	my $random = $schema->{random};
	my $table = $random->pick(@{ $schema->{tables} });
	my $join = $schema->condition($table, 't.');
	my @ints = grep { $Model::Types::TYPE{ $_->{type} }{family} eq 'int' } @{ $table->{columns} };

	$schema->say('CREATE FUNCTION f_plus(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS \'SELECT n + 1\'');
	$schema->say("CREATE FUNCTION f_count() RETURNS bigint LANGUAGE sql STABLE AS \$\$ SELECT count(*) FROM $table->{name} AS t WHERE $join \$\$");
	return if !@ints;
	my $column = $random->pick(@ints)->{name};

	$schema->{has_int_functions} = 1;
	$schema->say("CREATE FUNCTION f_count_of(n bigint) RETURNS bigint LANGUAGE sql STABLE" . $random->pick('', ' STRICT') .
		" AS \$\$ SELECT count(*) FROM $table->{name} AS t WHERE t.$column = n \$\$");
	$schema->say("CREATE FUNCTION f_rows(n bigint) RETURNS TABLE (v bigint) LANGUAGE sql STABLE" . $random->pick('', ' SECURITY DEFINER') .
		" AS \$\$ SELECT t.${column}::bigint FROM $table->{name} AS t WHERE t.$column = n \$\$");
	add_pure_function($schema, $table, $column);
	return;
}

# A function in PL/pgSQL that reads by queries of its own, in one of the ways there are.
sub add_pure_function
{
	my ($schema, $table, $column) = @_;
	my $random = $schema->{random};
	my $other = $schema->condition($table, 't.');
	my $rows = "SELECT t.${column}::bigint FROM $table->{name} AS t";
	my $body = $random->pick(
		"DECLARE c bigint; BEGIN SELECT count(*) INTO c FROM $table->{name} AS t WHERE t.$column = n; RETURN c; END",
		"DECLARE c bigint; BEGIN SELECT count(*) INTO c FROM $table->{name} AS t WHERE t.$column = n AND $other; RETURN c; END",
		"BEGIN IF EXISTS ($rows WHERE t.$column = n) THEN RETURN (SELECT count(*) FROM $table->{name} AS t WHERE $other); END IF; RETURN -1; END",
		"DECLARE r bigint; c bigint := 0; BEGIN FOR r IN $rows WHERE t.$column >= n ORDER BY 1 LOOP c := c + r; EXIT WHEN c > 5; END LOOP; RETURN c; END",
		"DECLARE q CURSOR FOR $rows WHERE t.$column = n; r bigint; BEGIN OPEN q; FETCH q INTO r; CLOSE q; RETURN r; END",
		"DECLARE q refcursor; r bigint; BEGIN OPEN q FOR $rows ORDER BY 1; FETCH q INTO r; MOVE q; FETCH q INTO r; RETURN coalesce(r, n); END",
		"DECLARE r bigint; BEGIN EXECUTE 'SELECT count(*) FROM $table->{name} AS t WHERE t.$column = \$1' INTO r USING n; RETURN r; END",
		"DECLARE r record; BEGIN SELECT t.$column AS v, 1 AS w INTO r FROM $table->{name} AS t WHERE t.$column = n LIMIT 1; RETURN (SELECT count(*) FROM $table->{name} AS t WHERE t.$column = r.v + 1); END",
		"DECLARE r bigint; BEGIN SELECT t.$column INTO STRICT r FROM $table->{name} AS t WHERE t.$column = n; RETURN r; EXCEPTION WHEN OTHERS THEN RETURN -2; END");

	$schema->{has_pure_function} = 1;
	$schema->say("CREATE FUNCTION f_pure(n bigint) RETURNS bigint LANGUAGE plpgsql " . $random->pick('STABLE', 'STABLE', 'IMMUTABLE') . " AS \$\$ $body \$\$");
	$schema->say("SELECT fraiseql.declare_pure('f_pure(bigint)')");
	return;
}

# The columns of a table that may be grouped and sorted, shown by this alias.
sub exact_columns
{
	my ($table) = @_;

	return grep { $Model::Types::TYPE{ $_->{type} }{exact} } @{ $table->{columns} };
}

# A view of one of many kinds; undef where the tables do not serve.
sub random_view
{
	my ($schema, $name, $entities) = @_;
	my $random = $schema->{random};
	my $a = $random->pick(@{ $schema->{tables} });
	my $b = $random->pick(@{ $schema->{tables} });
	my $make = $random->pick(\&document_view, \&document_view, \&document_view, \&join_view, \&join_view, \&lateral_view, \&aggregate_view, \&aggregate_view,
		\&exists_view, \&union_view, \&distinct_view, \&cte_view, \&window_view, \&function_view, \&in_view, \&limit_view, \&outer_view,
		\&init_plan_view, \&init_plan_view, \&recursive_view, \&full_view, \&either_view, \&row_view, \&grouping_view, \&case_view,
		(\&hidden_view) x 5);
	my ($fields, $sql, $key) = $make->($schema, $a, $b);

	return if !$fields || !@$fields;
	my $options = $random->percent(30) ? ' WITH (security_invoker)' : $random->percent(10) ? ' WITH (security_barrier)' : '';
	my ($number) = $name =~ /(\d+)/;

	$schema->say("CREATE VIEW $name$options AS $sql");
	my $key_fields = $key ? [$key] : [];
	return { relation => $name, type_name => "W$number", one_name => "w$number", one => $key ? "w$number" : undef, many => "w${number}s", fields => $fields,
		key => $key_fields, order => $key ? undef : [ grep { !$Model::Types::TYPE{ $_->{type} }{unordered} } @$fields ], nested => [] };
}

# Fields o1, o2, ... for these columns, and the select list that makes them.
sub outputs
{
	my ($prefix, $start, @columns) = @_;
	my @fields;
	my @list;

	for my $column (@columns)
	{
		my $name = 'o' . ($start + @fields);

		push(@fields, { name => $name, type => $column->{type}, wide => $column->{wide} });
		push(@list, "$prefix$column->{name} AS $name");
	}
	return (\@fields, join(', ', @list));
}

sub some_columns
{
	my ($schema, $table) = @_;

	return $schema->{random}->some(1, 4, exact_columns($table));
}

# Count, as a field.
sub count_field
{
	my ($name) = @_;

	return { name => $name, type => 'int8' };
}

# FraiseQL's read model: an id and a document, with a document or a list of another table's rows inside.
sub document_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my @key = @{ $a->{key} };

	return if @key != 1;
	my @columns = grep { $_->{type} ne 'array' } @{ $a->{columns} };
	# a function has at most a hundred arguments
	@columns = @columns[ 0 .. 39 ] if @columns > 40;
	my @fields = map { { name => camel("k_$_->{name}"), type => $_->{type}, wide => $_->{wide} } } @columns;
	my @pairs = map { "'k_$_->{name}', a.$_->{name}" } @columns;
	my @b_key = @{ $b->{key} };
	my $on = $schema->join_condition($a, 'a.', $b, 'b.');
	my $inner = 'jsonb_build_object(' . join(', ', map { "'$_->{name}', b.$_->{name}" } $random->some(1, 4, exact_columns($b))) . ')';
	my $where = $random->percent(30) ? ' WHERE ' . $schema->condition($a, 'a.') : '';
	my $own = { name => 'id', type => $key[0]{type}, wide => $key[0]{wide} };

	if (@b_key)
	{
		my $order = join(', ', map { "b.$_->{name}" } @b_key);

		push(@pairs, "'items', (SELECT coalesce(jsonb_agg($inner ORDER BY $order), '[]') FROM $b->{name} AS b WHERE $on)") if $random->percent(60);
		push(@pairs, "'first', (SELECT $inner FROM $b->{name} AS b WHERE $on ORDER BY $order LIMIT 1)") if $random->percent(30);
	}
	push(@pairs, "'n', (SELECT count(*) FROM $b->{name} AS b WHERE $on)") if $random->percent(40);
	push(@fields, count_field('n')) if $pairs[-1] =~ /^'n',/;
	unshift(@pairs, "'id', a.$key[0]{name}");
	unshift(@fields, $own);
	# the whole document as it stands: nested lists have fields of their own, which queries do not name
	my @shown = grep { $_->{type} !~ /^(?:array|jsonb)$/ } @fields;
	my $nested = join(', ', map { /^'(items|first)'/ ? $1 : () } @pairs);

	for my $field (split(/, /, $nested))
	{
		my ($object) = grep { /^'$field'/ } @pairs;
		my @inside = $object =~ /jsonb_build_object\((.*?)\)/ ? $1 =~ /'(\w+)',/g : ();

		push(@shown, { name => $field, type => 'jsonb', inside => join(' ', map { camel($_) } @inside) });
	}
	# columns that stand for keys of the document
	my $beside = $random->percent(50) ? join('', map { ", a.$_->{name} AS k_$_->{name}" } $random->some(1, 3, @columns)) : '';

	# equal but not alike: what a document shows of it may not decide an order, and need not
	return (\@shown, "SELECT a.$key[0]{name} AS id, jsonb_build_object(" . join(', ', @pairs) . ") AS data$beside FROM $a->{name} AS a$where", $own);
}

sub join_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my ($more, $rest) = outputs('b.', 1 + @$fields, some_columns($schema, $b));
	my $join = $random->pick('JOIN', 'JOIN', 'LEFT JOIN', 'RIGHT JOIN');
	my $where = $random->percent(50) ? ' WHERE ' . $schema->condition($random->percent(50) ? ($a, 'a.') : ($b, 'b.')) : '';

	return ([ @$fields, @$more ], 'SELECT ' . join(', ', grep { $_ ne '' } $list, $rest) . " FROM $a->{name} AS a $join $b->{name} AS b ON " .
		$schema->join_condition($a, 'a.', $b, 'b.') . $where);
}

# Everything that both sides have, with its own order; conditions of the join on both sides.
sub outer_view
{
	my ($schema, $a, $b) = @_;
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my $on = $schema->join_condition($a, 'a.', $b, 'b.');

	return ([ @$fields, count_field('n') ], "SELECT $list, (b.tableoid IS NULL)::int::bigint AS n FROM $a->{name} AS a LEFT JOIN $b->{name} AS b ON $on AND " .
		$schema->condition($b, 'b.') . ' WHERE ' . $schema->condition($a, 'a.')) if @$fields;
	return;
}

# A value that a sub-select computes once, in a condition or only perhaps needed.
sub init_plan_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my ($x, $y) = $schema->join_condition($a, 'a.', $b, 'b.') =~ /^(a\.\w+) = (b\.\w+)/;

	return if !@$fields || !defined $y;
	my $value = "(SELECT $y FROM $b->{name} AS b WHERE $y IS NOT NULL ORDER BY 1 LIMIT 1)";
	my $condition = $schema->condition($a, 'a.');

	return ($fields, "SELECT $list FROM $a->{name} AS a WHERE " . $random->pick("$x = $value", "$x IN ($value)", "$condition AND $x = $value", "($condition OR $x = $value)",
		"$x = ANY (ARRAY(SELECT $y FROM $b->{name} AS b WHERE " . $schema->condition($b, 'b.') . '))',
		"$x = CASE WHEN $condition THEN $value ELSE $x END", "coalesce($x = $value, true)", "$x < $value"));
}

# From row to row by a column that is compared with another.
sub recursive_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my @ints = grep { $Model::Types::TYPE{ $_->{type} }{family} eq 'int' } @{ $a->{columns} };

	return if @ints < 2;
	my ($from, $to) = ($random->shuffle(@ints))[ 0, 1 ];

	return ([ count_field('n') ], "WITH RECURSIVE r (n) AS (SELECT $from->{name}::bigint FROM $a->{name} AS a WHERE " . $schema->condition($a, 'a.') .
		" UNION SELECT a.$to->{name}::bigint FROM r JOIN $a->{name} AS a ON a.$from->{name} = r.n) SELECT n FROM r");
}

sub full_view
{
	my ($schema, $a, $b) = @_;
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my ($more, $rest) = outputs('b.', 1 + @$fields, some_columns($schema, $b));
	my $on = $schema->join_condition($a, 'a.', $b, 'b.');

	return if !@$fields || !@$more || $on !~ /^a\.\w+ = b\.\w+(?: AND a\.\w+ = b\.\w+)*$/;
	return ([ @$fields, @$more ], "SELECT $list, $rest FROM $a->{name} AS a FULL JOIN $b->{name} AS b ON $on");
}

# Joined in one way or another.
sub either_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my ($one, $other) = map { $schema->join_condition($a, 'a.', $b, 'b.') } (1 .. 2);
	my $test = $random->pick('EXISTS', 'NOT EXISTS');

	return if !@$fields;
	$one =~ s/ = (?=b\.)/ IS NOT DISTINCT FROM / if $random->percent(40);
	return ($fields, "SELECT $list FROM $a->{name} AS a WHERE $test (SELECT FROM $b->{name} AS b WHERE ($one) OR ($other))") if $random->percent(50);
	return ([ @$fields, count_field('n') ], "SELECT $list, (SELECT count(*) FROM $b->{name} AS b WHERE ($one) OR (" . $schema->condition($b, 'b.') . ")) AS n FROM $a->{name} AS a");
}

# Rows compared as wholes.
sub row_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my @pairs = map { [ $schema->join_condition($a, 'a.', $b, 'b.') =~ /^(a\.\w+) = (b\.\w+)/ ] } (1 .. 2);

	return if !@$fields || grep { @$_ != 2 } @pairs;
	my ($left, $right) = map { my $side = $_; join(', ', map { $_->[$side] } @pairs) } (0, 1);

	return ($fields, "SELECT $list FROM $a->{name} AS a WHERE " . $random->pick("($left) IN (SELECT $right FROM $b->{name} AS b)",
		"EXISTS (SELECT FROM $b->{name} AS b WHERE ($left) = ($right))", "EXISTS (SELECT FROM $b->{name} AS b WHERE ($left) < ($right))",
		"NOT EXISTS (SELECT FROM $b->{name} AS b WHERE ROW($left) IS NOT DISTINCT FROM ROW($right))"));
}

# One row that shows of others only what a few columns say: what decides which rows those are is nowhere to be seen.
sub hidden_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my @able = exact_columns($a);
	my @ints = grep { $Model::Types::TYPE{ $_->{type} }{family} eq 'int' } @able;
	my @key = map { "a.$_->{name}" } @{ $a->{key} };

	return if !@able || !@ints;
	my ($x, $y, $v) = map { "a.$_->{name}" } $random->pick(@able), $random->pick(@able), $random->pick(@ints);
	my $on = $schema->join_condition($a, 'a.', $b, 'b.');
	my $where = $random->percent(60) ? ' WHERE ' . $schema->condition($a, 'a.') : '';
	my $from = "FROM $a->{name} AS a";
	my @forms = (
		"count(*) AS n, max(s.n) AS m FROM (SELECT count(*) AS n $from$where GROUP BY $x, $y) AS s",
		"count(*) AS n, max(s.n) AS m FROM (SELECT count(*) AS n $from$where GROUP BY ROLLUP ($x, $y)) AS s",
		"count(*) AS n, 0::bigint AS m FROM (SELECT DISTINCT $x $from$where) AS s",
		"count(*) AS n, sum($v)::bigint AS m $from " . $random->pick('JOIN', 'JOIN', 'LEFT JOIN') . " $b->{name} AS b ON $on$where",
		"count(*) AS n, sum($v)::bigint AS m $from " . $random->pick('JOIN', 'JOIN', 'LEFT JOIN') . " $b->{name} AS b ON $on$where",
		"count(*) AS n, sum($v)::bigint AS m $from WHERE " . $random->pick('EXISTS', 'NOT EXISTS') . " (SELECT FROM $b->{name} AS b WHERE $on)",
		"count(DISTINCT $x) AS n, count(*) FILTER (WHERE " . $schema->condition($a, 'a.') . ") AS m $from$where",
		"count(*) AS n, max(s.v)::bigint AS m FROM (SELECT $v AS v $from$where) AS s, LATERAL (SELECT count(*) AS k FROM $b->{name} AS b WHERE " .
			$schema->condition($b, 'b.') . ') AS l WHERE l.k > 0');

	if (@key)
	{
		my $order = join(', ', "$x" . $random->pick('', ' DESC'), @key);

		push(@forms, "sum(s.n)::bigint AS n, max(s.v)::bigint AS m FROM (SELECT $v AS v, row_number() OVER (PARTITION BY $x ORDER BY " . join(', ', @key) . ") AS n $from$where) AS s WHERE s.n < 3");
		push(@forms, "sum(s.v)::bigint AS n, count(*) AS m FROM (SELECT $v AS v $from$where ORDER BY $order LIMIT 2) AS s") for (1 .. 2);
		return ([ count_field('n'), { name => 't', type => 'text' } ], "SELECT count(*) AS n, string_agg($v\::text, ',' ORDER BY $order) AS t $from$where") if $random->percent(15);
		return ([ count_field('n'), { name => 't', type => 'text' } ], "SELECT count(*) AS n, string_agg(s.v::text, ',') AS t FROM (SELECT $v AS v $from$where ORDER BY $order) AS s") if $random->percent(15);
	}
	return ([ count_field('n'), count_field('m') ], 'SELECT ' . $random->pick(@forms));
}

sub grouping_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my @groups = $random->some(2, 2, exact_columns($a));
	my ($fields) = outputs('a.', 1, @groups);

	return if @groups < 2;
	my ($x, $y) = map { "a.$_->{name}" } @groups;
	my $sets = $random->pick("ROLLUP ($x, $y)", "CUBE ($x, $y)", "GROUPING SETS (($x), ($y))", "GROUPING SETS (($x, $y), ())");

	return ([ @$fields, count_field('n'), count_field('m') ], "SELECT $x AS o1, $y AS o2, count(*) AS n, grouping($x, $y)::bigint AS m FROM $a->{name} AS a" .
		($random->percent(40) ? ' WHERE ' . $schema->condition($a, 'a.') : '') . " GROUP BY $sets");
}

# A sub-select that only some rows ask.
sub case_view
{
	my ($schema, $a, $b) = @_;
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my $on = $schema->join_condition($a, 'a.', $b, 'b.');

	return if !@$fields;
	return ([ @$fields, count_field('n') ], "SELECT $list, CASE WHEN " . $schema->condition($a, 'a.') . " THEN (SELECT count(*) FROM $b->{name} AS b WHERE $on) ELSE " .
		$schema->{random}->pick('0', "(SELECT count(*) FROM $b->{name})") . " END AS n FROM $a->{name} AS a");
}

sub lateral_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my @key = @{ $b->{key} };
	my $on = $schema->join_condition($a, 'a.', $b, 'b.');

	return if !@$fields;
	return ([ @$fields, count_field('n') ], "SELECT $list, l.n FROM $a->{name} AS a LEFT JOIN LATERAL (SELECT count(*) AS n FROM $b->{name} AS b WHERE $on) AS l ON true")
		if !@key || !grep({ $_->{exact} } map { $Model::Types::TYPE{ $_->{type} } } @key) || $random->percent(40);
	my ($more, $rest) = outputs('b.', 1 + @$fields, some_columns($schema, $b));
	my $order = join(', ', map { "b.$_->{name}" } @key);

	return if !@$more;
	return ([ @$fields, @$more ], "SELECT $list, " . join(', ', map { "l.$_->{name}" } @$more) .
		" FROM $a->{name} AS a LEFT JOIN LATERAL (SELECT $rest FROM $b->{name} AS b WHERE $on ORDER BY $order LIMIT 2) AS l ON true");
}

sub aggregate_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my @groups = $random->some($random->percent(25) ? 0 : 1, 2, exact_columns($a));
	my ($fields, $list) = outputs('a.', 1, @groups);
	my @ints = grep { $Model::Types::TYPE{ $_->{type} }{family} eq 'int' } @{ $a->{columns} };
	my $from = "$a->{name} AS a";
	my @aggregates = ('count(*)');

	push(@aggregates, "sum(a.$ints[0]{name})::bigint", "max(a.$ints[-1]{name})::bigint", "min(a.$ints[0]{name})::bigint", "count(DISTINCT a.$ints[0]{name})") if @ints;
	push(@aggregates, 'count(a.' . $random->pick(@{ $a->{columns} })->{name} . ')', "count(*) FILTER (WHERE " . $schema->condition($a, 'a.') . ')');
	$from .= " JOIN $b->{name} AS b ON " . $schema->join_condition($a, 'a.', $b, 'b.') if $random->percent(30);
	my $where = $random->percent(40) ? ' WHERE ' . $schema->condition($a, 'a.') : '';
	my $group = @groups ? ' GROUP BY ' . join(', ', map { "a.$_->{name}" } @groups) : '';
	my $having = @groups && $random->percent(20) ? ' HAVING count(*) > 1' : '';

	return ([ @$fields, count_field('n'), count_field('m') ], 'SELECT ' . join(', ', $list || (), $random->pick(@aggregates) . ' AS n', $random->pick(@aggregates) . ' AS m') .
		" FROM $from$where$group$having");
}

sub exists_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my $test = $random->pick('EXISTS', 'NOT EXISTS') . " (SELECT FROM $b->{name} AS b WHERE " . $schema->join_condition($a, 'a.', $b, 'b.') . ')';

	return if !@$fields;
	return ([ @$fields, { name => 'is', type => 'bool' } ], "SELECT $list, $test AS is FROM $a->{name} AS a") if $random->percent(30);
	return ($fields, "SELECT $list FROM $a->{name} AS a WHERE $test");
}

sub union_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my @a = exact_columns($a);
	my ($list_a, $list_b);
	my @fields;

	for my $column (@a)
	{
		my @same = grep { $_->{type} eq $column->{type} } @{ $b->{columns} };

		next if !@same || @fields > 2;
		my $name = 'o' . (@fields + 1);
		$list_a .= ", $column->{name} AS $name";
		$list_b .= ', ' . $random->pick(@same)->{name};
		push(@fields, { name => $name, type => $column->{type}, wide => $column->{wide} });
	}
	return if !@fields;
	my $both = $random->pick('UNION ALL', 'UNION ALL', 'UNION', 'EXCEPT', 'INTERSECT');

	return ([ count_field('src'), @fields ], "SELECT 1::bigint AS src$list_a FROM $a->{name} WHERE " . $schema->condition($a, '') . " $both SELECT " .
		$random->pick(1, 2) . "$list_b FROM $b->{name}" . ($random->percent(60) ? ' WHERE ' . $schema->condition($b, '') : ''));
}

sub distinct_view
{
	my ($schema, $a, $b) = @_;
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));

	return if !@$fields;
	return ($fields, "SELECT DISTINCT $list FROM $a->{name} AS a" . ($schema->{random}->percent(40) ? " JOIN $b->{name} AS b ON " .
		$schema->join_condition($a, 'a.', $b, 'b.') : ''));
}

sub cte_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my $cte = $random->pick('AS MATERIALIZED', 'AS MATERIALIZED', 'AS NOT MATERIALIZED', 'AS');

	return if !@$fields;
	return ($fields, "WITH a $cte (SELECT * FROM $a->{name} AS x WHERE " . $schema->condition($a, 'x.') . ") SELECT $list FROM a" .
		($random->percent(50) ? " WHERE EXISTS (SELECT FROM $b->{name} AS b WHERE " . $schema->join_condition($a, 'a.', $b, 'b.') . ')' : '')) if $random->percent(60);
	return ([ count_field('n'), count_field('m') ], "WITH x $cte (SELECT count(*) AS n FROM $a->{name} AS a WHERE " . $schema->condition($a, 'a.') .
		") SELECT x.n, y.n AS m FROM x, x AS y WHERE x.n > 0");
}

sub window_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my @key = @{ $a->{key} };
	my @able = exact_columns($a);
	my ($fields, $list) = outputs('a.', 1, @able);

	return if !@key || !@able;
	my $order = join(', ', map { "a.$_->{name}" } @key);
	my $by = $random->pick(@able)->{name};
	my $window = $random->pick("row_number() OVER (PARTITION BY a.$by ORDER BY $order)", "count(*) OVER (PARTITION BY a.$by)",
		"row_number() OVER (ORDER BY $order)", "count(*) OVER (ORDER BY a.$by)");

	return ([ @$fields, count_field('n') ], "SELECT $list, $window AS n FROM $a->{name} AS a" . ($random->percent(40) ? ' WHERE ' . $schema->condition($a, 'a.') : ''));
}

sub function_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my @ints = grep { $Model::Types::TYPE{ $_->{type} }{family} eq 'int' } @{ $a->{columns} };

	return if !@$fields;
	return ([ @$fields, count_field('n') ], "SELECT $list, f_count() AS n FROM $a->{name} AS a") if !@ints || !$schema->{has_int_functions};
	my $int = $random->pick(@ints)->{name};
	my $call = $random->pick($schema->{has_pure_function} ? ("f_pure(a.$int)", "f_pure(a.$int)", 'f_pure(2)') : (), "f_plus(a.$int)", "f_count_of(a.$int)", "f_count_of(3)", 'f_count()', "(SELECT f_count_of(a.$int))");

	return ([ @$fields, count_field('n') ], "SELECT $list, $call AS n FROM $a->{name} AS a") if $random->percent(60);
	return ([ @$fields, count_field('n') ], "SELECT $list, r.v AS n FROM $a->{name} AS a, f_rows(a.$int) AS r") if $random->percent(60);
	return ([ @$fields, count_field('n') ], "SELECT $list, (SELECT count(*) FROM f_rows(f_plus(a.$int))) AS n FROM $a->{name} AS a");
}

sub in_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my $on = $schema->join_condition($a, 'a.', $b, 'b.');
	my ($x, $y) = $on =~ /^(a\.\w+) = (b\.\w+)/;

	return if !@$fields || !defined $y;
	my $in = $random->pick('IN', 'IN', 'NOT IN', '= ANY', '<> ALL');

	return ($fields, "SELECT $list FROM $a->{name} AS a WHERE $x $in (SELECT $y FROM $b->{name} AS b" . ($random->percent(50) ? ' WHERE ' . $schema->condition($b, 'b.') : '') . ')');
}

sub limit_view
{
	my ($schema, $a, $b) = @_;
	my $random = $schema->{random};
	my ($fields, $list) = outputs('a.', 1, some_columns($schema, $a));
	my @key = @{ $a->{key} };

	return if !@$fields || !@key;
	my $first = $random->percent(50) ? $random->pick(exact_columns($a))->{name} : undef;
	my $order = join(', ', map { "a.$_" } ($first // ()), map { $_->{name} } @key);

	return ($fields, "SELECT $list FROM $a->{name} AS a" . ($random->percent(50) ? ' WHERE ' . $schema->condition($a, 'a.') : '') . " ORDER BY $order LIMIT " .
		$random->between(0, 3) . ($random->percent(30) ? ' OFFSET 1' : ''));
}

1;
