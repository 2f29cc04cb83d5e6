"""Apply the overlap rule of a state machine: what a new execution does while an earlier one runs.

The tag `lamplighter:overlap` of a standard state machine is the rule; AWS ignores it.

- `queue` or `queue:N`: the new execution waits until all earlier ones have ended. It is RUNNING, and its history has
  only ExecutionStarted. Executions continue in the order in which they were started, each in the moment in which the
  one before it ends. At most N executions wait (100, unless the tag says otherwise); a further one fails with
  `Lamplighter.QueueFull`, so that rules and alerts report it.
- `cancel-previous`: the earlier executions, also those that wait since the rule was `queue`, are stopped in the
  transaction that starts the new one.

The `TimeoutSeconds` of an execution begin when it stops waiting. Children of Map Runs and express executions have no
rule. A redriven execution continues at once, as on AWS.
"""

from dataclasses import dataclass

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import Broken, StopRequested
from lamplighter.base.count_text import format_count
from lamplighter.base.engine_rules import DEFAULT_QUEUE_LENGTH, MAX_QUEUE_LENGTH, OVERLAP_TAG, QUEUE_FULL
from lamplighter.base.errors import ValidationError
from lamplighter.base.world import World
from lamplighter.services.states.steps import deadline
from lamplighter.services.states.steps.port import ExecutionDriver
from lamplighter.services.states.tables import queued_executions
from lamplighter.store.db import Tx

QUEUE, CANCEL_PREVIOUS = "queue", "cancel-previous"
SUPERSEDED = "Lamplighter.Superseded"


@dataclass(frozen=True, slots=True)
class OverlapRule:
    """What a new execution does while an earlier one runs."""

    mode: str
    """`queue` or `cancel-previous`."""
    queue_length: int = DEFAULT_QUEUE_LENGTH
    """The most executions that wait."""


def parse_rule(tags: dict[str, str]) -> OverlapRule | None:
    """Return the rule that the tags of a state machine give, or None; raises ValidationError for an unknown one."""
    text = tags.get(OVERLAP_TAG)
    if text is None:
        return None
    mode, colon, length = text.partition(":")
    if text == CANCEL_PREVIOUS or (mode == QUEUE and not colon):
        return OverlapRule(mode)
    if mode == QUEUE and length.isascii() and length.isdecimal() and 1 <= int(length) <= MAX_QUEUE_LENGTH:
        return OverlapRule(mode, int(length))
    raise ValidationError(
        f"The tag {OVERLAP_TAG} must be {QUEUE}, {QUEUE}:N with N from 1 to {MAX_QUEUE_LENGTH}, or {CANCEL_PREVIOUS}; "
        f"it is '{text}'"
    )


class ExecutionQueues:
    """The queues of one engine's state machines."""

    def __init__(self, driver: ExecutionDriver, world: World) -> None:
        self._driver = driver
        self._world = world

    def start(self, tx: Tx, execution: Execution, revision: str, rule: OverlapRule) -> None:
        """Start an execution by a rule: it begins, waits, or fails because too many wait."""
        if rule.mode == CANCEL_PREVIOUS:
            earlier = queued_executions.active_executions(tx, execution.machine)
            cause = f"A newer run of the job began: {execution.arn}"
            # An execution that waited under another rule would begin with the end of the one before it.
            for key in (*queued_executions.newest_first(tx, execution.machine), *earlier):
                self._driver.send_event(tx, key, StopRequested(SUPERSEDED, cause))
            self._driver.start(tx, execution, revision)
            return
        if not queued_executions.has_active_execution(tx, execution.machine):
            self._driver.start(tx, execution, revision)
            return
        waiting = queued_executions.count(tx, execution.machine)
        key = self._driver.start_waiting(tx, execution, revision)
        if waiting < rule.queue_length:
            queued_executions.add(tx, key, execution.machine, self._world.monotonic())
            running = self._driver.find(tx, key)
            assert running is not None
            deadline.hold(tx, key, running.execution)
        else:
            runs = format_count(waiting, "run waits", "runs wait")
            cause = (
                f"the queue of {execution.machine_name} is full: {runs} already; shorten the runs, start them less "
                "often, or raise the queue's length"
            )
            self._driver.send_event(tx, key, Broken(cause, QUEUE_FULL))

    def on_end(self, tx: Tx, key: int, machine: str) -> None:
        """Let the next execution of a state machine continue after one has ended."""
        if queued_executions.first(tx, machine) is not None:
            queued_executions.remove(tx, key)
            self._begin_next(tx, machine)

    def resume_all(self, tx: Tx) -> None:
        """Let the next execution of each state machine continue if no earlier one runs."""
        for machine in queued_executions.machines(tx):
            self._begin_next(tx, machine)

    def _begin_next(self, tx: Tx, machine: str) -> None:
        """Let the execution continue that has waited longest, unless an earlier one runs."""
        if queued_executions.has_active_execution(tx, machine):
            return
        key = queued_executions.first(tx, machine)
        since = None if key is None else queued_executions.remove(tx, key)
        if key is None or since is None:
            return
        running = self._driver.find(tx, key)
        if running is not None:
            deadline.release(tx, key, running.execution, self._world.monotonic() - since)
        tx.after_commit.append(lambda: self._driver.resume_soon(key))
