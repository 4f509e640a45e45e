# test/bench/figures.awk
#    Figures of several rounds (a line each: name, tab, figure), and what lies in their middle.  Reports begin with it:
#    awk -f figures.awk -f report.awk.
BEGIN { FS = "\t" }
$2 != "" { figures[$1] = figures[$1] " " $2 }

# The figures of that name in their order; how many there are.
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

function largest(name,    list, n)
{
	n = sorted(name, list)
	return n == 0 ? 0 : list[n]
}
