"""The health of an engine: each problem has a name and a reason."""

from dataclasses import replace

import pytest

from lamplighter import __version__
from lamplighter.base.errors import Unavailable
from lamplighter.engine import health
from lamplighter.engine.health import Condition
from lamplighter.store import file_faults
from lamplighter.store.file_faults import FaultKind
from lamplighter.wire.access.credentials import Credentials
from tests.engine_harness import EngineHarness


def test_a_healthy_engine_reports_ok(harness: EngineHarness) -> None:
    found = health.read_health(harness.engine)
    assert found.available
    assert found.body() == {"status": "ok", "version": __version__}


def test_a_condition_that_stops_work_comes_first_and_makes_the_engine_unavailable(harness: EngineHarness) -> None:
    minor = Condition("docker", "Docker does not answer", stops_work=False)
    severe = Condition("data-directory", "the disk is full", stops_work=True)
    assert health.read_health(harness.engine, [lambda _: minor]).status == "degraded"
    found = health.read_health(harness.engine, [lambda _: minor, lambda _: None, lambda _: severe])
    assert not found.available
    assert found.body() == {
        "status": "unavailable",
        "version": __version__,
        "reason": "the disk is full",
        "conditions": [
            {"name": "data-directory", "reason": "the disk is full"},
            {"name": "docker", "reason": "Docker does not answer"},
        ],
    }


def test_a_disk_that_rejects_writes_is_a_condition_until_it_accepts_them(harness: EngineHarness) -> None:
    machine = harness.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    harness.disk.fill("write")
    with pytest.raises(Unavailable):
        harness.start(machine)
    found = health.read_health(harness.engine)
    assert found.status == "unavailable"
    assert found.conditions[0].name == "data-directory"
    assert "disk is full" in found.conditions[0].reason
    harness.disk.fill("")
    harness.start(machine)
    assert health.read_health(harness.engine).status == "ok"


def test_an_engine_with_credentials_names_the_file_that_is_not_applied_and_where_the_reason_is(
    harness: EngineHarness,
) -> None:
    engine = harness.engine

    async def record() -> None:
        await engine.store.write(
            lambda tx: file_faults.record(tx, "jobs.yaml", FaultKind.UNAPPLIED, "job a: no image", 0)
        )

    harness.run(record())
    assert health.read_health(engine).conditions[0].reason == "jobs.yaml is not applied: job a: no image"
    engine.config = replace(engine.config, task_credentials=Credentials("a", "b", "c"))
    found = health.read_health(engine).conditions[0].reason
    assert found == "jobs.yaml is not applied: the log of `lamplighter up` says why"
