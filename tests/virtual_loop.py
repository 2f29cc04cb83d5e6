"""An event loop on a manual clock: a sleeping task wakes only when a test advances the clock.

`settle` runs until all tasks wait for time, containers or the network. It waits for threads that work for the loop
(commit, fsync).
"""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import TypeVar, TypeVarTuple

from tests.fake_disk import MAX_SECONDS
from tests.manual_world import ManualClock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _Selector(selectors.DefaultSelector):
    """A selector that stops the loop instead of waiting, unless a thread works for the loop."""

    stop_if_idle: Callable[[], bool] = staticmethod(lambda: False)
    """Called before waiting; returns False if a thread works for the loop, so that the selector must wait."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0 or (timeout is not None and timeout < 0):
            return super().select(0)
        if self.stop_if_idle():
            return []
        woken = super().select(MAX_SECONDS)
        assert woken, "a thread of the engine hangs"
        return woken


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on a manual clock, for one engine. A loop that is not run any more is the engine's death."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._running_threads = 0
        self._dead = False
        self.busy: Callable[[], bool] = lambda: False
        """Returns whether a thread of the engine works for the loop."""
        selector = _Selector()
        selector.stop_if_idle = self._stop_if_idle
        super().__init__(selector)
        self._clock_resolution = 1e-4  # floats of the size of today's time have no finer resolution
        self._create_thread_pool()

    def _create_thread_pool(self) -> None:
        self._thread_pool = ThreadPoolExecutor()
        self.set_default_executor(self._thread_pool)

    def time(self) -> float:
        return self._clock.monotonic() / 1000

    def run_in_executor(  # type: ignore[override]
        self, executor: None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        self._running_threads += 1
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._on_thread_end)
        return future

    def _on_thread_end(self, _future: object) -> None:
        self._running_threads -= 1

    def _stop_if_idle(self) -> bool:
        if self._running_threads > 0 or self.busy():  # below 0: a thread ended after the end of the loop
            return False
        self.stop()
        return True

    def settle(self) -> None:
        """Run until all tasks wait for time, containers or the network."""
        self.run_forever()

    def die(self) -> None:
        """Stop the loop, from any thread; later callbacks of threads are ignored."""
        super().call_soon_threadsafe(self.stop)
        self._dead = True

    def join_threads(self) -> None:
        """Wait until no thread works for this loop; cancel work that has not started."""
        self._thread_pool.shutdown(cancel_futures=True)
        self._create_thread_pool()  # cancelled tasks may need a thread at the end

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if self._dead:
            return asyncio.Handle(callback, args, self)
        return super().call_soon_threadsafe(callback, *args, context=context)

    def end(self) -> None:
        """Cancel the remaining tasks and close the loop."""
        self._dead, self._running_threads, self.busy = False, 0, lambda: False
        self.set_exception_handler(_ignore)
        for task in asyncio.all_tasks(self):
            task.cancel()
        self.settle()
        self.busy = lambda: True
        self.run_until_complete(self.shutdown_asyncgens())
        self.run_until_complete(self.shutdown_default_executor())
        self.close()


def _ignore(_loop: asyncio.AbstractEventLoop, _context: Mapping[str, object]) -> None:
    """Ignore the errors of a dead engine's tasks."""
