# test/lib/server.sh
#    Builds of the module, a private copy of the server with it installed, and throwaway clusters.
#
# To be sourced after common.sh.  Nothing is installed into the system: PostgreSQL finds its files relative to its own
# binary, so copies of its directories under one prefix are a server of their own, into which `make install
# DESTDIR=prefix` puts the module.  (Copies, not links: it resolves links before it looks.)  The prefix and the data
# directories lie in a fresh directory under /tmp, owned by an unprivileged user, because the checkout may be one that
# this user cannot read; it is removed when the script ends, however it ends.  Servers listen on a Unix socket in that
# directory only, which nobody else can enter, so "trust" is safe.

SCRATCH=
SERVER_USER=
PG_CONFIG=${PG_CONFIG:-}

# The private copy of the server that is used, below the scratch directory.  A caller may choose another for some steps.
TREE=tree

# Names of the builds that are known to be of the present sources.
BUILT=${BUILT:-}

# Compile a copy of the sources, so that objects of another compiler, or of a `make` in the checkout, never mix with
# these.  Usage: build_module <name> <make arguments>; the result is build/<name>.
build_module()
{
	local name=$1 dir=$BUILD_DIR/$1

	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	(cd "$ROOT" && tar -cf - --exclude='*.o' --exclude='*.d' --exclude='*.bc' \
		Makefile *.control src sql $(ls -d expected test/isolation 2>/dev/null)) | tar -C "$dir" -xf -
	make -s -j"$(nproc)" -C "$dir" PG_CONFIG="$PG_CONFIG" with_llvm=no "$@"
}

# The same, unless this run has built it before.
need_build()
{
	case " $BUILT " in
		*" $1 "*) ;;
		*) build_module "$@" && BUILT="$BUILT $1" ;;
	esac
}

# Choose the server: PG_CONFIG when given, else the one that test/setup installed.
find_server()
{
	[ -n "$PG_CONFIG" ] || PG_CONFIG=/usr/lib/postgresql/$(pg_major)/bin/pg_config
	[ -x "$PG_CONFIG" ] || fail "there is no $PG_CONFIG"
	PG_BINDIR=$("$PG_CONFIG" --bindir)
	PGXS_SRC=$(dirname "$(dirname "$("$PG_CONFIG" --pgxs)")")
}

# An unprivileged user to run the server as: PostgreSQL refuses root.
find_server_user()
{
	if ! is_root
	then
		SERVER_USER=$(id -un)
	elif id -u postgres >/dev/null 2>&1
	then
		SERVER_USER=postgres
	else
		SERVER_USER=nobody
	fi
}

# Make the scratch directory, and see to it that it goes away with us.
scratch_create()
{
	find_server_user
	SCRATCH=$(mktemp -d /tmp/fraiseql.XXXXXX)
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap scratch_remove EXIT
	mkdir "$SCRATCH/socket"
	chmod 711 "$SCRATCH"
	chmod 700 "$SCRATCH/socket"
	give_to_server "$SCRATCH"
}

# The whole tree of a directory becomes the server user's.
give_to_server()
{
	if is_root
	then
		chown -R "$SERVER_USER:" "$1"
	fi
}

# Stop every server that was started below the scratch directory, also those that a killed test left behind.  Their
# logs stay, in build/log.
scratch_remove()
{
	local pid_file

	[ -n "$SCRATCH" ] || return 0
	[ -d "$SCRATCH/$TREE" ] || TREE=$(cd "$SCRATCH" && ls -d tree* 2>/dev/null | head -n 1)
	find "$SCRATCH" -name postmaster.pid 2>/dev/null | while read -r pid_file
	do
		as_server pg_ctl stop --silent --wait --mode=immediate -D "${pid_file%/*}" >/dev/null 2>&1 </dev/null || true
	done
	cp "$SCRATCH"/*.log "$LOG_DIR" 2>/dev/null || true
	find "$SCRATCH/tap" -path '*/log/*' -type f -exec cp -t "$LOG_DIR" {} + 2>/dev/null || true
	rm -rf "$SCRATCH"
	SCRATCH=
}

# Run a command as the server user, in the scratch directory, with a small and known environment.  Assignments may
# stand before the command.
as_server()
{
	local -a drop=()

	if is_root
	then
		drop=(setpriv --reuid="$SERVER_USER" --regid="$(id -g "$SERVER_USER")" --init-groups)
	fi
	(cd "$SCRATCH" && exec "${drop[@]}" env -i PATH="$SCRATCH/$TREE$PG_BINDIR:/usr/bin:/bin" HOME="$SCRATCH" \
		LC_ALL=C.UTF-8 TZ=UTC PGUSER=postgres PGHOST="$SCRATCH/socket" "$@")
}

# Copy the server's directories under the private prefix.
tree_create()
{
	local dir

	for dir in "$PG_BINDIR" "$("$PG_CONFIG" --pkglibdir)" "$("$PG_CONFIG" --sharedir)"
	do
		mkdir -p "$SCRATCH/$TREE$dir"
		cp -a "$dir/." "$SCRATCH/$TREE$dir/"
	done
	chmod -R u+w,a+rX "$SCRATCH/$TREE"
	give_to_server "$SCRATCH/$TREE"
}

# Install a build into it.  Usage: tree_install <name of build_module>
tree_install()
{
	make -s -C "$BUILD_DIR/$1" PG_CONFIG="$PG_CONFIG" with_llvm=no install DESTDIR="$SCRATCH/$TREE"
	chmod -R a+rX "$SCRATCH/$TREE"
}

# Initialize and start a cluster.  Usage: cluster_start <name> [<line of postgresql.conf>...]
# Durability is off: nothing here survives the script.
cluster_start()
{
	local data=$SCRATCH/$1 log=$SCRATCH/server-$1.log

	shift
	as_server initdb --auth=trust --username=postgres --encoding=UTF8 --locale=C.UTF-8 --no-sync -D "$data"
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$SCRATCH/socket'" 'fsync = off' \
		"shared_preload_libraries = 'fraiseql'" 'log_line_prefix = '"'%m [%p] %q%a '" "$@" |
		as_server tee -a "$data/postgresql.conf" >/dev/null
	as_server pg_ctl start --silent --wait --timeout=60 -D "$data" -l "$log" || {
		[ ! -f "$log" ] || cat "$log"
		return 1
	}
}
