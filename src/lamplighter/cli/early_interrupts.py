"""End a command at once by Ctrl-C while it starts, as SIGTERM does.

Python's own handler raises KeyboardInterrupt in whatever is running. Code that catches every exception, such as a
module that tries an import, would swallow it: the command would run on although it was told to stop. Guarantees that
the signal is not lost. It ends the process as kill -9 does, which an engine survives.
See https://docs.python.org/3/library/signal.html#note-on-signal-handlers-and-exceptions.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_on_interrupt() -> Iterator[None]:
    """End this process on SIGINT until the block ends or sets a handler; a signal that is ignored stays ignored."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
