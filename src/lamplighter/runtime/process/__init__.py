"""Containers run as plain processes, each under a shim that outlives the engine."""
