#!/usr/bin/perl
#
# test/bench/hitrate.pl
#    The workload of `make bench-hitrate`, what its hit rate could be at best, and the report.
#
# Usage: hitrate.pl generate <directory>   data, operations for psql, and what two simulated caches make of them
#        hitrate.pl report <directory>     the same beside what the server did; fails where the goal is missed
#
# The operations are drawn from a seeded generator, so a run can be repeated.  Reads choose a user or a post by Zipf's
# law (exponent 1) over a shuffled order of all; writes change one row, chosen uniformly from all rows
# (HITRATE_WRITES=zipf: by the popularity of the post or user that they belong to).
#
# The simulated caches never forget and see the operations one after another:
#    ideal      an answer dies when a write changes a column that it shows, or a row enters or leaves it; nothing else
#    relation   an answer dies when anything in a table that it read is written
# The ideal knows the columns too, so it is a stricter ceiling than one of whole rows.
use strict;
use warnings FATAL => 'all';

my %DEFAULT = (USERS => 10_000, POSTS => 50_000, COMMENTS => 200_000, OPERATIONS => 600_000, CLIENTS => 2, SEED => 1,
	SHARES => '1 5 10', WRITES => 'uniform', DETAIL => 0);
my ($USERS, $POSTS, $COMMENTS, $OPERATIONS, $CLIENTS, $SEED, $SHARES, $WRITES, $DETAIL) =
  map { $ENV{"HITRATE_$_"} || $DEFAULT{$_} } qw(USERS POSTS COMMENTS OPERATIONS CLIENTS SEED SHARES WRITES DETAIL);

# What is aimed at: of the ceiling, and of all reads where one operation in a hundred writes.  Percent.
my $GOAL_OF_IDEAL = 90;
my $GOAL_AT_ONE = 85;

# The reads: weight, what the id means, the tables that it reads, the operation.
my %READS = (
	user_posts => [ 30, 'user', 'user post comment',
		'query ($id: Int!) { user(id: $id) { name bio posts { id title comments { body } } } }' ],
	post_page => [ 25, 'post', 'user post comment',
		'query ($id: Int!) { post(id: $id) { title body user { name } comments { body user { name } } } }' ],
	profile => [ 20, 'user', 'user',
		'query ($id: Int!) { user(id: $id) { name bio } }' ],
	posts_of => [ 15, 'user', 'post',
		'query ($id: Int!) { posts(where: {userId: {eq: $id}}, orderBy: {id: DESC}) { id title } }' ],
	comments_of => [ 10, 'post', 'user post comment',
		'query ($id: Int!) { comments(where: {post: {id: {eq: $id}}}) { body user { name } } }' ]);

# The writes: weight, about as many as the tables have rows, so that each row is as likely as any other.
my %WRITES = (
	update_user_name => 1, update_user_bio => 2, insert_user => 1,
	update_post_title => 7, update_post_body => 7, insert_post => 3, delete_post => 3,
	update_comment => 40, insert_comment => 18, delete_comment => 18);

my $directory;

# ---- Choosing ----

# A function that draws a key by weight.
sub weighted
{
	my (%weight) = @_;
	my @keys = map { ($_) x $weight{$_} } sort keys %weight;

	return sub { return $keys[ int rand @keys ] };
}

