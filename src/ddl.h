/*
 * ddl.h
 *    Definitions, privileges and roles: what utility commands change, told to the cache like a write.
 */
#ifndef FQL_DDL_H
#define FQL_DDL_H

/* Install the hooks. */
extern void fql_ddl_init(void);

#endif							/* FQL_DDL_H */
