# test/bench/pair.sh
#    Two scripts of pgbench, measured side by side.  To be sourced after server.sh.

# Microseconds of a transaction of each, while one client does now one, now the other.
# Usage: pair_times <script> <script> <seconds>
pair_times()
{
	rm -f "$SCRATCH"/pair.log*
	as_server pgbench -n -M prepared -c 1 -T "$3" -l --log-prefix=pair.log -f "$1" -f "$2" postgres >"$LOG_DIR/pair.log" 2>&1
	awk '{ time[$4] += $3; count[$4]++ } END { printf "%.3f %.3f\n", time[0] / count[0], time[1] / count[1] }' \
		"$SCRATCH"/pair.log*
}
