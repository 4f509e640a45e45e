/*
 * client.c
 *    The load tests' client: a site's pages at a rate, or at ever higher ones.
 *
 * Usage: client <setting>=<value>...
 *
 *    limit=0|1         0: one rate, and what the cache is good for at it; 1: up to which rate does it hold?
 *    users             the size of the site, as it was created
 *    rate              calls a second; of a limit, the first one
 *    writes            per cent of the calls; of a limit, several, with commas between
 *    seconds           of the measured run; of a limit, of each step
 *    history           so many calls are simulated before; the cache is filled with what they leave (history.c)
 *    warmup            then, seconds in which calls are made as fast as they are answered
 *    rounds, compare   with the cache, without, and with calls that do nothing: so many of each, of so many seconds
 *    highest           of a limit, the rate at which to be content
 *    sessions, zipf, seed, progress
 *
 * Figures go to standard output, a line each with tabs: report.py knows them.  Progress goes to standard error.  The
 * exit status is 1 if an answer was wrong, a call failed, or a cascade has no record, and never about a time.
 */
#include "history.h"
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 100000			/* calls that are drawn at once for warming up */
#define SETTLE_SECONDS 2		/* at most, after the cache was turned on or off, before it is measured */
#define LIMIT_P99 50			/* milliseconds: a rate is sustained below it */
#define LIMIT_BACKLOG 0.05		/* seconds of calls that may be waiting when the last one is due */
#define LIMIT_GROWTH 1.5
#define LIMIT_PRECISION 1.05
#define AUDIT_SECONDS 60		/* in which the worker must have caught up */

static struct
{
	double		limit, users, rate, seconds, history, warmup, rounds, compare, highest, sessions, zipf, seed, progress;
	const char *writes;
} settings = {.users = 50000, .rate = 3000, .seconds = 60, .history = 50e6, .warmup = 10, .rounds = 3, .compare = 10,
	.highest = 1e6, .sessions = 32, .zipf = 1, .seed = 1, .progress = 5, .writes = "10"};

static uint64_t next_seed;
static long all_errors;
static long all_writes;			/* since counters were reset */
static bool failed;

/* ---- Settings ---- */

static void
set(const char *name, const char *value)
{
	const struct
	{
		const char *name;
		double	   *place;
	} numbers[] = {{"limit", &settings.limit}, {"users", &settings.users}, {"rate", &settings.rate},
		{"seconds", &settings.seconds}, {"history", &settings.history}, {"warmup", &settings.warmup},
		{"rounds", &settings.rounds},
		{"compare", &settings.compare}, {"highest", &settings.highest},
		{"sessions", &settings.sessions}, {"zipf", &settings.zipf},
		{"seed", &settings.seed}, {"progress", &settings.progress}};

	if (strcmp(name, "writes") == 0)
	{
		settings.writes = value;
		return;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(name, numbers[i].name) == 0)
		{
			char	   *end;

			*numbers[i].place = strtod(value, &end);
			if (end == value || *end != '\0')
				die("%s is no number: %s", name, value);
			return;
		}
	die("there is no setting \"%s\"", name);
}

static void
read_settings(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
	{
		char	   *equals = strchr(argv[i], '=');

		if (equals == NULL)
			die("usage: client <setting>=<value>...");
		*equals = '\0';
		set(argv[i], equals + 1);
	}
	if (settings.rate < 1 || settings.seconds <= 0 || settings.sessions < 1 || settings.history < 1)
		die("a load has a rate, a time, sessions and a history");
	next_seed = (uint64_t) settings.seed;
}

/* ---- Figures ---- */

static void
print_times(const char *prefix, Times *times)
{
	static const double shares[] = {0.5, 0.95, 0.99, 0.999, 1};
	static const char *const labels[] = {"p50", "p95", "p99", "p99_9", "max"};

	printf("figure\t%s.count\t%zu\n", prefix, times->count);
	for (int i = 0; i < 5 && times->count > 0; i++)
		printf("figure\t%s.%s\t%.3f\n", prefix, labels[i], times_share_below(times, shares[i]));
}

