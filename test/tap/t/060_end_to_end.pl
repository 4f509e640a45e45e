# The whole way, end to end: questions, mutations of every kind, plain SQL, invalidation by hand and the audit trail, in
# eight groups of scenarios.  What a cache of GraphQL answers promises, as its users would try it.
use Fraiseql::Test;

my $node = fraiseql_node('end_to_end', config => 'fraiseql.worker_interval = 10ms');

create_ask($node);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL CHECK (name <> 'bad'), version int NOT NULL DEFAULT 0);
CREATE TABLE tb_post (id int PRIMARY KEY, title text NOT NULL, user_id int NOT NULL REFERENCES tb_user ON DELETE CASCADE);
CREATE TABLE tb_comment (id int PRIMARY KEY, body text NOT NULL, post_id int NOT NULL REFERENCES tb_post ON DELETE CASCADE);
CREATE INDEX ON tb_post (user_id);
CREATE INDEX ON tb_comment (post_id);
CREATE VIEW v_author AS
	SELECT u.id, jsonb_build_object('id', u.id, 'name', u.name, 'posts', (SELECT count(*) FROM tb_post p WHERE p.user_id = u.id)) AS data
	FROM tb_user u;
CREATE FUNCTION fn_rename_user(p_id int, p_name text) RETURNS tb_user LANGUAGE sql AS
	$$UPDATE tb_user SET name = p_name WHERE id = p_id RETURNING *$$;
CREATE FUNCTION fn_break_user(p_id int) RETURNS tb_user LANGUAGE plpgsql AS
	$$BEGIN UPDATE tb_user SET name = 'broken' WHERE id = p_id; RAISE EXCEPTION 'not today'; END$$;
CREATE FUNCTION fn_raise_version(p_id int) RETURNS tb_user LANGUAGE sql AS
	$$UPDATE tb_user SET version = version + 1 WHERE id = p_id RETURNING *$$;
CREATE FUNCTION fn_claim_user(p_id int) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	UPDATE tb_user SET name = 'claimed' WHERE id = p_id;
	RETURN jsonb_build_object('status', 'conflict:name', 'message', 'that name is taken', 'entity_id', null, 'entity_type', 'User',
		'entity', null, 'updated_fields', null, 'cascade', null, 'metadata', null);
END $$;
CREATE FUNCTION fresh() RETURNS void LANGUAGE sql AS $$
	TRUNCATE tb_user, tb_post, tb_comment;
	INSERT INTO tb_user SELECT i, 'user ' || i FROM generate_series(1, 10) AS i;
	INSERT INTO tb_post SELECT 10 * u + i, 'post ' || 10 * u + i, u FROM generate_series(1, 10) AS u, generate_series(0, 1) AS i;
	INSERT INTO tb_comment SELECT 10 * p.id + i, 'comment ' || 10 * p.id + i, p.id FROM tb_post p, generate_series(0, 1) AS i;
$$;
SELECT fresh(), fraiseql.expose('tb_user', options => '{"mutations": true}'), fraiseql.expose('tb_post', options => '{"mutations": true}'),
	fraiseql.expose('tb_comment', options => '{"mutations": ["insert", "delete"]}'), fraiseql.expose('v_author'),
	fraiseql.expose_function('fn_rename_user(int, text)'), fraiseql.expose_function('fn_break_user(int)'),
	fraiseql.expose_function('fn_raise_version(int)'), fraiseql.expose_function('fn_claim_user(int)', options => '{"entity": "User"}');
SQL

sub user
{
	my ($id) = @_;

	return "{ user(id: $id) { id name } }";
}

sub user_is
{
	my ($id, $name) = @_;

	return qq({"data":{"user":{"id":$id,"name":"$name"}}});
}

# Ask, and tell only whether it was a hit.
sub outcome
{
	my ($query) = @_;

	return (split(/\|/, ask($node, $query), 2))[0];
}

# The same of several, in one word each.
sub outcomes
{
	return join(' ', map { outcome($_) } @_);
}

