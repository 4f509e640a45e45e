/*
 * saas.c
 *    The site of the load tests: what its pages ask for and its users change, and when.
 *
 * Whoever opens a page is drawn by Zipf's law.  The page asks for 10 to 50 things, about his organization, one of its
 * projects and its tasks, the more popular ones more often.  Pages begin at times of a Poisson process.  The operations
 * of a page are a burst: each is intended a few milliseconds after the one before, whether that has been answered or
 * not, as a browser and a gateway that has a pool of connections ask side by side.  So nothing that the server does
 * decides when something is asked, which is what makes the load open.
 *
 * Between a page's reads its user writes, what the page is there to change: that is what others of his organization
 * look at, and what he asks for again.  Some writes come from elsewhere, and go to any row.
 *
 * Every object in an answer has its id and version next to each other, under an alias of one letter, "t" and "tv";
 * judge.c reads them.  What counts its own changes has aliases of its own: "k" of the comments of a task, "b" of a
 * budget.
 */
#include "saas.h"

#include "load.h"
#include "zipf.h"

#include <math.h>
#include <stdlib.h>

/* Sizes that follow from the number of users; saas.sql has the same. */
#define USERS_OF_ORGANIZATION 25
#define PROJECTS_OF_ORGANIZATION 5
#define TASKS_OF_PROJECT 20
#define NOTIFICATIONS_OF_USER 8

#define GAP_MS 4				/* between operations of a page, on average */

/* Who has the same number was served from the same execution. */
#define QUERY(fields) "query ($id: Int!) { " fields " served: execution(id: 1) { number } }"
#define USER "u: id uv: version name"

const Operation operations[KINDS] = {
	[ME] = {"me", QUERY("user(id: $id) { " USER " email organization { o: id ov: version name } }"), "{\"id\": %d}"},
	[ORGANIZATION] = {"organization", QUERY("organization(id: $id) { o: id ov: version name domain plan { name } }"),
		"{\"id\": %d}"},
	[BILLING] = {"billing", QUERY("organization(id: $id) { o: id ov: version name plan { name seats } "
		"projects(orderBy: {id: ASC}, limit: 20) { name b: id bv: budget } }"), "{\"id\": %d}"},
	[MEMBERS] = {"members", QUERY("users(where: {organization: {id: {eq: $id}}}, orderBy: {name: ASC}, limit: 25) { "
		USER " email }"), "{\"id\": %d}"},
	[PROFILE] = {"profile", QUERY("user(id: $id) { " USER " email bio organization { name } }"), "{\"id\": %d}"},
	[LABELS] = {"labels", QUERY("labels(where: {organization: {id: {eq: $id}}}, orderBy: {name: ASC}, limit: 50) { "
		"l: id lv: version name color }"), "{\"id\": %d}"},
	[PROJECTS] = {"projects", QUERY("projects(where: {organization: {id: {eq: $id}}}, orderBy: {name: ASC}, "
		"limit: 20) { p: id pv: version name owner { " USER " } }"), "{\"id\": %d}"},
	[PROJECT] = {"project", QUERY("project(id: $id) { p: id pv: version name description owner { " USER " } }"),
		"{\"id\": %d}"},
	[SUMMARY] = {"summary", QUERY("projectSummary(id: $id) { b: id bv: budget name open doing done nextDue }"),
		"{\"id\": %d}"},
	[TASKS] = {"tasks", QUERY("tasks(where: {project: {id: {eq: $id}}}, orderBy: {id: DESC}, limit: 30) { "
		"t: id tv: version title status k: id kv: commentCount assignee { " USER " } }"), "{\"id\": %d}"},
	[OPEN_TASKS] = {"openTasks", QUERY("tasks(where: {status: {eq: \"open\"}, project: {id: {eq: $id}}}, "
		"orderBy: {due: ASC}, limit: 20) { t: id tv: version title due }"), "{\"id\": %d}"},
	[MY_TASKS] = {"myTasks", QUERY("tasks(where: {assignee: {id: {eq: $id}}, status: {neq: \"done\"}}, "
		"orderBy: {due: ASC}, limit: 20) { t: id tv: version title status due project { p: id pv: version name } }"),
		"{\"id\": %d}"},
	[TASK] = {"task", QUERY("task(id: $id) { t: id tv: version title body status due assignee { " USER " } "
		"project { p: id pv: version name } }"), "{\"id\": %d}"},
	[CARD] = {"card", QUERY("task(id: $id) { t: id tv: version title status k: id kv: commentCount "
		"assignee { " USER " } }"), "{\"id\": %d}"},
	[COMMENTS] = {"comments", QUERY("comments(where: {task: {id: {eq: $id}}}, orderBy: {id: DESC}, limit: 20) { "
		"c: id cv: version body author { " USER " } }"), "{\"id\": %d}"},
	[NOTIFICATIONS] = {"notifications", QUERY("notifications(where: {user: {id: {eq: $id}}}, orderBy: {id: DESC}, "
		"limit: 10) { n: id nv: version seen message }"), "{\"id\": %d}"},
	[UNREAD] = {"unread", QUERY("notifications(where: {user: {id: {eq: $id}}, seen: {eq: false}}, limit: 99) { "
		"n: id nv: version }"), "{\"id\": %d}"},
	[ACTIVITY] = {"activity", QUERY("activities(where: {organization: {id: {eq: $id}}}, orderBy: {id: DESC}, "
		"limit: 20) { a: id av: version what }"), "{\"id\": %d}"},

	[MOVE] = {"moveTask", "mutation ($id: Int!, $by: Int!) { "
		"moveTask(id: $id, actor: $by, status: \"doing\") { t: id tv: version status } }", "{\"id\": %d, \"by\": %d}"},
	[COMMENT] = {"addComment", "mutation ($id: Int!, $by: Int!) { "
		"addComment(task: $id, author: $by, body: \"A comment, which says what there is to say about it.\") { "
		"c: id cv: version task { k: id kv: commentCount } } }", "{\"id\": %d, \"by\": %d}"},
	[CREATE] = {"insertTasks", "mutation ($id: Int!, $by: Int!) { "
		"insertTasks(objects: [{title: \"A new task\", project: {connect: {id: $id}}, "
		"assignee: {connect: {id: $by}}}]) { "
		"records { t: id tv: version title } } }", "{\"id\": %d, \"by\": %d}"},
	[SEEN] = {"updateNotifications", "mutation ($id: Int!) { "
		"updateNotifications(where: {id: {eq: $id}}, set: {seen: true}) { records { n: id nv: version seen } } }",
		"{\"id\": %d}"},
	[RENAME] = {"updateUsers", "mutation ($id: Int!) { "
		"updateUsers(where: {id: {eq: $id}}, set: {name: \"User under another name\"}) { "
		"records { u: id uv: version } } }", "{\"id\": %d}"},

	[EDIT] = {"sqlEditTask", "UPDATE tb_task SET due = coalesce(due, date '2026-01-01') + 1 WHERE id = $1 "
		"RETURNING format('\"t\":%s,\"tv\":%s', id, version)", "%d"},
	[BUDGET] = {"sqlBudget", "UPDATE tb_project SET budget = budget + 1 WHERE id = $1 "
		"RETURNING format('\"b\":%s,\"bv\":%s', id, budget)", "%d"},
	[MAIL] = {"sqlInsertComment", "INSERT INTO tb_comment (task_id, author_id, body) "
		"SELECT id, assignee_id, 'An answer by mail.' FROM tb_task WHERE id = $1 "
		"RETURNING format('\"c\":%s,\"cv\":%s', id, version)", "%d"},
};

