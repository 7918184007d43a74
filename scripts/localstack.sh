#!/usr/bin/env bash
# scripts/localstack.sh: builds the functions and deploys the template to the
# LocalStack that runs at LOCALSTACK (http://localhost:4566 if not set), then
# starts list_servers there and shows how it ended. See docs/localstack.md.
set -euo pipefail
cd "$(dirname "$0")/.."

endpoint=${LOCALSTACK:-http://localhost:4566}
stack=${STACK:-sirocco-local}
# The address at which LocalStack's function containers reach LocalStack.
inside=${LOCALSTACK_INSIDE:-http://host.docker.internal:4566}
region=${OPENSTACK_REGION:-RegionOne}

case "$(uname -m)" in
aarch64 | arm64) arch=arm64 ;;
*) arch=x86_64 ;;
esac
export AWS_ENDPOINT_URL=$endpoint SAM_CLI_TELEMETRY=0
export AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-us-east-1} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
unset AWS_PROFILE AWS_SESSION_TOKEN

if ! python3 -c "import urllib.request; urllib.request.urlopen('$endpoint/_localstack/health', timeout=5)" 2>/dev/null; then
	echo "localstack: nothing answers at $endpoint (docs/localstack.md says how to start it)" >&2
	exit 1
fi

sam=$(scripts/tool.sh sam)
python="$(dirname "$sam")/python"
make --no-print-directory sam-build ARCHITECTURE="$arch"

secret=()
if [ -n "${CLOUDS_YAML:-}" ]; then
	secret=("CloudsSecretArn=$("$python" scripts/localstack-aws.py secret "$CLOUDS_YAML")")
fi
"$sam" deploy --config-env local --stack-name "$stack" --no-confirm-changeset --no-fail-on-empty-changeset \
	--parameter-overrides "Architecture=$arch" "AwsEndpointUrl=$inside" MultiCloud=true LogLevel=debug LogRetentionDays=1 "${secret[@]}"
"$python" scripts/localstack-aws.py start "$stack" ListServersStateMachine "{\"regions\": [\"$region\"]}"
