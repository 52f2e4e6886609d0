# `make run` and `make test` are all the set-up there is; `make help` lists the rest.
BUILD_PACKAGES = pkg-config libyaml-dev libsqlite3-dev libssl-dev zlib1g-dev libpq-dev libhiredis-dev
# The tests of what could differ where nodes share a store and a state; `make test-production` runs all of them.
SHARED_TESTS = $(patsubst %,Tests/Integration/test_%.py,api events first_light guarantees limits push receipts sync trouble who_may)
TEST_PACKAGES = python3 python3-venv iproute2 util-linux openssl postgresql redis-server sqlite3 haproxy nginx tmux systemd systemd-container debootstrap

.PHONY: help run run-production build test test-swift test-example test-integration test-production outages test-fuzz test-manual history upgrade sanitize lint format docs manual deb test-deb bench bench-guards bench-production bench-push dependencies test-dependencies

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

run: build ## build release and serve with pipeline.yaml
	.build/release/sluice serve

run-production: build test-dependencies ## a private PostgreSQL and Redis, and two nodes on them
	scripts/run-production.sh

build: dependencies ## build release
	scripts/build-release.sh

test: lint test-swift docs test-example test-integration bench-guards test-fuzz test-manual test-deb ## run every test

dependencies:
	@scripts/check-toolchain.sh
	@scripts/install-dependencies.sh $(BUILD_PACKAGES)

lint: dependencies ## the shape of the sources
	swift format lint --strict --recursive Package.swift Sources Tests Examples Benchmarks/Package.swift Benchmarks/Sources

format: ## bring the sources into shape
	swift format --in-place --recursive Package.swift Sources Tests Examples Benchmarks/Package.swift Benchmarks/Sources

test-dependencies: dependencies
	@scripts/install-dependencies.sh $(TEST_PACKAGES)
	@scripts/promtool.sh

test-swift: test-dependencies ## the tests in Swift
	swift build --build-tests
	swift test --skip-build --skip PostgresStoreTests
	@# These wait for a server on the threads that tests share, so they have a process of their own.
	swift test --skip-build --filter PostgresStoreTests --skip MillionMessages
	swift test --skip-build --filter MillionMessages

docs: dependencies ## the reference of what stages are written with (DocC), in .build/docs
	swift build --target PipelineTestKit
	scripts/documentation.sh .build/docs

test-example: dependencies ## the examples of custom stages
	@# What is compiled of Sluice serves them too.
	set -e; for package in Examples/* Tests/Outside; do \
	  swift test --package-path $$package --scratch-path .build; done

test-integration: test-dependencies test-example ## the tests against the running daemon
	@scripts/python-environment.sh
	swift build --product sluice
	.build/python/bin/python -m pytest -q Tests/Integration Tests/History
	SLUICE_TEST_WORLD=two-nodes .build/python/bin/python -m pytest -q $(SHARED_TESTS) -k "not never_reads"

test-production: test-dependencies ## the tests against the running daemon, on PostgreSQL and Redis, with one node and with two
	@scripts/python-environment.sh
	swift build --product sluice
	SLUICE_TEST_WORLD=production .build/python/bin/python -m pytest -q Tests/Integration
	SLUICE_TEST_WORLD=two-nodes .build/python/bin/python -m pytest -q Tests/Integration

outages: test-dependencies ## break Redis, PostgreSQL and nodes, and show what people saw of it: see docs/outages.md
	@scripts/python-environment.sh
	swift build --product sluice
	.build/python/bin/python -m pytest -q Tests/Integration/test_outages_*.py

history: dependencies ## drive clients and faults, and check what they saw: see docs/history.md (OPTIONS="--seconds 600 …")
	@scripts/install-dependencies.sh $(TEST_PACKAGES)
	@scripts/python-environment.sh
	swift build --product sluice
	PYTHONPATH=Tests/Integration:Tests/History .build/python/bin/python -m history --record .build/history.jsonl $(OPTIONS)

upgrade: test-dependencies ## roll two nodes from another commit's daemon to this one under load: see docs/operate.md (FROM=<ref>)
	@scripts/python-environment.sh
	@scripts/upgrade.sh "$(FROM)" $(OPTIONS)

test-fuzz: dependencies ## the parsers against arbitrary bytes, for 10 s each
	scripts/fuzz.sh 10

sanitize: test-dependencies ## every test, watched for data races and for misuse of memory
	@scripts/python-environment.sh
	scripts/sanitize.sh thread
	scripts/sanitize.sh address

manual: build ## man pages and shell completions, in .build/manual
	scripts/manual.sh .build/manual

test-manual: build ## the man pages and completions
	@scripts/install-dependencies.sh man-db groff fish zsh
	scripts/manual.sh .build/manual
	scripts/check-manual.sh .build/manual

deb: dependencies ## the Debian package, in .build/deb
	@scripts/install-dependencies.sh debhelper
	scripts/deb.sh .build/deb

test-deb: deb ## the Debian package: what is in it, and what it does to a machine
	@scripts/install-dependencies.sh $(TEST_PACKAGES) lintian
	@scripts/python-environment.sh
	.build/python/bin/python -m pytest -q Tests/Package

bench-guards: build ## what an event costs in instructions and allocations, against Benchmarks/guards.json: see docs/performance.md (OPTIONS=--write)
	@scripts/install-dependencies.sh python3 valgrind binutils
	scripts/build-release.sh --product hot-path
	python3 Benchmarks/guards.py $(OPTIONS)

bench: build ## measure: see docs/benchmarks.md
	@scripts/install-dependencies.sh $(TEST_PACKAGES)
	swift build -c release --package-path Benchmarks
	Benchmarks/.build/release/sluice-benchmarks
	python3 Benchmarks/daemon.py
	python3 Benchmarks/tapped.py
	@$(MAKE) bench-production

bench-production: build ## the part of it on PostgreSQL and Redis (OPTIONS="--write docs/benchmarks.md" keeps the figures)
	@scripts/install-dependencies.sh $(TEST_PACKAGES)
	@scripts/python-environment.sh Benchmarks/requirements.txt .build/bench-python
	.build/bench-python/bin/python Benchmarks/production.py $(OPTIONS)

bench-push: build test-dependencies ## pushes to many who are offline, with a stand-in for FCM
	@scripts/python-environment.sh
	SLUICE_BINARY=$(CURDIR)/.build/release/sluice .build/python/bin/python Benchmarks/push.py $(OPTIONS)
