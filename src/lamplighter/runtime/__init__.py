"""Runs containers: one port (`port.py`) and three ways behind it, Docker, plain processes and a scripted fake.

Promises that a container goes on when the engine stops or dies, is found again by its name, and is never run a second
time under that name. Refuses to know tasks, task definitions and retries: those belong to the ECS service.
"""
