# Settings that change what an answer looks like, or means: every setting of this server that a session can change is
# given some values, and under each, operations over all kinds of types are asked without the cache, then with it by way
# of filling it, then again in the opposite order.  The cached answer is the one of the setting's value, whatever others
# were kept; each setting is also shown by a view of its own.  The list is the server's: a setting that a later version
# adds is tried without this file knowing it.
use Fraiseql::Test;

# The worker sleeps: a look-up that meets an entry while it is freed, even another's, is a miss.
my $node = fraiseql_node('settings', config => q(fraiseql.worker_interval = '1h'));
my $has_xml = $node->psql('postgres', q(SELECT xml '<a/>')) == 0;
my $setup = <<'SQL';
SET check_function_bodies = off;
CREATE SCHEMA one;
CREATE SCHEMA two;
CREATE TABLE one.place (name text PRIMARY KEY);
CREATE TABLE two.place (name text PRIMARY KEY);
INSERT INTO one.place VALUES ('one');
INSERT INTO two.place VALUES ('two');
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TYPE pair AS (day date, share float8);
CREATE TABLE every (
	id int PRIMARY KEY, flag bool, small smallint, big bigint, exact numeric, share float8, share4 float4, price money,
	word text, fixed char(5), day date, clock time, clock_tz timetz, local timestamp, at timestamptz, span interval, b bytea, u uuid,
	address inet, place point, bits bit(3), numbers int[], words text[], moments timestamptz[], document jsonb, source json,
	vector tsvector, question tsquery, days daterange, period tstzrange, feeling mood, both_ pair, relation regclass);
INSERT INTO every VALUES (1, true, 2, 9007199254740993, 1.50, 1 / 3::float8, 1 / 3::float4, 1234.5,
	'running foxes', 'ab', '2020-02-03', '10:20', '10:20+02', '2020-02-03 10:20', '2020-02-03 10:20+00', '1 year 2 days 03:04:05.678',
	'\x0102ff', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.0.0.1/8', '(1.5,2)', '101', '{1,NULL,3}', '{a,NULL}',
	'{2020-02-03 10:20+00}', '{"a": [1, "x"]}', '{"b" : 1.0}', 'fox:1 run:2', 'fox & run', '[2020-01-01,2020-02-01)',
	'[2020-01-01 00:00+00,2020-02-01 00:00+00)', 'glad', ROW('2020-02-03', 0.1), 'one.place');
INSERT INTO every (id, word, share) SELECT n, 'word ' || n, n / 7::float8 FROM generate_series(2, 9) AS n;

-- what views and functions make of it: text of every type, formats, bodies that are parsed when they run
CREATE VIEW text AS SELECT id, share::text AS share, price::text AS price, day::text AS day, at::text AS at, local::text AS local,
	span::text AS span, b::text AS b, numbers::text AS numbers, moments::text AS moments, period::text AS period, both_::text AS both_,
	document::text AS document, vector::text AS vector, clock_tz::text AS clock_tz FROM every;
CREATE VIEW made AS SELECT id, concat(share, at, span, b) AS concat, format('%s %I %L', at, word, day) AS format, to_json(e)::text AS json,
	to_jsonb(at)::text AS jsonb, row_to_json(ROW(day, share, span)) AS row, array_to_string(moments, ',') AS list,
	json_agg(at) OVER () AS agg, quote_ident('word') AS quoted, quote_nullable(at) AS nullable, to_char(at, 'TMDay TMMonth HH24 TZ') AS at,
	to_char(exact, 'L999G999D99') AS exact, to_char(span, 'YYYY DD HH24') AS span, to_number('1,5', '9G9') AS number,
	price::numeric AS price, date_trunc('day', at) AS trunc, extract(hour FROM at) AS hour, at::date AS day, at::timestamp AS local,
	local::timestamptz AS at_local, at > local AS later, make_timestamptz(2020, 1, 1, 0, 0, 0) AS made, at + '1 day'::interval AS next
	XML_COLUMNS FROM every e;
CREATE VIEW search AS SELECT id, to_tsvector(word) AS vector, to_tsvector(word) @@ plainto_tsquery('run') AS found,
	ts_headline(word, to_tsquery('fox')) AS headline FROM every;