sub value
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $sql);
}

# The data of a mutation's response, which has its cascade beside it.
sub mutate
{
	my ($query) = @_;

	return value("SELECT fraiseql.execute(\$q\$mutation { $query }\$q\$)::jsonb - 'extensions'");
}

# Run statements as a transaction, and wait for its record; what this says of it.
sub recorded
{
	my ($sql, $columns) = @_;
	my $xid = (split(/\n/, value("BEGIN; $sql; SELECT pg_current_xact_id(); COMMIT")))[-1];

	$node->poll_query_until('postgres', "SELECT count(*) FROM fraiseql.audit_recent WHERE xid = '$xid'", '1')
	  or die "no record of $sql";
	return value("SELECT $columns FROM fraiseql.audit_recent WHERE xid = '$xid'");
}

# Everything as at first, and no answer kept.
sub begin
{
	recorded('SELECT fresh()', '1');
	value('SELECT fraiseql.cache_reset()');
	return;
}

sub coherent
{
	my ($when) = @_;

	return is(value('SELECT * FROM fraiseql.validate_coherency()'), '', "shared memory is coherent $when");
}

my $list = '{ users(orderBy: {id: ASC}, limit: 2) { id name } }';
my $nested = '{ user(id: 1) { name posts(orderBy: {id: ASC}) { id title comments(orderBy: {id: ASC}) { body } } } }';

subtest 'the caching pipeline' => sub {
	begin();
	is(ask($node, user(1)), 'kept|' . user_is(1, 'user 1'), 'a question is executed, and its answer kept');
	is(ask($node, user(1)), 'hit|' . user_is(1, 'user 1'), 'asked again, it is a hit, with the same bytes');
	is(outcome("{\n  user( id : 1 )   { id, name }\n}  # a comment"), 'hit', 'however it is spelt');
	is(outcome('{ user(id: 1) { name id } }'), 'kept', 'fields in another order are another answer');
	is(outcome(user(2)), 'kept', 'another argument is another answer');
	is(outcomes($nested, $nested), 'kept hit', 'several types in one answer');
	is(outcomes(('{ a: user(id: 1) { name } b: post(id: 20) { title } }') x 2), 'kept hit', 'several root fields');
	is(outcomes(('{ author(id: 1) { name posts } }') x 2), 'kept hit', 'a view of documents');
	is(outcomes((user(99)) x 2), 'kept hit', 'that there is nothing is an answer too');
	unlike(outcome('{ user(id: 1) { nothing } }'), qr/kept|hit/, 'a mistake is not kept');
	my $entries = cache_stat($node, 'entries');
	mutate('raiseVersion(id: 3) { version }');
	is(mutate('raiseVersion(id: 3) { version }'), '{"data": {"raiseVersion": {"version": 2}}}', 'a mutation is executed each time');
	is(cache_stat($node, 'entries'), $entries, 'and never kept');
	coherent('after the pipeline');
};

