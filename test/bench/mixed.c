/*
 * mixed.c
 *    A site that is read and written at a fixed rate: how many executions, how long does anybody wait, is it fresh?
 *
 * Usage: mixed <calls a second> <rounds> <seconds> <sessions> <percent of reads that are lists> <rows that are written>
 *        <timeout>...
 *
 * The load is open: calls arrive at times that are drawn beforehand (a Poisson process), whether or not those before
 * them have been answered.  A call that finds no session free waits for one, and that counts: latencies are from the
 * time at which the call was to begin.  Each timeout of a round gets the same calls.
 *
 * A tenth of the calls write.  They come in storms: in the first fifth of each second every other call is a write, in
 * the rest none.  Most of them vote for a post, which all lists of posts are ordered by, and the others give a user
 * another name.  Reads ask for a user with posts, for a post, or for a list: every third one the front page, which all
 * posts compete for, the others that of one of five topics.  Users, posts and topics are chosen by Zipf's law; writes
 * choose among the most popular users and posts, so many of each.
 *
 * Users and posts carry the numbers of their versions.  An answer is stale if it shows a row in an older version than
 * one that was known to be committed when its call began; it is invented if it shows one that nobody has written.  All
 * rows of all answers are judged, but not whether other rows should have been in a list.
 */
#include "load.h"
#include "processor.h"
#include "task.h"
#include "versions.h"
#include "zipf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USERS 10000
#define POSTS 50000
#define TOPICS 5
#define STORM_MS 200			/* of each second, in which half of the calls write */
#define VOTES 0.7				/* of the writes */
#define GIVE_UP 3				/* times as long as the calls were to take */

typedef enum Kind
{
	USER, POST, FRONT, TOPIC, VOTE, RENAME, KINDS
} Kind;

static const char *const names[KINDS] = {"user", "post", "front", "topic", "vote", "rename"};

/* The second field counts the execution. */
#define LISTED "{ p: id pv: version score title user { u: id uv: version name } } " \
	"counted: task(id: 10000) { execution } }"

static const char *const statements[KINDS] = {
	[USER] = "SELECT fraiseql.execute('query ($id: Int!) { user(id: $id) { u: id uv: version name bio "
		"posts { p: id pv: version title } } }', jsonb_build_object('id', $1::int))",
	[POST] = "SELECT fraiseql.execute('query ($id: Int!) { post(id: $id) { p: id pv: version title body "
		"user { u: id uv: version name } } }', jsonb_build_object('id', $1::int))",
	[FRONT] = "SELECT fraiseql.execute('query ($n: Int!) { posts(orderBy: {score: DESC}, limit: $n) " LISTED "', "
		"jsonb_build_object('n', $1::int))",
	[TOPIC] = "SELECT fraiseql.execute('query ($topic: Int!) { posts(where: {topic: {eq: $topic}}, "
		"orderBy: {score: DESC}, limit: 30) " LISTED "', jsonb_build_object('topic', $1::int))",
	[VOTE] = "UPDATE tb_post SET version = version + 1, score = score + 1 WHERE id = $1 RETURNING version",
	[RENAME] = "UPDATE tb_user SET version = version + 1, name = 'user ' || id || ', once ' || version WHERE id = $1 "
		"RETURNING version"};

/* A call that is to come. */
typedef struct Call
{
	double		at;				/* milliseconds after the start */
	Kind		kind;
	int			key;
} Call;

/* The rows of a table, and how they stand in answers. */
typedef struct Shown
{
	const char *id_name;
	const char *version_name;
	int			count;
	Rows		rows;
} Shown;

static Load load;
static Load control;
static Zipf users, posts, topics;
static Shown user_rows = {"\"u\":", "\"uv\":", USERS, {0}};
static Shown post_rows = {"\"p\":", "\"pv\":", POSTS, {0}};

static Session **idle;
static int	idle_count;
static Times latencies[KINDS];
static long judged;				/* rows in answers */
static int	wrong;

/* ---- What is asked ---- */

static Call
draw_call(double at, double lists, int popular)
{
	Call		call = {.at = at};
	double		share;

	if (fmod(at, 1000) < STORM_MS && random_share() < 0.5)
		call.kind = random_share() < VOTES ? VOTE : RENAME;
	else if ((share = random_share()) < lists)
		call.kind = share < lists / 3 ? FRONT : TOPIC;
	else
		call.kind = random_share() < 0.6 ? USER : POST;
	switch (call.kind)
	{
		case USER:
			call.key = zipf_draw(&users, USERS);
			break;
		case POST:
			call.key = zipf_draw(&posts, POSTS);
			break;
		case TOPIC:
			call.key = zipf_draw(&topics, TOPICS);
			break;
		case VOTE:
			call.key = zipf_draw(&posts, popular);
			break;
		case RENAME:
			call.key = zipf_draw(&users, popular);
			break;
		default:
			call.key = 30;		/* posts on the front page */
	}
	return call;
}

