"""Run message move tasks: move a dead-letter queue's messages back to their source queues, or to another queue.

Guarantees that a task continues after a crash, that no message is lost or duplicated, and that a large queue is moved
in slices. "All redriven messages are considered new messages with a new messageID and enqueueTime." See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html.
"""

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, dump_bytes, loads
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.sqs.errors import (
    InvalidParameterValue,
    ResourceNotFound,
    UnsupportedOperation,
    check_range,
)
from lamplighter.services.sqs.messages.queue_messages import QueueMessages
from lamplighter.services.sqs.queue_urls import find_by_arn
from lamplighter.services.sqs.tables import move_tasks, queues
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.move_tasks import RUNNING, MoveTask
from lamplighter.services.sqs.tables.queues import SERVICE, Queue
from lamplighter.store import timers
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import sqs as aws

TIMER_NAME = "move"
MAX_MESSAGES_PER_TURN = 100
MAX_RATE = 500
MAX_STORED_TASKS = 10
COMPLETED, CANCELLED, FAILED = "COMPLETED", "CANCELLED", "FAILED"
NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
NO_SOURCE = "CouldNotDetermineMessageSource"


class MoveTasks:
    """The operations on message move tasks, and the timer that runs a task."""

    def __init__(self, world: World, queue_messages: QueueMessages) -> None:
        self._world = world
        self._queue_messages = queue_messages

    def start(
        self, tx: Tx, _caller: Caller, params: "aws.StartMessageMoveTaskInput"
    ) -> "aws.StartMessageMoveTaskOutput":
        """Start a task that moves messages (StartMessageMoveTask)."""
        source = _find_existing_queue(tx, params, "SourceArn")
        if not queues.dead_letter_sources(tx, source.arn, "", 1):
            raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
        if "DestinationArn" in params:
            _check_destination(source, _find_existing_queue(tx, params, "DestinationArn"))
        rate = params.get("MaxNumberOfMessagesPerSecond")
        if rate is not None:
            check_range(rate, "MaxNumberOfMessagesPerSecond", 1, MAX_RATE)
        if any(move.status == RUNNING for move in move_tasks.latest(tx, source.arn, 1)):
            raise InvalidParameterValue(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given "
                "time."
            )
        task = {"taskId": self._world.uuid(), "sourceArn": source.arn}
        handle = b64encode(dump_bytes(task)).decode()
        destination, now = params.get("DestinationArn"), tx.now
        key = move_tasks.put(tx, MoveTask(0, handle, source.arn, destination, rate, RUNNING, now, 0, source.messages))
        move_tasks.delete_old(tx, source.arn, MAX_STORED_TASKS)
        self._set_timer(tx, key, 0)
        return {"TaskHandle": handle}

    def list(
        self, reader: Reader, _caller: Caller, params: "aws.ListMessageMoveTasksInput"
    ) -> "aws.ListMessageMoveTasksOutput":
        """List the latest tasks of a source queue (ListMessageMoveTasks)."""
        source = _find_existing_queue(reader, params, "SourceArn")
        most = check_range(params.get("MaxResults", 1), "MaxResults", 1, MAX_STORED_TASKS)
        return {"Results": [_to_api(move) for move in move_tasks.latest(reader, source.arn, most)]}

    def cancel(
        self, tx: Tx, _caller: Caller, params: "aws.CancelMessageMoveTaskInput"
    ) -> "aws.CancelMessageMoveTaskOutput":
        """Cancel a task; messages that were already moved stay where they are (CancelMessageMoveTask)."""
        handle = params["TaskHandle"]
        _find_existing_queue(tx, {"SourceArn": _source_of(handle)}, "SourceArn")
        move = require(move_tasks.get_by_handle(tx, handle), lambda: ResourceNotFound("Task does not exist."))
        if move.status != RUNNING:
            raise UnsupportedOperation("Only active tasks can be cancelled.")
        move_tasks.update_progress(tx, move.id, CANCELLED, move.moved)
        return {"ApproximateNumberOfMessagesMoved": move.moved}

    def fire_timer(self, tx: Tx, timer: timers.Timer) -> None:
        """Move a slice of messages, and set the timer for the next slice."""
        move = move_tasks.get(tx, int(timer.subject.removeprefix(f"{TIMER_NAME}/")))
        if move is None or move.status != RUNNING:
            return
        source = find_by_arn(tx, move.source)
        if source is None:
            move_tasks.update_progress(tx, move.id, FAILED, move.moved, NO_QUEUE)
            return
        size = min(move.rate or MAX_MESSAGES_PER_TURN, MAX_MESSAGES_PER_TURN, move.total - move.moved)
        moved = move.moved
        for message in self._queue_messages.available(tx, source, size):
            destination = find_by_arn(tx, move.destination or message.source or "")
            if destination is None:
                known = move.destination or message.source
                move_tasks.update_progress(tx, move.id, FAILED, moved, NO_QUEUE if known else NO_SOURCE)
                return
            self.move(tx, source, destination, message)
            moved += 1
        next_available = self._queue_messages.next_available(tx, source)
        done = moved >= move.total or next_available is None or next_available > self._world.monotonic()
        move_tasks.update_progress(tx, move.id, COMPLETED if done else RUNNING, moved)
        if not done:
            self._set_timer(tx, move.id, 1000 * size // move.rate if move.rate else 0)

    def move(self, tx: Tx, source: Queue, destination: Queue, message: Message) -> None:
        """Move one message as a new message."""
        now = self._world.monotonic()
        self._queue_messages.delete(tx, source, message)
        fresh = replace(message, queue=destination.id, uuid=self._world.uuid(), sent=tx.now)
        fresh = replace(fresh, enqueued=now, visible=now, source=None)
        fresh = replace(fresh, receives=0, total_receives=0, first_received=None, last_received=None)
        self._queue_messages.put(tx, destination, fresh)

    def _set_timer(self, tx: Tx, key: int, wait: int) -> None:
        due = self._world.monotonic() + wait
        timers.put(tx, timers.Timer(SERVICE, f"{TIMER_NAME}/{key}", TIMER_NAME, due), steady_clock=True)


def _source_of(handle: str) -> str:
    """Return the ARN of the source queue that a task's handle contains. Raises `InvalidParameterValue`."""
    try:
        task = loads(b64decode(handle.encode(), validate=True))
    except ValueError:
        task = None
    source = task.get("sourceArn") if isinstance(task, dict) else None
    if not isinstance(source, str):
        raise InvalidParameterValue("Value for parameter TaskHandle is invalid.")
    return source


def _find_existing_queue(reader: Reader, params: Json, name: str) -> Queue:
    missing = f"The resource that you specified for the {name} parameter doesn't exist."
    return require(find_by_arn(reader, params[name]), lambda: ResourceNotFound(missing))


def _check_destination(source: Queue, destination: Queue) -> None:
    if destination.arn == source.arn:
        raise InvalidParameterValue("Source queue arn and destination queue arn cannot be the same.")
    if destination.fifo != source.fifo:
        raise InvalidParameterValue("Source queue and destination queue must be of the same type.")


def _to_api(move: MoveTask) -> Json:
    """Return a task as it is listed; its handle "is only populated for tasks that are in RUNNING status"."""
    answer = {
        "TaskHandle": move.handle if move.status == RUNNING else None,
        "Status": move.status,
        "SourceArn": move.source,
        "DestinationArn": move.destination,
        "MaxNumberOfMessagesPerSecond": move.rate,
        "ApproximateNumberOfMessagesMoved": move.moved,
        "ApproximateNumberOfMessagesToMove": move.total,
        "FailureReason": move.failure,
        "StartedTimestamp": move.started,
    }
    return {name: value for name, value in answer.items() if value is not None}
