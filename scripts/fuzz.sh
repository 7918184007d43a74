#!/usr/bin/env bash
# scripts/fuzz.sh TIME JOBS: runs every fuzz target of the module for TIME, JOBS
# of them at once with one worker each. Targets are found, not listed.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-60s} jobs=${2:-3}

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

targets=()
while IFS=: read -r file _ line; do
	name=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/' <<<"$line")
	targets+=("$(dirname "$file") $name")
done < <(git ls-files -co --exclude-standard '*_test.go' | xargs grep -nE '^func Fuzz[A-Za-z0-9_]*\(' || true)

if [ ${#targets[@]} -eq 0 ]; then
	echo "fuzz: no targets found" >&2
	exit 1
fi

# Go before 1.27 now and then takes the end of -fuzztime for a failure
# (go.dev/issue/75804). It says so in one line, and has no input to show.
only_deadline() {
	local said
	said=$(sed -n '/^--- FAIL: /,/^FAIL$/p' "$1" | sed '1d;$d')
	[ "$said" = "    context deadline exceeded" ] && ! grep -q 'Failing input written to' "$1"
}

one() {
	local dir=$1 name=$2 log="$logs/$(tr / _ <<<"$1")-$2.log"
	if go test "./$dir" -run '^$' -fuzz "^$name\$" -fuzztime "$time" -parallel 1 >"$log" 2>&1 || only_deadline "$log"; then
		echo "ok    $dir $name: $(grep -oE 'execs: [0-9]+' "$log" | tail -n 1)"
	else
		echo "FAIL  $dir $name"
		cat "$log"
		touch "$logs/failed"
	fi
}
export -f one only_deadline
export logs time

printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -L 1 bash -c 'one "$0" "$1"'
echo "fuzz: ${#targets[@]} targets, $time each"
[ ! -e "$logs/failed" ]
