/*
 * writing.h
 *    Is a statement that writes under way in this session?
 */
#ifndef FQL_WRITING_H
#define FQL_WRITING_H

/*
 * May the session have changed rows whose tracking triggers have not run yet?  False only when every statement that
 * writes has ended, so that touched.c knows all that the transaction has changed so far.
 */
extern bool fql_is_writing(void);

/* Install the hooks that notice. */
extern void fql_writing_init(void);

#endif							/* FQL_WRITING_H */
