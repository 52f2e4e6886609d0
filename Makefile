# `make run` and `make test` are all the set-up there is; `make help` lists the rest.
BUILD_PACKAGES = pkg-config libyaml-dev libsqlite3-dev libssl-dev zlib1g-dev
TEST_PACKAGES = python3 python3-venv iproute2 util-linux

.PHONY: help run build test test-swift test-example test-integration test-fuzz test-manual sanitize lint format manual bench dependencies

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

run: build ## build release and serve with pipeline.yaml
	.build/release/sluice serve

build: dependencies ## build release
	swift build -c release --product sluice

test: lint test-swift test-example test-integration test-fuzz test-manual ## run every test

dependencies:
	@scripts/check-toolchain.sh
	@scripts/install-dependencies.sh $(BUILD_PACKAGES)

lint: dependencies
	swift format lint --strict --recursive Package.swift Sources Tests Examples Benchmarks/Package.swift Benchmarks/Sources

format: ## bring the sources into shape
	swift format --in-place --recursive Package.swift Sources Tests Examples Benchmarks/Package.swift Benchmarks/Sources

test-swift: dependencies ## the tests in Swift
	swift build --build-tests
	swift test --skip-build

test-example: dependencies ## the example of a custom stage
	swift test --package-path Examples/WordFilter --scratch-path .build/example

test-integration: dependencies test-example ## the tests against the running daemon
	@scripts/install-dependencies.sh $(TEST_PACKAGES)
	@scripts/python-environment.sh
	swift build --product sluice
	.build/python/bin/python -m pytest -q Tests/Integration

test-fuzz: dependencies ## the parsers against arbitrary bytes, for 10 s each
	scripts/fuzz.sh 10

sanitize: dependencies ## every test, watched for data races and for misuse of memory
	@scripts/install-dependencies.sh $(TEST_PACKAGES)
	@scripts/python-environment.sh
	scripts/sanitize.sh thread
	scripts/sanitize.sh address

manual: build ## man pages and shell completions, in .build/manual
	scripts/manual.sh .build/manual

test-manual: build ## the man pages and completions
	@scripts/install-dependencies.sh man-db groff fish zsh
	scripts/manual.sh .build/manual
	scripts/check-manual.sh .build/manual

bench: dependencies ## measure: see docs/benchmarks.md
	@scripts/install-dependencies.sh $(TEST_PACKAGES)
	@scripts/python-environment.sh
	swift build -c release --product sluice
	swift build -c release --package-path Benchmarks
	Benchmarks/.build/release/sluice-benchmarks
	.build/python/bin/python Benchmarks/daemon.py
