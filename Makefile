# Portolan. `make help` lists the targets; `make check` is what CI runs.
.DEFAULT_GOAL := help
CARGO ?= cargo
DEMO := target/demo

.PHONY: help demo test check lint fmt docs bless bench clean

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

clean: ## Remove what was built
	$(CARGO) clean
