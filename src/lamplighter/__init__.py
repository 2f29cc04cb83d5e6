"""Run scheduled container jobs with retries, timeouts and failure alerts, on one machine or on AWS, from one file.

This module imports nothing, so that a pure module (`lamplighter.asl.execution.advance`) loads without the modules that
do input and output.
"""

__version__ = "0.1.0"