/* Whose thing an operation is about. */
typedef enum Whose
{
	HIS, HIS_ORGANIZATION, EACH_PROJECT, THE_PROJECT, THE_TASK, EACH_TASK, EACH_MEMBER, EACH_NOTIFICATION
} Whose;

/* So many operations of a page. */
typedef struct Step
{
	Kind		kind;
	Whose		whose;
	int			times;
} Step;

/* What every page asks for. */
#define SHELL {ME, HIS, 1}, {ORGANIZATION, HIS_ORGANIZATION, 1}, {UNREAD, HIS, 1}

/* What a page is used to change, of a hundred writes. */
typedef struct Change
{
	Kind		kind;
	int			share;
} Change;

/* A page, and how many of a hundred are such. */
typedef struct Page
{
	const char *name;
	int			share;
	Step		steps[12];		/* to the first of no times */
	Change		changes[5];
} Page;

static const Page pages[] = {
	{"dashboard", 25, {SHELL, {NOTIFICATIONS, HIS, 1}, {PROJECTS, HIS_ORGANIZATION, 1}, {MY_TASKS, HIS, 1},
		{ACTIVITY, HIS_ORGANIZATION, 1}, {MEMBERS, HIS_ORGANIZATION, 1}, {SUMMARY, EACH_PROJECT, 5}},
		{{SEEN, 60}, {CREATE, 20}, {MOVE, 15}, {RENAME, 5}}},
	{"project", 20, {SHELL, {PROJECT, THE_PROJECT, 1}, {SUMMARY, THE_PROJECT, 1}, {TASKS, THE_PROJECT, 1},
		{OPEN_TASKS, THE_PROJECT, 1}, {LABELS, HIS_ORGANIZATION, 1}, {MEMBERS, HIS_ORGANIZATION, 1},
		{ACTIVITY, HIS_ORGANIZATION, 1}}, {{MOVE, 50}, {CREATE, 30}, {COMMENT, 20}}},
	{"board", 12, {SHELL, {PROJECT, THE_PROJECT, 1}, {LABELS, HIS_ORGANIZATION, 1}, {MEMBERS, HIS_ORGANIZATION, 1},
		{TASKS, THE_PROJECT, 1}, {CARD, EACH_TASK, 20}}, {{MOVE, 70}, {CREATE, 20}, {COMMENT, 10}}},
	{"task", 30, {SHELL, {TASK, THE_TASK, 1}, {COMMENTS, THE_TASK, 1}, {PROJECT, THE_PROJECT, 1},
		{LABELS, HIS_ORGANIZATION, 1}, {MEMBERS, HIS_ORGANIZATION, 1}, {PROFILE, EACH_MEMBER, 1}, {CARD, EACH_TASK, 4}},
		{{COMMENT, 70}, {MOVE, 30}}},
	{"inbox", 10, {SHELL, {NOTIFICATIONS, HIS, 1}, {CARD, EACH_NOTIFICATION, 8}, {COMMENTS, EACH_NOTIFICATION, 3}},
		{{SEEN, 80}, {COMMENT, 20}}},
	{"report", 3, {SHELL, {BILLING, HIS_ORGANIZATION, 1}, {PROJECTS, HIS_ORGANIZATION, 1}, {SUMMARY, EACH_PROJECT, 5},
		{TASKS, EACH_PROJECT, 5}, {OPEN_TASKS, EACH_PROJECT, 5}, {CARD, EACH_TASK, 20}, {PROFILE, EACH_MEMBER, 10}},
		{{MOVE, 100}}},
};