# A function that draws a number from 1 to n by Zipf's law over a shuffled order of them.
sub zipf
{
	my ($n) = @_;
	my @order = (1 .. $n);
	my @below;
	my $sum = 0;

	for my $i (reverse 1 .. $#order)
	{
		my $j = int rand($i + 1);
		@order[ $i, $j ] = @order[ $j, $i ];
	}
	push @below, $sum += 1 / $_ for 1 .. $n;
	return sub {
		my $at = rand $sum;
		my ($low, $high) = (0, $n - 1);

		while ($low < $high)
		{
			my $middle = int(($low + $high) / 2);
			if ($below[$middle] <= $at) { $low = $middle + 1 } else { $high = $middle }
		}
		return $order[$low];
	};
}

# ---- The data, as the model knows it ----

# A set of numbers that one can draw from: the numbers, and the place of each.
sub set_add    { my ($set, $id) = @_; push @{ $set->{list} }, $id; $set->{place}{$id} = $#{ $set->{list} }; return }
sub set_draw   { my ($set) = @_; return $set->{list}[ int rand @{ $set->{list} } ] }
sub set_remove
{
	my ($set, $id) = @_;
	my $place = delete $set->{place}{$id};
	my $last = pop @{ $set->{list} };

	return if $last == $id;
	$set->{list}[$place] = $last;
	$set->{place}{$last} = $place;
	return;
}

my (%posts, %comments);    # sets of what there is
my (@author_of, @posts_of);    # by post; by user
my (@post_of, @commenter_of, @comments_of, @comments_by);    # by comment; by comment; by post; by user
my ($last_user, $last_post, $last_comment) = (0, 0, 0);

sub add_post
{
	my ($user) = @_;

	$author_of[ ++$last_post ] = $user;
	$posts_of[$user]{$last_post} = 1;
	$comments_of[$last_post] = {};
	set_add(\%posts, $last_post);
	return $last_post;
}

sub add_comment
{
	my ($post, $user) = @_;

	($post_of[ ++$last_comment ], $commenter_of[$last_comment]) = ($post, $user);
	$comments_of[$post]{$last_comment} = 1;
	$comments_by[$user]{$last_comment} = 1;
	set_add(\%comments, $last_comment);
	return $last_comment;
}

sub remove_comment
{
	my ($comment) = @_;

	delete $comments_of[ $post_of[$comment] ]{$comment};
	delete $comments_by[ $commenter_of[$comment] ]{$comment};
	set_remove(\%comments, $comment);
	return;
}

# The tables' first contents, in files for COPY.
sub create_data
{
	open my $users, '>', "$directory/users.tsv" or die "users.tsv: $!\n";
	open my $posts, '>', "$directory/posts.tsv" or die "posts.tsv: $!\n";
	open my $comments, '>', "$directory/comments.tsv" or die "comments.tsv: $!\n";
	print $users "$_\tuser $_\tWhat user $_ says of himself, in a line.\n" for 1 .. $USERS;
	$last_user = $USERS;
	for (1 .. $POSTS)
	{
		my $user = 1 + int rand $USERS;
		my $post = add_post($user);
		print $posts "$post\t$user\tPost $post, with a title of ordinary length\t" . "Text of post $post. " x 5 . "\n";
	}
	for (1 .. $COMMENTS)
	{
		my ($post, $user) = (1 + int rand $POSTS, 1 + int rand $USERS);
		my $comment = add_comment($post, $user);
		print $comments "$comment\t$post\t$user\tComment $comment, which is one line long.\n";
	}
	close $_ or die "data: $!\n" for $users, $posts, $comments;
	return;
}

# ---- The two simulated caches ----

my %alive;    # ideal: answers that are as the data is, "read id"
my (%filled, %written);    # relation: when an answer was kept; when a table was last written
my $now = 0;

# Is it a hit in (the ideal cache, the cache of relations)?  It is kept in both from now on.
sub simulate_read
{
	my ($read, $id) = @_;
	my $key = "$read $id";
	my $ideal = exists $alive{$key} ? 1 : 0;
	my $filled = $filled{$key};
	my $relation = defined $filled ? 1 : 0;

	for my $table (split / /, $READS{$read}[2])
	{
		$relation = 0 if defined $filled && ($written{$table} // 0) > $filled;
	}
	$alive{$key} = 1;
	$filled{$key} = $now if !$relation;
	return ($ideal, $relation);
}

sub kill_answers { delete @alive{@_}; return }

# What shows a post's rows: the row itself, or one of its comments that a reader of the author's posts sees.
sub kill_post
{
	my ($post, @more) = @_;

	kill_answers("user_posts $author_of[$post]", "post_page $post", @more);
	return;
}

# ---- The writes: each changes the model, kills what shows the row, and is one statement ----

# Chosen by popularity where the run says so: set by generate().
my ($popular_user, $popular_post);

sub any_user { return $WRITES eq 'zipf' ? $popular_user->() : 1 + int rand $USERS }

sub any_post
{
	my $post = $WRITES eq 'zipf' ? $popular_post->() : set_draw(\%posts);

	return exists $posts{place}{$post} ? $post : set_draw(\%posts);
}

sub any_comment
{
	my @of_popular = $WRITES eq 'zipf' ? sort { $a <=> $b } keys %{ $comments_of[ any_post() ] } : ();

	return @of_popular ? $of_popular[ int rand @of_popular ] : set_draw(\%comments);
}

sub update_user_name
{
	my $user = any_user();
	my @commented = map { $post_of[$_] } keys %{ $comments_by[$user] // {} };

	kill_answers("profile $user", "user_posts $user");
	kill_answers("post_page $_") for keys %{ $posts_of[$user] // {} }, @commented;
	kill_answers("comments_of $_") for @commented;
	return "UPDATE tb_user SET name = 'user $user, named at $now' WHERE id = $user";
}

sub update_user_bio
{
	my $user = any_user();

	kill_answers("profile $user", "user_posts $user");
	return "UPDATE tb_user SET bio = 'What user $user says at $now' WHERE id = $user";
}

# Somebody who has written nothing yet, and whom nobody asks for.
sub insert_user
{
	$last_user++;
	return "INSERT INTO tb_user VALUES ($last_user, 'user $last_user', 'new')";
}

sub update_post_title
{
	my $post = any_post();

	kill_post($post, "posts_of $author_of[$post]");
	return "UPDATE tb_post SET title = 'Post $post, with a title that was given at $now' WHERE id = $post";
}

sub update_post_body
{
	my $post = any_post();

	kill_answers("post_page $post");
	return "UPDATE tb_post SET body = 'Text of post $post, written at $now.' WHERE id = $post";
}

sub insert_post
{
	my $user = any_user();
	my $post = add_post($user);

	kill_post($post, "posts_of $user", "comments_of $post");
	return "INSERT INTO tb_post VALUES ($post, $user, 'Post $post', 'Text of post $post')";
}

# One without comments: those would have to go first.
sub delete_post
{
	my $post = set_draw(\%posts);

	$post = set_draw(\%posts) while %{ $comments_of[$post] };
	kill_post($post, "posts_of $author_of[$post]", "comments_of $post");
	delete $posts_of[ $author_of[$post] ]{$post};
	set_remove(\%posts, $post);
	return "DELETE FROM tb_post WHERE id = $post";
}

sub update_comment
{
	my $comment = any_comment();

	kill_post($post_of[$comment], "comments_of $post_of[$comment]");
	return "UPDATE tb_comment SET body = 'Comment $comment, as it is at $now' WHERE id = $comment";
}

sub insert_comment
{
	my ($post, $user) = (any_post(), any_user());
	my $comment = add_comment($post, $user);

	kill_post($post, "comments_of $post");
	return "INSERT INTO tb_comment VALUES ($comment, $post, $user, 'Comment $comment')";
}

sub delete_comment
{
	my $comment = any_comment();

	kill_post($post_of[$comment], "comments_of $post_of[$comment]");
	remove_comment($comment);
	return "DELETE FROM tb_comment WHERE id = $comment";
}

# One write: the statement.  The table that it writes is in its name.
sub write_one
{
	my ($write) = @_;
	my ($table) = $write =~ /^[a-z]+_([a-z]+)/;

	$written{$table} = $now;
	no strict 'refs';
	return &$write();
}

# ---- Generating ----

# Files for one phase of one write share, one a client, opened and begun.
sub open_clients
{
	my ($name) = @_;
	my @files;

	for my $client (1 .. $CLIENTS)
	{
		open my $file, '>', "$directory/$name.$client.sql" or die "$name: $!\n";
		print $file "PREPARE $_ (int) AS SELECT fraiseql.execute(\$q\$$READS{$_}[3]\$q\$, jsonb_build_object('id', \$1));\n"
		  for sort keys %READS;
		push @files, $file;
	}
	return @files;
}

# One phase.  The first client does all writes, so that their order is the model's, and as many fewer reads.
sub generate_phase
{
	my ($name, $share, $draw_read, $draw_write, $popular) = @_;
	my @files = open_clients($name);
	my @given = (0) x $CLIENTS;
	my %count = map { $_ => 0 } qw(reads writes ideal relation);

	open my $each, '>', "$directory/$name.reads" or die "$name: $!\n";
	for (1 .. $OPERATIONS / 2)
	{
		$now++;
		if (rand(100) < $share)
		{
			print { $files[0] } write_one($draw_write->()), ";\n";
			$given[0]++;
			$count{writes}++;
			next;
		}
		my $read = $draw_read->();
		my $id = $popular->{ $READS{$read}[1] }->();
		my ($ideal, $relation) = simulate_read($read, $id);
		my ($client) = sort { $given[$a] <=> $given[$b] } 0 .. $CLIENTS - 1;

		print { $files[$client] } "EXECUTE $read($id);\n";
		print { $files[$client] } "SELECT 'hits', hits FROM fraiseql.cache_stats;\n" if $DETAIL;
		print $each "$read\t$id\t$ideal\n";
		$given[$client]++;
		$count{reads}++;
		$count{ideal} += $ideal;
		$count{relation} += $relation;
	}
	close $_ or die "$name: $!\n" for @files, $each;
	return %count;
}

sub generate
{
	my $draw_read = weighted(map { $_ => $READS{$_}[0] } keys %READS);
	my $draw_write = weighted(%WRITES);

	srand $SEED;
	create_data();
	($popular_user, $popular_post) = (zipf($USERS), zipf($POSTS));
	open my $table, '>', "$directory/simulated.tsv" or die "simulated.tsv: $!\n";
	for my $share (split ' ', $SHARES)
	{
		(%alive, %filled) = ();
		for my $phase ('warm', 'steady')
		{
			my %count = generate_phase("$phase.$share", $share, $draw_read, $draw_write,
				{ user => $popular_user, post => $popular_post });
			print $table join("\t", $share, @count{qw(reads writes relation ideal)}), "\n" if $phase eq 'steady';
		}
	}
	close $table or die "simulated.tsv: $!\n";
	return;
}

# ---- The report ----

# Rows of a file of columns, by the first.
sub rows_of
{
	my ($name) = @_;

	open my $in, '<', "$directory/$name" or die "$name: $!\n";
	return map { chomp; my ($key, @row) = split /\t/; $key => \@row } <$in>;
}

sub report
{
	my %simulated = rows_of('simulated.tsv');
	my %measured = rows_of('measured.tsv');
	my $missed = 0;

	printf "\nsteady hit rate, %d operations each, of which the second half is counted; %d clients, writes %s\n\n",
	  $OPERATIONS, $CLIENTS, $WRITES;
	printf "%7s %9s %9s %16s %10s %8s %18s\n", 'writes', 'reads', 'written', 'relation-level', 'achieved', 'ideal',
	  'achieved / ideal';
	for my $share (split ' ', $SHARES)
	{
		my ($reads, $writes, $relation, $ideal) = @{ $simulated{$share} };
		my ($hits, $misses, $bypasses, $evictions, $rejected) = @{ $measured{$share} };
		my $rate = 100 * $hits / $reads;

		die "asked $reads times, but the server counted $hits hits, $misses misses, $bypasses bypasses\n"
		  if $hits + $misses + $bypasses != $reads;
		printf "%5s %% %9d %9d %14.1f %% %8.1f %% %6.1f %% %16.1f %%\n", $share, $reads, $writes,
		  100 * $relation / $reads, $rate, 100 * $ideal / $reads, 100 * $hits / $ideal;
		printf "        %d evictions, %d answers not kept, %d bypasses\n", $evictions, $rejected, $bypasses
		  if $evictions || $rejected || $bypasses;
		$missed++ if 100 * $hits / $ideal < $GOAL_OF_IDEAL || ($share == 1 && $rate < $GOAL_AT_ONE);
		$missed += report_detail($share) if $DETAIL;
	}
	printf "\n%s: at least %d %% of ideal, and at least %d %% of all reads where 1 %% of the operations write\n",
	  $missed ? 'MISSED' : 'met', $GOAL_OF_IDEAL, $GOAL_AT_ONE;
	exit($missed ? 1 : 0);
}

# By kind of read, with one client: what the ideal cache had and the server had not, and the other way round, of which
# there should be none: it is the number to return.
sub report_detail
{
	my ($share) = @_;
	my (%count, $before);

	open my $reads, '<', "$directory/steady.$share.reads" or die "reads: $!\n";
	open my $hits, '<', "$directory/steady.$share.1.out" or die "out: $!\n";
	while (<$hits>)
	{
		my ($now) = /^hits\|(\d+)$/ or next;
		my $read = <$reads> // die "more answers than reads\n";
		my ($kind, undef, $ideal) = split /\s+/, $read;
		my $hit = defined $before ? $now - $before : $ideal;

		$count{$kind}{reads}++;
		$count{$kind}{hits} += $hit;
		$count{$kind}{ideal} += $ideal;
		$count{$kind}{lost}++ if $ideal && !$hit;
		$count{$kind}{more}++ if $hit && !$ideal;
		$before = $now;
	}
	printf "        %-12s %8d reads, %8d hits, ideal %8d, lost %6d, hit though the ideal missed %d\n",
	  $_, map { $_ // 0 } @{ $count{$_} }{qw(reads hits ideal lost more)}
	  for sort keys %count;
	return scalar grep { $_->{more} } values %count;
}

my $command = shift // '';
$directory = shift // die "usage: hitrate.pl generate|report <directory>\n";
$CLIENTS = 1 if $DETAIL;
if ($command eq 'generate') { generate() }
elsif ($command eq 'report') { report() }
else { die "hitrate.pl: no command '$command'\n" }
