#!/usr/bin/env bash
# scripts/demo.sh: the story in one go. It starts two simulated clouds of three
# regions each, shows the definition that the workflow list_servers_everywhere
# compiles to, and runs it: the servers of every region of both clouds.
# Everything is gone when it ends.
set -euo pipefail
cd "$(dirname "$0")/.."
sirocco=$PWD/bin/sirocco

work=$(mktemp -d)
sandbox=
cleanup() {
	if [ -n "$sandbox" ]; then
		kill "$sandbox" 2>/dev/null || true
		wait "$sandbox" 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap cleanup EXIT

show() {
	echo
	echo "\$ sirocco $*"
	"$sirocco" "$@"
}

"$sirocco" sandbox --clouds-yaml "$work/clouds.yaml" 2>"$work/sandbox.log" &
sandbox=$!
for _ in $(seq 100); do
	grep -q 'stop with' "$work/sandbox.log" && break
	kill -0 "$sandbox" 2>/dev/null || break
	sleep 0.1
done
if ! grep 'stop with' "$work/sandbox.log"; then
	cat "$work/sandbox.log" >&2
	exit 1
fi

# The sandbox's clouds.yaml and a store of this run's own; nothing of the user's.
unset "${!OS_@}"
export OS_CLIENT_CONFIG_FILE=$work/clouds.yaml XDG_STATE_HOME=$work/state

workflow=statemachines/list_servers_everywhere.yaml
echo
echo "\$ sirocco compile $workflow"
"$sirocco" compile "$workflow" -o "$work" >"$work/compile.log" 2>&1 || {
	cat "$work/compile.log" >&2
	exit 1
}
cat "$work/list_servers_everywhere.asl.json"

show cloud list
show cloud regions
show run "$workflow"
