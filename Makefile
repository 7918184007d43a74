# make help says what there is. make test needs nothing but Go; make check
# installs what it needs (scripts/tool.sh) into .venv/, node_modules/ and bin/.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Of the functions in a SAM build: arm64 or x86_64.
ARCHITECTURE ?= arm64
# How long `make fuzz` runs each target, and how many at once.
FUZZTIME ?= 60s
FUZZJOBS ?= 3
# The race detector needs cgo and so a C compiler.
RACE := $(shell [ "$$(go env CGO_ENABLED)" = 1 ] && command -v "$$(go env CC)" >/dev/null && echo -race)

export GOFLAGS := -buildvcs=false

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## bin/sirocco
	go build -trimpath -o bin/sirocco ./cmd/sirocco

.PHONY: test
test: ## every test that needs nothing but Go, with the race detector where there is a C compiler
	go test $(RACE) -timeout 10m ./...

.PHONY: demo
demo: build ## servers of two clouds and six regions, on simulated clouds
	scripts/demo.sh

.PHONY: bench
bench: build ## times and sizes, ours beside what they are measured against
	go run ./test/bench
	go run ./test/coldstart

.PHONY: check
check: lint tidy-check generated-check validate-asl store-test sam-validate sam-build fuzz ## everything that CI checks besides make test

.PHONY: lint
lint: ## golangci-lint and shell syntax
	$(call section,lint)
	"$$(scripts/tool.sh lint)" run ./...
	for f in scripts/*.sh .ci/run; do bash -n "$$f"; done

.PHONY: fmt
fmt: ## format all Go code
	gofmt -w $$(git ls-files '*.go')

.PHONY: tidy-check
tidy-check: ## go.mod and go.sum are tidy
	$(call section,go.mod)
	go mod tidy -diff
	go mod verify

.PHONY: generate
generate: build ## compile the workflows of statemachines/ and all other generated files
	go generate ./...
	scripts/generate.sh

.PHONY: golden
golden: ## write the golden files of all tests anew
	scripts/golden.sh

.PHONY: generated-check
generated-check: ## generated and golden files are as they would be written now
	$(call section,generated and golden files)
	scripts/unchanged.sh

.PHONY: validate-asl
validate-asl: build ## asl-validator over every definition
	$(call section,asl-validator)
	scripts/validate-asl.sh

.PHONY: store-test
store-test: ## the contract of the store, on an emulator of DynamoDB
	$(call section,store on an emulator)
	scripts/tool.sh moto >/dev/null
	scripts/dynamodb-emulator.sh --venv .venv/moto go test -count=1 ./shared/store/dynamo

.PHONY: sam-validate
sam-validate: ## sam validate --lint
	$(call section,sam validate)
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 "$$(scripts/tool.sh sam)" validate --lint

# SAM builds all functions at once; what they share is compiled before, once.
.PHONY: sam-build
sam-build: ## build the functions for ARCHITECTURE
	$(call section,sam build)
	$(FUNCTION_ENV) GOOS=linux GOARCH=$(ARCHITECTURE:x86_64=amd64) go build -trimpath ./functions/...
	$(FUNCTION_ENV) SAM_CLI_TELEMETRY=0 "$$(scripts/tool.sh sam)" build --parameter-overrides Architecture=$(ARCHITECTURE)

.PHONY: sam-local
sam-local: ## every event of events/ by sam local invoke, in containers
	scripts/sam-local.sh

.PHONY: localstack
localstack: ## deploy to a LocalStack that runs (docs/localstack.md)
	scripts/localstack.sh

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME
	$(call section,fuzz)
	scripts/fuzz.sh $(FUZZTIME) $(FUZZJOBS)

.PHONY: realcloud-test
realcloud-test: build ## stories and a walk through every kind of resource on real OpenStack services (REALCLOUD_CONFIG: their clouds.yaml)
	scripts/realcloud-test.sh

.PHONY: mistral-golden
mistral-golden: ## record the language's golden files from a real Mistral
	scripts/mistral-golden.sh

# How many random workflows, expressions and damaged files, of which kinds (comma
# separated), and the first seed.
N ?= 200
SEED ?= 1
KINDS ?= workflows,reverse,workbooks,expressions,damage
.PHONY: mistral-fuzz
mistral-fuzz: ## N random cases from SEED on, here and in a real Mistral; prints the first that differs
	go run ./test/mistralfuzz -n $(N) -seed $(SEED) -kinds $(KINDS)

# Of make client-fuzz: only these services (comma separated) or this action; ALL=1 goes on after a difference.
SERVICES ?=
ACTION ?=
ALL ?=
.PHONY: client-fuzz
client-fuzz: ## N random calls of OpenStack actions from SEED on, here and by the Python clients; prints the first that differs
	go run ./test/clientfuzz -n $(N) -seed $(SEED) -services "$(SERVICES)" -action "$(ACTION)" $(if $(ALL),-all)

FUNCTION_ENV := CGO_ENABLED=0 GOFLAGS='-buildvcs=false -tags=lambda.norpc -ldflags=-s'

section = @echo; echo "=== $(1)"