/* The calls of one round, in the order of their times. */
static Call *
draw_calls(int round, double rate, double seconds, double lists, int popular, int *count)
{
	int			room = (int) (rate * seconds * 1.5) + 1000;
	Call	   *calls = malloc(room * sizeof(Call));
	double		at = 0;

	random_seed(round);
	*count = 0;
	for (;;)
	{
		at -= log(1 - random_share()) * 1e3 / rate;
		if (at >= seconds * 1e3 || *count == room)
			return calls;
		calls[(*count)++] = draw_call(at, lists, popular);
	}
}

/* ---- What is known, and whether an answer agrees with it ---- */

/* The versions that the tables begin with. */
static void
learn_table(Shown *shown, const char *table)
{
	char		sql[100];
	PGresult   *result;

	snprintf(sql, sizeof(sql), "SELECT id, version FROM %s WHERE version > 0", table);
	result = PQexec(control.sessions[0].conn, sql);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		die("%s", PQerrorMessage(control.sessions[0].conn));
	for (int i = 0; i < PQntuples(result); i++)
		rows_begin(&shown->rows, atoi(PQgetvalue(result, i, 0)), atoi(PQgetvalue(result, i, 1)));
	PQclear(result);
}

/* All rows of a table in an answer; how many there are. */
static int
judge_rows(const Shown *table, const Session *session, const char *answer)
{
	int			count = 0;

	for (const char *place = answer; (place = strstr(place, table->id_name)) != NULL; count++)
	{
		int			id = atoi(place + strlen(table->id_name));
		const char *shown = strstr(place, table->version_name);
		int			version;
		int			known;

		if (id < 1 || id > table->count || shown == NULL)
			die("an answer that cannot be read: %s", answer);
		version = atoi(shown + strlen(table->version_name));
		known = rows_known(&table->rows, id, session->sent);
		if (version < known || version > rows_last(&table->rows, id))
		{
			wrong++;
			fprintf(stderr, "wrong: %s shows %s%d in version %d; %d was committed before, and %d is the last\n",
					names[session->kind], table->id_name, id, version, known, rows_last(&table->rows, id));
		}
		place = shown;
	}
	return count;
}

static void
take_answer(Session *session, const char *answer)
{
	int			rows;

	times_add(&latencies[session->kind], session->done - session->intended);
	idle[idle_count++] = session;
	if (session->kind == VOTE || session->kind == RENAME)
	{
		rows_learn(session->kind == VOTE ? &post_rows.rows : &user_rows.rows, session->key, atoi(answer),
				   session->done);
		return;
	}
	rows = judge_rows(&user_rows, session, answer) + judge_rows(&post_rows, session, answer);
	if (rows == 0)
		die("an answer without a row: %s", answer);
	judged += rows;
}

/* ---- Running ---- */

static void
begin_call(const Call *call, double start)
{
	Session    *session = idle[--idle_count];

	session->kind = call->kind;
	session->key = call->key;
	if (call->kind == VOTE)
		rows_expect(&post_rows.rows, call->key);
	if (call->kind == RENAME)
		rows_expect(&user_rows.rows, call->key);
	session_call(session, names[call->kind], call->key, take_answer);
	session->intended = start + call->at;
}

/* All calls.  How many were never begun, because the server was too far behind; they count as if answered then. */
static int
run(const Call *calls, int count, double seconds)
{
	double		start = now_ms();
	double		limit = start + GIVE_UP * seconds * 1e3;
	int			next = 0;

	while (next < count && now_ms() < limit)
	{
		while (next < count && idle_count > 0 && start + calls[next].at <= now_ms())
			begin_call(&calls[next++], start);
		if (next < count)
			load_turn(&load, idle_count > 0 ? start + calls[next].at : limit);
	}
	load_finish(&load);
	for (int i = next; i < count; i++)
		times_add(&latencies[calls[i].kind], now_ms() - start - calls[i].at);
	return count - next;
}

static void
print_times(const char *prefix, const char *what, Times *times)
{
	static const double shares[] = {0.5, 0.95, 0.99, 0.999};
	static const char *const labels[] = {"p50", "p95", "p99", "p99_9"};

	if (times->count == 0)
		return;
	for (int i = 0; i < 4; i++)
		printf("%s.%s.%s\t%.3f\n", prefix, what, labels[i], times_share_below(times, shares[i]));
}

static void
print_latencies(const char *prefix)
{
	Times		all = {0};
	Times		lists = {0};
	Times		writes = {0};

	for (Kind kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < latencies[kind].count; i++)
		{
			times_add(&all, latencies[kind].list[i]);
			if (kind == FRONT || kind == TOPIC)
				times_add(&lists, latencies[kind].list[i]);
			if (kind == VOTE || kind == RENAME)
				times_add(&writes, latencies[kind].list[i]);
		}
	print_times(prefix, "all", &all);
	print_times(prefix, "lists", &lists);
	print_times(prefix, "writes", &writes);
	times_free(&all);
	times_free(&lists);
	times_free(&writes);
}

