# Two commands do everything on a fresh machine with Rust: `make demo` and `make test`.
# Targets build what they need; nothing here must be run in an order that a person has to know.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAJOR = 18
TARGET = $(shell cargo metadata --locked --no-deps --format-version 1 | sed -E 's/.*"target_directory":"([^"]*)".*/\1/')

.PHONY: help
help: ## Shows this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.PHONY: prepare
prepare: ## Container engine and database images, where they are missing
	@docker/prepare

.PHONY: demo
demo: ## Restores a real backup of a small production, and then a damaged one
	@docker/prepare 15
	@echo "==> building drillyard (the first time some minutes on two cores, almost all of it dependencies)"
	@cargo build --profile quick --locked
	@DRILLYARD="$(TARGET)/quick/drillyard" fixtures/demo

.PHONY: install
install: ## The optimised program into ~/.cargo/bin: three times as long to build
	@cargo install --path . --locked

.PHONY: test
test: prepare ## Everything that a change must pass
	@tests/prepare
	@echo "==> tests (compiling first)"
	@cargo test --locked --all-targets
	@cargo test --locked --doc

.PHONY: quick
quick: ## For the working day: lints and the tests that need no container
	@cargo clippy --locked --all-targets -- -D warnings
	@cargo test --locked --lib --test tidy --test definitions --test verdicts

.PHONY: lint
lint: ## Formatting, lints, documentation, dependencies
	@cargo fmt --check
	@cargo clippy --locked --all-targets -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
	@cargo deny --log-level error check bans licenses sources

.PHONY: versions-test
versions-test: prepare ## Restores, checks, digests and rehearsals against PostgreSQL 18 (MAJOR=18), which make test does not use
	@docker/prepare $(MAJOR)
	@tests/prepare
	@DRILLYARD_TEST_MAJOR=$(MAJOR) cargo test --locked --no-fail-fast --test digest --test check --test drills \
		--test sabotage --test rollbacks --test canaries
	@[[ $(MAJOR) -lt 18 ]] || cargo test --locked --no-fail-fast --test digest --test check -- --ignored eighteen::

.PHONY: bench
bench: prepare ## Restores of a 481 MB database against a naive one and the host's own, interleaved
	@cargo build --release --locked
	@DRILLYARD="$(TARGET)/release/drillyard" benches/run

.PHONY: digest-bench
digest-bench: prepare ## A digest of the 481 MB database as a multiple of counting its rows, on 15 and 17
	@cargo test --locked --test digest -- --ignored --nocapture cost::

.PHONY: bench-s3
bench-s3: ## One object of 1 GiB from a server on loopback against curl, interleaved
	@tests/prepare
	@cargo test --release --locked --test s3 -- --ignored --nocapture throughput

.PHONY: kill-test
kill-test: prepare ## kill -9 at 30 random moments: nothing runs after 10 s, nothing is left after a sweep
	@cargo test --locked --test crash -- --ignored --nocapture

.PHONY: dumps-test
dumps-test: prepare ## Public databases that nobody here wrote, in every format of this version
	@cargo test --locked --test dumps -- --ignored --nocapture

.PHONY: engine-test
engine-test: prepare ## Every call to the engine, failed in every way; some five minutes
	@cargo test --locked --test phases -- --ignored --nocapture

.PHONY: soak-test
soak-test: prepare ## A drill every minute for half an hour, under random kills of the daemon
	@cargo test --locked --test daemon -- --ignored --nocapture half_an_hour
