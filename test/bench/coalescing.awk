# test/bench/coalescing.awk
#    Reports of herds, storms and mixed loads, and the goals that they missed.

# The first parts of the names of figures, up to the last dot, in the order in which they come.
{
	prefix = $1
	sub(/\.[^.]*$/, "", prefix)
	sub(/\.(all|lists|writes)$/, "", prefix)
	if (!(prefix in known))
	{
		known[prefix] = 1
		prefixes[++count] = prefix
		split(prefix, part, ".")
		if (!(part[1] in title))
			title[part[1]] = 1
	}
}

# The median with the smallest and the largest.
function spread(name, digits,    list, n)
{
	n = sorted(name, list)
	if (n == 0)
		return "-"
	if (list[1] == list[n])
		return sprintf("%.*f", digits, list[1])
	return sprintf("%.*f (%.*f to %.*f)", digits, median(name), digits, list[1], digits, list[n])
}

function goal(is_met, what)
{
	if (!is_met)
		missed[++missed_count] = what
}

# Of what a prefix is: "waits 100 ms, coalescing on".
function described(prefix,    part)
{
	split(prefix, part, ".")
	return sprintf("%s %d ms, coalescing %s", part[2], part[3], part[4])
}

function report_herd(prefix)
{
	printf "%-32s %-20s %-20s %-26s %-28s %s\n", described(prefix), spread(prefix ".executions", 0),
		spread(prefix ".answers", 0), spread(prefix ".alone", 0), spread(prefix ".together", 0), spread(prefix ".ratio", 2)
	if (prefix !~ /\.on$/)
		return
	goal(largest(prefix ".executions") == 1, "herd, " described(prefix) ": one execution in each round")
	goal(largest(prefix ".answers") == 1, "herd, " described(prefix) ": the same bytes for all in each round")
	goal(median(prefix ".ratio") <= 1.5, "herd, " described(prefix) ": 1.5 times one execution")
}

function report_storm(prefix)
{
	printf "%-32s %-26s %-26s %-24s %-26s %-26s %-24s %s\n", described(prefix), spread(prefix ".calls", 0),
		spread(prefix ".executions", 0), spread(prefix ".alone", 1), spread(prefix ".p50", 1), spread(prefix ".p99", 1),
		spread(prefix ".ratio", 2), spread(prefix ".wrong", 0)
	goal(largest(prefix ".wrong") == 0, "storm, " described(prefix) ": no stale answer")
	goal(prefix !~ /\.on$/ || median(prefix ".ratio") < 3, "storm, " described(prefix) ": p99 below 3 executions")
}

# What coalescing saves, round by round: the calls of both were the same.
function compare(prefix, figure,    off, on, without, n, i)
{
	off = prefix
	sub(/on$/, "off", off)
	n = split(figures[prefix "." figure], on, " ")
	if (split(figures[off "." figure], without, " ") != n)
		return 0
	figures[prefix ".saved_" figure] = ""
	for (i = 1; i <= n; i++)
		if (without[i] > 0)
			figures[prefix ".saved_" figure] = figures[prefix ".saved_" figure] " " 100 * (1 - on[i] / without[i])
	return 1
}

function line(label, prefix, figure, digits)
{
	printf "    %-34s %s\n", label, spread(prefix "." figure, digits)
}

function latencies(label, prefix, what)
{
	printf "    %-34s p50 %s, p95 %s, p99 %s, p99.9 %s\n", label, spread(prefix "." what ".p50", 1),
		spread(prefix "." what ".p95", 1), spread(prefix "." what ".p99", 1), spread(prefix "." what ".p99_9", 1)
}

