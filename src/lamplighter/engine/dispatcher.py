"""What makes an engine go: timers that are due, and what the outbox asks for.

The database decides what is true, the clock decides when to look. Nothing is held in memory but the time of the next
look and the names of what is under way.

An engine that stood still (a stopped process, a disk that took no writes for a while) is as one that was away: before
any timer rings, what ended meanwhile in the world is put on record, so that what would have come first decides.
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
"""How many timers are taken up at once."""
LOOK_AGAIN = 5_000
"""The longest time between two looks at the clock, in milliseconds: somebody may have set it."""
JUMP = 1_000
"""From how many milliseconds on a difference between the clocks is a wall clock that was set."""
PAUSE = 1_000
"""By how many milliseconds a look or a ring is late before the engine counts as one that stood still."""
PUT_OFF = 60_000
"""How many milliseconds later a timer rings again whose ringing failed through a bug of ours."""

REFUSED = 500
"""How many milliseconds later a timer rings again for which the disk had no room."""


class Dispatcher:
    """Rings timers and performs the outbox."""

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
        """Puts on record what ended in the world while the engine was away; does not raise."""
        self._catching_up: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._next = 0
        self._jump = 0
        self._ringing: set[tuple[str, str, str]] = set()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        """By the key of its outbox row, what is being performed: a row that is read at the start may be new as well."""
        self._stopped = False
        self._refused = ""
        """Why the last turn could not be kept; empty if it was."""
        self._displaced = False
        """Whether that is because the files of the store are not where they were."""
        store.on_commit = self._committed
        store.on_loss = self._lost

    async def start(self) -> None:
        """Take up what the last engine decided and did not do, and begin to look at the clock."""
        await self._store.write(timers.apply_clock_jump)
        for posted in outbox.pending(self._store.reader):
            self._perform(posted)
        self.ring_due_timers()

    async def stop(self) -> None:
        """Let go; what is not done stays in the outbox."""
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
        """Ring what is due, and know when to look again."""
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
        """Put on record what ended while the engine stood still, and look again then."""
        if self._catching_up is None and not self._stopped:
            self._catching_up = self._loop.create_task(self._catch_up())
            self._catching_up.add_done_callback(self._caught_up)

    def _caught_up(self, task: "asyncio.Task[None]") -> None:
        self._catching_up = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("what ended while the engine stood still is not on record yet", exc_info=error)
        self._next = self._world.monotonic()
        self.ring_due_timers()

    @property
    def refused(self) -> str:
        """Why the data directory took no writes when it was last tried; empty if it did."""
        return self._refused

    @property
    def idle(self) -> bool:
        """Whether nothing is under way (what waits for a timer or for the world is not)."""
        return not self._ringing and not self._under_way and self._catching_up is None

    def _committed(self, signals: CommitSignals) -> None:
        if self._refused:
            self._recover()
        for posted in signals.posted:
            self._perform(posted)
        if signals.soonest is None:
            return
        if self._jump:
            # The two clocks differ: only a look tells when the timer is due.
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
            log.error("timer %s failed; it rings again in a minute", timer.key, exc_info=error)
            later = self._world.monotonic() + PUT_OFF
            self._store.write_in_background(lambda tx: timers.postpone(tx, timer, later))
        elif not self._ringing:
            self._arm(self._world.monotonic())

    def _perform(self, posted: OutboxRow) -> None:
        if self._stopped or posted.id in self._under_way:
            return
        task = self._loop.create_task(self._services[posted.service].handle_outbox_row(posted))
        self._under_way[posted.id] = task
        task.add_done_callback(lambda done: self._performed(posted.id, done))

    def _performed(self, key: int, task: "asyncio.Task[None]") -> None:
        del self._under_way[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("something the outbox asked for failed; it is tried again at the next start", exc_info=error)

    def _lost(self, error: sqlite3.Error) -> None:
        if not self._refused:
            log.error("the data directory takes no writes (%s); nothing is lost, trying again", error)
        self._refused = str(error)
        self._displaced = isinstance(error, FilesDisplaced)
        for service in self._services.values():
            service.drop_caches()

    def _recover(self) -> None:
        """Go on: a turn that was kept in files that were away was not told of, but is in the outbox."""
        was_displaced, self._displaced, self._refused = self._displaced, False, ""
        log.warning("the data directory takes writes again")
        for posted in outbox.pending(self._store.reader) if was_displaced else ():
            self._perform(posted)

    def _check_directory(self) -> None:
        """Notice also without a write that the files of the store are gone, or are there again."""
        trouble = self._store.trouble()
        if trouble and not self._refused:
            self._lost(FilesDisplaced(trouble))
        elif self._displaced and not trouble:
            self._recover()

    def _check_clock(self) -> None:
        """Keep by how much the wall clock was set: the next engine's steady clock begins at the wall clock's time."""
        jump = self._world.now() - self._world.monotonic()
        if abs(jump - self._jump) < JUMP:
            return
        log.warning(
            "the wall clock was set by %+.1f s; what measures a length of time keeps its length",
            (jump - self._jump) / 1000,
        )
        self._jump = jump
        self._store.write_in_background(lambda tx: timers.save_clock_jump(tx, jump))
