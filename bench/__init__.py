"""Measure the speed of an engine; `python -m bench.run` prints the table."""
