#!/usr/bin/env bash
# scripts/generate.sh: compiles every workflow of statemachines/ to the
# definition beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
for file in statemachines/*.yaml; do
	bin/sirocco compile "$file" -o statemachines
done
