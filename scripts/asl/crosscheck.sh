#!/bin/sh
# Runs the interpreter's cases (shared/local/interp/testdata/suite) through an
# interpreter that this project did not write, LocalStack's, with the reference
# implementation of JSONata (npm jsonata), and compares outcomes and histories
# with ours: scripts/asl/crosscheck.sh [CASE...]
#
# What it needs is installed from PyPI and npm into node_modules/ at the top of
# the repository, which git ignores, or into $CROSSCHECK_DIR. Exit: 0 nothing
# differs but what is listed in crosscheck.py with its reason, 1 something does.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
dir=${CROSSCHECK_DIR:-$here/../../node_modules/.asl-crosscheck}
if [ ! -f "$dir/ready" ]; then
	mkdir -p "$dir"
	python3 -m venv "$dir/venv"
	"$dir/venv/bin/pip" install -q --disable-pip-version-check \
		"localstack-core[base-runtime]==2026.3.0" moto-ext antlr4-python3-runtime==4.13.2 jsonpath-ng >&2
	npm install --prefix "$dir" --no-save --no-audit --no-fund --loglevel=error jsonata@2.0.6 >&2
	: >"$dir/ready"
fi
CROSSCHECK_DIR=$dir exec "$dir/venv/bin/python" "$here/crosscheck.py" "$@"