CREATE FUNCTION near() RETURNS text STABLE LANGUAGE sql AS $$ SELECT name FROM place $$;
CREATE FUNCTION near_called() RETURNS text STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT name FROM place $$;
CREATE FUNCTION near_kept() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT name FROM place); END $$;
CREATE FUNCTION literal() RETURNS text STABLE LANGUAGE sql AS $$ SELECT 'a\\b' $$;
CREATE FUNCTION literal_called() RETURNS text STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT 'a\\b' $$;
CREATE FUNCTION literal_kept() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'a\\b'; END $$;
CREATE FUNCTION equal_null(int) RETURNS bool STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT $1 IS NULL OR NULL = NULL $$;
CREATE FUNCTION midnight() RETURNS timestamptz STABLE LANGUAGE sql AS $$ SELECT '2020-01-01 00:00'::timestamptz $$;
CREATE FUNCTION ambiguous() RETURNS date STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT '02/03/2020'::date $$;
CREATE FUNCTION shown(timestamptz) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION third() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT (1 / 3::float8)::text $$;
CREATE VIEW body AS SELECT id, near() AS near, near_called() AS near_called, near_kept() AS near_kept, current_schema() AS schema, current_schemas(true)::text AS schemas, literal() AS literal,
	literal_called() AS literal_called, literal_kept() AS literal_kept, equal_null(small) AS equal_null, to_char(midnight() AT TIME ZONE 'UTC', 'DD HH24') AS midnight,
	ambiguous() AS ambiguous, shown(at) AS shown, third() AS third, at AT TIME ZONE 'IST' AS abroad FROM every;
-- and what is never kept
CREATE VIEW rest AS SELECT id, relation::text AS relation, get_current_ts_config()::text AS config, '{NULL}'::text::text[] AS nulls REST_COLUMNS
	FROM every;
SELECT fraiseql.expose('rest'), fraiseql.expose('every'), fraiseql.expose('text'), fraiseql.expose('made'), fraiseql.expose('search'), fraiseql.expose('body');
SELECT fraiseql.declare_pure('near_kept()');
SELECT fraiseql.track('one.place'), fraiseql.track('two.place');

-- Settings that are not tried, each with its reason.
CREATE TABLE left_out (name text PRIMARY KEY, reason text);
INSERT INTO left_out VALUES
	('fraiseql.cache_enabled', 'this test turns it'),
	('transaction_isolation', 'not after the first query'), ('transaction_read_only', 'likewise'), ('transaction_deferrable', 'likewise'),
	('client_min_messages', 'floods the output'), ('log_min_messages', 'floods the log'),
	('restrict_nonsystem_relation_kind', 'asked for when a statement is prepared, not when it is executed'),
	('max_stack_depth', 'how much an execution takes is the build''s affair'), ('debug_discard_caches', 'takes minutes'), ('exit_on_error', 'ends the session');

-- The values that a setting is given.  The server refuses some; then the others are tried.
CREATE FUNCTION some_values(s pg_settings) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(DISTINCT value) FROM unnest(CASE
		WHEN s.vartype = 'bool' THEN '{on,off}'
		WHEN s.vartype = 'enum' THEN s.enumvals
		-- a short time could end the session, and compiling every expression takes long
		WHEN s.vartype <> 'string' AND (s.unit IN ('ms', 's', 'min') OR s.name LIKE 'jit%cost') THEN ARRAY[s.min_val, s.max_val, s.boot_val]
		WHEN s.vartype <> 'string' THEN ARRAY[s.min_val, s.max_val, s.boot_val, '1', '3']
		WHEN s.name = 'DateStyle' THEN '{"ISO, MDY","ISO, DMY","SQL, DMY","SQL, MDY","German, DMY","Postgres, MDY","Postgres, DMY"}'
		WHEN s.name = 'TimeZone' THEN '{UTC,Europe/Paris,Asia/Kolkata,America/New_York,<-07>+07}'
		WHEN s.name = 'timezone_abbreviations' THEN '{Default,India,Australia}'
		WHEN s.name = 'search_path' THEN '{one,two,"one, two, public","two, public","public, one"}'
		WHEN s.name = 'default_text_search_config' THEN '{simple,english,german}'
		WHEN s.name = 'client_encoding' THEN '{UTF8,LATIN1,SQL_ASCII}'
		WHEN s.name LIKE 'lc\\_%' THEN (SELECT array_agg(DISTINCT collcollate) FROM pg_collation WHERE collprovider = 'c')
		ELSE ARRAY[s.boot_val, s.reset_val, '', 'public', 'app.x, app.y'] END) AS value
	WHERE value IS NOT NULL
