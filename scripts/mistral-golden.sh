#!/usr/bin/env bash
# scripts/mistral-golden.sh: records the language's golden files anew from a real
# Mistral, which it installs into .venv/mistral: what the workflows of
# testdata/mistral come to, and what Mistral's validator says of the texts of
# the parser's tests. It takes about 20 minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
python3 scripts/mistral/record.py --venv .venv/mistral "$@"
python3 scripts/mistral/record.py --venv .venv/mistral --language
