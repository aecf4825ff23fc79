# The two commands: `make run` starts Atalaya on its defaults, `make test` passes the tests.
# Each first installs what the machine lacks (tests/prepare) and builds the model files (server/models/build), which
# `make data` does alone; `make data MODELS=all` adds the network of the style `detail`. `make data` fetches data about
# addresses too (server/geo/fetch), with `GEO=all` that of cities. `make bench-images`, `make bench-api`,
# `make bench-auth` and, as root, `make bench-network` and `make bench-scans` print the tables of BENCHMARKS.md.

SHELL := /bin/bash
VENV := tests/.cache/venv/bin
BENCH := tests/.cache/bench/bin/python
BASELINE := proto/baseline.binpb

.PHONY: run test data models geo fuzz bless bench-images bench-api bench-auth bench-network bench-scans scan-lab fmt lint check-format check-contract clippy baseline requirements prepare clean
.NOTPARALLEL:

run:
	@tests/prepare build
	@server/models/build || echo 'No model files: AI upscaling and background removal wait for `make data`.'
	cargo run --release --locked --bin atalaya

# What takes seconds comes before what takes minutes; every network is tested. The tests start the real program, so it is built
# first, together with them: their features are then the same and nothing is compiled twice. Examples
# in comments run before the rest, so that the last lines are the tests' own.
test: MODELS := all
test: lint models
	cargo build --workspace --locked --bins --tests --examples
	cargo test --workspace --locked --doc
	tests/with-postgres cargo test --workspace --locked --tests --no-fail-fast

MODELS := small
GEO := small

data: models geo

models:
	@server/models/build $(MODELS)

geo:
	@server/geo/fetch $(GEO)

# Writes anew the lists that tests compare with what they see. The program that they start is built first.
bless: models
	cargo build --workspace --locked --bins --tests
	ATALAYA_BLESS=1 cargo test -p atalaya-tests --locked --test grpc --test rest -- permissions reasons

bench-images: models
	@tests/prepare bench
	$(BENCH) tests/bench/images.py

bench-api:
	@tests/prepare bench
	$(BENCH) tests/bench/api.py

bench-auth:
	@tests/prepare bench
	$(BENCH) tests/bench/auth.py

bench-network:
	@tests/prepare bench
	$(BENCH) tests/bench/network.py

bench-scans:
	@tests/prepare bench
	$(BENCH) tests/bench/sites.py

# As root: a site of three hosts, scanned before one's eyes; the report stays in target/scan-lab.
scan-lab:
	@tests/prepare test
	cargo build --release --locked --bin atalaya
	tests/servers/lab

# Each target for FUZZ_SECONDS; stops at the first crash. cargo-fuzz needs what only nightly offers by its name.
FUZZ_SECONDS := 600
FUZZ_TARGETS := token claims refresh_token personal_token password_hash cookie arguments preflight \
	metadata exif xmp icc photoshop mmdb ranges rdap dns_answer title tls_answer certificate banner \
	fingerprints site_config

fuzz:
	@tests/prepare fuzz
	for target in $(FUZZ_TARGETS); do \
		mkdir -p tests/fuzz/corpus/$$target tests/fuzz/seeds/$$target; \
		RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz -s none $$target \
			tests/fuzz/corpus/$$target tests/fuzz/seeds/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=65536 -print_final_stats=1 || exit 1; \
	done

fmt: prepare
	cargo fmt --all
	$(VENV)/buf format -w

lint: check-format check-contract clippy

check-format: prepare
	cargo fmt --all --check
	$(VENV)/buf format -d --exit-code

check-contract: prepare
	$(VENV)/buf lint
	$(VENV)/buf breaking proto --against $(BASELINE)

clippy: prepare
	cargo clippy --workspace --all-targets --locked -- -D warnings

# The contract as released; `check-contract` refuses what breaks its callers. Run it at a release.
baseline: prepare
	$(VENV)/buf build -o $(BASELINE)

# Pins anew what the tests take from PyPI.
requirements:
	python3 -m venv tests/.cache/pin
	tests/.cache/pin/bin/python -m pip install --quiet -r tests/interop/requirements.in
	(echo '# Made by `make requirements` from requirements.in.' && tests/.cache/pin/bin/python -m pip freeze) \
		>tests/interop/requirements.txt
	rm -rf tests/.cache/pin

prepare:
	@tests/prepare test

clean:
	cargo clean
	rm -rf tests/.cache tests/web/node_modules
