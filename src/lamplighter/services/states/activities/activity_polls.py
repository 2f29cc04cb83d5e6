"""Hand out the tasks of activities: polling workers wait in line, and the first one gets the next task.

Guarantees that a task is handed out in the transaction that sends the event to its execution. If a worker disconnects,
the task that it was about to receive returns to its old place in the queue.
See https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lamplighter.asl.execution.messages import TaskStarted
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.lookup import find_activity
from lamplighter.services.states.tables import activities
from lamplighter.services.states.tables.activities import WaitingTask
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store.db import Reader, Store, Tx

if TYPE_CHECKING:
    from aws_types import states as aws

LONG_POLL_SECONDS = 60.0
"""Seconds: "The maximum time the service holds on to the request before responding is 60 seconds." (GetActivityTask)"""


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """The workers that wait for tasks of one activity, in the order of their requests."""

    head: asyncio.Lock = field(default_factory=asyncio.Lock)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """An event that is set when there may be a task."""


class ActivityPolls:
    """The polls of workers that wait for tasks."""

    def __init__(self, store: Store, driver: Driver, poll_seconds: float = LONG_POLL_SECONDS) -> None:
        self._store = store
        self._driver = driver
        self._poll_seconds = poll_seconds
        self._lines: defaultdict[str, WorkerLine] = defaultdict(WorkerLine)

    def poll(
        self, reader: Reader, _caller: Caller, params: "aws.GetActivityTaskInput"
    ) -> Awaitable["aws.GetActivityTaskOutput"]:
        """Handle GetActivityTask."""
        activity = find_activity(reader, params["activityArn"])
        return self._wait(activity.arn, params.get("workerName"))

    def enqueue_task(self, tx: Tx, activity: str, work: Work, token: str, text: str) -> None:
        """Queue a task, with its input as JSON text, and wake the first waiting worker after the commit."""
        activities.enqueue(tx, activity, work, token, text)
        tx.after_commit.append(self._lines[activity].changed.set)

    async def _wait(self, activity: str, worker: str | None) -> Json:
        line = self._lines[activity]
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll_seconds), line.head:
                while True:
                    line.changed.clear()
                    task = await self._take(activity, worker)
                    if task is not None:
                        return {"taskToken": task.token, "input": task.input}
                    await line.changed.wait()
        return {}

    async def _take(self, activity: str, worker: str | None) -> WaitingTask | None:
        taking = self._store.write(lambda tx: self._hand_out(tx, activity, worker))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            task = await taking
            if task is not None:
                await self._store.write(lambda tx: self._put_back(tx, task))
            raise

    def _hand_out(self, tx: Tx, activity: str, worker: str | None) -> WaitingTask | None:
        while (task := activities.take(tx, activity)) is not None:
            work = task.work
            if self._driver.pending_work.waits_for(tx, work):
                self._driver.send_event(tx, work.execution, TaskStarted(work.frame, work.number, worker))
                return task
        return None

    def _put_back(self, tx: Tx, task: WaitingTask) -> None:
        activities.put_back(tx, task)
        tx.after_commit.append(self._lines[task.activity].changed.set)