static void
print_run(Run *run, const Calls *calls, double seconds)
{
	char		prefix[100];

	printf("figure\trun.pages\t%d\n", calls->pages);
	printf("figure\trun.offered\t%.1f\n", calls->count / seconds);
	printf("figure\trun.answered\t%.1f\n", run->answered / run->took);
	printf("figure\trun.calls\t%ld\nfigure\trun.writes\t%ld\n", run->answered, run->writes);
	printf("figure\trun.took\t%.2f\nfigure\trun.left\t%ld\n", run->took, run->left);
	printf("figure\trun.backlog\t%ld\nfigure\trun.backlog_end\t%ld\n", run->backlog, run->backlog_end);
	printf("figure\trun.errors\t%ld\n", run->errors);
	printf("figure\trun.hit_rate\t%.5f\n", run_hit_rate(run));
	printf("figure\trun.first_asked\t%ld\n", run->first_asked);
	printf("figure\trun.client_cpu\t%.3f\nfigure\trun.server_cpu\t%.3f\n", run->client, run->server);
	printf("figure\trun.busy\t%.1f\nfigure\trun.stolen\t%.1f\n", run->busy, run->stolen);
	print_times("run.latency.all", &run->all);
	print_times("run.latency.hit_from_sent", &run->served_hits);
	for (Source source = 0; source < SOURCES; source++)
	{
		snprintf(prefix, sizeof(prefix), "run.latency.%s", source_names[source]);
		print_times(prefix, &run->source[source]);
	}
	for (Kind kind = 0; kind < KINDS; kind++)
	{
		snprintf(prefix, sizeof(prefix), "run.operation.%s", operations[kind].name);
		print_times(prefix, &run->kind[kind]);
		if (!kind_writes(kind))
			printf("figure\t%s.hits\t%ld\n", prefix, run->hits[kind]);
	}
}

/* The server's own word, as JSON. */
static void
print_views(void)
{
	static const char *const views[] = {"cache_stats", "coalescing_stats", "cascade_stats"};
	char	   *json;

	for (int i = 0; i < 3; i++)
	{
		json = session_ask(measure_control(), "SELECT row_to_json(s) FROM fraiseql.%s AS s", views[i]);
		printf("json\tserver.%s\t%s\n", views[i], json);
		free(json);
	}
	json = session_ask(measure_control(), "SELECT coalesce(json_object_agg(kind || ' ' || reason, count), '{}') "
					   "FROM fraiseql.bypass_stats WHERE count > 0");
	printf("json\tserver.bypass_stats\t%s\n", json);
	free(json);
}

/* ---- Parts of a load test ---- */

static void
take_run(const Run *run)
{
	all_errors += run->errors;
	all_writes += run->writes;
	fflush(stdout);
}

/*
 * Wait until the worker has been told of all that was committed: it meets records in the order of their transactions'
 * ends, so it has, when a transaction that came later has its record.  That one may be lost as any other: then there is
 * another one, a second later.
 */
static void
await_audit(void)
{
	double		limit = now_ms() + AUDIT_SECONDS * 1e3;
	bool		found = false;

	while (!found && now_ms() < limit)
	{
		char	   *xid = session_ask(measure_control(), "UPDATE tb_marker SET number = number + 1 "
									  "RETURNING pg_current_xact_id()");
		double		again = now_ms() + 1e3;

		all_writes++;
		while (!found && now_ms() < again)
		{
			char	   *answer = session_ask(measure_control(), "SELECT EXISTS (SELECT FROM fraiseql.audit_recent "
											 "WHERE xid = '%s')", xid);

			found = strcmp(answer, "t") == 0;
			free(answer);
			if (!found)
				usleep(50000);
		}
		free(xid);
	}
}

/* Did the server keep up with the rate? */
static bool
is_sustained(Run *run, double rate)
{
	return run->left == 0 && run->backlog_end <= rate * LIMIT_BACKLOG && times_share_below(&run->all, 0.99) < LIMIT_P99;
}

/*
 * Each of our writes is a transaction of its own that changes something, so each has one record.  Where more was asked
 * of the server than it can do, records may be lost, but not without being counted.
 */
static void
judge_audit(bool may_lose)
{
	Session    *session = measure_control();
	double		recorded, lost, not_done;

	await_audit();
	recorded = session_number(session, "SELECT cascades FROM fraiseql.cascade_stats");
	lost = session_number(session, "SELECT lost FROM fraiseql.cascade_stats");
	not_done = session_number(session, "SELECT failed FROM fraiseql.cascade_stats");
	printf("figure\taudit.writes\t%ld\nfigure\taudit.recorded\t%.0f\n", all_writes, recorded);
	printf("figure\taudit.lost\t%.0f\nfigure\taudit.failed\t%.0f\n", lost, not_done);
	/* that some are lost is a record, too, so there may be more then */
	if (recorded + lost < all_writes || not_done > 0 || (lost == 0 && recorded != all_writes) ||
		(lost > 0 && !may_lose))
	{
		fprintf(stderr, "error: %ld writes, %.0f cascades, %.0f lost, %.0f failed\n", all_writes, recorded, lost,
				not_done);
		failed = true;
	}
}

