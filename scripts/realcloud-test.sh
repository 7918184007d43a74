#!/usr/bin/env bash
# scripts/realcloud-test.sh: what is tested on real OpenStack services. The clouds
# are those of the clouds.yaml that REALCLOUD_CONFIG names.
#
#   stories  in each region a server is created, looked for in all of them, and
#            deleted, by the CLI (test/realcloud)
#   walk     create, get, list, update and delete of every kind of resource in
#            shared/actions/testdata/walk, by actions alone, in two regions of the
#            cloud that REALCLOUD_ADMIN, an entry that may administer it, names
#            (the first one called *-admin). The cloud needs Heat, which
#            scripts/realcloud/heat.sh adds to one without it
#
# Arguments: stories, walk, or nothing for both.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${REALCLOUD_CONFIG:-}" ]; then
	echo "realcloud-test: set REALCLOUD_CONFIG to the clouds.yaml of clouds on which resources may be created" >&2
	exit 2
fi
SIROCCO_REALCLOUD=$(realpath "$REALCLOUD_CONFIG")
export SIROCCO_REALCLOUD SIROCCO_REALCLOUD_ADMIN=${REALCLOUD_ADMIN:-}
[ $# -gt 0 ] || set -- stories walk
for part; do
	case $part in
	stories) SIROCCO_BIN=$PWD/bin/sirocco go test -count=1 -v -timeout 20m ./test/realcloud ;;
	walk) go test -count=1 -v -timeout 20m -run '^TestWalkRealCloud$' ./shared/actions ;;
	*) echo "realcloud-test: stories or walk, not $part" >&2; exit 2 ;;
	esac
done
