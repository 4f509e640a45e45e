# test/lib/common.sh
#    What every script here needs: progress lines, quiet logs, root only where it is needed, the server's version.
#
# To be sourced by bash with ROOT set to the checkout.  Logs go to build/log, or where LOG_DIR says, and are shown only
# when a step fails.

export LC_ALL=C.UTF-8

# A make that calls us must not push its own variables and job server into the makes that we call.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS

BUILD_DIR=$ROOT/build
LOG_DIR=${LOG_DIR:-$BUILD_DIR/log}

# Say what is being done now.
progress()
{
	printf '==> %s\n' "$*"
}

fail()
{
	printf 'error: %s\n' "$*" >&2
	exit 1
}

mkdir -p "$LOG_DIR" || fail "cannot write to $BUILD_DIR"

# Run a command with its output in build/log/<name>.log.  When it fails, show the end of that log and fail alike.
logged()
{
	local name=$1 log status=0

	shift
	log=$LOG_DIR/$name.log
	"$@" >"$log" 2>&1 </dev/null || status=$?
	if [ "$status" -ne 0 ]
	then
		show_log "$log"
	fi
	return "$status"
}

# What a log says of a failure, indented so that it stands apart from our own lines: TAP's failed tests with what was
# said right before and after them, or else the last lines.
show_log()
{
	printf '    --- from %s\n' "${1#"$ROOT"/}"
	if grep -q '^not ok' "$1"
	then
		grep -B 5 -A 5 '^not ok' "$1" | grep -v '^ok' | head -n 60 | sed 's/^/    /'
	else
		tail -n 40 "$1" | sed 's/^/    /'
	fi
	printf '    ---\n'
}

is_root()
{
	[ "$(id -u)" -eq 0 ]
}

can_be_root()
{
	is_root || command -v sudo >/dev/null
}

as_root()
{
	if is_root
	then
		"$@"
	else
		sudo "$@"
	fi
}

# The PostgreSQL version of this distribution, or PG_MAJOR when the caller says so.
pg_major()
{
	local release=

	[ -r /etc/os-release ] && release=$(. /etc/os-release && echo "${ID:-}${VERSION_ID:-}")
	case ${PG_MAJOR:-$release} in
		debian12) echo 15 ;;
		debian13) echo 17 ;;
		[0-9]*) echo "$PG_MAJOR" ;;
		*) apt-cache policy postgresql | sed -n 's/^ *Candidate: \([0-9]\+\).*/\1/p' ;;
	esac
}

# Seconds, with fractions, since a moment that $EPOCHREALTIME gave.
elapsed()
{
	awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'
}
