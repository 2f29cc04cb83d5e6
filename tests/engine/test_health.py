"""The health of an engine: each problem has a name and a reason."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter import __version__, monitoring
from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import loads
from lamplighter.engine import health
from lamplighter.engine.engine import Engine
from lamplighter.engine.health import Condition
from lamplighter.store import file_faults
from lamplighter.store.file_faults import FaultKind
from lamplighter.wire.access.credentials import Credentials
from lamplighter.wire.http import HttpRequest, Response
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
            {"name": "data-directory", "reason": "the disk is full", "advice": severe.advice},
            {"name": "docker", "reason": "Docker does not answer", "advice": minor.advice},
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


def test_each_condition_is_in_the_manual_with_what_to_do() -> None:
    manual = (Path(__file__).parents[2] / "docs/manual/monitoring.md").read_text()
    rows = manual.partition("| condition |")[2].partition("\n\n")[0].splitlines()[2:]
    assert {name for row in rows for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])} == set(health.ADVICE)
    assert all(health.ADVICE.values())


def test_the_public_health_says_that_a_file_is_not_applied_and_where_the_reason_is(harness: EngineHarness) -> None:
    engine = harness.engine

    async def record() -> None:
        await engine.store.write(
            lambda tx: file_faults.record(tx, "jobs.yaml", FaultKind.UNAPPLIED, "job a: no image", 0)
        )

    harness.run(record())
    assert health.read_health(engine).conditions[0].reason == "jobs.yaml is not applied: job a: no image"
    engine.config = replace(engine.config, task_credentials=Credentials("a", "b", "c"))
    request = HttpRequest("GET", monitoring.HEALTH_PATH, b"", {}, b"")
    answer = harness.run(_get_health(engine, request))
    assert loads(answer.body)["reason"] == "a job file is not applied: the log of `lamplighter up` says why"


def test_the_public_health_names_no_file_of_this_machine(harness: EngineHarness) -> None:
    problem = "the renewed TLS certificate cannot be used: the key /etc/tls/key does not belong to it"
    harness.engine.config = replace(harness.engine.config, certificate_problem=lambda _now: problem)
    harness.disk.fill("write")
    with pytest.raises(Unavailable):
        harness.call("sqs", "CreateQueue", QueueName="q")
    found = health.read_health(harness.engine)
    assert [each["reason"] for each in found.body()["conditions"]][1] == problem
    assert [each["reason"] for each in found.body(is_public=True)["conditions"]] == [
        "the data directory cannot be written",
        "the renewed TLS certificate cannot be used",
    ]


async def _get_health(engine: Engine, request: HttpRequest) -> Response:
    return await monitoring.ENDPOINTS[request.path](engine, request, "id")