static void
reset_counters(void)
{
	await_audit();
	free(session_ask(measure_control(), "SELECT fraiseql.stats_reset()"));
	all_writes = 0;
}

/* The cache as it is after a long time. */
static void
fill_cache(double writes)
{
	Measurement measurement = {.pace = CLOSED, .seconds = 3600, .progress = settings.progress, .what = "filling"};
	Calls		calls = {0};
	Run			run;

	printf("figure\thistory.hit_rate\t%.5f\n", history_simulate(next_seed++, settings.history, writes));
	history_answers(&calls);
	measure_run(&run, &calls, &measurement);
	take_run(&run);
	printf("figure\thistory.answers\t%d\n", calls.count);
	run_free(&run);
	free(calls.list);
}

/* As many calls as can be answered in so many seconds, so that sessions have seen all kinds of them. */
static void
warm_up(double writes)
{
	double		end;
	Calls		calls = {0};
	Run			run;

	fill_cache(writes);
	end = now_ms() + settings.warmup * 1e3;
	while (end - now_ms() > 10)
	{
		Measurement measurement = {.pace = CLOSED, .seconds = (end - now_ms()) / 1e3, .progress = settings.progress,
			.what = "warming up"};

		saas_draw(&calls, next_seed++, CHUNK / 10.0, 10, writes);
		measure_run(&run, &calls, &measurement);
		take_run(&run);
		run_free(&run);
	}
	free(calls.list);
}

static void
measure_rate(double writes)
{
	Measurement measurement = {.pace = OPEN, .seconds = settings.seconds, .rate = settings.rate,
		.progress = settings.progress, .samples = true, .what = "measuring"};
	Calls		calls = {0};
	Run			run;

	saas_draw(&calls, next_seed++, settings.rate, settings.seconds, writes);
	reset_counters();
	measure_run(&run, &calls, &measurement);
	take_run(&run);
	judge_audit(!is_sustained(&run, settings.rate));
	print_run(&run, &calls, settings.seconds);
	print_views();
	run_free(&run);
	free(calls.list);
}

/* ---- With the cache, and without ---- */

static void
enable_cache(bool enabled)
{
	load_run(measure_load(), enabled ? "RESET fraiseql.cache_enabled" : "SET fraiseql.cache_enabled = off");
}

static void
compare_run(Run *run, const char *setting, double rate, double seconds, double writes, uint64_t seed)
{
	Measurement measurement = {.pace = OPEN, .seconds = seconds, .rate = rate, .progress = settings.progress,
		.nothing = strcmp(setting, "nothing") == 0, .what = setting};
	Calls		calls = {0};

	saas_draw(&calls, seed, rate, seconds, writes);
	measure_run(run, &calls, &measurement);
	take_run(run);
	free(calls.list);
}

/* The highest rate, from the asked one downwards, at which the server keeps up without the cache. */
static double
uncached_rate(double writes)
{
	double		rate = settings.rate;
	bool		sustained = false;
	Run			run;

	enable_cache(false);
	while (!sustained && rate > 50)
	{
		compare_run(&run, "no cache?", rate, fmax(1, settings.compare / 3), writes, next_seed++);
		sustained = is_sustained(&run, rate);
		run_free(&run);
		if (!sustained)
			rate *= 0.75;
	}
	return rate;
}

/* What is not counted comes first, so that neither has to pay for what the other one has left. */
static void
compare_round(const char *setting, double rate, double writes, uint64_t seed)
{
	Run			run;

	enable_cache(strcmp(setting, "no cache") != 0);
	compare_run(&run, setting, rate, fmin(SETTLE_SECONDS, settings.compare), writes, next_seed++);
	run_free(&run);
	compare_run(&run, setting, rate, settings.compare, writes, seed);
	printf("round\t%s\t%ld\t%.0f\t%zu\t%.3f\t%.3f\t%.2f\t%.3f\t%.3f\t%ld\n", setting, run.answered, run_reads(&run),
		   run.source[MISS].count, run.server, run.client, run.took, times_share_below(&run.all, 0.5),
		   times_share_below(&run.all, 0.99), run.left);
	run_free(&run);
}

