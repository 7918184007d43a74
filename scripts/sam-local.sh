#!/usr/bin/env bash
# scripts/sam-local.sh [EVENT...]: runs events of events/ (all of them, or those
# named, without .json) by `sam local invoke`, in containers, against a sandbox
# of simulated clouds and an emulator of AWS's services. It prints each answer
# and fails if one is not what the event is there to show.
#
# Where no container engine runs, it starts one of its own (dockerd, from
# Debian's docker.io; needs root) and ends it. The image that SAM looks for is
# not pulled: it is made here of two Debian packages, a shell and certificates,
# as a static bootstrap needs nothing more.
set -euo pipefail
cd "$(dirname "$0")/.."

case "$(uname -m)" in
aarch64 | arm64) arch=arm64 ;;
*) arch=x86_64 ;;
esac
image="public.ecr.aws/lambda/provided:al2023-$arch"
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
unset AWS_PROFILE AWS_SESSION_TOKEN

work=$(mktemp -d)
pids=()
cleanup() {
	local pid i
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		pid=${pids[i]}
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap cleanup EXIT

# wait_for WHAT SECONDS COMMAND...: until the command succeeds.
wait_for() {
	local what=$1 tries=$(($2 * 5))
	shift 2
	until "$@" >/dev/null 2>&1; do
		if ((--tries == 0)); then
			echo "sam-local: $what did not start" >&2
			cat "$work"/*.log >&2
			return 1
		fi
		sleep 0.2
	done
}

engine() {
	if docker info >/dev/null 2>&1; then
		echo "== container engine: the one that runs"
		return
	fi
	echo "== container engine: dockerd, started for this run"
	if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends docker.io >"$work/apt.log"
		docker info >/dev/null 2>&1 && return
	fi
	export DOCKER_HOST="unix://$work/docker.sock"
	# The containers speak to this machine only: no NAT, so no packet filter.
	dockerd --host "$DOCKER_HOST" --data-root "$work/docker" --exec-root "$work/docker-exec" --pidfile "$work/docker.pid" \
		--storage-driver vfs --iptables=false --ip6tables=false --ip-masq=false >"$work/dockerd.log" 2>&1 &
	pids+=($!)
	wait_for dockerd 60 docker info
}

base_image() {
	docker image inspect "$image" >/dev/null 2>&1 && return
	echo "== base image: $image, from Debian's busybox-static and ca-certificates"
	local debs="$work/debs" root="$work/root" deb tool
	mkdir -p "$debs" "$root/bin"
	(cd "$debs" && { apt-get download -qq busybox-static ca-certificates || { apt-get update -qq && apt-get download -qq busybox-static ca-certificates; }; }) 2>"$work/download.log"
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$root"
	done
	for tool in sh mv chmod cp rm mkdir ls cat env; do
		ln -s busybox "$root/bin/$tool"
	done
	mkdir -p "$root"/{etc/ssl/certs,var/rapid,var/task,var/runtime,opt,dev,proc,sys} "$root/tmp"
	chmod 1777 "$root/tmp"
	cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
	tar -C "$root" -c . | docker import --change 'WORKDIR /var/task' - "$image" >/dev/null
}

# surroundings starts the sandbox and the emulator on the address at which
# containers see this machine.
surroundings() {
	host=$(docker network inspect bridge -f '{{(index .IPAM.Config 0).Gateway}}')
	mkdir "$work/events"
	echo "== sandbox and emulator on $host"
	go build -o "$work/serve" ./test/events/serve
	"$work/serve" -listen "$host:0" -out "$work/events" >"$work/sandbox.log" 2>&1 &
	pids+=($!)
	wait_for "the sandbox" 30 test -s "$work/events/auth_url"
	local port
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("'"$host"'", 0)); print(s.getsockname()[1])')
	"$moto" -H "$host" -p "$port" >"$work/moto.log" 2>&1 &
	pids+=($!)
	aws="http://$host:$port"
	wait_for "the emulator" 60 python3 -c "import urllib.request; urllib.request.urlopen('$aws/moto-api/')"
	"$(dirname "$sam")/python" scripts/sam-local-aws.py "$aws" template.yaml "$work/events"
}

# invoke EVENT: one event through its function.
invoke() {
	local name=$1 function out want got
	function="$(echo "${name%%-*}" | sed 's/^./\U&/')Function"
	want=$(sed -n "s/^$name //p" "$work/events/expected")
	echo
	echo "--- $name -> $function"
	"$sam" local invoke "$function" --config-env local --event "$work/events/$name.json" --skip-pull-image \
		--parameter-overrides "Architecture=$arch MultiCloud=true DefaultCloud=alpha AllowedAuthUris=$(cat "$work/events/auth_url") CloudsSecretArn=$(cat "$work/events/clouds.arn") AwsEndpointUrl=$aws" \
		>"$work/answer" 2>"$work/invoke.log" || true
	out=$(cat "$work/answer")
	echo "${out:0:1500}"
	got=$(python3 scripts/sam-local-answer.py "$work/answer")
	if [ "$got" != "$want" ]; then
		echo "    NOT AS EXPECTED: $got instead of $want"
		cat "$work/invoke.log"
		failed=$((failed + 1))
		return
	fi
	echo "    as expected: $want"
}

sam=$(scripts/tool.sh sam)
moto=$(scripts/tool.sh moto)
engine
base_image
echo "== sam build"
make --no-print-directory sam-build ARCHITECTURE="$arch"
surroundings
failed=0 count=0
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
	# The engine's last: it ends the execution that another event begins.
	mapfile -t names < <(cd events && ls ./*.json | sed 's|^\./||; s|\.json$||' | sed '/^engine-/d' && ls ./engine-*.json | sed 's|^\./||; s|\.json$||')
fi
for name in "${names[@]}"; do
	invoke "$name"
	count=$((count + 1))
done
echo
echo "$((count - failed)) of $count events answered as expected"
[ "$failed" -eq 0 ]
