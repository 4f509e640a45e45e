# test/lib/report.sh
#    Verdicts: a line per test or group of tests, and the count of all of them at the end.
#
# To be sourced after common.sh.

PASSED=0
FAILED=0

# One line: verdict, name, what it counted, seconds.
report_line()
{
	printf '  %-4s  %-50s %18s %7s s\n' "$1" "$2" "$3" "$4"
}

# A single test.  Usage: report <exit status> <name> <start>
report()
{
	if [ "$1" -eq 0 ]
	then
		PASSED=$((PASSED + 1))
		report_line ok "$2" "" "$(elapsed "$3")"
	else
		FAILED=$((FAILED + 1))
		report_line FAIL "$2" "" "$(elapsed "$3")"
	fi
}

# A group of tests that counted itself.  A group that failed, or that says it has tested nothing, has failed at least
# once.  Usage: report_group <exit status> <name> <passed> <failed> <start>
report_group()
{
	local status=$1 name=$2 passed=$3 failed=$4 start=$5 verdict=ok

	if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$passed" -eq 0 ]; }
	then
		failed=1
	fi
	[ "$failed" -eq 0 ] || verdict=FAIL
	PASSED=$((PASSED + passed))
	FAILED=$((FAILED + failed))
	if [ "$failed" -eq 0 ]
	then
		report_line "$verdict" "$name" "$passed passed" "$(elapsed "$start")"
	else
		report_line "$verdict" "$name" "$passed / $failed failed" "$(elapsed "$start")"
	fi
}

# Run a command that ends with "N passed, N failed", or that prints TAP.  Usage: counted_command <name> <command>...
counted_command()
{
	local name=$1 log=$LOG_DIR/$1.log start=$EPOCHREALTIME status=0 counts

	shift
	"$@" >"$log" 2>&1 </dev/null || status=$?
	counts=$(sed -n 's/^\([0-9]\+\) passed, \([0-9]\+\) failed$/\1 \2/p' "$log" | tail -n 1)
	[ -n "$counts" ] || counts=$(tap_counts "$log")
	report_group "$status" "$name" $counts "$start"
	if [ "$status" -ne 0 ] || [ "$counts" = '0 0' ]
	then
		show_log "$log"
	fi
}

# Count pg_regress's own lines, of which there are two styles: "test x ... ok 12 ms" until version 15 and TAP since.
# Usage: report_pg_regress <suite> <log> <exit status>
report_pg_regress()
{
	local suite=$1 log=$2 status=$3 before=$((PASSED + FAILED)) failed_before=$FAILED verdict name milliseconds

	while read -r verdict name milliseconds
	do
		if [ "$verdict" = ok ]
		then
			PASSED=$((PASSED + 1))
		else
			FAILED=$((FAILED + 1))
		fi
		report_line "$verdict" "$suite: $name" "" "$(awk -v ms="$milliseconds" 'BEGIN { printf "%.1f", ms / 1000 }')"
	done < <(pg_regress_verdicts <"$log")
	if [ $((PASSED + FAILED)) -eq "$before" ] || { [ "$status" -ne 0 ] && [ "$FAILED" -eq "$failed_before" ]; }
	then
		report 1 "$suite: stopped early, or had no tests" "$EPOCHREALTIME"
	fi
}

# Lines of "verdict name milliseconds" from pg_regress's output.
pg_regress_verdicts()
{
	sed -n -E \
		-e 's/^test +([^ ]+) +\.\.\. +ok +([0-9]+) ms.*/ok \1 \2/p' \
		-e 's/^test +([^ ]+) +\.\.\. +FAILED.* ([0-9]+) ms.*/FAIL \1 \2/p' \
		-e 's/^ok +[0-9]+ +[-+] +([^ ]+) +([0-9]+) ms.*/ok \1 \2/p' \
		-e 's/^not ok +[0-9]+ +[-+] +([^ ]+) +([0-9]+) ms.*/FAIL \1 \2/p'
}

# The beginning of what differed; without such a file, the end of the log says why.
show_differences()
{
	if [ -s "$1" ]
	then
		printf '    --- the beginning of %s\n' "${1#"$ROOT"/}"
		head -n 80 "$1" | sed 's/^/    /'
		printf '    ---\n'
	else
		show_log "$2"
	fi
}

# A TAP log's tests that passed and that failed, without subtests, as two numbers.
tap_counts()
{
	echo "$(grep -c '^ok ' "$1") $(grep '^not ok ' "$1" | grep -c -v '# TODO')"
}

# Usage: report_tap <name> <log> <exit status> <start>
report_tap()
{
	report_group "$3" "$1" $(tap_counts "$2") "$4"
}

# The last line.  The exit status says whether all passed.
report_total()
{
	printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
	[ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
}
