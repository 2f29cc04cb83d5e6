"""Scheduled container jobs with retries, timeouts and failure alerts: on one box, or on AWS, from the same file.

This module imports nothing, so that a pure part (`lamplighter.asl.execution.advance`) loads without the edges of the
world.
"""

__version__ = "0.1.0"
