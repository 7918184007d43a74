#!/usr/bin/env bash
# scripts/realcloud/heat.sh up|down: Heat, from Debian's packages, on a cloud that
# has none: heat-api and heat-engine for each region, on 127.0.0.1, registered in
# the cloud's catalog as the service "orchestration". As root on Debian 12, with
# a database server and a message bus that are there already.
#
#   OS_CLIENT_CONFIG_FILE  a clouds.yaml, and in it
#   OS_CLOUD               an entry that may administer the cloud
#   HEAT_REGIONS           REGION:PORT for each region
#   HEAT_DATABASE          SQLAlchemy URL of the database; {region} in it stands for
#                          the region's name in lower case. It is made if it is not there
#   HEAT_TRANSPORT         URL of the message bus, {region} as above
#   HEAT_HOME              directory for configuration, logs and process ids
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${HEAT_HOME:?the directory for configuration, logs and process ids}"
python=/usr/bin/python3 # Debian's, which has the packages
mkdir -p -m 700 "$HEAT_HOME"

# alive NAME: the process of NAME.pid runs, and it is the one that was started.
alive() {
	local pid
	pid=$(cat "$HEAT_HOME/$1.pid" 2>/dev/null) &&
		tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$HEAT_HOME/$2.conf"
}

down() {
	local file name
	for file in "$HEAT_HOME"/*.pid; do
		[ -e "$file" ] || continue
		name=$(basename "$file" .pid)
		if alive "$name" "${name#*-}"; then kill -TERM -- "-$(cat "$file")"; fi
		rm -f "$file"
	done
}

packages() {
	if ! dpkg-query -W -f '${Status}' python3-heat 2>/dev/null | grep -q ' installed'; then
		DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends install python3-heat
	fi
	# heat-common would make a system user and ask questions: only its files are wanted.
	if [ ! -e "$HEAT_HOME/pkg/etc/heat/api-paste.ini" ]; then
		mkdir -p "$HEAT_HOME/pkg"
		(cd "$HEAT_HOME/pkg" && apt-get download heat-common && dpkg -x heat-common_*.deb .)
	fi
}

# start NAME REGION MODULE: in a session of its own, output in NAME-REGION.out.
start() {
	local name=$1-$2
	if alive "$name" "$2"; then return; fi
	setsid "$python" -c "import sys; from $3 import main; sys.argv[0]='$1'; sys.exit(main())" \
		--config-file "$HEAT_HOME/$2.conf" --log-file "$HEAT_HOME/$name.log" >>"$HEAT_HOME/$name.out" 2>&1 </dev/null &
	echo $! >"$HEAT_HOME/$name.pid"
}

up() {
	: "${OS_CLOUD:?an entry of the clouds.yaml that may administer the cloud}" "${HEAT_REGIONS:?REGION:PORT...}"
	: "${HEAT_DATABASE:?the URL of the database}" "${HEAT_TRANSPORT:?the URL of the message bus}"
	packages
	local pair region
	# shellcheck disable=SC2086 # the regions are words
	"$python" "$here/heat_config.py" "$HEAT_HOME" "$HEAT_DATABASE" "$HEAT_TRANSPORT" $HEAT_REGIONS
	for pair in $HEAT_REGIONS; do
		region=${pair%%:*}
		"$python" -c 'import sys; from heat.cmd.manage import main; sys.exit(main())' \
			--config-file "$HEAT_HOME/$region.conf" db_sync >>"$HEAT_HOME/db-sync.out" 2>&1
		start api "$region" heat.cmd.api
		start engine "$region" heat.cmd.engine
	done
	for pair in $HEAT_REGIONS; do
		timeout 240 bash -c 'until curl -s -o /dev/null "http://127.0.0.1:$0/"; do sleep 1; done' "${pair##*:}" ||
			{ echo "heat: ${pair%%:*} does not answer; see $HEAT_HOME" >&2; exit 1; }
	done
}

case ${1:-} in
up) up ;;
down) down ;;
*) echo "usage: heat.sh up|down" >&2; exit 2 ;;
esac
