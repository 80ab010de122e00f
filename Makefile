# Gatehouse. `make help` lists what can be made.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

GO ?= go
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X gatehouse/server.Version=$(VERSION)
# One Postgres for all packages of a test run.
WITH_POSTGRES := $(GO) run ./internal/testpg/with

# npm says only what matters.
export npm_config_update_notifier = false
export npm_config_fund = false
export npm_config_audit = false

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z0-9_-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}'

.PHONY: run
run: postgres-server build ## Build what is missing and start Gatehouse with its own Postgres and the demo
	@exec bin/gatehouse serve --demo

.PHONY: build
build: web ## Build bin/gatehouse, complete with its pages
	@echo "building bin/gatehouse"
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/gatehouse ./cmd/gatehouse

.PHONY: web
web: web/dist/.built ## Build the pages (sign-in, demo, console)

WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' -not -path '*/.build/*' -not -name '*.go' 2>/dev/null)

web/dist/.built: web/node_modules/.installed $(WEB_SOURCES)
	@echo "building the pages"
	@cd web && npm run --silent build
	@touch $@

web/node_modules/.installed: web/package-lock.json | node
	@echo "installing the pages' libraries"
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: node
node:
	@command -v node >/dev/null && node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' || \
		{ echo "Node 20 or newer is needed to build the pages: install it with your package manager (Debian: apt-get install nodejs npm)"; exit 1; }

.PHONY: postgres-server
postgres-server: ## Make sure that Postgres' server programs are there (as root on Debian: install them)
	@scripts/postgres-server

# What make installs must be there: without it the tests of clients would be skipped.
test e2e: export REQUIRE_CLIENTS = 1

.PHONY: test
test: postgres-server build test-deps ## Run every test
	@$(WITH_POSTGRES) $(GO) test -timeout 30m ./...
	@cd web && npm test --silent

.PHONY: test-deps
test-deps: ## Install what the browser and SDK tests need
	@scripts/test-deps

.PHONY: race
race: postgres-server ## Run the Go tests under the race detector
	@$(WITH_POSTGRES) $(GO) test -race -short ./...

# PROPERTY_CHECKS is how many generated requests the permissions' property test compares; FUZZTIME how long each fuzz target runs.
PROPERTY_CHECKS ?= 100000
FUZZTIME ?= 1m

.PHONY: fuzz
fuzz: postgres-server ## Run the permissions' property tests (PROPERTY_CHECKS cases) and every fuzz target (FUZZTIME each)
	@PROPERTY_CHECKS=$(PROPERTY_CHECKS) $(WITH_POSTGRES) $(GO) test -count=1 -timeout 0 -v ./test/property
	@$(WITH_POSTGRES) scripts/fuzz $(FUZZTIME)

.PHONY: e2e
e2e: postgres-server build test-deps ## Run the end-to-end tests: articles, SDKs, browser
	@$(WITH_POSTGRES) $(GO) test -count=1 -v ./test/e2e/...

# LEAK_REQUESTS and LEAK_CLIENTS, SPREAD_CHANGES, COST_ROUNDS and AUTHORITY_USERS are how much of each there is.
.PHONY: rights
rights: export LEAK_REQUESTS ?= 100000
rights: export LEAK_CLIENTS ?= 500
rights: export SPREAD_CHANGES ?= 200
rights: export COST_ROUNDS ?= 20
rights: export AUTHORITY_USERS ?= 1000000
rights: postgres-server build ## Measure built-in identity: no leak, the spread over three nodes, what a token costs, a million users
	@$(WITH_POSTGRES) $(GO) test -count=1 -timeout 60m -v -run 'nothingLeaks|threeNodes|_cost' ./test/e2e/articles
	@$(WITH_POSTGRES) $(GO) test -count=1 -timeout 60m -v -run Crowd ./identity/authority

.PHONY: conformance
conformance: postgres-server build ## Run the conformance suites (those beside the checkout are skipped when absent)
	@GATEHOUSE_CONFORMANCE=1 $(WITH_POSTGRES) $(GO) test -count=1 -v -timeout 60m ./test/conformance/...

.PHONY: bench
bench: postgres-server ## Run the benchmarks: ratios to a hand-written handler (BENCH_ROUNDS, BENCH_DURATION), or Go's only
	@scripts/bench

.PHONY: lint
lint: web/node_modules/.installed ## Check formatting, vet and lint
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "gofmt: run gofmt -w on these"; exit 1; }
	@$(GO) vet ./...
	@$(GO) run $(GOLANGCI) run
	@cd web && npm run --silent lint

.PHONY: generate
generate: ## Write generated files (docs/settings.md)
	@$(GO) test -count=1 -run TestSettingsDocument ./server -update

.PHONY: verify
verify: lint ## Check that generated files and go.mod are up to date
	@$(GO) mod tidy -diff
	@$(GO) test -count=1 -run TestSettingsDocument ./server
