#!/usr/bin/env bash
# scripts/clients/venv.sh FOLDER: makes the virtual environment with the Python
# clients and Mistral's classes that call them, if it is not there, and prints the
# path of its Python.
set -euo pipefail
dir=${1:?usage: scripts/clients/venv.sh FOLDER}
here=$(dirname "$0")
# Its own requirements ask for newer clients than those that are compared.
MISTRAL_EXTRA=17.0.0
if [ ! -e "$dir/.installed" ]; then
	python3 -m venv "$dir" >&2
	"$dir/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
	"$dir/bin/pip" install --quiet --disable-pip-version-check --no-deps "mistral-extra==$MISTRAL_EXTRA" >&2
	touch "$dir/.installed"
fi
echo "$dir/bin/python"