subtest 'mutation and invalidation' => sub {
	begin();
	outcomes(user(1), user(2), $list, $nested);
	is(mutate('renameUser(id: 1, name: "Ann") { id name posts(orderBy: {id: ASC}) { id } }'),
		'{"data": {"renameUser": {"id": 1, "name": "Ann", "posts": [{"id": 10}, {"id": 11}]}}}', 'a function, and what it wrote');
	is(ask($node, user(1)), 'kept|' . user_is(1, 'Ann'), 'the object is fresh');
	is(outcome(user(2)), 'hit', 'another one is not touched');
	is(ask($node, $list), 'kept|{"data":{"users":[{"id":1,"name":"Ann"},{"id":2,"name":"user 2"}]}}', 'a list with it is fresh');
	like(ask($node, $nested), qr/^kept\|.*"name":"Ann"/, 'what it is nested in is fresh');
	is(mutate('updateUsers(where: {id: {eq: 2}}, set: {name: "Bob"}) { affectedCount }'),
		'{"data": {"updateUsers": {"affectedCount": 1}}}', 'an update without a function');
	is(outcomes(user(1), user(2)), 'hit kept', 'concerns what it updated');
	outcome(user(20));
	is(mutate('insertUsers(objects: [{id: 20, name: "Cy", posts: [{id: 200, title: "new"}]}]) { affectedCount }'),
		'{"data": {"insertUsers": {"affectedCount": 1}}}', 'an insertion, with rows below it');
	is(ask($node, user(20)), 'kept|' . user_is(20, 'Cy'), 'is seen where there was nothing');
	is(outcomes(user(1), user(2)), 'hit hit', 'and concerns no other object');
	mutate('deletePosts(where: {id: {eq: 10}}) { affectedCount }');
	unlike(ask($node, $nested), qr/"id":10/, 'a deletion: what it was nested in is fresh');
	outcomes(user(3), user(4));
	like(mutate('breakUser(id: 3) { name }'), qr/not today/, 'a function that fails after it has written');
	like(mutate('claimUser(id: 3) { status }'), qr/"code": "CONFLICT"/, 'one that says that it failed');
	like(mutate('updateUsers(where: {id: {eq: 3}}, set: {name: "bad"}) { affectedCount }'), qr/"sqlstate": "23514"/,
		'an update that a constraint refuses');
	like(ask($node, user(3)), qr/^(hit|kept)\|\Q@{[ user_is(3, 'user 3') ]}\E$/, 'none of them shows in an answer');
	like(mutate('a: breakUser(id: 3) { name } b: renameUser(id: 4, name: "Dee") { name }'), qr/"a": null, "b": \{"name": "Dee"\}/,
		'of two fields one fails');
	is(ask($node, user(4)), 'kept|' . user_is(4, 'Dee'), 'and the other one counts');
	like(ask($node, user(3)), qr/"name":"user 3"/, 'that one does not');
	coherent('after mutations');
};

subtest 'coherency' => sub {
	begin();
	outcomes(map { user($_) } 1 .. 4);
	value("BEGIN; UPDATE tb_user SET name = 'x' WHERE id = 1; ROLLBACK");
	is(outcome(user(1)), 'hit', 'what is rolled back costs nothing');
	my $answers = value("BEGIN; SELECT 1 FROM fn_rename_user(1, 'mine'); " . asked(user(1)) . asked(user(2)) . 'ROLLBACK');
	like($answers, qr/"name":"mine"/, 'a transaction sees its own writes');
	like($answers, qr/\nhit\|.*"name":"user 2"/, 'and hits of what it has not written');
	is(ask($node, user(1)), 'hit|' . user_is(1, 'user 1'), 'nobody else saw them');
	value("BEGIN; SAVEPOINT s; SELECT 1 FROM fn_rename_user(1, 'no'); ROLLBACK TO s; SELECT 1 FROM fn_rename_user(2, 'yes'); COMMIT");
	is(ask($node, user(1)) =~ s/^\w+//r . ask($node, user(2)), '|' . user_is(1, 'user 1') . 'kept|' . user_is(2, 'yes'),
		'what a savepoint has undone did not happen, the rest did');
	is( recorded("UPDATE tb_user SET name = 'three' WHERE id = 3", 'entries_invalidated, entities'),
		'1|[{"id": "3", "type": "Author", "operation": "UPDATED"}, {"id": "3", "type": "User", "operation": "UPDATED"}]',
		'the audit trail names the object, by both its types, and one answer');
	is(outcomes(user(3), user(4)), 'kept hit', 'which is so');
	value("UPDATE tb_user SET version = version + 1");
	is(outcomes(user(3), user(4)), 'hit hit', 'a column that no answer reads');
	value('ALTER TABLE tb_user ADD COLUMN note text');
	is(outcome(user(4)), 'kept', 'a definition counts as a change');
	value('ALTER TABLE tb_user DROP COLUMN note');
	coherent('after plain SQL');
};

