# test/lib/source.sh
#    Servers built from the source of the distribution's package: one with assertions, and one that runs under valgrind.
#
# To be sourced after common.sh.  They are kept in SERVER_CACHE for the next time, each under a prefix of its own that
# the server user can read, and are built again when the installed version or a recipe below changes.  apt reads the
# source packages through lists of its own here, so the machine's sources stay as they are, and no root is needed.

SERVER_CACHE=${SERVER_CACHE:-/tmp/fraiseql-servers}

# What the tests use, and no more.  --enable-tap-tests is what installs PostgreSQL::Test.  The module is compiled with the
# server's flags: -O1 rather than -Og, under which gcc warns of PG_TRY() itself.
SERVER_OPTIONS="--enable-debug --enable-tap-tests --with-icu --with-libxml --without-readline"
SERVER_CFLAGS="-O1 -g -fno-omit-frame-pointer"

# Where sources are fetched and built.
WORK=

# What makes a kind of server, as arguments of configure.  Assertions would slow valgrind's runs down and show it
# nothing new: they overwrite freed memory, which it knows to be freed.
kind_options()
{
	case $1 in
		cassert) echo "--enable-cassert" ;;
		valgrind) echo "CPPFLAGS=-DUSE_VALGRIND" ;;
	esac
}

# An apt command that knows the sources of those repositories only that this machine has the package from.
source_apt()
{
	local command=$1

	shift
	"$command" -o Dir::Etc::sourcelist="$WORK/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$WORK/lists" -o Dir::Cache="$WORK/cache" -o Acquire::Retries=3 "$@"
}

# Lines of sources.list.  "apt-cache madison" says: package | version | uri distribution/component architecture Packages
source_repositories()
{
	apt-cache madison "$1" | awk -F ' *[|] *' '
		{
			split($3, part, " ")
			component = distribution = part[2]
			sub(/^.*\//, "", component)
			sub(/\/[^\/]*$/, "", distribution)
			print "deb-src", part[1], distribution, component
		}' | sort -u
}

# Versions of the source package that may do, the best first: the installed server's, then others of the same major
# version.  A mirror may lack the source of an update whose packages it has.
source_versions()
{
	local package=$1 installed=$2

	echo "$installed"
	source_apt apt-cache showsrc "$package" | sed -n 's/^Version: //p' | grep -vxF -- "$installed" | sort -rVu
}

# The package's source, unpacked and patched, in $WORK/source.
source_fetch()
{
	local package=$1 installed=$2 version

	mkdir -p "$WORK/lists/partial" "$WORK/cache/archives/partial" || return
	source_repositories "$package" >"$WORK/sources.list"
	source_apt apt-get -q update || return
	for version in $(source_versions "$package" "$installed")
	do
		if (cd "$WORK" && source_apt apt-get -q source --download-only "$package=$version")
		then
			echo "the source is of version $version"
			dpkg-source -x "$WORK"/*.dsc "$WORK/source"
			return
		fi
	done
	echo "no repository of this machine has the source of $package $installed, or of another version"
	return 1
}

# Usage: source_build <kind> <prefix>
source_build()
{
	local kind=$1 prefix=$2

	rm -rf "$prefix"
	mkdir "$WORK/build"
	(cd "$WORK/build" && "$WORK/source/configure" --prefix="$prefix" $SERVER_OPTIONS "$(kind_options "$kind")" \
		CFLAGS="$SERVER_CFLAGS" &&
		make -s -j"$(nproc)" && make -s -C contrib -j"$(nproc)" && make -s install && make -s -C contrib install &&
		cp "$WORK/source/src/tools/valgrind.supp" "$prefix")
}

# A server of this kind, of the version of the distribution's server; PG_CONFIG is its pg_config afterwards.
# Usage: source_server cassert|valgrind
source_server()
{
	local kind=$1 package installed prefix recipe

	package=postgresql-$(pg_major)
	installed=$(dpkg-query -W -f '${Version}' "$package") || fail "$package is not installed"
	prefix=$SERVER_CACHE/$package-$kind
	mkdir -p "$SERVER_CACHE" && [ -O "$SERVER_CACHE" ] || fail "$SERVER_CACHE is not ours: nothing in it is to be trusted"
	recipe="$installed $SERVER_OPTIONS $(kind_options "$kind") $SERVER_CFLAGS"
	if [ "$(cat "$prefix/recipe" 2>/dev/null)" != "$recipe" ]
	then
		progress "building PostgreSQL with $(kind_options "$kind") below $SERVER_CACHE: some minutes, once"
		WORK=$(mktemp -d "$SERVER_CACHE/build.XXXXXX") || fail "cannot write to $SERVER_CACHE"
		trap 'rm -rf "$WORK"' EXIT
		logged "$kind-source" source_fetch "$package" "$installed" || fail "the source of $package cannot be had"
		logged "$kind-build" source_build "$kind" "$prefix" || fail "$package cannot be built"
		echo "$recipe" >"$prefix/recipe"
		chmod -R a+rX "$prefix"
		rm -rf "$WORK"
	fi
	PG_CONFIG=$prefix/bin/pg_config
}