#define PAGES ((int) (sizeof(pages) / sizeof(pages[0])))

/* Writes in plain SQL, of a hundred of all: they come from elsewhere, to whatever row. */
static const Change plain_changes[] = {{EDIT, 8}, {BUDGET, 3}, {MAIL, 4}};

#define PLAIN_SHARE 15

/* Who opens a page, and what it is about. */
typedef struct Visit
{
	int			user;
	int			organization;
	int			project;
	int			task;
} Visit;

static int	organizations, projects, users;
static Zipf of_users, of_projects, of_tasks;

void
saas_create(int count, double zipf)
{
	if (count < USERS_OF_ORGANIZATION || count % USERS_OF_ORGANIZATION != 0)
		die("the number of users is to be a multiple of %d", USERS_OF_ORGANIZATION);
	users = count;
	organizations = users / USERS_OF_ORGANIZATION;
	projects = organizations * PROJECTS_OF_ORGANIZATION;
	zipf_create(&of_users, users, zipf);
	zipf_create(&of_projects, PROJECTS_OF_ORGANIZATION, zipf);
	zipf_create(&of_tasks, TASKS_OF_PROJECT, zipf);
}

/* ---- Whose is what: ids of saas.sql ---- */

static int
project_of(int organization, int number)
{
	return organization + number % PROJECTS_OF_ORGANIZATION * organizations;
}

static int
task_of(int project, int number)
{
	return project + number % TASKS_OF_PROJECT * projects;
}

/* Of a user, a project or a task: all of them go round the organizations. */
int
saas_organization_of(int key)
{
	return 1 + (key - 1) % organizations;
}

int
saas_project_of_task(int task)
{
	return 1 + (task - 1) % projects;
}

int
saas_assignee(int task)
{
	return saas_organization_of(task) + organizations * (int) (task * INT64_C(7919) / projects % USERS_OF_ORGANIZATION);
}

/* Keys of a query go from 1 to this. */
int
saas_keys(Kind kind)
{
	switch (kind)
	{
		case ORGANIZATION:
		case BILLING:
		case MEMBERS:
		case LABELS:
		case PROJECTS:
		case ACTIVITY:
			return organizations;
		case PROJECT:
		case SUMMARY:
		case TASKS:
		case OPEN_TASKS:
			return projects;
		case TASK:
		case CARD:
		case COMMENTS:
			return projects * TASKS_OF_PROJECT;
		default:
			return users;
	}
}

static Visit
draw_visit(void)
{
	Visit		visit;

	visit.user = zipf_draw(&of_users, users);
	visit.organization = saas_organization_of(visit.user);
	visit.project = project_of(visit.organization, zipf_rank(&of_projects, PROJECTS_OF_ORGANIZATION));
	visit.task = task_of(visit.project, zipf_rank(&of_tasks, TASKS_OF_PROJECT));
	return visit;
}

