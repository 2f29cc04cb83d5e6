"""Work for the processor."""

from lamplighter.base.world import thread_seconds


def work(seconds: float) -> None:
    """Use so much processor time."""
    end = thread_seconds() + seconds
    while thread_seconds() < end:
        pass
