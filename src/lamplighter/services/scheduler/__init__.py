"""EventBridge Scheduler: schedules, their groups, and their firer.

Promises that a slot of a schedule runs once, whatever is killed and whenever, and that none is lost without a record.
Refuses to know what its targets are: they are calls on the bus, as any customer makes them.
"""
