# dashop. On a fresh Debian machine with Rust, `make run` and `make test` install what they need.

SHELL := /bin/bash
CARGO ?= cargo
# Allowed in test code and forbidden in shipped code: reporting errors by panicking.
IN_TESTS := -A clippy::unwrap_used -A clippy::expect_used -A clippy::panic -A clippy::indexing_slicing

# Browser tests that depend on the database; the look of pages is the same on each database.
ON_SERVERS := amendments cart code lost phone purchase staff

# Features that are built only on request.
FEATURES := api/otlp,api/test-channel,tests/cluster,tests/upgrade

# Retries if a registry fails for a moment, also in the scripts in tests/.
export npm_config_fetch_retries := 5
export PIP_RETRIES := 10

# Where cargo puts the built programs.
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
BUILT := $(TARGET)/debug

# The shop's pages and their sources.
PAGES := web/dist/index.html
PAGE_SOURCES := $(shell find web \( -name node_modules -o -path web/dist \) -prune -o -type f -print)

.PHONY: help run web test test-features test-browser test-cluster fuzz-api drill model mutants lint bench dist deb deb-test upgrade-test clean tools-build tools-pages tools-test tools-browser tools-fuzz tools-lint tools-prometheus

help: ## Lists these targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

run: tools-build $(PAGES) ## Starts the whole shop on the embedded database, with the Alipay sandbox
	$(CARGO) run --release --bin dashop -- serve

web: tools-pages web/node_modules/.package-lock.json ## Serves the pages as they are written, with live reload, before a running shop
	cd web && npm run dev

# The first line builds the programs that the other lines use: a separate build would have other features, and compile
# most crates again. The last line builds them again, with features that are not shipped.
test: tools-test tools-browser $(PAGES) ## Runs every test, on real MariaDB and Redis servers that it starts and stops
	tests/servers/with-servers $(CARGO) test --workspace --no-fail-fast
	ALIPAY_SANDBOX_BIN=$(BUILT)/alipay-sandbox tests/alipay-clients/run
	DASHOP_BIN=$(BUILT)/dashop tests/webhook-clients/run
	cd web && npm test
	tests/browser/run
	tests/servers/with-servers tests/browser/run $(ON_SERVERS)
	$(MAKE) test-features

test-features: tools-build $(PAGES) ## Tests what the program has only where it is built for it: exported traces, a second payment channel
	$(CARGO) test --workspace --features api/otlp,api/test-channel --test otlp --test contract -- second_channel is_exported collector

test-browser: tools-browser $(PAGES) ## Drives the shop in a browser, on the embedded database
	$(CARGO) build --bin dashop
	tests/browser/run

fuzz-api: tools-fuzz $(PAGES) ## Sends the shop made-up requests, as a buyer and as staff, and holds the answers against /openapi.json
	$(CARGO) build --bin dashop
	tests/fuzz/run

# The second run kills a node, so it gets its own cluster.
test-cluster: tools-test ## Runs the concurrency tests on a Galera cluster and a Redis Cluster, then kills a node under load
	@tests/servers/need rsync:rsync ss:iproute2 wsrep_sst_rsync:mariadb-server
	$(CARGO) build --bin dashop
	tests/cluster/with-redis-cluster tests/cluster/with-galera $(CARGO) test -p tests --features cluster --test cluster writer
	tests/cluster/with-redis-cluster tests/cluster/with-galera $(CARGO) test -p tests --features cluster --test cluster a_node

drill: tools-test ## Loses a shop under load and brings it back from its backup: SQLite, and MariaDB with its binary logs
	$(CARGO) build --bin dashop
	$(CARGO) test -p tests --test orders a_lost_

model: tools-build ## Visits more states of an order's life than `make test` does
	DASHOP_MODEL=deep $(CARGO) test -p exhaustive --test every_interleaving

mutants: tools-build ## Changes the rules about orders in every way it knows: a test must notice each
	$(CARGO) install --locked --quiet --root target/tools cargo-mutants
	PATH="$$PWD/target/tools/bin:$$PATH" $(CARGO) mutants -p domain --output target

lint: tools-build tools-lint tools-prometheus $(PAGES) ## Checks format, code, lock files, links, alerts and manifests; warnings are errors
	tests/lint/links
	tests/lint/lock-files
	tests/lint/alerts
	tests/lint/log-lines
	tests/lint/kubernetes
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --lib --bins -- -D warnings
	$(CARGO) clippy --workspace --all-targets --features $(FEATURES) -- -D warnings $(IN_TESTS)
	cd web && npm run lint

bench: tools-test $(PAGES) ## Measures orders against bare SQL, reads, and what many orders on record cost, as ratios
	$(CARGO) build --release --bin dashop --bin bench --bin size
	tests/servers/with-servers --durable $(TARGET)/release/bench
	tests/servers/with-servers --durable $(TARGET)/release/size

dist: tools-build $(PAGES) ## Builds what is shipped, in target/dist: the program, stripped, and its debug information
	$(CARGO) build --release --locked --bin dashop
	scripts/split-debug $(TARGET)/release/dashop target/dist

deb: tools-build $(PAGES) ## Builds the Debian package, and one with its debug information, in target/debian
	$(CARGO) install --locked --quiet --root target/tools cargo-deb
	PATH="$$PWD/target/tools/bin:$$PATH" $(CARGO) deb --package api --output target/debian/ -- --locked

deb-test: ## Installs the package of `make deb` in a Debian of its own, as root, and runs it there
	@tests/servers/need debootstrap:debootstrap lintian:lintian curl:curl python3:python3 readelf:binutils
	tests/package/run target/debian/dashop_*.deb

upgrade-test: tools-test ## Runs the last release and this program side by side while the schema is brought up to date under load
	$(CARGO) build --bin dashop
	tests/upgrade/run

$(PAGES): $(PAGE_SOURCES) web/node_modules/.package-lock.json | tools-pages
	cd web && npm run build

web/node_modules/.package-lock.json: web/package-lock.json | tools-pages
	cd web && npm ci --loglevel=error

clean: ## Removes what was built; the shop's data in data/ stays
	$(CARGO) clean
	rm -rf web/node_modules web/dist/*

tools-build:
	@tests/servers/need cc:build-essential

tools-pages:
	@tests/servers/need 'node>=20.19:nodejs' npm:npm

# Without these fonts, a browser shows boxes instead of Chinese characters.
tools-browser: tools-pages
	@tests/servers/need chromium:chromium fc-list:fontconfig fonts-noto-cjk?:fonts-noto-cjk sqlite3:sqlite3

tools-lint:
	@tests/servers/need python3:python3 python3-venv?:python3-venv

tools-prometheus:
	@tests/servers/need promtool:prometheus prometheus:prometheus

tools-test: tools-build tools-prometheus
	@tests/servers/need mariadbd:mariadb-server redis-server:redis-server nginx:nginx-light openssl:openssl 'node>=20.19:nodejs' npm:npm python3:python3 \
		python3-venv?:python3-venv

tools-fuzz: tools-build
	@tests/servers/need curl:curl python3:python3 python3-venv?:python3-venv
