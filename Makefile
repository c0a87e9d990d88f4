# Aliases for those who like make; everything works without it.
.PHONY: lab test lock lessons data mutation
PYTHON ?= python3

lab:
	$(PYTHON) lab.py
test:
	$(PYTHON) lab.py test
lock:
	$(PYTHON) lab.py lock
lessons:
	.venv/bin/python tests/lessons.py
data:
	$(PYTHON) lab.py data
mutation:
	.venv/bin/python tests/mutation.py --sample 30
