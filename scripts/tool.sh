#!/usr/bin/env bash
# scripts/tool.sh NAME: installs a tool that `make check` needs, once, into a
# folder that git ignores, and prints its path.
#
#   sam     aws-sam-cli, with moto beside it in .venv/
#   moto    moto's server, an emulator of AWS's services
#   lint    golangci-lint, built from source into bin/
#
# Versions are fixed here. A download that fails is tried again.
set -euo pipefail
cd "$(dirname "$0")/.."

SAM=1.170.0
MOTO=5.2.5
LINT=v2.15.0

retry() {
	local n
	for n in 1 2 3; do
		"$@" && return
		echo "tool.sh: try $n of '$*' failed" >&2
		sleep $((n * 5))
	done
	return 1
}

# venv NAME PROGRAM REQUIREMENT...: a virtual environment of its own per tool, as
# their requirements contradict each other.
venv() {
	local dir=.venv/$1 program=$2 stamp
	shift 2
	stamp="$dir/.installed-$(echo "$*" | tr -c 'A-Za-z0-9.\n' _)"
	if [ ! -e "$stamp" ]; then
		rm -rf "$dir"
		python3 -m venv "$dir" >&2
		retry "$dir/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
		touch "$stamp"
	fi
	echo "$PWD/$dir/bin/$program"
}

case "${1:-}" in
sam) venv sam sam "aws-sam-cli==$SAM" ;;
moto)
	venv moto moto_server "moto[server,dynamodb]==$MOTO"
	echo "$MOTO" >.venv/moto/.moto-version # as scripts/dynamodb-emulator.sh marks it
	;;
lint)
	if [ "$(bin/golangci-lint version --short 2>/dev/null || true)" != "${LINT#v}" ]; then
		mkdir -p bin
		retry env GOBIN="$PWD/bin" GOFLAGS= go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$LINT" >&2
	fi
	echo "$PWD/bin/golangci-lint"
	;;
*)
	echo "usage: scripts/tool.sh sam|moto|lint" >&2
	exit 2
	;;
esac
