# Every setting at its ends, and requests of hundreds of megabytes: the server starts or says why not, a query works,
# errors are clear, waiting can be cut short, and memory comes back.
use Fraiseql::Test;
use PostgreSQL::Test::Utils;

my $node = fraiseql_node('limits', config => "work_mem = 4MB\nlog_min_messages = warning");
my $query = '{ accounts { balance } }';
my $answer = accounts(100, 100);

create_accounts($node);
$node->safe_psql('postgres', 'ALTER TABLE account ADD note text; CREATE FUNCTION about(answer json) RETURNS text LANGUAGE sql '
	  . q{AS $$ SELECT coalesce(answer #>> '{errors,0,extensions,code}' || ': ' || left(answer #>> '{errors,0,message}', 100), left(answer::text, 100)) $$});

#
# Settings, as the server lists them: a new one is tried without being named here.
#
my @settings = map { [ split /\|/ ] } split /\n/, $node->safe_psql('postgres', <<'SQL');
SELECT name, vartype, context, min_val, max_val FROM pg_settings WHERE name LIKE 'fraiseql.%' ORDER BY name COLLATE "C"
SQL

cmp_ok(scalar @settings, '>', 20, 'the settings are found');

# The two sessions of a setting at one end: what the cache does must be right, whatever is said about the query.
sub works
{
	my ($name, @options) = @_;
	my $set = join('', map { "SET $_;" } @options);
	my ($status, $output, $error) = $node->psql('postgres', "$set SELECT fraiseql.execute('$query'); SELECT fraiseql.execute('$query')");

	is($status, 0, "$name: a query");
	is($error, '', "$name: no warning");
	for my $line (split /\n/, $output)
	{
		like($line, qr/^(\Q$answer\E|\{"(data":null,")?errors":\[\{"message":.*(LIMIT|limit|must not be|more than).*)/i, "$name: an answer, or a clear error");
	}
	return;
}

for my $setting (@settings)
{
	my ($name, $type, $context, $min, $max) = @$setting;

	next if $type !~ /^(integer|real|bool)$/;
	for my $value ($type eq 'bool' ? ('on', 'off') : ($min, $max))
	{
		next if $context eq 'postmaster';
		if ($context eq 'sighup')
		{
			$node->safe_psql('postgres', "ALTER SYSTEM SET $name = '$value'");
			$node->reload;
			$node->poll_query_until('postgres', "SELECT setting = '$value' FROM pg_settings WHERE name = '$name'") or die "$name";
			works("$name = $value");
			$node->safe_psql('postgres', "ALTER SYSTEM RESET $name");
			$node->reload;
		}
		else
		{
			works("$name = $value", "$name = '$value'");
		}
	}
	# one beyond is refused, by name
	for my $value ($type eq 'bool' ? ('maybe') : ("9e99", ''))
	{
		next if $context ne 'superuser' && $context ne 'user';
		like(($node->psql('postgres', "SET $name = '$value'"))[2], qr/"\Q$name\E"/, "$name = '$value' is refused by name");
	}
}

# All limits at once.
works('all at their largest', map { "$_->[0] = '$_->[4]'" } grep { $_->[1] =~ /^(integer|real)$/ && $_->[2] eq 'superuser' } @settings);
works('all at their smallest', map { "$_->[0] = '$_->[3]'" } grep { $_->[1] =~ /^(integer|real)$/ && $_->[2] eq 'superuser' } @settings);
works('names of nothing', q(fraiseql.cache_vary = ''));
works('many names', q(fraiseql.cache_vary = ') . join(', ', map { "app.x$_" } 1 .. 2000) . q('));
like(($node->psql('postgres', q(SET fraiseql.cache_vary = 'a,,b')))[2], qr/fraiseql\.cache_vary/, 'a list that is none is refused by name');

#
# Sizes: what is asked for when the server starts.
#
sub start_with
{
	my ($conf) = @_;

	$node->stop if -e $node->data_dir . '/postmaster.pid';
	$node->append_conf('sizes.conf', '');
	open(my $file, '>', $node->data_dir . '/sizes.conf') or die;
	print $file $conf;
	close($file);
	return $node->start(fail_ok => 1);
}

$node->append_conf('postgresql.conf', "include_if_exists = 'sizes.conf'");
for my $sizes ([ 1, 1 ], [ 1, 64 ], [ 64, 1 ])
{
	my ($cache, $table) = @$sizes;

	ok(start_with("fraiseql.cache_size = ${cache}MB\nfraiseql.tag_table_size = ${table}MB\n"), "it starts with $cache and $table MB");
	is(ask($node, $query), "kept|$answer", 'keeps an answer');
	is(ask($node, $query), "hit|$answer", 'and serves it');
}
# What the setting does not allow: the server says which setting, and goes on with the default.
for my $value ('0', '1048577', '2TB', 'many')
{
	my $offset = -s $node->logfile;

	ok(start_with("fraiseql.cache_size = $value\n"), "fraiseql.cache_size = $value");
	like(substr(slurp_file($node->logfile), $offset), qr/(WARNING|ERROR): .*"fraiseql\.cache_size"/, 'is refused by name');
	is($node->safe_psql('postgres', 'SHOW fraiseql.cache_size'), '64MB', 'and the default is in force');
}

# What the machine does not have: the log names both settings.  (Where the kernel promises more than there is, trying is
# no good idea.)
SKIP:
{
	my ($memory) = slurp_file('/proc/meminfo') =~ /^MemTotal:\s+(\d+)/;

	skip 'the kernel gives more than it has', 4
	  if slurp_file('/proc/sys/vm/overcommit_memory') =~ /1/ || $memory > 900 * 1024 * 1024;
	for my $table ('32MB', '16GB')
	{
		my $offset = -s $node->logfile;

		ok(!start_with("fraiseql.cache_size = 1TB\nfraiseql.tag_table_size = $table\n"), "1 TB and $table are not there");

		my $log = substr(slurp_file($node->logfile), $offset);

		like($log, qr/WARNING: .*more shared memory.*\n.*fraiseql\.cache_size is 1048576 MB, fraiseql\.tag_table_size is \d+ MB/,
			'the log names the settings');
		unlike($log, qr/terminated by signal|PANIC|TRAP/, 'nothing crashes');
	}
}
ok(start_with(''), 'it starts again');
is(ask($node, $query), "kept|$answer", 'and keeps answers');

#
# Requests of hundreds of megabytes, within the limits as they are and with the limits out of the way.  Each is asked in
# one session, which is as small afterwards as before; and each can be cut short.
#
my $unlimited = q(SELECT set_config(name, max_val, false) FROM pg_settings WHERE name LIKE 'fraiseql.max\_%';);
my $session = $node->background_psql('postgres', on_error_stop => 0);

sub asks
{
	my ($name, $call, $expected) = @_;
	my $output = $session->query("SELECT about($call);");

	$output = $1 if $session->{stderr} =~ /ERROR:  (.*)/;
	$session->{stderr} = '';
	like($output, $expected, $name);
	return;
}

sub memory_of_session
{
	return $session->query_safe('SELECT sum(total_bytes) FROM pg_backend_memory_contexts');
}

asks('an answer', "fraiseql.execute('$query')", qr/^\Q$answer\E$/);
my $memory = memory_of_session();

asks('a document of 200 MB', q(fraiseql.execute(repeat('x', 200000000))), qr/^LIMIT_EXCEEDED: Document is longer than 262144 bytes/);
asks('variables of 200 MB', qq(fraiseql.execute('$query', jsonb_build_object('s', repeat('x', 200000000)))),	# although the answer is in the cache
	qr/^LIMIT_EXCEEDED: Variables are larger than 1048576 bytes/);
asks('a name of 20 MB', qq(fraiseql.execute('$query', NULL, repeat('x', 20000000))), qr/^BAD_USER_INPUT: Unknown operation "x+/);
asks('a request of 20 MB', q(fraiseql.graphql(('{"query": "' || repeat('x', 20000000) || '"}')::json)),
	qr/^LIMIT_EXCEEDED: Request is longer than \d+ bytes/);
asks('5 million variables', qq(fraiseql.graphql(('{"query": "$query", "variables": {"a": [' || repeat('1,', 5000000) || '1]}}')::json)),
	qr/^LIMIT_EXCEEDED: Request is longer than \d+ bytes/);
cmp_ok(memory_of_session(), '<', $memory + 16 * 1024 * 1024, 'nothing is left of it');

$session->query_safe($unlimited);
asks('20 MB of nothing', qq(fraiseql.execute(repeat(' ', 20000000) || '$query')), qr/^\Q$answer\E$/);
asks('20 MB of comment', qq(fraiseql.execute(repeat('#', 20000000) || chr(10) || '$query')), qr/^\Q$answer\E$/);
asks('a million unknown fields', q(fraiseql.execute('{' || repeat('x ', 1000000) || '}')), qr/^GRAPHQL_VALIDATION_FAILED/);
asks('a million mentions of a field', q(fraiseql.execute('{ accounts { balance ' || repeat('balance ', 1000000) || '} }')), qr/^\Q$answer\E$/);
asks('a thousand levels', q(fraiseql.execute('{ accounts(where: ' || repeat('{_not:', 900) || '{}' || repeat('}', 900) || ') { balance } }')), qr/^\Q$answer\E$/);
asks('fragments that double sixty times', q(fraiseql.execute('{ accounts { ...f0 } }' || (SELECT string_agg(format(' fragment f%s on Account { ...f%s ...f%s }',
	n, n + 1, n + 1), '') || ' fragment f60 on Account { id }' FROM generate_series(0, 59) AS n))), qr/^LIMIT_EXCEEDED: With its fragments expanded/);
asks('a chain of 5,000 fragments', q(fraiseql.execute('{ accounts { ...f0 } }' || (SELECT string_agg(format(' fragment f%s on Account { ...f%s }', n, n + 1), '')
	|| ' fragment f5000 on Account { balance }' FROM generate_series(0, 4999) AS n))), qr/^\Q$answer\E$/);
asks('a list of 100,000 values', q(fraiseql.execute('{ accounts(where: {id: {in: [' || repeat('1,', 100000) || '2]}}) { balance } }')), qr/^\Q$answer\E$/);
asks('a text of 20 MB', q(fraiseql.execute('query($s: String) { accounts(where: {note: {eq: $s}}) { id } }', jsonb_build_object('s', repeat('x', 20000000)))),
	qr/^\{"data":\{"accounts":\[\]\}\}$/);
asks('ten thousand aliases', q(fraiseql.execute('{ accounts {' || (SELECT string_agg('a' || n || ': id', ' ') FROM generate_series(1, 10000) AS n) || '} }')),
	qr/^\{"data":\{"accounts":\[\{"a1":1,"a2":1,/);
# what may take long is cut short, unless the machine is faster
$session->query_safe(q(SET statement_timeout = '100ms'));
for my $call (
	q(fraiseql.execute('{' || repeat('x ', 1000000) || '}')),
	q(fraiseql.execute('{ accounts {' || repeat('id ', 1000000) || '} }')),
	q(fraiseql.execute('{ accounts {' || (SELECT string_agg('a' || n || ': id', ' ') FROM generate_series(1, 50000) AS n) || '} }')),
	q(fraiseql.execute('{' || (SELECT string_agg('a' || n || ': accounts { id }', ' ') FROM generate_series(1, 2000) AS n) || '}')),
	q(fraiseql.execute('query($i: [Int]) { accounts(where: {id: {in: $i}}) { id } }', ('{"i": [' || repeat('1,', 2000000) || '1]}')::jsonb)))
{
	asks('cut short: ' . substr($call, 18, 40), $call,
		qr/^(canceling statement due to statement timeout$|GRAPHQL_VALIDATION_FAILED|\{"data":)/);
}
$session->query_safe('RESET statement_timeout');
asks('and the session goes on', "fraiseql.execute('$query')", qr/^\Q$answer\E$/);

# Plans are large; a session keeps those of a few megabytes of text.
$session->query_safe(q(SELECT count(fraiseql.execute('{' || (SELECT string_agg(format('a%s: accounts(limit: %s) { b%s: balance }', n, n, round), ' ')
	FROM generate_series(1, 400) AS n) || '}')) FROM generate_series(1, 40) AS round));
cmp_ok(memory_of_session(), '<', 200 * 1024 * 1024, 'statements of megabytes leave a session of a bounded size');
$session->quit;

is($node->safe_psql('postgres', 'SELECT * FROM fraiseql.validate_coherency()'), '', 'all is coherent');
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP/, 'nothing has crashed');
$node->stop;
done_testing();