$$;

-- Each has a view of its own.
CREATE TABLE tried (n serial, name text PRIMARY KEY, vals text[]);
INSERT INTO tried (name, vals) SELECT name, some_values(s) FROM pg_settings s
WHERE context IN ('user', 'superuser') AND name NOT IN (SELECT name FROM left_out) ORDER BY name;
SELECT format('CREATE VIEW v_%s AS SELECT 1 AS id, current_setting(%L) AS value', n, name) FROM tried ORDER BY n \gexec
SELECT count(fraiseql.expose(format('v_%s', n)::regclass, format('Setting%s', n))) FROM tried;

-- What is asked under each value.
CREATE TABLE asked (n serial, query text);
INSERT INTO asked (query) VALUES
	('{ everies { id flag small big exact share share4 price word fixed day clock clockTz local at span b u address place
		bits numbers words moments document source vector question days period feeling both relation } }'),
	('{ everies(where: {at: {lt: "2020-03-01T00:00:00Z"}, share: {gt: 0.1}, price: {isnull: false}}) { id at } }'),
	('{ texts { id share price day at local span b numbers moments period both document vector clockTz } }'),
	('{ mades { id concat format json jsonb row list agg quoted nullable at exact span number price trunc hour day local
		atLocal later made next XML_FIELDS } }'),
	('{ searches { id vector found headline } }'),
	('{ bodies { id near nearCalled nearKept schema schemas literal literalCalled literalKept equalNull midnight ambiguous shown third abroad } }'),
	('{ rests { id relation config nulls REST_FIELDS } }');

-- One setting.  Nothing here writes, so the cache is used.  An answer that cannot be had is an error's message.
CREATE FUNCTION answers(setting int) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	query text;
	answers text[] := '{}';
BEGIN
	FOR query IN SELECT a.query FROM public.asked a ORDER BY n LOOP
		BEGIN
			answers := answers || fraiseql.execute(query)::text;
		EXCEPTION WHEN OTHERS THEN
			answers := answers || SQLERRM;
		END;
	END LOOP;
	answers := answers || fraiseql.execute('query ($word: String) { everies(where: {word: {eq: $word}}) { id } }',
		jsonb_build_object('word', repeat('x', 2000)))::text;
	RETURN answers || fraiseql.execute(format('{ setting%ss { value } }', setting))::text;
END
$$;
CREATE FUNCTION try_setting(setting int, OUT name text, OUT vals int, OUT different int, OUT hits int, OUT wrong text) LANGUAGE plpgsql AS $$
DECLARE
	candidate text;
	allowed text[] := '{}';
	before text;
	expected text[][];
	given text[];
	pass text;
	place int;
BEGIN
	SELECT t.name INTO name FROM public.tried t WHERE n = setting;
	before := current_setting(name);
	FOREACH candidate IN ARRAY (SELECT t.vals FROM public.tried t WHERE n = setting) LOOP
		BEGIN
			PERFORM set_config(name, candidate, false);
			PERFORM set_config(name, before, false);
			allowed := allowed || candidate;
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
	END LOOP;
	vals := cardinality(allowed);
	FOREACH pass IN ARRAY '{uncached,filling,learnt,again}'::text[] LOOP
		PERFORM set_config('fraiseql.cache_enabled', (pass <> 'uncached')::text, false), fraiseql.stats_reset();
		FOR i IN 1 .. vals LOOP
			place := CASE pass WHEN 'again' THEN vals + 1 - i ELSE i END;
			PERFORM set_config(name, allowed[place], false);
			given := public.answers(setting);
			PERFORM set_config(name, before, false);
			IF pass = 'uncached' THEN
				expected := expected || ARRAY[given];
			ELSIF given IS DISTINCT FROM ARRAY(SELECT expected[place][j] FROM generate_series(1, cardinality(given)) AS j ORDER BY j) THEN
				wrong := concat_ws(E'\n', wrong, format('%s = %s, %s', name, allowed[place], pass),
					(SELECT string_agg(format('	%s instead of %s', given[j], expected[place][j]), E'\n')
					FROM generate_series(1, cardinality(given)) AS j WHERE given[j] IS DISTINCT FROM expected[place][j]));
			END IF;
		END LOOP;
	END LOOP;
	SELECT s.hits INTO hits FROM fraiseql.cache_stats s;
	-- the setting's own view aside, which shows each value
	different := (SELECT count(DISTINCT ARRAY(SELECT expected[i][j] FROM generate_series(1, array_length(expected, 2) - 1) AS j ORDER BY j))
		FROM generate_series(1, vals) AS i);
