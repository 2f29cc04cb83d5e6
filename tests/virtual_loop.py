"""An event loop that goes by a clock of ours: whatever sleeps in it wakes when a test lets time pass, and no sooner.

`settle` runs until nothing is left to do but to wait for time or for the world. Threads that work for the loop (the
commit, fsync) are waited for.
"""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import TypeVar, TypeVarTuple

from lamplighter.base.world import ManualClock
from tests.fake_disk import HANGS

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _Selector(selectors.DefaultSelector):
    """Where a loop waits when it has nothing to do."""

    rests: Callable[[], bool] = staticmethod(lambda: False)
    """Called instead of waiting; False: a thread is at work, wait for it."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0 or (timeout is not None and timeout < 0):
            return super().select(0)
        if self.rests():
            return []
        woken = super().select(HANGS)
        assert woken, "a thread of the engine hangs"
        return woken


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on a manual clock, for one engine. Abandoned, it is that engine's death: nothing on it ever runs again."""

    def __init__(self, clock: ManualClock) -> None:
        self._hands = clock
        self._at_work = 0
        self._dead = False
        self.busy: Callable[[], bool] = lambda: False
        """Whether a thread of the engine is at work for it."""
        selector = _Selector()
        selector.rests = self._rests
        super().__init__(selector)
        self._clock_resolution = 1e-4  # floats of today's size know no finer one
        self._renew_threads()

    def _renew_threads(self) -> None:
        self._threads = ThreadPoolExecutor()
        self.set_default_executor(self._threads)

    def time(self) -> float:
        return self._hands.monotonic() / 1000

    def run_in_executor(  # type: ignore[override]
        self, executor: None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        self._at_work += 1
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, _future: object) -> None:
        self._at_work -= 1

    def _rests(self) -> bool:
        if self._at_work > 0 or self.busy():  # below 0: a thread came back after the end
            return False
        self.stop()
        return True

    def settle(self) -> None:
        """Run until only time or the world can bring news."""
        self.run_forever()

    def die(self) -> None:
        """Stop, called from any thread; what threads have to tell after that is not heard."""
        super().call_soon_threadsafe(self.stop)
        self._dead = True

    def join_threads(self) -> None:
        """Wait until no thread works for this loop; what none of them has begun is never begun."""
        self._threads.shutdown(cancel_futures=True)
        self._renew_threads()  # tasks that are broken off at the end may need one

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if self._dead:
            return asyncio.Handle(callback, args, self)
        return super().call_soon_threadsafe(callback, *args, context=context)

    def end(self) -> None:
        """Break off whatever is left, and close."""
        self._dead, self._at_work, self.busy = False, 0, lambda: False
        self.set_exception_handler(_ignore)
        for task in asyncio.all_tasks(self):
            task.cancel()
        self.settle()
        self.busy = lambda: True
        self.run_until_complete(self.shutdown_asyncgens())
        self.run_until_complete(self.shutdown_default_executor())
        self.close()


def _ignore(_loop: asyncio.AbstractEventLoop, _context: Mapping[str, object]) -> None:
    """What a dead engine complains about concerns nobody."""
