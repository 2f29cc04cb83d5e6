"""Fire the timers that are due and process the outbox.

The database has the truth; the clock only decides when to check it. The dispatcher keeps in memory only the time of the
next check and the keys of the work in progress.

Before any timer fires, an engine that starts records which containers ended meanwhile, so that a container that ended
before its timeout counts as ended in time. It answers requests all the while. If the engine was paused (a stopped
process, a disk that took no writes for a while), the dispatcher treats that like a restart.

An internal error stops nothing else: it is recorded, and the timer fires, or the outbox row is processed, again.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping

from lamplighter.base.errors import Unavailable
from lamplighter.base.world import World
from lamplighter.bus import Service
from lamplighter.engine import clock_jump
from lamplighter.store import outbox, timers
from lamplighter.store.damage import is_damage
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
"""Milliseconds until a timer fires, or an outbox row is processed, again after its handler failed because of a bug."""

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
        overdue_fired: asyncio.Event,
        on_work: Callable[[], None] = lambda: None,
    ) -> None:
        """Set up the dispatcher; it calls `on_work` after each commit."""
        self._on_work = on_work
        self._store = store
        self._world = world
        self._services = services
        self._catch_up = catch_up
        """Records the containers that ended while the engine was away; does not raise."""
        self._overdue_fired = overdue_fired
        """Set when the timers have fired that were due at the start: they may call off what else would start."""
        self._started = (world.now(), world.monotonic())
        """When the engine started, by both clocks."""
        self._catching_up: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._next_check_handle: asyncio.TimerHandle | None = None
        self._next_check = 0
        self._clock_jump = 0
        self._firing: set[tuple[str, str, str]] = set()
        self._row_tasks: dict[int, asyncio.Task[None]] = {}
        """The tasks that process outbox rows, by the row's key: `start` may read a row that a commit announces, too."""
        self._failed_rows: dict[int, int] = {}
        """By the key of each outbox row whose processing failed: when it is processed again, by the steady clock."""
        self._stopped = False
        self.write_error = ""
        """Why the last turn could not be committed; empty if it was committed."""
        self.timer_error = ""
        """Why the last check of the timers failed; empty if it did not."""
        self._files_displaced = False
        """Whether the last turn failed because the files of the store are not where they were."""
        store.on_commit = self._on_commit
        store.on_rollback = self._on_loss

    async def start(self) -> None:
        """Process the outbox rows that the last engine left, and begin to catch up; then the timers fire."""
        await self._store.write(clock_jump.apply_clock_jump)
        # Raises an error of SQLite if the timers are damaged: such an engine must not start.
        timers.milliseconds_to_next(self._store.reader, *self._started)
        for row in outbox.pending_rows(self._store.reader):
            self._process_row(row)
        self._begin_catch_up()

    def _check_timers(self) -> None:
        """Fire the timers that are due; check again later if that fails, for example because a page is damaged."""
        self.timer_error = ""
        try:
            self.fire_due_timers()
        except Exception as error:  # noqa: BLE001 - it is recorded
            self.timer_error = str(error) or type(error).__name__
            self._store.internal_errors.record("the check of the timers", error, "it is repeated in some seconds")
            self._schedule_check(self._world.monotonic() + MAX_CHECK_INTERVAL)

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
        self._process_failed_rows(steady)
        for timer in timers.due_timers(self._store.reader, wall, steady, TIMER_BATCH + len(self._firing)):
            if timer.key not in self._firing:
                self._fire_timer(timer)
        if not self._overdue_fired.is_set() and not timers.due_timers(self._store.reader, *self._started, 1):
            self._overdue_fired.set()
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
            self._store.internal_errors.record("recording the containers that ended during a pause", error)
        self._next_check = self._world.monotonic()
        self._check_timers()

    @property
    def idle(self) -> bool:
        """Return whether no work is in progress. Waiting for a timer or a container is not work in progress."""
        return not self._firing and not self._row_tasks and self._catching_up is None

    def _on_commit(self, signals: CommitSignals) -> None:
        self._on_work()
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
        self._next_check_handle = self._loop.call_later((self._next_check - steady) / 1000, self._check_timers)

    def _fire_timer(self, timer: Timer) -> None:
        self._firing.add(timer.key)
        decided_at = self._world.monotonic()

        def fire(tx: Tx) -> None:
            if self._world.monotonic() - decided_at > MIN_PAUSE:
                self._begin_catch_up()
            elif timers.delete(tx, *timer.key):
                self._services[timer.service].fire_timer(tx, timer)

        self._store.write(fire).add_done_callback(lambda future: self._timer_fired(timer, future))

    def _timer_fired(self, timer: Timer, future: "asyncio.Future[None]") -> None:
        self._firing.discard(timer.key)
        error = None if future.cancelled() else future.exception()
        if isinstance(error, Unavailable):
            self._schedule_check(self._world.monotonic() + RETRY_WITHOUT_ROOM)
        elif error is not None:
            self._store.internal_errors.record(f"timer {timer.key}", error, "it fires again in a minute")
            due = self._world.monotonic() + RETRY_AFTER_BUG
            self._store.write_in_background(lambda tx: timers.postpone(tx, timer, due))
        elif not self._firing:
            self._schedule_check(self._world.monotonic())

    def _process_row(self, row: OutboxRow) -> None:
        if self._stopped or row.id in self._row_tasks:
            return
        task = self._loop.create_task(self._handle_row(row))
        self._row_tasks[row.id] = task
        task.add_done_callback(lambda done: self._row_processed(row, done))

    async def _handle_row(self, row: OutboxRow) -> None:
        await self._services[row.service].handle_outbox_row(row)

    def _row_processed(self, row: OutboxRow, task: "asyncio.Task[None]") -> None:
        del self._row_tasks[row.id]
        if not task.cancelled() and (error := task.exception()) is not None:
            place = f"outbox row {row.subject} of {row.service}"
            self._store.internal_errors.record(place, error, "it is processed again in a minute")
            self._failed_rows[row.id] = self._world.monotonic() + RETRY_AFTER_BUG

    def _process_failed_rows(self, steady: int) -> None:
        """Process the rows again that failed a while ago, if they are still in the outbox."""
        for key in [key for key, due in self._failed_rows.items() if due <= steady]:
            row = outbox.find_row(self._store.reader, key)
            del self._failed_rows[key]
            if row is not None:
                self._process_row(row)

    def _on_loss(self, error: Exception) -> None:
        if not is_damage(error):  # which the store reports, and which may have lost something
            if not self.write_error:
                log.error(
                    "the data directory cannot be written (%s); nothing is lost, and the engine tries again", error
                )
            self.write_error = str(error)
        self._files_displaced = isinstance(error, FilesDisplaced)
        drops = (service.drop_caches for service in self._services.values())
        self._store.internal_errors.call_all("dropping a service's caches", drops)

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
