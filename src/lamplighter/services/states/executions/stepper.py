"""Compute the steps of executions in the engine's process, and end executions that cannot continue.

A step without a known bound raises `UnboundedWork`; `isolated_steps.py` computes such a step in a separate process.
"""

import logging
import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from lamplighter.asl.definition.model import Definition, Resource
from lamplighter.asl.execution.advance import advance
from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import Broken, Event, Started, StopRequested
from lamplighter.asl.execution.step import RefusalReason, Step
from lamplighter.base.errors import UnboundedWork
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.services.states.machines.compiled_definitions import CompiledDefinitions
from lamplighter.services.states.steps import step_marker
from lamplighter.services.states.steps.isolated_steps import INTERNAL_ERROR, IsolatedSteps, TaskRefusal
from lamplighter.services.states.steps.port import NEW_EXECUTION, NO_CALLS, CallMaker, StepCalls
from lamplighter.services.states.steps.running_executions import RunningExecution
from lamplighter.services.states.tables import activities
from lamplighter.store.db import Reader, Tx

EXECUTION_ENDING_EVENTS = (StopRequested, Broken)
"""Events that end an execution in any state: their step evaluates no expression and never waits."""
EMPTY_DEFINITION = Definition(blocks=())

log = logging.getLogger("lamplighter.states")


def task_refusal(why_unfit: RefusalReason, reader: Reader, resource: Resource, parameters: Json) -> str | None:
    """Return why a task with these parameters cannot start, or None if it can; `why_unfit` judges calls."""
    if resource.kind != "activity":
        return why_unfit(resource, parameters)
    return None if activities.exists(reader, resource.text) else f"The activity {resource.text} does not exist."


@dataclass(slots=True)
class Stepper:
    """Computes steps."""

    _world: World
    _definitions: CompiledDefinitions
    _isolated: IsolatedSteps
    _refusal: TaskRefusal
    _calls: CallMaker
    _bounded_world: World = field(init=False)

    def __post_init__(self) -> None:
        self._bounded_world = replace(self._world, allows_unbounded_work=False)

    def first_step_with_calls(self, tx: Tx, execution: Execution, revision: str) -> Step:
        """Make the first step of a new execution, with the calls that belong to it."""
        return self.first_step(tx, execution, revision, self._calls.begin(tx, NEW_EXECUTION, execution))

    def first_step(self, reader: Reader, execution: Execution, revision: str, calls: StepCalls = NO_CALLS) -> Step:
        """Return the first step of a new execution: up to its first wait, or without a state if it may take long."""
        definition = self._definitions.definition_of(reader, execution, revision)
        subject, refuses = step_marker.revision_subject(revision), partial(self._refusal, reader)
        if not self._isolated.deaths(subject):
            self._isolated.mark_until_loop_turns(subject)
            with suppress(UnboundedWork), calls as make_call:
                return advance(
                    definition,
                    execution,
                    Started(),
                    self._bounded_world,
                    refusal_reason=refuses,
                    make_call=make_call,
                )
        return advance(definition, execution, Started(), self._bounded_world, crossings=0, refusal_reason=refuses)

    def waiting_step(self, reader: Reader, execution: Execution, revision: str) -> Step:
        """Return the first step of an execution that enters no state yet."""
        definition = self._definitions.definition_of(reader, execution, revision)
        return advance(definition, execution, Started(), self._bounded_world, crossings=0)

    def step(self, tx: Tx, key: int, running: RunningExecution, event: Event) -> Step:
        """Return the step that an event leads to; a step that ends the execution if that fails.

        Raises `UnboundedWork`.
        """
        revision, execution = running
        try:
            definition = self._definitions.definition_of(tx, execution, revision)
            world = self._world if isinstance(event, EXECUTION_ENDING_EVENTS) else self._bounded_world
            refuses, calls = partial(self._refusal, tx), self._calls.begin(tx, key, execution)
            with self._isolated.mark_step(step_marker.execution_subject(key)), calls as make_call:
                return advance(definition, execution, event, world, refusal_reason=refuses, make_call=make_call)
        except (UnboundedWork, sqlite3.OperationalError):
            raise
        except Exception:
            log.exception(
                "execution %s cannot continue from %s; the execution fails", execution.arn, type(event).__name__
            )
            return self.broken_step(tx, running, INTERNAL_ERROR)

    def broken_step(self, reader: Reader, running: RunningExecution, cause: str) -> Step:
        """Return the step that ends an execution and cancels its tasks, or only ends it if they cannot be read."""
        revision, execution = running
        try:
            return advance(self._definitions.definition(reader, revision), execution, Broken(cause), self._world)
        except Exception:
            log.exception("the tasks of execution %s cannot be cancelled", execution.arn)
            return self.last_step(execution, cause)

    def last_step(self, execution: Execution, cause: str) -> Step:
        """Return the step that ends an execution without its frames; it cannot be redriven."""
        bare = replace(execution, frames={}, results={})
        return replace(advance(EMPTY_DEFINITION, bare, Broken(cause), self._world), redrive=None)
