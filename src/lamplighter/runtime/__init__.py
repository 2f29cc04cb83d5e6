"""Run containers: one interface (`port.py`) with three implementations, Docker, plain processes and a scripted fake.

Guarantees that a container continues when the engine stops or dies, is found again by its name, and never runs a second
time under that name. This package knows nothing about tasks, task definitions and retries: those belong to the ECS
service.
"""
