# test/bench/monitoring.awk
#    What a hit pays for being counted, what it takes to read the views, and what the clients see of it.
#    views: their names; processors: how many the machine has.
function spread(name, format,    list, n)
{
	n = sorted(name, list)
	return sprintf(format " (%d rounds: " format " to " format ")", list[int((n + 1) / 2)], n, list[1], list[n])
}

function share(ms)
{
	return sprintf("%.2f ms, %.2f %% of %d processors where they are read once a second", ms, ms / 10 / processors, processors)
}

END {
	printf "a hit, operations counted / not    %s us / %s us\n", spread("hit_counted", "%.3f"), spread("hit_uncounted", "%.3f")
	printf "  difference                       %s ns\n", spread("hit_difference", "%.0f")
	count = split(views, names, /[ \t\n]+/)
	for (i = 1; i <= count; i++)
	{
		ms = median("view_" names[i])
		printf "%-18s %8d rows  %s ms of a processor\n", names[i], median("rows_" names[i]), spread("view_" names[i], "%.3f")
		all += ms
		if (names[i] !~ /^(audit_recent|cache_entries)$/)
			short += ms
	}
	printf "all but these two                  %s\n", share(short)
	printf "all of them                        %s\n", share(all)
	printf "hits a second, alone               %s\n", spread("alone", "%.0f")
	printf "hits a second, watched / alone     %s\n", spread("watched_ratio", "%.3f")
}
