/*
 * versions.c
 *    Which versions of rows are known to be committed since when, and which may be.
 *
 * An answer is stale if it shows a row in an older version than one that was known to be committed when its call began;
 * it is invented if it shows one that nobody has written.  Versions begin with 0, and each write adds one.
 */
#include "versions.h"

#include "load.h"

#include <stdlib.h>
#include <string.h>

/* From when on a version of a row is known to be committed, and the place of the row's news before that, or -1. */
typedef struct News
{
	double		at;
	int			version;
	int			before;
} News;

static News *news;
static int	news_count, news_room;

/* Room for this id. */
static void
reach(Rows *rows, int id)
{
	int			room = rows->room == 0 ? 1024 : rows->room;

	if (id < 0)
		die("a row with the id %d", id);
	while (room <= id)
		room *= 2;
	if (room == rows->room)
		return;
	rows->latest = realloc(rows->latest, room * sizeof(int));
	rows->written = realloc(rows->written, room * sizeof(int));
	if (rows->latest == NULL || rows->written == NULL)
		die("no memory for %d rows", room);
	memset(rows->latest + rows->room, -1, (room - rows->room) * sizeof(int));
	memset(rows->written + rows->room, 0, (room - rows->room) * sizeof(int));
	rows->room = room;
}

/* The version that a row has before anybody writes. */
void
rows_begin(Rows *rows, int id, int version)
{
	rows_learn(rows, id, version, 0);
	rows->written[id] = version;
}

/* Somebody is about to write the row. */
void
rows_expect(Rows *rows, int id)
{
	reach(rows, id);
	rows->written[id]++;
}

/* The version was committed, and we have known it since then. */
void
rows_learn(Rows *rows, int id, int version, double at)
{
	int			before;

	reach(rows, id);
	before = rows->latest[id];
	if (before >= 0 && news[before].version >= version)
		return;
	if (news_count == news_room)
	{
		news_room = news_room == 0 ? 65536 : news_room * 2;
		news = realloc(news, news_room * sizeof(News));
		if (news == NULL)
			die("no memory for %d news", news_room);
	}
	news[news_count] = (News) {at, version, before};
	rows->latest[id] = news_count++;
}

/* The version of a row that was known at that time. */
int
rows_known(const Rows *rows, int id, double at)
{
	int			place = id < rows->room ? rows->latest[id] : -1;

	while (place >= 0 && news[place].at > at)
		place = news[place].before;
	return place < 0 ? 0 : news[place].version;
}

/* The last version that there can be. */
int
rows_last(const Rows *rows, int id)
{
	return id < rows->room ? rows->written[id] : 0;
}
