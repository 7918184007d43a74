#!/usr/bin/env bash
# scripts/golden.sh: runs the tests of every package that has golden files with
# its -update flag, so that they are written anew. What takes long in them has no
# golden files, and much of the rest waits.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files -co --exclude-standard '*_test.go' | xargs grep -lE 'flag\.Bool\("update"' | xargs -r -n 1 dirname | sort -u |
	while read -r dir; do
		go test "./$dir" -count=1 -short -parallel 8 -update
	done
