"""Name the rules by which this engine queues runs and admits tasks: tags, their limits, and the error of a full queue.

A template from a job file has the tags, and the engine's services read them. AWS ignores them.
"""

OVERLAP_TAG = "lamplighter:overlap"
"""The tag of a state machine or task definition for runs that overlap (`services/states/executions/overlap.py`)."""
PRIORITY_TAG = "lamplighter:priority"
"""The tag of a task definition or task: among tasks that wait for room, the higher number starts first."""
MAX_PRIORITY = 9999
DEFAULT_QUEUE_LENGTH, MAX_QUEUE_LENGTH = 100, 10_000
QUEUE_FULL = "Lamplighter.QueueFull"
"""The error of a run that found as many waiting as its queue holds."""
