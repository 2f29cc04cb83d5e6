"""An error in a callback of the engine stops nothing else, is reported by the health, and is logged."""

from collections.abc import Callable
from unittest import mock

import pytest

from lamplighter.base.json_text import Json
from lamplighter.bus import Event
from lamplighter.engine import health
from lamplighter.store import timers
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer
from tests.engine_harness import SECOND, EngineHarness, chain, job
from tests.fake_runtime import Script

FAILS: Json = {
    "Overrides": {"ContainerOverrides": [{"Name": "main", "Environment": [{"Name": "FAIL", "Value": "yes"}]}]}
}
"""Parameters with which the container fails."""
Break = Callable[[EngineHarness], None]
"""Breaks one callback of a running engine."""


class Broken(Exception):
    """The error of the broken callback."""


def fail(*_: object) -> None:
    raise Broken


def break_after_commit(harness: EngineHarness) -> None:
    harness.engine.bus.subscribe("*", lambda tx, _event: tx.after_commit.append(fail))


def break_after_undo(harness: EngineHarness) -> None:
    def undo(tx: Tx, _event: Event) -> None:
        def write_and_fail() -> None:
            tx.after_undo.append(fail)
            raise Broken

        with pytest.raises(Broken), tx.nested():
            write_and_fail()

    harness.engine.bus.subscribe("*", undo)


def break_listener(harness: EngineHarness) -> None:
    harness.engine.bus.subscribe("*", fail)


def break_timer(harness: EngineHarness) -> None:
    """Break the timers of one service; a second one belongs to no service."""
    mock.patch.object(harness.engine.services["scheduler"], "fire_timer", fail).start()
    for service in ("scheduler", "unknown"):
        harness.run(put_timer(harness, service))


async def put_timer(harness: EngineHarness, service: str) -> None:
    await harness.engine.store.write(
        lambda tx: timers.put(tx, Timer(service, "it", "0", harness.clock.wall), steady_clock=False)
    )


def break_outbox_row(harness: EngineHarness) -> None:
    """Break the rows of one service; a second one belongs to no service."""
    mock.patch.object(harness.engine.services["scheduler"], "handle_outbox_row", fail).start()
    for service in ("scheduler", "unknown"):
        harness.run(put_row(harness, service))


async def put_row(harness: EngineHarness, service: str) -> None:
    await harness.engine.store.write(
        lambda tx: tx.signals.outbox_rows.append(OutboxRow(0, service, "it", {})),
    )


def break_commit_signal(harness: EngineHarness) -> None:
    """Break the announcement of the next commit that sets a timer."""
    store = harness.engine.store
    announce = store.on_commit

    def announce_once(signals: Json) -> None:
        store.on_commit = announce
        raise Broken

    store.on_commit = announce_once


def break_check_of_timers(harness: EngineHarness) -> None:
    """Break the next check of the timers."""
    due_timers, broken = timers.due_timers, [True]

    def fail_once(*arguments: Json) -> list[Timer]:
        if broken:
            broken.clear()
            raise Broken
        return due_timers(*arguments)

    mock.patch.object(timers, "due_timers", fail_once).start()


def break_drop_caches(harness: EngineHarness) -> None:
    """Break the first service that drops its caches, and let a turn fail."""
    first = next(iter(harness.engine.services.values()))
    mock.patch.object(first, "drop_caches", fail).start()
    harness.disk.fill("write")
    with pytest.raises(Exception, match="disk is full"):
        harness.call("ecs", "CreateCluster", clusterName="other")
    harness.disk.fill("")


def test_an_engine_that_cannot_read_its_timers_is_unavailable_until_it_can(harness: EngineHarness) -> None:
    run = harness.run_machine({"Type": "Wait", "Seconds": 10})
    with mock.patch.object(timers, "due_timers", fail):
        harness.advance(60 * SECOND)
        found = health.read_health(harness.engine)
    assert found.status == "unavailable"
    assert found.conditions[0].name == "data-directory"
    harness.advance(10 * SECOND)
    assert "data-directory" not in [each.name for each in health.read_health(harness.engine).conditions]
    assert harness.status(run) == "SUCCEEDED"


@pytest.fixture(autouse=True)
def _stop_patches() -> object:
    yield
    mock.patch.stopall()


@pytest.mark.parametrize(
    "break_callback",
    [
        break_after_commit,
        break_after_undo,
        break_listener,
        break_timer,
        break_outbox_row,
        break_commit_signal,
        break_check_of_timers,
        break_drop_caches,
    ],
)
def test_runs_succeed_and_fail_as_ever_beside_a_callback_that_raises(
    harness: EngineHarness, break_callback: Break
) -> None:
    harness.define_task()
    good = harness.machine(chain({"Type": "Wait", "Seconds": 10}, job()), "good")
    bad = harness.machine(chain({"Type": "Wait", "Seconds": 10}, job(Parameters=FAILS)), "bad")
    harness.runtime.script(Script(code=1), lambda container: "FAIL" in container.environment)
    break_callback(harness)
    runs = [harness.start(machine) for machine in (good, bad, good, bad)]
    harness.advance(10 * SECOND)
    harness.advance(10 * SECOND)
    assert [harness.status(run) for run in runs] == ["SUCCEEDED", "FAILED", "SUCCEEDED", "FAILED"]
    assert harness.engine.dispatcher.idle
    found = health.read_health(harness.engine)
    assert found.status == "degraded"
    assert "internal-errors" in [each.name for each in found.conditions]
