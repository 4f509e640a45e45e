# test/bench/report.awk
#    Medians and spreads of build/bench.tsv (case, figure), and the ratios that they are measured for.
BEGIN { FS = "\t" }
$2 != "" { figures[$1] = figures[$1] " " $2 }

function sorted(name, list,    n, i, j, swap)
{
	n = split(figures[name], list, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && list[j - 1] + 0 > list[j] + 0; j--)
		{
			swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap
		}
	return n
}

function median(name,    list, n)
{
	n = sorted(name, list)
	return n == 0 ? 0 : list[int((n + 1) / 2)]
}

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

END {
	print ""
	printf "%d clients, medians (smallest to largest)\n", clients
	show("SELECT of a constant of the same bytes", "constant", "/s")
	show("hit", "hit", "/s")
	show("hit, one of 50 values of a variable", "hit_variable", "/s")
	show("executed each time (cache off)", "executed", "/s")
	show("Redis GET of the same bytes", "redis", "/s")
	show("hit, within one statement", "loop_hit", "us")
	show("UPDATE of one row, 1 client, untracked", "update_plain", "/s")
	show("UPDATE of one row, 1 client, tracked", "update_tracked", "/s")
	show("bulk INSERT, a row, untracked", "bulk_plain", "us")
	show("bulk INSERT, a row, tracked", "bulk_tracked", "us")
	print ""
	ratio("hit / constant", "hit", "constant")
	ratio("hit / executed", "hit", "executed")
	ratio("hit / Redis", "hit", "redis")
	ratio("tracked / untracked UPDATE", "update_tracked", "update_plain")
}