END
$$;

SQL
my $xml = q(, xmlelement(name a, b)::text AS xml_binary, (xmlparse(content '<b/>'))::text AS xml_text);

my $rest = q(, '<b/>x'::text::xml IS DOCUMENT AS xml_option);

$setup =~ s/XML_COLUMNS/$has_xml ? $xml : ''/e;
$setup =~ s/XML_FIELDS/$has_xml ? 'xmlBinary xmlText' : ''/e;
$setup =~ s/REST_COLUMNS/$has_xml ? $rest : ''/e;
$setup =~ s/REST_FIELDS/$has_xml ? 'xmlOption' : ''/e;
$node->safe_psql('postgres', $setup);

# All of them in one session, whose plans and requests outlive each change.  Seven queries can be kept, and what shows
# the setting, unless not everybody may see it; limits that refuse some, and one setting, turn the cache off.  What one
# more does to a session outlives it, so that is left for new sessions.
my $lasting = 'standard_conforming_strings';
my $started = "SET search_path = public, one; SET client_min_messages = error;\n";
my %less = map { $_ => 1 } ('gin_fuzzy_search_limit');
my %different;

my @rows = split(/\n(?=row:)/, $node->safe_psql('postgres',
		"$started SELECT 'row:' || n, t.* FROM public.tried AS s, try_setting(n) AS t WHERE s.name <> '$lasting' ORDER BY n"));

for my $line (@rows)
{
	my (undef, $name, $values, $different, $hits, $wrong) = split(/\|/, $line, 6);

	is($wrong, '', "$name: each of $values values has its own answers");
	$different{$name} = $different;
	cmp_ok($hits, '>=', 7 * $values, "$name: they are kept") unless $less{$name} || $name =~ /^fraiseql\.max_/;
}

# Nothing of this says anything if the operations show no difference.
my @shapers = (qw(DateStyle IntervalStyle TimeZone array_nulls bytea_output default_text_search_config extra_float_digits
	fraiseql.response_bigint_strings quote_all_identifiers search_path standard_conforming_strings timezone_abbreviations
	transform_null_equals), $has_xml ? qw(xmlbinary xmloption) : ());

cmp_ok($different{$_}, '>', 1, "$_ shapes answers") for grep { $_ ne $lasting } @shapers;
cmp_ok($different{'fraiseql.max_variables_size'}, '>', 1, 'a lower limit refuses variables that were accepted');
note('settings that change nothing here: ' . join(' ', grep { $different{$_} == 1 } sort keys %different));

# Other sessions, which begin with such a setting: the answers are there, and right.
my %bodies;

for my $name (@shapers)
{
	my ($n, @values) = split(/\n/, $node->safe_psql('postgres', "SELECT n FROM tried WHERE name = '$name';"
			. "SELECT v FROM tried, unnest(vals) AS v WHERE name = '$name' ORDER BY 1"));

	for my $value (@values)
	{
		my $set = $started . "SET \"$name\" TO " . ($name eq 'search_path' ? $value : "'$value'") . ";\n";
		my $ask = "SELECT array_to_string(public.answers($n), E'\\n');";
		my $cached = $node->safe_psql('postgres', "$started SELECT fraiseql.stats_reset(); $set $ask");

		$bodies{"$name $value"} = $cached;
		like($cached, qr/data/, "answers in a new session under $name = $value");
		if ("$name $value" eq "$lasting off")
		{
			is(cache_stat($node, 'hits'), '0', 'which are not kept');
		}
		else
		{
			cmp_ok(cache_stat($node, 'hits'), '>=', 6, 'from the cache');
		}
		is($cached, "\n" . $node->safe_psql('postgres', "SET fraiseql.cache_enabled = off; $set $ask"), 'as uncached');
	}
}
isnt($bodies{"$lasting off"}, $bodies{"$lasting on"}, "$lasting shapes answers");

$node->stop;
done_testing();
