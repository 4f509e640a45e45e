# fraiseql: PGXS makefile.  `make`, `make install` and `make installcheck` work as for every extension.

MODULE_big = fraiseql
EXTENSION = fraiseql
DATA = sql/fraiseql--0.1.0.sql
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/core/*.c)))
PG_CPPFLAGS = -I$(CURDIR)/src -I/usr/include/json-c
PG_CFLAGS = -Wall -Wextra -Werror -Wno-declaration-after-statement -Wno-unused-parameter -Wno-sign-compare -MMD -MP
SHLIB_LINK = -ljson-c
EXTRA_CLEAN = $(OBJS:.o=.d)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

-include $(OBJS:.o=.d)
