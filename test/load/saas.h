/*
 * saas.h
 *    The site of the load tests: what its pages ask for and its users change, and when.
 */
#ifndef LOAD_SAAS_H
#define LOAD_SAAS_H

#include <stdbool.h>
#include <stdint.h>

/* Operations: queries first, then what writes, GraphQL mutations before plain SQL. */
typedef enum Kind
{
	ME, ORGANIZATION, BILLING, MEMBERS, PROFILE, LABELS, PROJECTS, PROJECT, SUMMARY, TASKS, OPEN_TASKS, MY_TASKS, TASK,
	CARD, COMMENTS, NOTIFICATIONS, UNREAD, ACTIVITY,
	MOVE, COMMENT, CREATE, SEEN, RENAME,
	EDIT, BUDGET, MAIL,
	KINDS
} Kind;

#define FIRST_WRITE MOVE
#define FIRST_PLAIN EDIT

typedef struct Operation
{
	const char *name;
	const char *text;			/* GraphQL, or SQL */
	const char *variables;		/* a format for key and other */
} Operation;

/* A call that is to come. */
typedef struct Call
{
	double		at;				/* milliseconds after the start */
	Kind		kind;
	int			key;			/* what it is about */
	int			other;			/* and who does it */
} Call;

typedef struct Calls
{
	Call	   *list;
	int			count;
	int			room;
	int			pages;
} Calls;

extern const Operation operations[KINDS];

extern void saas_create(int users, double zipf);
extern int	saas_keys(Kind kind);
extern int	saas_organization_of(int key);
extern int	saas_project_of_task(int task);
extern int	saas_assignee(int task);
extern void saas_add_call(Calls *calls, double at, Kind kind, int key, int other);
extern void saas_draw_page(Calls *calls, double at, double writes);
extern void saas_draw(Calls *calls, uint64_t seed, double rate, double seconds, double writes);

static inline bool
kind_writes(Kind kind)
{
	return kind >= FIRST_WRITE;
}

#endif							/* LOAD_SAAS_H */
