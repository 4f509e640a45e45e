# The extended protocol, message by message: statements parsed once and bound often, rows fetched by portions, several
# statements before one Sync, which are one transaction, and a client that goes in the middle.  What psql and pgbench cannot
# send is sent by hand.
use Fraiseql::Test;

use IO::Socket::UNIX;

my $query = '{ accounts { balance } }';
# The worker sleeps: a look-up that meets an entry while it is freed, even another's, is a miss.
my $node = fraiseql_node('messages', config => 'fraiseql.worker_interval = 1h');

#
# A client
#

# One message: its type, none for the first one of all, and its parts.
sub send_message
{
	my ($socket, $type, @parts) = @_;
	my $body = join('', @parts);

	print {$socket} $type, pack('N', 4 + length $body), $body or die "cannot send: $!";
	return;
}

sub receive_bytes
{
	my ($socket, $count) = @_;
	my $bytes = '';

	while (length $bytes < $count)
	{
		read($socket, $bytes, $count - length $bytes, length $bytes) or die 'the server has closed the connection';
	}
	return $bytes;
}

# What has come until the answer of the type: rows, as "row: ..."; "suspended" where there are more of them; what has
# been done; "error: ..." where it failed.
sub receive_until
{
	my ($socket, $last) = @_;
	my @seen;
	my $type;

	$socket->flush;
	do
	{
		$type = receive_bytes($socket, 1);

		my $body = receive_bytes($socket, unpack('N', receive_bytes($socket, 4)) - 4);

		push @seen, 'row: ' . join('|', map { defined ? $_ : '' } unpack('x2 (N/a)*', $body)) if $type eq 'D';
		push @seen, 'suspended' if $type eq 's';
		push @seen, $body =~ s/\0$//r if $type eq 'C';
		push @seen, 'error: ' . ($body =~ /\0M([^\0]*)/)[0] if $type eq 'E';
	} while ($type !~ /^[$last]$/);
	return join("\n", @seen);
}

sub connect_client
{
	my $socket = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "cannot connect: $!";

	$socket->autoflush(0);
	send_message($socket, '', pack('N', 196608), map { "$_\0" } ('user', scalar getpwuid($<), 'database', 'postgres', ''));
	receive_until($socket, 'Z');
	return $socket;
}

sub parse_as
{
	my ($socket, $name, $sql) = @_;

	send_message($socket, 'P', "$name\0$sql\0", pack('n', 0));
	return;
}

# Bind parameters to a statement and execute it, for at most so many rows (0: all).
sub execute
{
	my ($socket, $name, $limit, @parameters) = @_;

	send_message($socket, 'B', "\0$name\0", pack('n n', 0, scalar @parameters),
		(map { pack('N/a*', $_) } @parameters), pack('n', 0));
	execute_on($socket, $limit);
	return;
}

# Of the portal that is open, the next rows.
sub execute_on
{
	my ($socket, $limit) = @_;

	send_message($socket, 'E', "\0", pack('N', $limit));
	return;
}

# The end of a transaction that was not begun.
sub sync
{
	my ($socket) = @_;

	send_message($socket, 'S');
	return receive_until($socket, 'Z');
}

# What has come so far, without an end.
sub flush_until
{
	my ($socket, $last) = @_;

	send_message($socket, 'H');
	return receive_until($socket, $last);
}

sub settled
{
	my ($name, @balances) = @_;

	is(ask($node, $query), 'kept|' . accounts(@balances), "$name: the next answer is fresh");
	is(ask($node, $query), 'hit|' . accounts(@balances), "$name: and kept");
	return;
}

# rather than wait for ever for a message that does not come
$SIG{ALRM} = sub { die 'the server does not answer' };
alarm $PostgreSQL::Test::Utils::timeout_default;
create_accounts($node);
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION bump(key int) RETURNS int LANGUAGE sql VOLATILE AS
	'UPDATE account SET balance = balance + 1 WHERE id = key RETURNING balance';
SQL
settled('at first', 100, 100);

my $client = connect_client();

parse_as($client, 'ask', 'SELECT * FROM ask($1)');
parse_as($client, 'update', 'UPDATE account SET balance = $1::int WHERE id = 1');
parse_as($client, 'insert', 'INSERT INTO account SELECT i, 1 FROM generate_series(3, 5) AS i RETURNING id');
parse_as($client, 'change', 'WITH changed AS (UPDATE account SET balance = balance + 1 RETURNING id) SELECT id FROM changed ORDER BY id');
parse_as($client, 'delete', 'DELETE FROM account WHERE id > 2');
parse_as($client, 'bump', 'SELECT bump(id) FROM account ORDER BY id');
parse_as($client, 'fail', 'SELECT 1 / $1::int');
parse_as($client, 'begin', 'BEGIN');
parse_as($client, 'commit', 'COMMIT');
is(sync($client), '', 'everything is parsed');