/* Each round makes the same calls three times, in turns forwards and backwards. */
static void
compare(double writes)
{
	static const char *const ways[] = {"cache", "no cache", "nothing"};
	double		rate = uncached_rate(writes);

	printf("figure\tcompare.rate\t%.0f\n", rate);
	for (int round = 0; round < settings.rounds; round++)
	{
		uint64_t	seed = next_seed++;

		for (int i = 0; i < 3; i++)
			compare_round(ways[round % 2 == 0 ? i : 2 - i], rate, writes, seed);
	}
	enable_cache(true);
}

/* ---- Up to which rate ---- */

/* One rate.  Where nobody writes, all that is asked for has been asked before. */
static bool
try_rate(double writes, double rate)
{
	Measurement measurement = {.pace = OPEN, .seconds = settings.seconds, .rate = rate, .progress = settings.seconds,
		.what = "limit"};
	Measurement before = {.pace = CLOSED, .seconds = 600, .what = "asked before"};
	Calls		calls = {0};
	Run			run;
	bool		sustained;

	saas_draw(&calls, next_seed++, rate, settings.seconds, writes);
	if (writes == 0)
	{
		measure_run(&run, &calls, &before);
		take_run(&run);
		run_free(&run);
	}
	measure_run(&run, &calls, &measurement);
	take_run(&run);
	sustained = is_sustained(&run, rate);
	printf("step\t%.0f\t%.0f\t%.0f\t%.3f\t%.3f\t%.3f\t%.4f\t%ld\t%ld\t%.2f\t%.2f\t%d\n", writes * 100, rate,
		   run.answered / run.took, times_share_below(&run.all, 0.5), times_share_below(&run.all, 0.95),
		   times_share_below(&run.all, 0.99), run_hit_rate(&run), run.backlog_end, run.errors, run.server / run.took,
		   run.client / run.took, sustained);
	run_free(&run);
	free(calls.list);
	return sustained;
}

/* A rate that is missed is tried once more: something else may have happened to the machine. */
static bool
holds(double writes, double rate)
{
	return try_rate(writes, rate) || try_rate(writes, rate);
}

static void
print_limit(double writes, double rate)
{
	printf("limit\t%.0f\t%.0f\n", writes * 100, rate);
	fflush(stdout);
}

/* Up to the first rate that is too much, and then between it and the one before. */
static void
find_limit(double writes)
{
	double		good = 0;
	double		bad = settings.rate;

	while (bad <= settings.highest && holds(writes, bad))
	{
		good = bad;
		bad *= LIMIT_GROWTH;
	}
	if (bad > settings.highest && good > 0)
	{
		print_limit(writes, good);
		return;
	}
	while (good == 0 && bad > 50)
	{
		bad /= LIMIT_GROWTH;
		if (holds(writes, bad))
			good = bad;
	}
	if (good > 0 && bad <= good)
		bad = good * LIMIT_GROWTH;
	while (good > 0 && bad / good > LIMIT_PRECISION)
	{
		double		middle = sqrt(bad * good);

		if (holds(writes, middle))
			good = middle;
		else
			bad = middle;
	}
	print_limit(writes, good);
}

static void
find_limits(void)
{
	char	   *list = strdup(settings.writes);
	char	   *rest = NULL;

	warm_up(atof(list) / 100);
	reset_counters();
	for (char *share = strtok_r(list, ",", &rest); share != NULL; share = strtok_r(NULL, ",", &rest))
		find_limit(atof(share) / 100);
	judge_audit(true);
	free(list);
}

int
main(int argc, char **argv)
{
	read_settings(argc, argv);
	saas_create((int) settings.users, settings.zipf);
	measure_open((int) settings.sessions);
	if (settings.limit != 0)
		find_limits();
	else
	{
		double		writes = atof(settings.writes) / 100;

		warm_up(writes);
		measure_rate(writes);
		if (settings.rounds > 0)
			compare(writes);
	}
	printf("figure\tjudged\t%ld\nfigure\twrong\t%ld\nfigure\terrors\t%ld\n", judged_rows, wrong_answers, all_errors);
	measure_close();
	return failed || wrong_answers > 0 || all_errors > 0;
}