static void
measure(const Call *calls, int count, const char *name, double seconds, const char *timeout)
{
	Session    *server = control.sessions;
	const char *setting = coalescing_set(&load, timeout);
	char		prefix[100];
	Processors	before, after;
	double		start, took;
	int			executions, left;
	char	   *figures;

	snprintf(prefix, sizeof(prefix), "mixed.%s.%s", name, setting);
	free(session_ask(server, "SELECT fraiseql.stats_reset()"));
	executions = task_executions(server);
	judged = 0;
	before = processors_read();
	start = now_ms();
	left = run(calls, count, seconds);
	took = now_ms() - start;
	after = processors_read();
	executions = task_executions(server) - executions - 1;

	printf("%s.offered\t%.0f\n", prefix, count / seconds);
	printf("%s.answered\t%.0f\n", prefix, (count - left) * 1e3 / took);
	printf("%s.left\t%d\n", prefix, left);
	printf("%s.busy\t%.1f\n", prefix, 100 * (after.busy - before.busy) / fmax(after.all - before.all, 1));
	printf("%s.judged\t%ld\n", prefix, judged);
	printf("%s.wrong\t%d\n", prefix, wrong);
	printf("%s.list_calls\t%zu\n", prefix, latencies[FRONT].count + latencies[TOPIC].count);
	printf("%s.list_executions\t%d\n", prefix, executions);
	figures = session_ask(server, "SELECT format(E'%s.hits\\t%%s\\n%s.misses\\t%%s\\n%s.executions\\t%%s\\n', "
						  "hits, misses, misses - executions_saved) "
						  "FROM fraiseql.cache_stats, fraiseql.coalescing_stats", prefix, prefix, prefix);
	fputs(figures, stdout);
	free(figures);
	coalescing_figures(server, prefix, "coalesced,executions_saved,timeouts,takeovers,handed_over,p99_wait_ms");
	print_latencies(prefix);
	fflush(stdout);
	for (Kind kind = 0; kind < KINDS; kind++)
		times_free(&latencies[kind]);
}

/* Answers to all questions, as a site that has been up for a while has them. */
static void
warm_up(void)
{
	static const int keys[KINDS] = {[USER] = USERS, [POST] = POSTS, [TOPIC] = TOPICS};
	Session    *session = control.sessions;

	for (Kind kind = 0; kind < KINDS; kind++)
		if (keys[kind] > 0)
		{
			char	   *statement = strdup(statements[kind]);
			char	   *parameter = strstr(statement, "$1::int");

			/* the prepared statement's parameter becomes the number of a row */
			memcpy(parameter, "n::int ", strlen("n::int "));
			free(session_ask(session, "SELECT count(x) FROM generate_series(1, %d) AS n, "
							 "LATERAL (%s OFFSET 0) AS answers (x)", keys[kind], statement));
			free(statement);
		}
	for (int i = 0; i < load.count; i++)
		for (Kind kind = 0; kind < VOTE; kind++)
			free(session_ask(&load.sessions[i], "EXECUTE \"%s\"(%d)", names[kind], 1 + i % TOPICS));
}

int
main(int argc, char **argv)
{
	char	  **timeouts = argv + 7;
	int			timeout_count = argc - 7;
	double		rate, seconds, lists;
	int			popular;
	char		name[50];

	if (timeout_count < 1)
		die("usage: mixed <calls a second> <rounds> <seconds> <sessions> <percent of reads that are lists> "
			"<rows that are written> <timeout>...");
	rate = atof(argv[1]);
	seconds = atof(argv[3]);
	lists = atof(argv[5]);
	popular = atoi(argv[6]);
	if (popular < 1 || popular > USERS)
		die("one row is written at least, and %d at most", USERS);
	snprintf(name, sizeof(name), "%g.%g", rate, lists);
	load_open(&control, 1);
	load_open(&load, atoi(argv[4]));
	for (Kind kind = 0; kind < KINDS; kind++)
		load_prepare(&load, names[kind], statements[kind]);
	zipf_create(&users, USERS, 1);
	zipf_create(&posts, POSTS, 1);
	zipf_create(&topics, TOPICS, 1);
	learn_table(&user_rows, "tb_user");
	learn_table(&post_rows, "tb_post");
	warm_up();
	idle = calloc(load.count, sizeof(Session *));
	while (idle_count < load.count)
	{
		idle[idle_count] = &load.sessions[idle_count];
		idle_count++;
	}
	for (int round = 0; round < atoi(argv[2]); round++)
	{
		int			count;
		Call	   *calls = draw_calls(round, rate, seconds, lists / 100, popular, &count);

		for (int i = 0; i < timeout_count; i++)
			measure(calls, count, name, seconds, timeouts[round % 2 == 0 ? i : timeout_count - 1 - i]);
		free(calls);
	}
	load_close(&load);
	load_close(&control);
	return wrong > 0;
}
