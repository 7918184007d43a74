#!/usr/bin/env bash
# scripts/unchanged.sh: writes all generated and golden files anew and fails if
# one of them is not what is committed (or, in a work tree with changes, what lay
# there before).
set -euo pipefail
cd "$(dirname "$0")/.."

snapshot() { git ls-files -coz --exclude-standard | xargs -0 sha256sum 2>/dev/null | sort -k 2; }

before=$(mktemp) after=$(mktemp) log=$(mktemp)
trap 'rm -f "$before" "$after" "$log"' EXIT
snapshot >"$before"
make --no-print-directory generate golden >"$log" 2>&1 || { cat "$log"; exit 1; }
snapshot >"$after"
if ! diff "$before" "$after" | grep '^[<>]' | awk '{ print $3 }' | sort -u | grep .; then
	echo "generated and golden files are up to date"
	exit
fi
git --no-pager diff --stat
echo "the files above differ from what is generated now: run make generate golden and look at the change" >&2
exit 1
