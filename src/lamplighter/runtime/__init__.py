"""Run containers: one interface (`port.py`), implemented by Docker and by plain processes.

Guarantees that a container continues when the engine stops or dies, is found again by its name, and never runs a second
time under that name. This package knows nothing about tasks, task definitions and retries: those belong to the ECS
service.
"""
