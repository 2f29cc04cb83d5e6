"""Implement EventBridge Scheduler: schedules, their groups, and starting their targets on time.

Guarantees that a slot of a schedule runs once, even if the engine is killed at any moment, and that no slot is lost
without a record. This package does not import the services that are its targets: it calls them over the bus.
"""
