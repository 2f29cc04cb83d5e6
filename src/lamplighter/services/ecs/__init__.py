"""Implement ECS: task definitions, and tasks that run as containers or plain processes on this machine.

Guarantees AWS's lifecycle of a task, with its events and its wording. Also guarantees that an accepted task runs once
and to its end, even if the engine is killed at any moment. Parameters that matter only with many machines (subnets,
placement, capacity providers) are checked for their shape, stored and shown. Rejects services, container instances and
exec. See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html.
"""
