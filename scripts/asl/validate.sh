#!/bin/sh
# Checks state machine definitions with asl-validator, which this project did
# not write: scripts/asl/validate.sh FILE...
#
# The validator (npm asl-validator, exactly the version below) is installed from
# npm into node_modules/ at the top of the repository, which git ignores, or
# into $ASL_VALIDATOR_DIR. Placeholders like ${NovaFunction}, which deployment
# fills in, are filled with made-up ARNs first. Exit: 0 all files are valid, 1
# some are not, 2 it could not be told.
set -eu
version=4.0.0
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
dir=${ASL_VALIDATOR_DIR:-$here/../../node_modules/.asl-validator-$version}
if [ $# -eq 0 ]; then
	echo "usage: $0 FILE..." >&2
	exit 2
fi
if [ ! -d "$dir/node_modules/asl-validator" ]; then
	mkdir -p "$dir"
	npm install --prefix "$dir" --no-save --no-audit --no-fund --loglevel=error "asl-validator@$version" >&2 || exit 2
fi
ASL_VALIDATOR_DIR=$dir exec node "$here/validate.mjs" "$@"