# Bound again and again, without being parsed again.
for my $balance (90 .. 92)
{
	execute($client, 'update', 0, $balance);
	is(sync($client), 'UPDATE 1', "bound to $balance");
	execute($client, 'ask', 0, $query);
	is(sync($client), 'row: kept|' . accounts($balance, 100) . "\nSELECT 1", "bound to $balance: fresh");
	execute($client, 'ask', 0, $query);
	is(sync($client), 'row: hit|' . accounts($balance, 100) . "\nSELECT 1", "bound to $balance: and kept");
}

# All that comes before a Sync is one transaction: it sees what it has written, others do not, and nothing of it is kept.
execute($client, 'ask', 0, $query);
execute($client, 'update', 0, 80);
execute($client, 'ask', 0, $query);
is( flush_until($client, 'C'), 'row: hit|' . accounts(92, 100) . "\nSELECT 1", 'before a write');
is(receive_until($client, 'C'), 'UPDATE 1', 'a write');
is(receive_until($client, 'C'), 'row: bypass: own_writes|' . accounts(80, 100) . "\nSELECT 1", 'after it, unsynchronised');
is(ask($node, $query), 'hit|' . accounts(92, 100), 'others see none of it');
is(sync($client), '', 'synchronised');
settled('synchronised', 80, 100);

# One that fails takes those before it along.
execute($client, 'update', 0, 70);
execute($client, 'fail', 0, 0);
execute($client, 'ask', 0, $query);
is(sync($client), "UPDATE 1\nerror: division by zero", 'one of three fails, the third is not run');
is(ask($node, $query), 'hit|' . accounts(80, 100), 'and no answer is lost');

# Several statements in one message are a transaction, too.
send_message($client, 'Q', "UPDATE account SET balance = 75 WHERE id = 1; SELECT outcome, answer FROM ask('$query')\0");
is(receive_until($client, 'Z'), "UPDATE 1\nrow: bypass: own_writes|" . accounts(75, 100) . "\nSELECT 1", 'one message');
settled('one message', 75, 100);

# A portion of the rows that a statement returns: it has changed them all.
execute($client, 'insert', 1);
is(sync($client), "row: 3\nsuspended", 'one of three inserted rows is fetched');
settled('one of three inserted rows', 75, 100, 1, 1, 1);
execute($client, 'change', 2);
is(sync($client), "row: 1\nrow: 2\nsuspended", 'two of five updated rows are fetched');
settled('two of five updated rows', 76, 101, 2, 2, 2);
execute($client, 'delete', 1);
is(sync($client), 'DELETE 3', 'rows that are not returned');
settled('rows that are not returned', 76, 101);

# A portion of the rows of a query whose function writes: it has changed as many as were fetched.
execute($client, 'begin', 0);
is(sync($client), 'BEGIN', 'a transaction');
execute($client, 'bump', 1);
is(flush_until($client, 's'), "row: 77\nsuspended", 'half of a query that writes');
is(ask($node, $query), 'hit|' . accounts(76, 101), 'half of a query that writes: others');
execute_on($client, 1);
is(flush_until($client, 's'), "row: 102\nsuspended", 'the other half');
is(ask($node, $query), 'hit|' . accounts(76, 101), 'the other half: others');
is(sync($client), '', 'synchronised within a transaction');
is(ask($node, $query), 'hit|' . accounts(76, 101), 'synchronised within a transaction: others');
execute($client, 'ask', 0, $query);
is(sync($client), 'row: bypass: own_writes|' . accounts(77, 102) . "\nSELECT 1", 'it sees what it has written');
execute($client, 'commit', 0);
is(sync($client), 'COMMIT', 'committed');
settled('committed', 77, 102);
execute($client, 'bump', 1);
is(sync($client), "row: 78\nsuspended", 'the first of two rows only, without a transaction of its own');
settled('the first of two rows', 78, 102);

# A client that goes without Sync has written nothing.
execute($client, 'update', 0, 1);
is(flush_until($client, 'C'), 'UPDATE 1', 'a write, and no end');

close $client;
$node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = \'client backend\'')
  or die 'it stays';
is(ask($node, $query), 'hit|' . accounts(78, 102), 'of a client that has gone, nothing is left');
is($node->safe_psql('postgres', 'SELECT * FROM fraiseql.validate_coherency()'), '', 'shared memory is coherent');

$node->stop;
done_testing();
