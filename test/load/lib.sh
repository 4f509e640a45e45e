# test/load/lib.sh
#    A load test: a server of its own, the client, and what is made of its figures.
#
# To be sourced after common.sh and server.sh, by run and by the suite of test/run.  Results are in build/load: <name>.tsv
# as they were measured, <name>.json, <name>.svg, <name>.txt.

LOAD=$ROOT/test/load
LOAD_RESULTS=$BUILD_DIR/load

# Compile the client, where the server's user can run it.
load_client()
{
	local cc=${1:-gcc}

	"$cc" -O2 -Wall -Wextra -Werror -I"$("$PG_CONFIG" --includedir)" -iquote "$ROOT/test/bench" -iquote "$LOAD" \
		-o "$SCRATCH/load-client" "$LOAD"/*.c "$ROOT"/test/bench/{load,zipf,versions,processor}.c -lpq -lm
	chmod a+rx "$SCRATCH/load-client"
}

# The data.  Usage: load_schema <users>
load_schema()
{
	cp "$LOAD/saas.sql" "$SCRATCH"
	chmod a+r "$SCRATCH/saas.sql"
	as_server createdb load
	as_server psql -X -v ON_ERROR_STOP=1 -v users="$1" -d load -f saas.sql
}

# What the result is of: lines of a name and a value.  Usage: load_settings <name>=<value>...
load_settings()
{
	local setting

	printf '%s\t%s\n' machine "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
		processors "$(nproc)" \
		memory_mb "$(awk '/^MemTotal/ { printf "%d", $2 / 1024 }' /proc/meminfo)" \
		kernel "$(uname -sr | cut -d- -f1)" \
		postgresql "$("$PG_CONFIG" --version | awk '{ print $2 }')" \
		fraiseql "$(sed -n "s/^default_version = '\(.*\)'/\1/p" "$ROOT/fraiseql.control")" \
		date "$(date -u +%F)"
	as_server psql -X -A -t -F $'\t' -d load -c "SELECT name, current_setting(name) FROM unnest(ARRAY['shared_buffers',
		'fsync', 'fraiseql.cache_size', 'fraiseql.tag_table_size', 'fraiseql.cascade_queue_size']) AS names (name)"
	for setting
	do
		printf '%s\t%s\n' "${setting%%=*}" "${setting#*=}"
	done
}

# Measure, and make a result of it.  The client says by its exit status whether anything was wrong, and so do we; figures
# that are not complete are wrong, too.  Usage: load_measure <name> <name>=<value>...
load_measure()
{
	local name=$1 file=$LOAD_RESULTS/$1 status=0

	shift
	mkdir -p "$LOAD_RESULTS"
	rm -f "$file".{tsv,json,svg,txt}
	load_settings "$@" >"$SCRATCH/load-settings.tsv"
	as_server PGDATABASE=load ./load-client "$@" >"$file.tsv" || status=1
	/usr/bin/python3 "$LOAD/report.py" "$name" "$file.tsv" "$SCRATCH/load-settings.tsv" "$file.json" >"$file.txt" || status=1
	/usr/bin/python3 "$LOAD/chart.py" "$file.json" "$file.svg" || status=1
	return "$status"
}
