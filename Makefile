# dashop. Two commands do all the set-up on a fresh Debian machine with Rust: `make run` and `make test`.

SHELL := /bin/bash
CARGO ?= cargo
# What test code may do and shipped code may not: say what is wrong by panicking.
IN_TESTS := -A clippy::unwrap_used -A clippy::expect_used -A clippy::panic -A clippy::indexing_slicing

.PHONY: help run test test-cluster lint bench clean tools-build tools-test

help: ## Lists these targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

run: tools-build ## Starts the whole shop on the embedded database, with the Alipay sandbox
	$(CARGO) run --release --bin dashop -- serve

test: tools-test ## Runs every test, on real MariaDB and Redis servers that it starts and stops
	$(CARGO) build --workspace --bins
	tests/servers/with-servers $(CARGO) test --workspace --no-fail-fast
	tests/alipay-clients/run

# The second run kills a node, so it has a cluster of its own.
test-cluster: tools-test ## Runs the concurrency tests on a Galera cluster and a Redis Cluster, then kills a node under load
	@tests/servers/need rsync:rsync ss:iproute2 wsrep_sst_rsync:mariadb-server
	$(CARGO) build --bin dashop
	tests/cluster/with-redis-cluster tests/cluster/with-galera $(CARGO) test -p tests --features cluster --test cluster writer
	tests/cluster/with-redis-cluster tests/cluster/with-galera $(CARGO) test -p tests --features cluster --test cluster a_node

lint: tools-build ## Checks format and code, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --lib --bins -- -D warnings
	$(CARGO) clippy --workspace --all-targets -- -D warnings $(IN_TESTS)

bench: tools-build ## Measures what placing orders in groups is worth, as ratios within one run
	$(CARGO) build --release --bin dashop --bin bench
	target/release/bench

clean: ## Removes what was built; the shop's data in data/ stays
	$(CARGO) clean

tools-build:
	@tests/servers/need cc:build-essential

tools-test: tools-build
	@tests/servers/need mariadbd:mariadb-server redis-server:redis-server node:nodejs npm:npm python3:python3 \
		python3-venv?:python3-venv
