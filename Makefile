# Portolan. `make help` lists the targets; `make check` is what CI runs.
.DEFAULT_GOAL := help
CARGO ?= cargo
DEMO := target/demo
TARGET ?= hfs
SECONDS ?= 60

.PHONY: help demo test check lint fmt docs bless bench fuzz clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: ## Analyze a bundled acquisition with a planted case, into target/demo
	$(CARGO) run --release --locked --quiet -- analyze fixtures/hosts/planted-case --out $(DEMO) --force
	@echo "Begin with $(DEMO)/anomalies.csv; README.md says how to read and cite a row."

test: ## Run all tests
	$(CARGO) test --locked

check: lint test ## Formatting, lints, tests, documentation: what CI runs
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --quiet

lint: ## Formatting and lints
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --quiet -- -D warnings

fmt: ## Format the code
	$(CARGO) fmt

docs: ## Write what the code writes again: pages of docs/, console blocks, rows of fixtures/README.md
	PORTOLAN_BLESS=1 $(CARGO) test --locked --test it --quiet -- generated_pages readme the_page_of_fixtures

bless: docs ## Accept the present output as right: pages and snapshots; read the diff
	INSTA_UPDATE=always INSTA_FORCE_PASS=1 $(CARGO) test --locked --quiet

bench: ## Measure the figures of docs/performance.md
	$(CARGO) bench --locked

fuzz: ## Fuzz one TARGET (partitions, hfs, apfs, decmpfs, udif) for SECONDS; needs cargo-fuzz
	mkdir -p target/corpus/$(TARGET)
	PORTOLAN_SEEDS=target/corpus $(CARGO) test --locked --test it --quiet -- the_seeds_of_the_fuzz_targets
	RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz $(TARGET) target/corpus/$(TARGET) -- -max_total_time=$(SECONDS)

clean: ## Remove what was built
	$(CARGO) clean
