# Model/Script.pm
#    The script of one seed: a schema, its queries, and steps of settings and writes, after each of which every cached
#    answer is compared with an uncached one.
#
# The same seed makes the same script, always: nothing but the seed's own random numbers decides.
package Model::Script;

use strict;
use warnings FATAL => 'all';

use Model::Queries;
use Model::Random;
use Model::Schema;
use Model::Views;
use Model::Writes;

our @SETTINGS = qw(enable_seqscan enable_hashjoin enable_nestloop enable_mergejoin enable_indexscan enable_bitmapscan enable_indexonlyscan enable_memoize
	enable_material enable_hashagg enable_sort);

# What a session needs once: functions that compare, in a schema of their own.
sub prelude
{
	return <<'SQL';
SET client_min_messages = error;
-- a plan that settings forbid costs so much that it would be compiled
SET jit = off;
CREATE EXTENSION IF NOT EXISTS fraiseql;
DROP SCHEMA IF EXISTS model CASCADE;
DROP SCHEMA IF EXISTS m CASCADE;
CREATE SCHEMA model;
DO $$ BEGIN CREATE ROLE model_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT USAGE ON SCHEMA model TO model_reader;
GRANT SET ON PARAMETER fraiseql.cache_enabled TO model_reader;
CREATE COLLATION model.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE model.query (n int PRIMARY KEY, document text NOT NULL, variables jsonb);

-- "C|step|queries|answers that outlived the write|unchanged answers|hits when asked again|errors in answers", and one line
-- for each answer that differs: "D|step|query|which call|cached|uncached".
CREATE FUNCTION model.check(step int, reader text) RETURNS SETOF text LANGUAGE plpgsql AS $$
	DECLARE
		documents text[];
		variables jsonb[];
		cached text[];
		plain text[];
		before text[] := nullif(current_setting('model.answers', true), '')::text[];
		answer text;
		h0 bigint;
		h1 bigint;
		h2 bigint;
		h3 bigint;
	BEGIN
		SELECT array_agg(q.document ORDER BY n), array_agg(q.variables ORDER BY n) INTO documents, variables FROM model.query AS q;
		IF reader <> '' THEN
			PERFORM set_config('role', reader, true);
		END IF;
		SELECT hits INTO h0 FROM fraiseql.cache_stats;
		FOR i IN 1 .. cardinality(documents) LOOP
			cached[i] := fraiseql.execute(documents[i], variables[i]);
		END LOOP;
		SELECT hits INTO h1 FROM fraiseql.cache_stats;
		PERFORM set_config('fraiseql.cache_enabled', 'off', true);
		FOR i IN 1 .. cardinality(documents) LOOP
			plain[i] := fraiseql.execute(documents[i], variables[i]);
			IF plain[i] IS DISTINCT FROM cached[i] THEN
				RETURN NEXT format('D|%s|%s|first|%s|%s', step, i, cached[i], plain[i]);
			END IF;
		END LOOP;
		PERFORM set_config('fraiseql.cache_enabled', 'on', true);
		SELECT hits INTO h2 FROM fraiseql.cache_stats;
		FOR i IN 1 .. cardinality(documents) LOOP
			answer := fraiseql.execute(documents[i], variables[i]);
			IF plain[i] IS DISTINCT FROM answer THEN
				RETURN NEXT format('D|%s|%s|again|%s|%s', step, i, answer, plain[i]);
			END IF;
		END LOOP;
		SELECT hits INTO h3 FROM fraiseql.cache_stats;
		PERFORM set_config('model.answers', (SELECT array_agg(md5(a) ORDER BY n) FROM unnest(plain) WITH ORDINALITY AS u (a, n))::text, false);
		RETURN NEXT format('C|%s|%s|%s|%s|%s|%s', step, cardinality(documents), h1 - h0,
			(SELECT count(*) FROM unnest(plain, before) AS u (a, b) WHERE md5(a) = b), h3 - h2, (SELECT count(*) FROM unnest(plain) AS a WHERE a LIKE '%"errors":%'));
	END
$$;

-- Cached and uncached under one snapshot, beside writers: the differences.
CREATE FUNCTION model.compare(reader text) RETURNS SETOF text LANGUAGE plpgsql AS $$
	DECLARE
		documents text[];
		variables jsonb[];
		cached text[];
		plain text;
	BEGIN
		SELECT array_agg(q.document ORDER BY n), array_agg(q.variables ORDER BY n) INTO documents, variables FROM model.query AS q;
		IF reader <> '' THEN
			PERFORM set_config('role', reader, true);
		END IF;
		FOR i IN 1 .. cardinality(documents) LOOP
			cached[i] := fraiseql.execute(documents[i], variables[i]);
		END LOOP;
		PERFORM set_config('fraiseql.cache_enabled', 'off', true);
		FOR i IN 1 .. cardinality(documents) LOOP
			plain := fraiseql.execute(documents[i], variables[i]);
			IF plain IS DISTINCT FROM cached[i] THEN
				RETURN NEXT format('D|0|%s|concurrent|%s|%s', i, cached[i], plain);
			END IF;
		END LOOP;
		RETURN NEXT format('C|0|%s|0|0|0|0', cardinality(documents));
	END
$$;

-- Ask, so that answers are kept: REPEATABLE READ uses them, but adds none.
CREATE FUNCTION model.ask(reader text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		documents text[];
		variables jsonb[];
	BEGIN
		SELECT array_agg(q.document ORDER BY n), array_agg(q.variables ORDER BY n) INTO documents, variables FROM model.query AS q;
		IF reader <> '' THEN
			PERFORM set_config('role', reader, true);
		END IF;
		FOR i IN 1 .. cardinality(documents) LOOP
			PERFORM fraiseql.execute(documents[i], variables[i]);
		END LOOP;
	END
$$;
SQL
}

# The script of a seed: setup (statements that must succeed), queries, steps (each a list of statements, the last of
# which compares).  Options: concurrent.
sub new
{
	my ($class, $seed, %option) = @_;
	my $random = Model::Random->new($seed);
	my $schema = Model::Schema->new($random);
	my $self = bless { seed => $seed, random => $random, schema => $schema }, $class;

	$self->add_updatable_view;
	$self->{reader} = $random->percent(60) ? 'model_reader' : '';
	my @entities = Model::Views::add($schema);
	$self->{setup} = [
		'ALTER ROLE model_reader NOBYPASSRLS', 'CREATE SCHEMA m', 'SET search_path = m', 'GRANT USAGE ON SCHEMA m TO model_reader',
		'ALTER DEFAULT PRIVILEGES IN SCHEMA m GRANT SELECT ON TABLES TO model_reader', "SET model.tenant = 'a'", "SET model.answers = ''",
		$random->percent(60) ? "SET fraiseql.cache_vary = 'model.tenant, app.tenant_id'" : (), @{ $schema->{sql} } ];
	$self->{data} = [ map { $self->first_rows($_) } parents_first($schema) ];
	$self->{queries} = [ map { Model::Queries::random_query($random, @entities) } (1 .. $random->between(8, 12)) ];
	$self->{steps} = [];
	$self->add_step($_) for (1 .. $random->between(12, 24));
	return $self;
}

# A view to write through.
sub add_updatable_view
{
	my ($self) = @_;
	my $schema = $self->{schema};
	my @plain = grep { $_->{kind} eq 'plain' } @{ $schema->{tables} };

	return if !@plain || !$self->{random}->percent(40);
	my $table = $self->{random}->pick(@plain);
	$schema->say("CREATE VIEW u_view AS SELECT * FROM $table->{name}" . ($self->{random}->percent(50) ? ' WHERE ' . $schema->condition($table, '') : ''));
	$schema->{updatable} = $table;
	return;
}

# The tables, those first that refer to fewest others.
sub parents_first
{
	my ($schema) = @_;
	my %references = map { $_->{name} => 0 } @{ $schema->{tables} };

	$references{ $_->{child}{name} }++ for (@{ $schema->{foreign_keys} });
	return sort { $references{ $a->{name} } <=> $references{ $b->{name} } || $a->{name} cmp $b->{name} } @{ $schema->{tables} };
}

# The rows that a table begins with: none, some, or seldom many.
sub first_rows
{
	my ($self, $table) = @_;
	my $random = $self->{random};
	my $rows = $random->weighted(0 => 1, 3 => 2, 12 => 4, 30 => 4);
	my @statements;

	# one by one: a row that violates a constraint shall not take the others with it
	for (my $i = 0; $i < $rows; $i += 3)
	{
		push(@statements, Model::Writes::insert($self->{schema}, $table, 3) =~ s/(?: ON CONFLICT DO NOTHING)?$/ ON CONFLICT DO NOTHING/r);
	}
	push(@statements, $self->many_rows($table)) if $random->percent(6);
	push(@statements, "ANALYZE $table->{name}") if $random->percent(35);
	return @statements;
}

# Rows enough that an index pays.  Not where foreign keys make nested lists: all rows of each of all rows take minutes.
sub many_rows
{
	my ($self, $table) = @_;
	my $wide = $table->{key}[0];

	return if @{ $self->{schema}{foreign_keys} } || !$wide || !$wide->{wide} || $wide->{type} eq 'int2' || $table->{kid};
	my @columns = Model::Schema::writable($table);
	my @values = map { $_ == $wide ? 'i' : $_->{wide} ? 'NULL' : $self->{schema}->value($_) } @columns;

	return "INSERT INTO $table->{name} (" . Model::Schema::column_names(@columns) . ') SELECT ' . join(', ', @values) .
		' FROM generate_series(1000, 1600) AS i ON CONFLICT DO NOTHING';
}

# Some settings, a write or two, and the comparison.
sub add_step
{
	my ($self, $number) = @_;
	my $random = $self->{random};
	my @sql = $number == 1 ? () : $self->settings;

	if ($number > 1)
	{
		push(@sql, Model::Writes::random_write($self->{schema})) for (1 .. $random->weighted(1 => 8, 2 => 2, 3 => 1));
	}
	push(@sql, 'SET model.tenant = ' . $random->pick("'a'", "'b'", "'ab'")) if $random->percent(8);
	push(@sql, 'SELECT count(fraiseql.explain(document, variables)) FROM model.query') if $random->percent(4);
	my $reader = $random->percent(10) ? $random->pick('model_reader', '') : $self->{reader};
	my $check = "SELECT model.check($number, '$reader')";
	my $how = $random->weighted(plain => 20, repeatable => 1, writing => 1, serializable => 1, subtransaction => 1);

	push(@sql, 'BEGIN ISOLATION LEVEL REPEATABLE READ') if $how eq 'repeatable';
	push(@sql, 'BEGIN ISOLATION LEVEL SERIALIZABLE') if $how eq 'serializable';
	# a write that fails shall not take the comparison with it
	push(@sql, 'BEGIN', '\\set ON_ERROR_ROLLBACK on', Model::Writes::random_data($self->{schema}), '\\set ON_ERROR_ROLLBACK off') if $how eq 'writing';
	push(@sql, 'BEGIN', 'SAVEPOINT a') if $how eq 'subtransaction';
	push(@sql, $check);
	push(@sql, $random->pick('COMMIT', 'ROLLBACK')) if $how ne 'plain';
	push(@{ $self->{steps} }, \@sql);
	return;
}

# Settings that change plans, and limits of ours, also those that this version may not know.
sub settings
{
	my ($self) = @_;
	my $random = $self->{random};
	my @sql;

	push(@sql, "SET $_ = " . $random->pick('on', 'off')) for ($random->percent(35) ? $random->some(1, 3, @SETTINGS) : ());
	push(@sql, 'SET enable_seqscan = off') if $random->percent(6);
	push(@sql, 'SET plan_cache_mode = ' . $random->pick(qw(auto force_generic_plan force_custom_plan))) if $random->percent(12);
	push(@sql, $random->pick("SET TimeZone = 'Asia/Tokyo'", "SET TimeZone = 'UTC'", 'SET extra_float_digits = 0', "SET DateStyle = 'SQL, DMY'",
		'SET fraiseql.response_bigint_strings = off', 'SET fraiseql.response_bigint_strings = on')) if $random->percent(5);
	push(@sql, 'SET fraiseql.cache_plan_factor = ' . $random->pick(1, 2, 10, 1000)) if $random->percent(10);
	push(@sql, 'SET fraiseql.bulk_write_limit = ' . $random->pick(0, 1, 3, 10, 1000)) if $random->percent(15);
	push(@sql, 'SET fraiseql.cache_max_tags = ' . $random->pick(1, 4, 16, 256, 1000)) if $random->percent(10);
	return @sql;
}

# A query as a row of model.query.
sub query_sql
{
	my ($number, $query) = @_;
	my ($document, $variables) = @$query;

	return "INSERT INTO model.query VALUES ($number, \$q\$$document\$q\$, " . (defined $variables ? "\$q\$$variables\$q\$" : 'NULL') . ')';
}

# The whole as text for psql.  What may be left out of it to find what a failure needs: data and steps by their
# number, statements within, and all queries but one.
sub text
{
	my ($self, %without) = @_;
	my @text = $self->opening_lines(%without);

	for my $step (0 .. $#{ $self->{steps} })
	{
		my @sql = @{ $self->{steps}[$step] };

		push(@text, '-- step ' . ($step + 1));
		push(@text, map { terminated($sql[$_]) } grep { !$without{"$step.$_"} } 0 .. $#sql);
	}
	push(@text, "\\echo E|$self->{seed}", teardown());
	return join("\n", @text) . "\n";
}

# The beginning of the script: the schema, its rows and its queries.
sub opening
{
	my ($self) = @_;

	return join("\n", $self->opening_lines, "SELECT 'H|' || hits FROM fraiseql.cache_stats;") . "\n";
}

sub opening_lines
{
	my ($self, %without) = @_;

	return ("-- seed $self->{seed}", "\\echo B|$self->{seed}", (map { ("$_;", '\\if :ERROR', '\\echo X', '\\endif') } @{ $self->{setup} }), '\\echo S|done',
		$self->data_and_queries(%without));
}

sub data_and_queries
{
	my ($self, %without) = @_;
	my @queries = @{ $self->{queries} };

	return ((map { terminated($self->{data}[$_]) } grep { !$without{"data.$_"} } 0 .. $#{ $self->{data} }),
		map { query_sql($_ + 1, $queries[$_]) . ';' } grep { !$without{"query.$_"} } 0 .. $#queries);
}

# What may be left out, as text() names it, the larger things first; never the comparison itself.
sub parts
{
	my ($self) = @_;
	my @parts = (map { "query.$_" } 0 .. $#{ $self->{queries} });

	for my $step (reverse 0 .. $#{ $self->{steps} })
	{
		push(@parts, "$step.$_") for (reverse 0 .. $#{ $self->{steps}[$step] });
	}
	push(@parts, map { "data.$_" } reverse 0 .. $#{ $self->{data} });
	return @parts;
}

# COPY brings its own end, and what psql does itself needs none.
sub terminated
{
	my ($sql) = @_;

	return $sql =~ /\\\.$|^\\/ ? $sql : "$sql;";
}

# Leave nothing to the next seed.
sub teardown
{
	return ('ROLLBACK;', 'RESET ALL;', 'SET client_min_messages = error;', 'SET jit = off;', 'DROP SCHEMA m CASCADE;', 'TRUNCATE model.query;', 'TRUNCATE fraiseql.exposure;');
}

1;
