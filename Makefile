# Targets for users: demo, build, test. For developers: the others.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
DATE    ?= $(shell date -u +%Y-%m-%dT%H:%M:%SZ)
LDFLAGS := -s -w -X rdiostress/internal/cli.version=$(VERSION) -X rdiostress/internal/cli.commit=$(COMMIT) -X rdiostress/internal/cli.date=$(DATE)

# "./..." leaves out folders named testdata; one of them holds a package.
PACKAGES  := ./... ./testdata/audio
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
FUZZTIME  ?= 20s
CYCLES    ?= 100

TORTURE_TIME ?= 1h
TORTURE_SEED ?= 1
TORTURE_ONLY ?=

# The race detector needs a C compiler; without one the tests run all the same.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

# Packages that calculate and draw. They start no goroutines, and the race detector makes them take twenty times as long.
CALCULATE := compare diagnose judge report report/csv report/html report/junit report/markdown report/text

# All tests, the others with the race detector.
TEST := go test -cover -timeout 30m $(CALCULATE:%=./internal/%) && \
	go test $(RACE) -cover -timeout 30m $$(go list ./... | grep -vxF "$$(printf 'rdiostress/internal/%s\n' $(CALCULATE))")

# Packages whose tests take longest begin first. As many run at once as there are processors.
LONGEST := ./internal/cli ./internal/delivery/sqldb ./internal/delivery ./internal/load
JOBS    := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

.DEFAULT_GOAL := help
.PHONY: help demo build test test-slow check cover cross bench drill bench-server bench-replay bench-transcribe capacity micro fuzz fuzz-due vuln crash-test transcribe-test torture

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## run a load at the bundled server and score it
	bin/rdiostress run --with-server --max-concurrent 50 --duration 10

build: ## build bin/rdiostress, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/rdiostress

# Each package has a command of its own, so that it is shown when it is done.
test: ## run the tests but the slow ones; some ten minutes on two processors
	@echo 'Running the tests of each package; on two processors that takes some ten minutes. "ok" is a package that passed.'
	@echo 'Tests that need a program which is not installed are skipped; "make test-slow" runs what takes long or needs a quiet machine.'
	@all=$$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' $(LONGEST) ./...) && \
		echo "$$all" | xargs -n 1 -P $(JOBS) go test -short -timeout 30m && echo 'All tests passed.'

test-slow: ## run all tests, also slow ones and those that need a quiet machine, with the race detector; half an hour
	$(TEST)

check: ## formatting, vet, staticcheck, cross-compilation, all tests with their coverage
	@unformatted=$$(go tool gofumpt -l cmd internal testdata); test -z "$$unformatted" || { echo "gofumpt -w these:"; echo "$$unformatted"; exit 1; }
	go mod tidy -diff
	go vet $(PACKAGES)
	go tool staticcheck $(PACKAGES)
	$(MAKE) --no-print-directory cross
	$(MAKE) --no-print-directory cover

cover: ## run all tests; every package of internal must be covered over 80 %, except those that only tests import
	{ $(TEST); } > cover.out || { cat cover.out; exit 1; }
	@cat cover.out
	@awk -F 'coverage: ' '/\/internal\// && !/\/(testenv|results|[a-z0-9]+test)\t/ && $$2 ~ /^[0-9]/ && $$2 + 0 < 80 { \
		print "under 80 %: " $$0; low = 1 } END { exit low }' cover.out

cross: ## compile for every platform
	@for p in $(PLATFORMS); do echo "build $$p"; GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 go build -o /dev/null ./cmd/rdiostress || exit 1; done

bench: build ## what an upload costs beside other load generators, into docs/performance.md; 40 quiet minutes
	bench/performance.sh > performance.new
	bench/section.sh client docs/performance.md < performance.new
	rm performance.new

bench-server: build ## what the bundled server takes, also beside an earlier one, into docs/performance.md; a quiet half hour
	bench/server.sh > performance.new
	bench/baseline.sh > baseline.new && cat baseline.new >> performance.new; code=$$?; rm -f baseline.new; exit $$code
	bench/section.sh server docs/performance.md < performance.new
	rm performance.new

bench-transcribe: build ## what transcription costs uploads, into docs/performance.md; a quiet half hour
	bench/transcribe.sh > performance.new
	bench/section.sh transcription docs/performance.md < performance.new
	rm performance.new

bench-replay: build ## what a replay of 100,000 recordings takes, into docs/performance.md; three quiet minutes
	bench/replay.sh > performance.new
	bench/section.sh replay docs/performance.md < performance.new
	rm performance.new

capacity: ## search for the capacity of servers with known limits; a quiet quarter of an hour
	RDIOSTRESS_TEST_CAPACITY=1 go test -run TestCapacityWithin5Percent -v -timeout 30m ./internal/cli

drill: build ## prove the diagnosis on servers with known defects, into docs/diagnosis.md; twenty minutes
	@bin/rdiostress drill --markdown > drill.out; code=$$?; \
	{ sed '/^<!-- drills -->/q' docs/diagnosis.md; echo; cat drill.out; } > docs/diagnosis.md.new && mv docs/diagnosis.md.new docs/diagnosis.md; \
	rm -f drill.out; exit $$code

micro: ## Go benchmarks, with allocations
	go test -run '^$$' -bench . -benchmem ./...

crash-test: ## 1,000 losses of power, and kill -9 of the bundled server in 100 runs: no acknowledged call may be lost
	RDIOSTRESS_TEST_POWER_LOSSES=1000 go test ./internal/server/sqlite -run '^TestPowerLoss$$' -count 1 -v -timeout 30m
	RDIOSTRESS_TEST_CRASH_CYCLES=$(CYCLES) go test ./internal/cli -run '^TestCrashCycles$$' -count 1 -v -timeout 60m

torture: ## maltreat server and generator for TORTURE_TIME=1h, into docs/reliability.md; TORTURE_ONLY='kill|disk' for some faults, TORTURE_SEED=2
	RDIOSTRESS_TEST_TORTURE_TIME=$(TORTURE_TIME) RDIOSTRESS_TEST_TORTURE_SEED=$(TORTURE_SEED) \
		RDIOSTRESS_TEST_TORTURE_ONLY='$(TORTURE_ONLY)' RDIOSTRESS_TEST_TORTURE_ACCOUNT=$(CURDIR)/torture.new \
		go test ./internal/torture -run '^TestTorture$$' -count 1 -v -timeout 24h; code=$$?; \
	if [ -z '$(TORTURE_ONLY)' ] && [ -f torture.new ]; then bench/section.sh torture docs/reliability.md < torture.new; fi; \
	rm -f torture.new; exit $$code

transcribe-test: ## kill servers while they transcribe 10,000 calls, on both stores
	RDIOSTRESS_TEST_TRANSCRIPTIONS=10000 go test ./internal/cli -run '^TestTranscriptionSurvivesKills$$' -count 1 -v -timeout 60m

fuzz: ## fuzz every parser for FUZZTIME each
	@.ci/fuzz run $(FUZZTIME)

fuzz-due: ## the same, of those alone whose code has changed since five minutes of it, which .ci/fuzzed records
	@.ci/fuzz due $(FUZZTIME)

vuln: ## govulncheck, where its database can be reached
	go tool govulncheck ./...