function report_mixed(prefix,    part, load)
{
	split(prefix, part, ".")
	load = sprintf("%d calls a second, %d %% of the reads lists", part[2], part[3])
	printf "%s, coalescing %s\n", load, part[4]
	line("answered a second", prefix, "answered", 0)
	line("never begun", prefix, "left", 0)
	line("machine busy, %", prefix, "busy", 0)
	line("hits", prefix, "hits", 0)
	line("misses", prefix, "misses", 0)
	line("executions on misses", prefix, "executions", 0)
	line("    of them lists, by their count", prefix, "list_executions", 0)
	latencies("all calls, ms", prefix, "all")
	latencies("lists, ms", prefix, "lists")
	latencies("writes, ms", prefix, "writes")
	printf "    %-34s %s wrong of %s\n", "rows in answers", spread(prefix ".wrong", 0), spread(prefix ".judged", 0)
	goal(largest(prefix ".wrong") == 0, "mixed, " load ", coalescing " part[4] ": no stale answer")
	if (part[4] != "on")
		return
	line("waits for another's execution", prefix, "coalesced", 0)
	line("    the longest of 99 %, ms", prefix, "p99_wait_ms", 1)
	line("    given up", prefix, "timeouts", 0)
	goal(median(prefix ".all.p99") < 50, "mixed, " load ": p99 below 50 ms")
	if (!compare(prefix, "executions") || !compare(prefix, "list_executions"))
		return
	line("executions saved, %", prefix, "saved_executions", 0)
	line("    of lists", prefix, "saved_list_executions", 0)
	goal(median(prefix ".saved_executions") >= 40, "mixed, " load ": 40 % fewer executions on misses")
}

# Up to which rate, from the lowest on, does hardly anybody wait?
function report_rate(prefix,    part)
{
	split(prefix, part, ".")
	printf "%-8d %-12s %12s %12s %10s %12s %12s %12s\n", part[2], part[4], spread(prefix ".answered", 0),
		spread(prefix ".left", 0), spread(prefix ".busy", 0), spread(prefix ".executions", 0),
		spread(prefix ".all.p50", 1), spread(prefix ".all.p99", 1)
	if (median(prefix ".all.p99") >= 50)
		full[part[4]] = 1
	else if (!full[part[4]])
		sustained[part[4]] = part[2]
}

function report_timeout(prefix,    part)
{
	split(prefix, part, ".")
	printf "%-16d %-12s %16s %16s %16s %16s\n", part[3], part[4], spread(prefix ".alone", 0), spread(prefix ".together", 0),
		spread(prefix ".executions", 0), spread(prefix ".timeouts", 0)
}

function report(part,    i)
{
	for (i = 1; i <= count; i++)
	{
		if (index(prefixes[i], part ".") != 1)
			continue
		if (part == "herd") report_herd(prefixes[i])
		if (part == "storm") report_storm(prefixes[i])
		if (part == "mixed") report_mixed(prefixes[i])
		if (part == "rates") report_rate(prefixes[i])
		if (part == "timeouts") report_timeout(prefixes[i])
	}
}

END {
	if ("herd" in title)
	{
		printf "\n%-32s %-20s %-20s %-26s %-28s %s\n", "herd", "executions", "different answers", "one execution, ms",
			"until the last answer, ms", "ratio"
		report("herd")
	}
	if ("storm" in title)
	{
		printf "\n%-32s %-26s %-26s %-24s %-26s %-26s %-24s %s\n", "storm", "calls", "executions", "one execution, ms",
			"p50, ms", "p99, ms", "p99 / one execution", "wrong"
		report("storm")
	}
	if ("mixed" in title)
	{
		print "\nmixed load"
		report("mixed")
	}
	if ("rates" in title)
	{
		printf "\n%-8s %-12s %12s %12s %10s %12s %12s %12s\n", "rate", "coalescing", "answered", "never begun", "busy, %",
			"executions", "p50, ms", "p99, ms"
		report("rates")
		printf "p99 is below 50 ms up to this rate: %s with coalescing, %s without\n",
			("on" in sustained) ? sustained["on"] : "none", ("off" in sustained) ? sustained["off"] : "none"
	}
	if ("timeouts" in title)
	{
		printf "\n%-16s %-12s %16s %16s %16s %16s\n", "execution, ms", "timeout, ms", "alone, ms", "until last, ms",
			"executions", "timeouts"
		report("timeouts")
	}
	print ""
	for (i = 1; i <= missed_count; i++)
		print "goal missed: " missed[i]
	if (missed_count == 0)
		print "no goal missed"
}