subtest 'wildcards and bulk' => sub {
	begin();
	outcomes(map { user($_) } 1 .. 10);
	is(value(q(SELECT fraiseql.invalidate('User', id::text) FROM generate_series(1, 3) AS id)), "1\n1\n1", 'three of ten answers');
	is(outcomes(map { user($_) } 1 .. 10), 'kept kept kept hit hit hit hit hit hit hit', 'are gone, seven are left');
	outcome($list);
	is(value(q(SELECT fraiseql.invalidate('User', '5'))), '2', 'an object: itself, and the list, which could show it');
	is(outcomes(user(4), $list), 'hit kept', 'and no other object');
	outcomes(map { user($_) } 1 .. 10);
	is(value(q(SELECT fraiseql.invalidate('User'))), '11', 'a type: all of them, and the list');
	is(outcomes('{ post(id: 10) { id } }', map { user($_) } 1 .. 10), 'kept' . ' kept' x 10, 'each is computed anew');
	is(value(q(SELECT fraiseql.invalidate_cascade('{"updated": [{"__typename": "User", "id": 1}, {"__typename": "User", "id": "2"}],
		"deleted": [{"__typename": "Post", "id": "10"}]}'))), '3', 'a cascade: an id as a number, one as a string, a deletion');
	is(outcomes(user(1), user(2), user(3)), 'kept kept hit', 'what it names');
	is(value(q(SELECT fraiseql.invalidate_cascade('{"invalidations": {"updated": [{"type": "User", "id": 1}], "deleted":
		[{"type": "User", "id": "3"}]}}'))), '2', 'a cascade in its other form');
	outcomes($list, map { user($_) } 1 .. 10);
	is(recorded("UPDATE tb_user SET name = name || '!' WHERE id <= 5", 'entries_invalidated, entity_count'), '6|5',
		'five rows at once: five answers, and the list');
	is(outcomes(map { user($_) } 1 .. 10), 'kept kept kept kept kept hit hit hit hit hit', 'five others stay');
	like(mutate('updateUsers(where: {id: {lte: 3}}, set: {name: "same"}, atMost: 2) { affectedCount }'), qr/"updateUsers": null/,
		'a mutation of more rows than it may');
	is(value("SELECT count(*) FROM tb_user WHERE name = 'same'"), '0', 'changes nothing');
	is(ask($node, user(1)) =~ s/^\w+//r, '|' . user_is(1, 'user 1!'), 'to be seen neither');
	outcomes(map { user($_) } 1 .. 10);
	mutate('updateUsers(where: {}, set: {name: "same"}) { affectedCount }');
	is(outcomes(map { user($_) } 1 .. 10), 'kept' . ' kept' x 9, 'one of all rows concerns all');
	outcome($list);
	value('TRUNCATE tb_user CASCADE');
	is(ask($node, $list), 'kept|{"data":{"users":[]}}', 'TRUNCATE too');
	coherent('after bulk');
};

subtest 'correctness' => sub {
	begin();
	for my $i (1 .. 5)
	{
		outcome(user(1));
		mutate(qq(renameUser(id: 1, name: "name $i") { id }));
		is(ask($node, user(1)), 'kept|' . user_is(1, "name $i"), "no stale answer after change $i");
	}
	is(value(q(SELECT fraiseql.invalidate('User', '1'))), '1', 'an invalidation');
	is(value(q(SELECT fraiseql.invalidate('User', '1'))), '0', 'a second one finds nothing to do');
	outcome(user(1));
	value("UPDATE tb_user SET name = 'dead' WHERE id = 1");
	is(value(q(SELECT fraiseql.invalidate('User', '1'))), '0', 'what a write has killed is not counted again');
	outcome(user(1));
	is(value(q(SELECT fraiseql.invalidate_cascade(c) FROM unnest(ARRAY[NULL, '{}', '{"updated": [], "deleted": []}']::jsonb[]) AS c)) =~
		s/\n/ /gr, '0 0 0', 'an empty cascade');
	is(value(q(SELECT fraiseql.invalidate('Nobody', '1'), fraiseql.invalidate('user', '1'))), '0|0', 'names of no type');
	my $failed = value('SELECT failed FROM fraiseql.cascade_stats');
	my (undef, undef, $error) = $node->psql('postgres', q(\set VERBOSITY verbose
SELECT fraiseql.invalidate_cascade('{"updated": [{"__typename": "User", "id": 1}, {"__typename": "User"}]}')));
	like($error, qr/22023/, 'a malformed cascade is an error');
	is(outcome(user(1)), 'hit', 'and nothing of it is done');
	ok($node->poll_query_until('postgres', "SELECT failed = $failed + 1 FROM fraiseql.cascade_stats"), 'it is counted');
	is(value("SELECT status FROM fraiseql.audit_recent ORDER BY number DESC LIMIT 1"), 'Failed', 'and recorded');
	is(ask($node, '{ a: user(id: 1) { name } b: user(id: 1) { name } }'), 'kept|{"data":{"a":{"name":"dead"},"b":{"name":"dead"}}}',
		'two fields of one answer agree');
	coherent('after all of it');
};

# Readers hold every answer against what plain SQL says before and after it; of two writers one is a mutation, one plain SQL.
subtest 'concurrency' => sub {
	begin();
	value('CREATE TABLE died (n bigint NOT NULL)');
	my $script = <<'SQL';
\set id random(1, 3)
\if :client_id < 3
SELECT version AS before FROM tb_user WHERE id = :id \gset
SELECT (fraiseql.execute('query($id: Int!) { user(id: $id) { id version } }', jsonb_build_object('id', :id::int))
	#>> '{data,user,version}')::int AS seen \gset
SELECT version AS after FROM tb_user WHERE id = :id \gset
SELECT 1 / (:before <= :seen AND :seen <= :after)::int;
\else
\if :client_id = 3
SELECT (fraiseql.execute('mutation($id: Int!) { raiseVersion(id: $id) { version } }', jsonb_build_object('id', :id::int))
	#>> '{data,raiseVersion,version}')::int AS written \gset
\else
UPDATE tb_user SET version = version + 1 WHERE id = :id RETURNING version AS written \gset
\endif
SELECT 1 / ((fraiseql.execute('query($id: Int!) { user(id: $id) { id version } }', jsonb_build_object('id', :id::int))
	#>> '{data,user,version}')::int >= :written)::int;
\endif
SQL
	my $hits = cache_stat($node, 'hits');

	$node->pgbench('--no-vacuum --client=5 --jobs=2 --transactions=400', 0, [qr/processed: 2000\/2000/], [qr/^$/],
		'three readers and two writers: nobody sees what is stale', { '060_clients' => $script });
	is(value('SELECT sum(version) FROM tb_user'), '800', 'no write is lost');
	cmp_ok(cache_stat($node, 'hits'), '>', $hits, 'there were hits');
	is(outcomes(map { "{ user(id: $_) { id version } }" } 1 .. 3) =~ /kept|hit/ ? 1 : 0, 1, 'afterwards answers are kept');
	is( value(q(SELECT bool_and((fraiseql.execute('query($id: Int!) { user(id: $id) { id version } }', jsonb_build_object('id', id))
		#>> '{data,user,version}')::int = version) FROM tb_user)), 't', 'and say what the table says');

	outcomes(map { user($_) } 1 .. 10);
	my $before = cache_stat($node, 'invalidations');
	$node->pgbench('--no-vacuum --client=3 --jobs=2 --transactions=40', 0, [qr/processed: 120\/120/], [qr/^$/],
		'three who invalidate the same', { '060_invalidate' => <<'SQL' });
\set id random(1, 10)
INSERT INTO died SELECT fraiseql.invalidate('User', ':id');
SQL
	is(value("SELECT invalidations - $before - (SELECT sum(n) FROM died) FROM fraiseql.cache_stats"), '0',
		'every answer that died was counted by one of them');

	my $extractions = value('SELECT extractions FROM fraiseql.cascade_stats');
	$node->pgbench('--no-vacuum --client=4 --jobs=2 --transactions=100', 0, [qr/processed: 400\/400/], [qr/^$/],
		'four who mutate', { '060_mutations' => <<'SQL' });
SELECT fraiseql.execute('mutation($id: Int!) { raiseVersion(id: $id) { version } }', jsonb_build_object('id', 1 + :client_id));
SQL
	is(value("SELECT extractions - $extractions, average_extraction_ms <= max_extraction_ms, p99_extraction_ms <= max_extraction_ms
		FROM fraiseql.cascade_stats"), '400|t|t', 'how long each cascade took was counted once');
	coherent('after concurrency');
};

subtest 'complex scenarios' => sub {
	begin();
	my %session = map { $_ => $node->background_psql('postgres', on_error_stop => 0) } qw(A B C D);
	my $say = sub { my ($who, $sql) = @_; return $session{$who}->query_safe($sql) };
	my $at = sub { my ($who, $query) = @_; return $say->($who, asked($query)) };

	is($at->('A', user(1)), 'kept|' . user_is(1, 'user 1'), 'A asks');
	is($at->('B', user(1)), 'hit|' . user_is(1, 'user 1'), 'B has a hit');
	like($say->('C', q(SELECT fraiseql.execute('mutation { renameUser(id: 1, name: "by C") { name } }'))), qr/"name":"by C"/, 'C mutates');
	is($at->('D', user(1)), 'kept|' . user_is(1, 'by C'), 'D sees it');
	is($at->('A', user(1)), 'hit|' . user_is(1, 'by C'), 'and so does A, who has a hit');
	$say->('C', q(BEGIN; SELECT 1 FROM fn_rename_user(1, 'not yet')));
	is($at->('B', user(1)), 'hit|' . user_is(1, 'by C'), 'B does not see what C has not committed');
	$say->('C', 'COMMIT');
	is($at->('B', user(1)), 'kept|' . user_is(1, 'not yet'), 'at once when C has');
	$say->('D', 'BEGIN ISOLATION LEVEL REPEATABLE READ');
	like($at->('D', user(1)), qr/not yet/, 'D takes a snapshot');
	$say->('C', q(SELECT 1 FROM fn_rename_user(1, 'later')));
	is($at->('A', user(1)), 'kept|' . user_is(1, 'later'), 'A sees what came later');
	like($at->('D', user(1)), qr/not yet/, 'D stays with the snapshot');
	$say->('D', 'COMMIT');
	is($at->('D', user(1)), 'hit|' . user_is(1, 'later'), 'until it ends');

	# deletions down the foreign keys
	my $posts = '{ posts(where: {userId: {eq: 1}}, orderBy: {id: ASC}) { id } }';
	my @gone = (user(1), $posts, $nested, '{ post(id: 10) { title } }', '{ comment(id: 100) { body } }');
	my @stays = (user(2), '{ post(id: 20) { title } }', '{ comment(id: 200) { body } }', '{ author(id: 2) { name posts } }');

	$node->safe_psql('postgres', 'SELECT fraiseql.cache_reset()');
	outcomes(@gone, @stays);
	like( recorded(q(SELECT fraiseql.execute('mutation { deleteUsers(where: {id: {eq: 1}}) { affectedCount records { name } } }')),
			q(entries_invalidated, (SELECT string_agg(concat(e->>'type', e->>'id'), ' ' ORDER BY e->>'type', (e->>'id')::int)
				FROM jsonb_array_elements(entities) AS e WHERE e->>'operation' = 'DELETED' AND e->>'type' <> 'Author'))),
		qr/^5\|Comment100 Comment101 Comment110 Comment111 Post10 Post11 User1$/, 'a user, with posts and comments: five answers');
	is(ask($node, user(1)), 'kept|{"data":{"user":null}}', 'there is no such user');
	is(ask($node, $posts), 'kept|{"data":{"posts":[]}}', 'there are no posts of his');
	is(outcomes(@gone[2 .. 4]), 'kept kept kept', 'nothing of him is served');
	is(outcomes(@stays), 'hit hit hit hit', 'other users, their posts and comments stay');
	outcome('{ author(id: 3) { name posts } }');
	mutate('insertPosts(objects: [{id: 300, title: "third", user: {connect: {id: 3}}}]) { affectedCount }');
	is(ask($node, '{ author(id: 3) { name posts } }'), 'kept|{"data":{"author":{"name":"user 3","posts":3}}}',
		'a document that counts what was inserted');
	outcomes('{ author(id: 3) { posts } }', '{ author(id: 4) { posts } }');
	value('UPDATE tb_post SET user_id = 4 WHERE id = 300');
	is(ask($node, '{ author(id: 3) { posts } }') . ask($node, '{ author(id: 4) { posts } }'),
		'kept|{"data":{"author":{"posts":2}}}kept|{"data":{"author":{"posts":3}}}', 'one that moves: where it was, and where it is');
	$_->quit for values %session;
	coherent('after complex scenarios');
};

subtest 'state is consistent' => sub {
	begin();
	value('SELECT fraiseql.stats_reset()');
	outcomes((map { user($_) } 1 .. 5), (map { user($_) } 1 .. 5), $list);
	is(cache_stat($node, 'entries, fills, hits >= 5'), '6|6|t', 'answers, fills and hits');
	is(value('SELECT count(*) FILTER (WHERE valid), sum(memory_bytes) = (SELECT memory_bytes FROM fraiseql.cache_stats)
		FROM fraiseql.cache_entries'), '6|t', 'the entries are those, and their memory is that');
	my $first = value('SELECT max(number) FROM fraiseql.audit_recent');
	my $cascades = value('SELECT cascades FROM fraiseql.cascade_stats');

	is(recorded(q(SELECT fraiseql.execute('mutation Rename { a: renameUser(id: 1, name: "x") { id } b: renameUser(id: 2, name: "y") { id } }')),
		"mutation_id ~ 'Rename', entries_invalidated, cardinality(keys), status"), 't|3|3|Success', 'a mutation of two fields has one record');
	is(recorded(q(INSERT INTO tb_post VALUES (900, 'unread', 5)), 'mutation_id IS NULL, entries_invalidated, keys, status'), 't|0|{}|Success',
		'a write that no answer has read');
	is(recorded(q(DELETE FROM tb_user WHERE id = 5), 'entries_invalidated, status'), '1|Success', 'a deletion');
	is(value("SELECT cascades - $cascades, (SELECT count(*) FROM fraiseql.audit_recent WHERE number > $first) FROM fraiseql.cascade_stats"),
		'3|3', 'the audit trail and its totals agree');
	is(value("SELECT sum(entries_invalidated), (SELECT entries_invalidated FROM fraiseql.cascade_stats),
		(SELECT invalidations FROM fraiseql.cache_stats) FROM fraiseql.audit_recent WHERE number > $first"), '4|4|4',
		'and so do three counts of what died');
	is(cache_stat($node, 'entries'), '2', 'what is left');
	is(value("SELECT bool_and(number = $first + n) FROM (SELECT number, row_number() OVER (ORDER BY number) AS n
		FROM fraiseql.audit_recent WHERE number > $first) AS r"), 't', 'records have no gaps');
	is(value("SELECT bool_and(processed_at >= committed_at AND role = 'postgres'::regrole AND database =
		(SELECT oid FROM pg_database WHERE datname = current_database())) FROM fraiseql.audit_recent WHERE number > $first"), 't',
		'they say when, who and where');
	value('BEGIN; DELETE FROM tb_user; ROLLBACK');
	is(recorded("SELECT fn_rename_user(7, 'z')", "number - $first"), '4', 'what is rolled back has no record');
	value(q(SELECT fraiseql.invalidate('User')));
	is(cache_stat($node, 'entries, invalidations'), '0|6', 'invalidated by hand');
	is(cache_stat($node, 'fills - invalidations - evictions - expirations - entries'), '0', 'no answer is unaccounted for');
	coherent('at the end');
};

$node->stop;
done_testing();