/* What the n-th operation of a step is about. */
static int
key_of(const Visit *visit, Whose whose, int n)
{
	switch (whose)
	{
		case HIS:
			return visit->user;
		case HIS_ORGANIZATION:
			return visit->organization;
		case EACH_PROJECT:
			return project_of(visit->organization, n);
		case THE_PROJECT:
			return visit->project;
		case THE_TASK:
			return visit->task;
		case EACH_TASK:
			return task_of(visit->project, n);
		case EACH_MEMBER:
			return visit->organization + n * organizations;
		case EACH_NOTIFICATION:
			/* the task of the n-th of his notifications, by its id */
			return 1 + (visit->user - 1 + n * users) % (projects * TASKS_OF_PROJECT);
	}
	return 0;
}

/* ---- Drawing ---- */

void
saas_add_call(Calls *calls, double at, Kind kind, int key, int other)
{
	if (calls->count == calls->room)
	{
		calls->room = calls->room == 0 ? 4096 : calls->room * 2;
		calls->list = realloc(calls->list, calls->room * sizeof(Call));
		if (calls->list == NULL)
			die("no memory for %d calls", calls->room);
	}
	calls->list[calls->count++] = (Call) {at, kind, key, other};
}

/* One of these kinds, whose shares are given of so many. */
static Kind
draw_change(const Change *changes, int of)
{
	int			share = (int) (random_share() * of);

	while (share >= changes->share)
		share -= changes++->share;
	return changes->kind;
}

/* From a script, an importer, or the gateway of a mail server. */
static void
add_plain_write(Calls *calls, double at)
{
	Kind		kind = draw_change(plain_changes, PLAIN_SHARE);
	int			count = kind == BUDGET ? projects : projects * TASKS_OF_PROJECT;

	saas_add_call(calls, at, kind, 1 + (int) (random_share() * count), 0);
}

static void
add_write(Calls *calls, double at, const Page *page, const Visit *visit)
{
	Kind		kind = draw_change(page->changes, 100);
	int			key = visit->task;

	if (kind == CREATE)
		key = visit->project;
	if (kind == RENAME)
		key = visit->user;
	if (kind == SEEN)
		key = visit->user + (int) (random_share() * NOTIFICATIONS_OF_USER) * users;
	saas_add_call(calls, at, kind, key, visit->user);
}

static double
exponential(double mean)
{
	return -log(1 - random_share()) * mean;
}

/* A page that begins then, with the writes of its user. */
void
saas_draw_page(Calls *calls, double at, double writes)
{
	int			share = (int) (random_share() * 100);
	const Page *page = pages;
	Visit		visit = draw_visit();

	while (share >= page->share)
		share -= page++->share;
	for (const Step *step = page->steps; step->times > 0; step++)
		for (int i = 0; i < step->times; i++)
		{
			for (; random_share() < writes; at += exponential(GAP_MS))
				if (random_share() < PLAIN_SHARE / 100.0)
					add_plain_write(calls, at);
				else
					add_write(calls, at, page, &visit);
			saas_add_call(calls, at, step->kind, key_of(&visit, step->whose, i), visit.user);
			at += exponential(GAP_MS);
		}
	calls->pages++;
}

/* How many operations a page has, on average, when this share of them writes. */
static double
page_size(double writes)
{
	double		sum = 0;

	for (int i = 0; i < PAGES; i++)
		for (const Step *step = pages[i].steps; step->times > 0; step++)
			sum += pages[i].share / 100.0 * step->times;
	return sum / (1 - writes);
}

static int
compare_calls(const void *a, const void *b)
{
	double		left = ((const Call *) a)->at;
	double		right = ((const Call *) b)->at;

	return (left > right) - (left < right);
}

/*
 * The calls of so many seconds, in the order of their times: the same for the same seed.  Pages begin a second
 * earlier, so that the rate is reached at once; what is left of a page at the end is not asked for.
 */
void
saas_draw(Calls *calls, uint64_t seed, double rate, double seconds, double writes)
{
	const double early = 1000;
	double		gap = 1e3 * page_size(writes) / rate;
	int			kept = 0;

	random_seed(seed);
	calls->count = calls->pages = 0;
	for (double at = exponential(gap) - early; at < seconds * 1e3; at += exponential(gap))
		saas_draw_page(calls, at, writes);
	for (int i = 0; i < calls->count; i++)
		if (calls->list[i].at >= 0 && calls->list[i].at < seconds * 1e3)
			calls->list[kept++] = calls->list[i];
	calls->count = kept;
	qsort(calls->list, calls->count, sizeof(Call), compare_calls);
}
