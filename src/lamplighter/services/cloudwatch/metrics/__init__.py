"""Implement metrics: values that are put, values of the engine's services, statistics, and queries over them."""
