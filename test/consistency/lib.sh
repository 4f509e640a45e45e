# test/consistency/lib.sh
#    A cluster for the consistency test, and one call of it.
#
# To be sourced after common.sh and server.sh.

CONSISTENCY_LOGS=$BUILD_DIR/consistency

# A small cache, so that answers are evicted (CACHE_SIZE for another); a low limit, so that few rows are many; room for
# locks, which clients take by the thousand so that commits last.  In a directory of its own: the other suites' server may
# be running.
consistency_start()
{
	mkdir -p "$SCRATCH/consistency-socket" "$SCRATCH/histories" &&
		cp -r "$ROOT/test/consistency" "$SCRATCH/consistency-test" &&
		give_to_server "$SCRATCH/consistency-test" &&
		give_to_server "$SCRATCH/histories" &&
		give_to_server "$SCRATCH/consistency-socket" &&
		cluster_start consistency 'autovacuum = off' "fraiseql.cache_size = ${CACHE_SIZE:-1MB}" 'fraiseql.tag_table_size = 4MB' \
			'fraiseql.bulk_write_limit = 20' "deadlock_timeout = '100ms'" 'max_prepared_transactions = 20' \
			'restart_after_crash = on' 'max_locks_per_transaction = 512' \
			"unix_socket_directories = '$SCRATCH/consistency-socket'" "$@" &&
		pool_start
}

# Some clients go through PgBouncer, where it is installed: a transaction then meets another backend than the last.
pool_start()
{
	local bouncer

	POOL=
	bouncer=$(PATH=$PATH:/usr/sbin command -v pgbouncer) || return 0
	mkdir -p "$SCRATCH/pool"
	cat >"$SCRATCH/pool/pgbouncer.ini" <<-END
		[databases]
		* = host=$SCRATCH/consistency-socket user=postgres
		[pgbouncer]
		unix_socket_dir = $SCRATCH/pool
		listen_port = 6432
		listen_addr =
		auth_type = any
		pool_mode = transaction
		default_pool_size = 3
		ignore_startup_parameters = extra_float_digits
		logfile = $SCRATCH/pool/pgbouncer.log
		pidfile = $SCRATCH/pool/pgbouncer.pid
	END
	give_to_server "$SCRATCH/pool"
	as_server "$bouncer" -q -d pool/pgbouncer.ini >/dev/null 2>&1 </dev/null && POOL=$SCRATCH/pool
	[ -n "$POOL" ] || echo "PgBouncer does not start"
}

pool_stop()
{
	[ ! -f "$SCRATCH/pool/pgbouncer.pid" ] || as_server kill "$(cat "$SCRATCH/pool/pgbouncer.pid")" || true
}

# Usage: consistency_load <options of main.py>...
consistency_load()
{
	as_server PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 consistency-test/main.py --directory histories \
		--host "$SCRATCH/consistency-socket" --data "$SCRATCH/consistency" --server-log "$SCRATCH/server-consistency.log" \
		--pool-host "$POOL" "$@" </dev/null
}

consistency_stop()
{
	pool_stop
	as_server pg_ctl stop --silent --wait --mode=immediate -D "$SCRATCH/consistency" >/dev/null 2>&1 </dev/null || true
}

# The histories of what failed, before the scratch directory goes.
consistency_keep()
{
	[ -n "$(ls "$SCRATCH/histories" 2>/dev/null)" ] || return 0
	rm -rf "$CONSISTENCY_LOGS"
	mkdir -p "$CONSISTENCY_LOGS"
	cp -r "$SCRATCH"/histories/* "$CONSISTENCY_LOGS"
	cp "$SCRATCH/server-consistency.log" "$CONSISTENCY_LOGS"
	progress "histories: build/consistency"
}

# No process of the server ended otherwise than it was told to.
consistency_server_log()
{
	! grep -E 'terminated by signal ([0-8]|[1-9][0-9])\b|PANIC:|TRAP:|(reference|snapshot|cache|file) leak|still referenced' \
		"$SCRATCH/server-consistency.log"
}
