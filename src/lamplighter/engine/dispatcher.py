"""Fire the timers that are due and process the outbox.

The database has the truth; the clock only decides when to check it. The dispatcher keeps in memory only the time of the
next check and the keys of the work in progress.

If the engine was paused (a stopped process, a disk that took no writes for a while), the dispatcher treats that like a
restart. Before any timer fires, it records which containers ended meanwhile, so that a container that ended before its
timeout counts as ended in time.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine, Mapping

from lamplighter.base.errors import Unavailable
from lamplighter.base.world import World
from lamplighter.bus import Service
from lamplighter.store import outbox, timers
from lamplighter.store.db import CommitSignals, OutboxRow, Store, Tx
from lamplighter.store.file_presence import FilesDisplaced
from lamplighter.store.timers import Timer

log = logging.getLogger("lamplighter.engine")

BATCH = 200
"""The most timers that one check reads."""
LOOK_AGAIN = 5_000
"""The longest time between two checks of the timers, in milliseconds: the wall clock may be set at any time."""
JUMP = 1_000
"""The smallest difference between the clocks, in milliseconds, that means that the wall clock was set."""
PAUSE = 1_000
"""The delay in milliseconds of a check or a firing from which on the engine counts as paused."""
PUT_OFF = 60_000
"""Milliseconds until a timer fires again after its handler failed because of a bug."""

REFUSED = 500
"""Milliseconds until a timer fires again after the disk had no room for its turn."""


class Dispatcher:
    """Fires the timers of one engine and processes its outbox."""

    def __init__(
        self,
        store: Store,
        world: World,
        services: Mapping[str, Service],
        catch_up: Callable[[], Coroutine[None, None, None]],
    ) -> None:
        self._store = store
        self._world = world
        self._services = services
        self._catch_up = catch_up
        """Records the containers that ended while the engine was away; does not raise."""
        self._catching_up: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._next = 0
        self._jump = 0
        self._ringing: set[tuple[str, str, str]] = set()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        """The tasks that process outbox rows, by the row's key: `start` may read a row that a commit announces, too."""
        self._stopped = False
        self._refused = ""
        """Why the last turn could not be committed; empty if it was committed."""
        self._displaced = False
        """Whether the last turn failed because the files of the store are not where they were."""
        store.on_commit = self._committed
        store.on_loss = self._lost

    async def start(self) -> None:
        """Process the outbox rows that the last engine left, and begin to check the timers."""
        await self._store.write(timers.apply_clock_jump)
        for posted in outbox.pending(self._store.reader):
            self._perform(posted)
        self.ring_due_timers()

    async def stop(self) -> None:
        """Stop checking timers and cancel the work in progress; unfinished rows stay in the outbox."""
        self._stopped = True
        if self._handle is not None:
            self._handle.cancel()
        tasks = list(self._under_way.values())
        if self._catching_up is not None:
            tasks.append(self._catching_up)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def ring_due_timers(self) -> None:
        """Fire the timers that are due, and schedule the next check."""
        if self._stopped or self._catching_up is not None:
            return
        if self._world.monotonic() - self._next > PAUSE and self._next:
            self._begin_catch_up()
            return
        self._check_clock()
        self._check_directory()
        wall, steady = self._world.now(), self._world.monotonic()
        for timer in timers.due_timers(self._store.reader, wall, steady, BATCH + len(self._ringing)):
            if timer.key not in self._ringing:
                self._fire_timer(timer)
        wait = timers.milliseconds_to_next(self._store.reader, wall, steady)
        self._arm(steady + min(LOOK_AGAIN if wait is None else wait, LOOK_AGAIN))

    def _begin_catch_up(self) -> None:
        """Record the containers that ended while the engine was paused; then check the timers again."""
        if self._catching_up is None and not self._stopped:
            self._catching_up = self._loop.create_task(self._catch_up())
            self._catching_up.add_done_callback(self._caught_up)

    def _caught_up(self, task: "asyncio.Task[None]") -> None:
        self._catching_up = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("containers that ended while the engine was paused are not recorded yet", exc_info=error)
        self._next = self._world.monotonic()
        self.ring_due_timers()

    @property
    def refused(self) -> str:
        """Return why the last write to the data directory failed; empty if it succeeded."""
        return self._refused

    @property
    def idle(self) -> bool:
        """Return whether no work is in progress. Waiting for a timer or a container is not work in progress."""
        return not self._ringing and not self._under_way and self._catching_up is None

    def _committed(self, signals: CommitSignals) -> None:
        if self._refused:
            self._recover()
        for posted in signals.posted:
            self._perform(posted)
        if signals.soonest is None:
            return
        if self._jump:
            # The two clocks differ: only a check shows when the timer is due.
            self._arm(self._world.monotonic())
        elif signals.soonest < self._next:
            self._arm(signals.soonest)

    def _arm(self, due: int) -> None:
        if self._stopped:
            return
        if self._handle is not None:
            self._handle.cancel()
        steady = self._world.monotonic()
        self._next = max(due, steady)
        self._handle = self._loop.call_later((self._next - steady) / 1000, self.ring_due_timers)

    def _fire_timer(self, timer: Timer) -> None:
        self._ringing.add(timer.key)
        service, decided = self._services[timer.service], self._world.monotonic()

        def job(tx: Tx) -> None:
            if self._world.monotonic() - decided > PAUSE:
                self._begin_catch_up()
            elif timers.delete(tx, *timer.key):
                service.fire_timer(tx, timer)

        self._store.write(job).add_done_callback(lambda future: self._timer_fired(timer, future))

    def _timer_fired(self, timer: Timer, future: "asyncio.Future[None]") -> None:
        self._ringing.discard(timer.key)
        error = None if future.cancelled() else future.exception()
        if isinstance(error, Unavailable):
            self._arm(self._world.monotonic() + REFUSED)
        elif error is not None:
            log.error("timer %s failed; it fires again in a minute", timer.key, exc_info=error)
            later = self._world.monotonic() + PUT_OFF
            self._store.write_in_background(lambda tx: timers.postpone(tx, timer, later))
        elif not self._ringing:
            self._arm(self._world.monotonic())

    def _perform(self, posted: OutboxRow) -> None:
        if self._stopped or posted.id in self._under_way:
            return
        task = self._loop.create_task(self._services[posted.service].handle_outbox_row(posted))
        self._under_way[posted.id] = task
        task.add_done_callback(lambda done: self._performed(posted, done))

    def _performed(self, posted: OutboxRow, task: "asyncio.Task[None]") -> None:
        del self._under_way[posted.id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "processing outbox row %s of %s failed; it is processed again at the next start",
                posted.subject,
                posted.service,
                exc_info=error,
            )

    def _lost(self, error: sqlite3.Error) -> None:
        if not self._refused:
            log.error("the data directory cannot be written (%s); nothing is lost, and the engine tries again", error)
        self._refused = str(error)
        self._displaced = isinstance(error, FilesDisplaced)
        for service in self._services.values():
            service.drop_caches()

    def _recover(self) -> None:
        """Resume after failed writes.

        A turn that was committed while the files were displaced was never announced, so that its outbox rows are read
        here.
        """
        was_displaced, self._displaced, self._refused = self._displaced, False, ""
        log.warning("the data directory can be written again")
        for posted in outbox.pending(self._store.reader) if was_displaced else ():
            self._perform(posted)

    def _check_directory(self) -> None:
        """Notice even without a write that the store's files are gone or back."""
        trouble = self._store.trouble()
        if trouble and not self._refused:
            self._lost(FilesDisplaced(trouble))
        elif self._displaced and not trouble:
            self._recover()

    def _check_clock(self) -> None:
        """Save by how much the wall clock was set: the next engine's steady clock begins at the wall clock's time."""
        jump = self._world.now() - self._world.monotonic()
        if abs(jump - self._jump) < JUMP:
            return
        log.warning(
            "the wall clock was set by %+.1f s; waits and timeouts keep their length",
            (jump - self._jump) / 1000,
        )
        self._jump = jump
        self._store.write_in_background(lambda tx: timers.save_clock_jump(tx, jump))
