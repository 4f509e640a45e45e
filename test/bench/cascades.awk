# test/bench/cascades.awk
#    The median of the rounds' ratios, and between which they lie.
END {
	printf "an update: %.0f us with the audit trail, %.0f us without\n", median("records"), median("plain")
	n = sorted("ratio", ratio)
	quarter = int((n + 3) / 4)
	printf "ratio: %.3f (%d rounds: %.3f to %.3f, the middle half %.3f to %.3f)\n", median("ratio"), n, ratio[1], ratio[n],
		ratio[quarter], ratio[n + 1 - quarter]
}
