# Everything runs in a virtual environment of the clone's own: .venv
.PHONY: demo test lint bench chaos clean
VENV := .venv
READY := $(VENV)/.ready

demo: $(READY)
	$(VENV)/bin/missions demo

# Two at a time: most tests wait for processes. A file's tests stay together, the long ones do not come last.
test: $(READY)
	$(VENV)/bin/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright

bench: $(READY)
	$(VENV)/bin/python -m benchmarks

# Kills 200 processes of an installation while its runs work, 20 minutes at most; another SEED is another trial.
SEED := 1
chaos: $(READY)
	$(VENV)/bin/python -m tests.chaos --kills 200 --minutes 20 --seed $(SEED)

clean:
	rm -rf $(VENV)

# The lock names every package, so pip has nothing left to resolve.
$(READY): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (half a minute or so the first time)"
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.lock
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
