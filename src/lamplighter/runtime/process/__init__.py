"""Run containers as plain processes, each under a shim that outlives the engine."""
