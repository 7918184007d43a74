#!/usr/bin/env bash
# scripts/realcloud-test.sh: the stories on real OpenStack services. The clouds
# are those of the clouds.yaml that REALCLOUD_CONFIG names; in each region a
# server is created, looked for in all of them, and deleted.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${REALCLOUD_CONFIG:-}" ]; then
	echo "realcloud-test: set REALCLOUD_CONFIG to the clouds.yaml of clouds on which servers may be created" >&2
	exit 2
fi
SIROCCO_REALCLOUD=$(realpath "$REALCLOUD_CONFIG") SIROCCO_BIN=$PWD/bin/sirocco exec go test -count=1 -v -timeout 20m ./test/realcloud
