"""Use the processor."""

from lamplighter.base.world import thread_seconds


def use_processor(seconds: float) -> None:
    """Use this much processor time."""
    end = thread_seconds() + seconds
    while thread_seconds() < end:
        pass
