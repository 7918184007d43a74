#!/usr/bin/env bash
# Runs a command beside a DynamoDB emulator (moto's server, from PyPI):
#
#   scripts/dynamodb-emulator.sh [--venv DIR] COMMAND [ARG...]
#
# The command finds the emulator's URL in SIROCCO_DYNAMODB_ENDPOINT, and the
# script ends with the command's exit code. DIR is a Python virtual environment,
# made and filled if need be; without it one in the user's cache is used.
#
# The emulator handles one request at a time, because moto's transactions are
# only atomic then. What it does not do at all: throttle, report transaction
# conflicts, or limit the size of a transaction.
set -euo pipefail

moto_version=5.2.5
venv=${XDG_CACHE_HOME:-$HOME/.cache}/sirocco/moto-$moto_version

usage() {
	echo "usage: $0 [--venv DIR] COMMAND [ARG...]" >&2
	exit 2
}

if [ "${1:-}" = --venv ]; then
	[ $# -ge 2 ] || usage
	venv=$2
	shift 2
fi
[ $# -ge 1 ] || usage

if [ "$(cat "$venv/.moto-version" 2>/dev/null || true)" != "$moto_version" ]; then
	echo "installing moto $moto_version in $venv" >&2
	python3 -m venv "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check "moto[server,dynamodb]==$moto_version" >&2
	echo "$moto_version" >"$venv/.moto-version"
fi

work=$(mktemp -d)
server=
cleanup() {
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cat >"$work/server.py" <<'PYTHON'
import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)
backend = DomainDispatcherApplication(create_backend_app)
lock = threading.Lock()


def serial(environ, start_response):
    with lock:
        return [b"".join(backend(environ, start_response))]


server = make_server("127.0.0.1", 0, serial, threaded=True)
port_file = sys.argv[1]
with open(port_file + ".new", "w") as f:
    f.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
PYTHON

"$venv/bin/python" "$work/server.py" "$work/port" >"$work/log" 2>&1 &
server=$!
for _ in $(seq 300); do
	[ -s "$work/port" ] && break
	kill -0 "$server" 2>/dev/null || break
	sleep 0.1
done
if ! [ -s "$work/port" ]; then
	echo "the emulator did not start:" >&2
	cat "$work/log" >&2
	exit 1
fi

export SIROCCO_DYNAMODB_ENDPOINT="http://127.0.0.1:$(cat "$work/port")"
echo "DynamoDB emulator at $SIROCCO_DYNAMODB_ENDPOINT" >&2
status=0
"$@" || status=$?
exit "$status"
