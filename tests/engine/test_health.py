"""The health of an engine: what is wrong has a name and a reason."""

import pytest

from lamplighter import __version__
from lamplighter.base.errors import Unavailable
from lamplighter.engine import health
from lamplighter.engine.health import Condition
from tests.engines import Site


def test_an_engine_that_is_well_says_so(site: Site) -> None:
    found = health.read_health(site.engine)
    assert found.available
    assert found.body() == {"status": "ok", "version": __version__}


def test_what_stops_the_work_comes_first_and_makes_the_engine_unavailable(site: Site) -> None:
    minor = Condition("docker", "Docker does not answer", stops_work=False)
    grave = Condition("data-directory", "the disk is full", stops_work=True)
    assert health.read_health(site.engine, [lambda _: minor]).status == "degraded"
    found = health.read_health(site.engine, [lambda _: minor, lambda _: None, lambda _: grave])
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


def test_a_disk_that_refuses_writes_is_a_condition_until_it_takes_them(site: Site) -> None:
    machine = site.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    site.disk.fill("write")
    with pytest.raises(Unavailable):
        site.start(machine)
    found = health.read_health(site.engine)
    assert found.status == "unavailable"
    assert found.conditions[0].name == "data-directory"
    assert "disk is full" in found.conditions[0].reason
    site.disk.fill("")
    site.start(machine)
    assert health.read_health(site.engine).status == "ok"
