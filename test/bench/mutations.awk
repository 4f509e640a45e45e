# test/bench/mutations.awk
#    What each kind of mutation takes, beside plain SQL: the medians, and the spread of the rounds' ratios.
function report(label, kind,    n, list)
{
	n = sorted(kind "_ratio", list)
	printf "%-24s %8.0f us, plain SQL %8.0f us; %6.0f a second, plain SQL %6.0f; ratio %.2f (%d rounds: %.2f to %.2f)\n",
		label, median(kind "_graphql"), median(kind "_plain"), 1e6 / median(kind "_graphql"), 1e6 / median(kind "_plain"),
		median(kind "_ratio"), n, list[1], list[n]
}

END {
	report("mutation by a function", "function")
	report("insertUsers, one row", "insert")
	report("updateUsers, one row", "update")
}
