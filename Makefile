# fraiseql: PGXS makefile.
#
# `make`, `make install` and `make installcheck` work as for every extension; PG_CONFIG chooses the server, 15 or newer.
# `make test` and `make demo` need nothing installed on Debian: they set up what they use, and remove it again.

MODULE_big = fraiseql
EXTENSION = fraiseql
DATA = $(sort $(wildcard sql/fraiseql--*.sql))
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/core/*.c)))
EXTRA_CLEAN = $(OBJS:.o=.d) build output_iso results log

# Warnings are errors for those who change the code (a git checkout), not for those who build a release with a compiler
# that is newer than it.  `make WERROR=` turns it off.
WERROR = $(if $(wildcard .git),-Werror)

# Debian's server was built with gcc: its flags, which pg_config hands on, and gnu_printf in its headers are nothing
# that clang should blame on this code.
IS_CLANG := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null)),yes)
COMPILER_CFLAGS = $(if $(IS_CLANG),-Wno-unknown-warning-option -Wno-ignored-optimization-argument \
	-Wno-ignored-attributes)

# -iquote: our headers never stand in for a header of the system or the server that happens to have the same name.
JSON_C_CFLAGS ?= $(shell pkg-config --cflags json-c 2>/dev/null || echo -I/usr/include/json-c)
JSON_C_LIBS ?= $(shell pkg-config --libs json-c 2>/dev/null || echo -ljson-c)

# -isystem: the server's own headers are not clean under -Wextra, and that is not for us to mend.
PG_CPPFLAGS = -iquote $(CURDIR)/src $(JSON_C_CFLAGS) \
	$(addprefix -isystem ,$(shell $(PG_CONFIG) --includedir-server 2>/dev/null))
PG_CFLAGS = -Wall -Wextra $(WERROR) $(COMPILER_CFLAGS) \
	-Wno-declaration-after-statement -MMD -MP
SHLIB_LINK = $(JSON_C_LIBS)

# pg_regress inputs, one file a concept.  First those that others build upon, in this order; then every other file of
# sql/, so that none is ever left out but those that REGRESS_WITHOUT names, where a server is very slow.  They run one
# after another: the counters that they read are the cluster's.
REGRESS_FIRST = schema_names schema_relations schema_documents schema_errors \
	query_select query_where query_order_page query_relations query_documents query_errors \
	cache_setup cache_writes cache_bypass cache_identity cache_definitions cache_monitor hostile
REGRESS_FOUND = $(filter-out fraiseql--% $(REGRESS_WITHOUT),$(sort $(basename $(notdir $(wildcard sql/*.sql)))))
REGRESS = $(filter $(REGRESS_FOUND),$(REGRESS_FIRST)) $(filter-out $(REGRESS_FIRST),$(REGRESS_FOUND))
REGRESS_OPTS = --load-extension=fraiseql --encoding=UTF8

ISOLATION = $(sort $(basename $(notdir $(wildcard test/isolation/specs/*.spec))))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=fraiseql --encoding=UTF8

.DEFAULT_GOAL := all

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)

ifneq ($(wildcard $(PGXS)),)
include $(PGXS)

ifneq ($(filter 9.% 10 11 12 13 14,$(MAJORVERSION)),)
$(error fraiseql needs PostgreSQL 15 or newer, and $(PG_CONFIG) is of version $(VERSION))
endif

installcheck: installcheck-preload
else
all install installcheck:
	@echo "No server headers: '$(PG_CONFIG) --pgxs' leads nowhere. Install postgresql-server-dev-NN and libjson-c-dev," >&2
	@echo "or name another pg_config with PG_CONFIG=... ('make test' and 'make demo' install what they need.)" >&2
	@exit 1

clean:
	rm -rf $(OBJS) $(OBJS:.o=.bc) fraiseql.so $(EXTRA_CLEAN)
endif

# Header edits rebuild: the compiler wrote down what each object includes.
-include $(OBJS:.o=.d)

# The cache lives in the postmaster's shared memory, so a test server that did not preload the module fails everywhere
# for one reason.  Say it once instead.
installcheck-preload:
	@$(bindir)/psql -X -A -t -d postgres -c 'SHOW shared_preload_libraries' | grep -qw fraiseql || { \
		echo "installcheck needs a running server with shared_preload_libraries = 'fraiseql' (set it, then restart)." >&2; \
		exit 1; }

# Everything, on a fresh Debian too.  SUITES="unit regress" runs some of it; test/README.md has the list.
test:
	@SUITES='$(SUITES)' test/run

# Also on PostgreSQL 17 and 18, on a server with assertions, and under valgrind; test/all has the settings.
test-all:
	@test/all

demo:
	@test/demo/run

# What a hit and a write cost, as ratios; test/bench/run has the settings.
bench:
	@test/bench/run

# How often an answer is still good while rows are written, beside an ideal cache; test/bench/hitrate has the settings.
bench-hitrate:
	@test/bench/hitrate

# What the audit trail costs a commit, and whether it keeps up; test/bench/cascades has the settings.
bench-cascades:
	@test/bench/cascades

# What a mutation costs beside plain SQL; test/bench/mutations has the settings.
bench-mutations:
	@test/bench/mutations

# Herds, storms and a mixed load, with coalescing and without; test/bench/coalescing has the settings.
bench-coalescing:
	@test/bench/coalescing

# What it costs to be watched; test/bench/monitoring has the settings.
bench-monitoring:
	@test/bench/monitoring

# A site at a rate, with the cache and without: 3k-qps, 5k-qps, 10k-qps, high-write; or up to which rate it holds.
# test/load/run has the settings.
load-test-%:
	@test/load/run $*

# Random schemas, queries and writes, cached answers against uncached ones: SCHEMAS of them, beginning with SEED.
SCHEMAS = 2000
model-test:
	@test/model/run --schemas $(SCHEMAS) $(if $(SEED),--seed $(SEED)) $(if $(CONCURRENT),--concurrent $(CONCURRENT))

unit:
	$(MAKE) -C test/unit

purity:
	$(MAKE) -C test/unit purity

# The code broken on purpose, one place at a time: does a test of races at test points see it?
test-points-mutants:
	@test/points-mutants $(MUTANTS)

# The key built without one part at a time: do the tests of who asks for what miss it?
test-key-mutants:
	@test/key-mutants $(MUTANTS)

# Random documents for SECONDS a target.
fuzz:
	$(MAKE) -C test/fuzz SECONDS=$(or $(SECONDS),20)

# Random clients and nemeses for SECONDS, and a verdict on what they saw; beginning with SEED.
test-consistency:
	@test/consistency/run --seconds $(or $(SECONDS),45) $(if $(SEED),--seed $(SEED)) \
		$(if $(NEMESES),--nemeses '$(NEMESES)') $(if $(CLIENTS),--clients $(CLIENTS))

# Builds with one rule of the protocol removed: the verdict must be that something is wrong.  MUTANTS="a b" for some.
test-consistency-mutants:
	@test/consistency/mutants $(MUTANTS)

# The form of the source files: white space, tabs, width.
format-check:
	@test/format

# The two commands in an empty Debian, SUITE=bookworm (PostgreSQL 15), trixie (17) or sid (18).  Needs root and debootstrap.
SUITE = bookworm
chroot-test:
	test/chroot $(SUITE)

.PHONY: all install installcheck installcheck-preload clean test test-all demo bench bench-hitrate bench-cascades bench-mutations bench-coalescing bench-monitoring model-test unit purity fuzz format-check \
	test-consistency test-consistency-mutants test-key-mutants test-points-mutants chroot-test
