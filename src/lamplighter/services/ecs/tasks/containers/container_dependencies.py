"""Wait for the containers on which another one depends (`dependsOn`).

Guarantees the rules and the words of ECS's agent: HEALTHY, COMPLETE and SUCCESS must be reached within the
`startTimeout` of the dependency, counted from its start; START is also met by a container that has already stopped. A
container whose dependency can never be met counts as stopped with the exit code 143; if it is essential, its task
stops.
See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html and
https://github.com/aws/amazon-ecs-agent/pull/3218.
"""

import asyncio
from collections.abc import Callable, Sequence

from lamplighter.runtime.port import ContainerExit
from lamplighter.services.ecs.tasks.containers.container_states import ContainerState
from lamplighter.services.ecs.tasks.runtime_retry import Pause

UNRESOLVED_EXIT_CODE = 143
"""The exit code of a container that never ran because a dependency cannot be met."""


async def await_dependencies(
    state: ContainerState, states: Sequence[ContainerState], now: Callable[[], int], pause: Pause
) -> None:
    """Return when a container may start, or when it never may: then its `failure` says why."""
    for name, condition in state.plan.depends_on:
        dependency = next(each for each in states if each.plan.name == name)
        reason = await _await_condition(dependency, condition, now, pause)
        if reason is not None:
            failure = f"CannotStartContainerError: dependency graph: {reason(_text(dependency), _text(state))}"
            state.exit = ContainerExit(UNRESOLVED_EXIT_CODE, now(), failure)
            state.fail(failure)
            return


Reason = Callable[[str, str], str]
"""A function that returns why a dependency cannot be met, given the texts of dependency and dependent."""


async def _await_condition(
    dependency: ContainerState, condition: str, now: Callable[[], int], pause: Pause
) -> Reason | None:
    """Return None when a condition is met, or why it never will be."""
    await _first_of(dependency.started, dependency.ended)
    if not dependency.started.is_set():
        return lambda other, target: (
            f"failed to resolve container ordering dependency [{other}] for target [{target}] "
            "because dependency will never start"
        )
    if condition == "START":
        return None
    events = (dependency.ended, dependency.healthy) if condition == "HEALTHY" else (dependency.ended,)
    if not await _first_in_time(dependency, events, now, pause):
        return lambda other, target: f"container ordering dependency [{other}] for target [{target}] has timed out."
    if condition == "COMPLETE" or (condition == "HEALTHY" and dependency.healthy.is_set()):
        return None
    if condition == "SUCCESS" and dependency.exit is not None and dependency.exit.code == 0:
        return None
    end = "did not exit successfully" if condition == "SUCCESS" else "stopped before it was healthy"
    return lambda other, target: (
        f"failed to resolve container ordering dependency [{other}] for target [{target}] as dependency {end}."
    )


async def _first_in_time(
    dependency: ContainerState, events: Sequence[asyncio.Event], now: Callable[[], int], pause: Pause
) -> bool:
    """Return whether one of the events is set within the dependency's `startTimeout`, which counts from its start."""
    seconds = dependency.plan.start_timeout
    if seconds is None or dependency.start is None:
        await _first_of(*events)
        return True
    deadline = dependency.start.started_at + seconds * 1000
    waiting = asyncio.ensure_future(_first_of(*events))
    try:
        while not waiting.done() and (left := deadline - now()) > 0:
            passing = asyncio.ensure_future(pause(left / 1000))
            await asyncio.wait((waiting, passing), return_when=asyncio.FIRST_COMPLETED)
            passing.cancel()
        return any(event.is_set() for event in events)
    finally:
        waiting.cancel()


async def _first_of(*events: asyncio.Event) -> None:
    """Return when one of the events is set."""
    if any(event.is_set() for event in events):
        return
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _text(state: ContainerState) -> str:
    """Return how ECS's agent writes a container: its name, its image, its statuses, and its exit code if it has one."""
    known = "STOPPED" if state.ended.is_set() else "RUNNING" if state.started.is_set() else "NONE"
    text = f"{state.plan.name}({state.plan.container.image or ''}) ({known}->RUNNING)"
    return text if state.exit is None or state.exit.code is None else f"{text} - Exit: {state.exit.code}"
