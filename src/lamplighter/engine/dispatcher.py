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
from lamplighter.engine import clock_jump
from lamplighter.store import outbox, timers
from lamplighter.store.db import CommitSignals, OutboxRow, Store, Tx
from lamplighter.store.file_presence import FilesDisplaced
from lamplighter.store.timers import Timer

log = logging.getLogger("lamplighter.engine")

TIMER_BATCH = 200
"""The most timers that one check reads."""
MAX_CHECK_INTERVAL = 5_000
"""The longest time between two checks of the timers, in milliseconds: the wall clock may be set at any time."""
MIN_CLOCK_JUMP = 1_000
"""The smallest difference between the clocks, in milliseconds, that means that the wall clock was set."""
MIN_PAUSE = 1_000
"""The delay in milliseconds of a check or a firing from which on the engine counts as paused."""
RETRY_AFTER_BUG = 60_000
"""Milliseconds until a timer fires again after its handler failed because of a bug."""

RETRY_WITHOUT_ROOM = 500
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
        self._next_check_handle: asyncio.TimerHandle | None = None
        self._next_check = 0
        self._clock_jump = 0
        self._firing: set[tuple[str, str, str]] = set()
        self._row_tasks: dict[int, asyncio.Task[None]] = {}
        """The tasks that process outbox rows, by the row's key: `start` may read a row that a commit announces, too."""
        self._stopped = False
        self.write_error = ""
        """Why the last turn could not be committed; empty if it was committed."""
        self._files_displaced = False
        """Whether the last turn failed because the files of the store are not where they were."""
        store.on_commit = self._on_commit
        store.on_rollback = self._on_loss

    async def start(self) -> None:
        """Process the outbox rows that the last engine left, and begin to check the timers."""
        await self._store.write(clock_jump.apply_clock_jump)
        for row in outbox.pending_rows(self._store.reader):
            self._process_row(row)
        self.fire_due_timers()

    async def stop(self) -> None:
        """Stop checking timers and cancel the work in progress; unfinished rows stay in the outbox."""
        self._stopped = True
        if self._next_check_handle is not None:
            self._next_check_handle.cancel()
        tasks = list(self._row_tasks.values())
        if self._catching_up is not None:
            tasks.append(self._catching_up)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def fire_due_timers(self) -> None:
        """Fire the timers that are due, and schedule the next check."""
        if self._stopped or self._catching_up is not None:
            return
        if self._world.monotonic() - self._next_check > MIN_PAUSE and self._next_check:
            self._begin_catch_up()
            return
        self._check_clock()
        self._check_directory()
        wall, steady = self._world.now(), self._world.monotonic()
        for timer in timers.due_timers(self._store.reader, wall, steady, TIMER_BATCH + len(self._firing)):
            if timer.key not in self._firing:
                self._fire_timer(timer)
        wait = timers.milliseconds_to_next(self._store.reader, wall, steady)
        self._schedule_check(steady + min(MAX_CHECK_INTERVAL if wait is None else wait, MAX_CHECK_INTERVAL))

    def _begin_catch_up(self) -> None:
        """Record the containers that ended while the engine was paused; then check the timers again."""
        if self._catching_up is None and not self._stopped:
            self._catching_up = self._loop.create_task(self._catch_up())
            self._catching_up.add_done_callback(self._caught_up)

    def _caught_up(self, task: "asyncio.Task[None]") -> None:
        self._catching_up = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("containers that ended while the engine was paused are not recorded yet", exc_info=error)
        self._next_check = self._world.monotonic()
        self.fire_due_timers()

    @property
    def idle(self) -> bool:
        """Return whether no work is in progress. Waiting for a timer or a container is not work in progress."""
        return not self._firing and not self._row_tasks and self._catching_up is None

    def _on_commit(self, signals: CommitSignals) -> None:
        if self.write_error:
            self._recover()
        for row in signals.outbox_rows:
            self._process_row(row)
        if signals.earliest_timer is None:
            return
        if self._clock_jump:
            # The two clocks differ: only a check shows when the timer is due.
            self._schedule_check(self._world.monotonic())
        elif signals.earliest_timer < self._next_check:
            self._schedule_check(signals.earliest_timer)

    def _schedule_check(self, due: int) -> None:
        if self._stopped:
            return
        if self._next_check_handle is not None:
            self._next_check_handle.cancel()
        steady = self._world.monotonic()
        self._next_check = max(due, steady)
        self._next_check_handle = self._loop.call_later((self._next_check - steady) / 1000, self.fire_due_timers)

    def _fire_timer(self, timer: Timer) -> None:
        self._firing.add(timer.key)
        service, decided_at = self._services[timer.service], self._world.monotonic()

        def fire(tx: Tx) -> None:
            if self._world.monotonic() - decided_at > MIN_PAUSE:
                self._begin_catch_up()
            elif timers.delete(tx, *timer.key):
                service.fire_timer(tx, timer)

        self._store.write(fire).add_done_callback(lambda future: self._timer_fired(timer, future))

    def _timer_fired(self, timer: Timer, future: "asyncio.Future[None]") -> None:
        self._firing.discard(timer.key)
        error = None if future.cancelled() else future.exception()
        if isinstance(error, Unavailable):
            self._schedule_check(self._world.monotonic() + RETRY_WITHOUT_ROOM)
        elif error is not None:
            log.error("timer %s failed; it fires again in a minute", timer.key, exc_info=error)
            due = self._world.monotonic() + RETRY_AFTER_BUG
            self._store.write_in_background(lambda tx: timers.postpone(tx, timer, due))
        elif not self._firing:
            self._schedule_check(self._world.monotonic())

    def _process_row(self, row: OutboxRow) -> None:
        if self._stopped or row.id in self._row_tasks:
            return
        task = self._loop.create_task(self._services[row.service].handle_outbox_row(row))
        self._row_tasks[row.id] = task
        task.add_done_callback(lambda done: self._row_processed(row, done))

    def _row_processed(self, row: OutboxRow, task: "asyncio.Task[None]") -> None:
        del self._row_tasks[row.id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "processing outbox row %s of %s failed; it is processed again at the next start",
                row.subject,
                row.service,
                exc_info=error,
            )

    def _on_loss(self, error: sqlite3.Error) -> None:
        if not self.write_error:
            log.error("the data directory cannot be written (%s); nothing is lost, and the engine tries again", error)
        self.write_error = str(error)
        self._files_displaced = isinstance(error, FilesDisplaced)
        for service in self._services.values():
            service.drop_caches()

    def _recover(self) -> None:
        """Resume after failed writes.

        A turn that was committed while the files were displaced was never announced, so that its outbox rows are read
        here.
        """
        were_displaced, self._files_displaced, self.write_error = self._files_displaced, False, ""
        log.warning("the data directory can be written again")
        for row in outbox.pending_rows(self._store.reader) if were_displaced else ():
            self._process_row(row)

    def _check_directory(self) -> None:
        """Notice even without a write that the store's files are gone or back."""
        problem = self._store.find_file_problem()
        if problem and not self.write_error:
            self._on_loss(FilesDisplaced(problem))
        elif self._files_displaced and not problem:
            self._recover()

    def _check_clock(self) -> None:
        """Save by how much the wall clock was set: the next engine's steady clock begins at the wall clock's time."""
        jump = self._world.now() - self._world.monotonic()
        if abs(jump - self._clock_jump) < MIN_CLOCK_JUMP:
            return
        log.warning(
            "the wall clock was set by %+.1f s; waits and timeouts keep their length",
            (jump - self._clock_jump) / 1000,
        )
        self._clock_jump = jump
        self._store.write_in_background(lambda tx: clock_jump.save_clock_jump(tx, jump))
