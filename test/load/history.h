/*
 * history.h
 *    What a cache holds that has been in use for a long time.
 */
#ifndef LOAD_HISTORY_H
#define LOAD_HISTORY_H

#include "saas.h"

extern double history_simulate(uint64_t seed, double count, double writes);
extern void history_answers(Calls *calls);
extern bool history_asks(Kind kind, int key);

#endif							/* LOAD_HISTORY_H */
