# test/bench/report.awk
#    Medians and spreads of build/bench.tsv (case, figure), and the ratios that they are measured for.
function show(label, name, unit,    list, n)
{
	n = sorted(name, list)
	if (n > 0)
		printf "%-44s %10.*f %-4s (%.*f to %.*f)\n", label, unit == "us" ? 2 : 0, median(name), unit,
			unit == "us" ? 2 : 0, list[1], unit == "us" ? 2 : 0, list[n]
}

function ratio(label, a, b)
{
	if (median(a) > 0 && median(b) > 0)
		printf "%-44s %10.2f\n", label, median(a) / median(b)
}

# The median of the rounds' own ratios, for cases that were measured side by side.
function paired(label, a, b,    left, right, n, i)
{
	n = split(figures[a], left, " ")
	if (n == 0 || split(figures[b], right, " ") != n)
		return
	figures[label] = ""
	for (i = 1; i <= n; i++)
		figures[label] = figures[label] " " left[i] / right[i]
	n = sorted(label, left)
	printf "%-44s %10.3f      (%.3f to %.3f)\n", label, median(label), left[1], left[n]
}

END {
	print ""
	printf "%d clients, medians (smallest to largest)\n", clients
	show("SELECT of a constant of the same bytes", "constant", "/s")
	show("hit", "hit", "/s")
	show("hit, one of 50 values of a variable", "hit_variable", "/s")
	show("executed each time (cache off)", "executed", "/s")
	show("Redis GET of the same bytes", "redis", "/s")
	show("hit, within one statement", "loop_hit", "us")
	show("UPDATE of one row, five indexes, untracked", "update_plain", "/s")
	show("UPDATE of one row, five indexes, tracked", "update_tracked", "/s")
	show("INSERT of one row, five indexes, untracked", "insert_plain", "/s")
	show("INSERT of one row, five indexes, tracked", "insert_tracked", "/s")
	show("COPY, a row of a million, untracked", "copy_plain", "us")
	show("COPY, a row of a million, tracked", "copy_tracked", "us")
	print ""
	ratio("hit / constant", "hit", "constant")
	ratio("hit / executed", "hit", "executed")
	ratio("hit / Redis", "hit", "redis")
	paired("tracked / untracked UPDATE", "update_tracked", "update_plain")
	paired("tracked / untracked INSERT", "insert_tracked", "insert_plain")
	paired("tracked / untracked COPY", "copy_plain", "copy_tracked")
}
