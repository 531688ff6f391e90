# Portolan. `make help` lists the targets; `make check` is what CI runs.
.DEFAULT_GOAL := help
CARGO ?= cargo
DEMO := target/demo

.PHONY: help demo test check lint fmt docs bless bench clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: ## Analyze a bundled acquisition with a planted case
	$(CARGO) build --release --locked
	./target/release/portolan analyze fixtures/hosts/planted-case --out $(DEMO) --force

test: ## Run all tests
	$(CARGO) test --locked --all-targets
	$(CARGO) test --locked --doc

check: lint test ## Format, lints, tests, documentation: what CI runs
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --quiet

lint: ## Formatting and lints
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --quiet -- -D warnings

fmt: ## Format the code
	$(CARGO) fmt

docs: ## Write the generated pages of docs/ and the rows of fixtures/README.md again
	PORTOLAN_BLESS=1 $(CARGO) test --locked --test it -- --quiet generated_pages the_page_of_fixtures

bless: docs ## Accept the present output of all snapshots
	INSTA_UPDATE=always INSTA_FORCE_PASS=1 $(CARGO) test --locked --quiet

bench: ## Measure the figures of docs/performance.md
	$(CARGO) bench --locked

clean: ## Remove what was built
	$(CARGO) clean
