"""Test that a state machine formats an instant in a time zone exactly as the engine does."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import dumps
from lamplighter.jobs.machine.alert_expressions import DEFINE_DURATION
from lamplighter.jobs.machine.local_times import define_local_time, zone_document
from lamplighter.lang.jsonata.expression import compile_expression
from lamplighter.runs.history.durations import format_duration
from lamplighter.runs.local_times import format_local_time
from tests.manual_world import manual_world

SECONDS = st.integers(1_767_225_600, 2_145_916_799)
"""The seconds of the years for which a zone's document has offsets."""
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Seoul", "Asia/Kolkata", "Australia/Lord_Howe")
"""Zones with and without summer time, one whose offset has half an hour, and one whose clocks move by half an hour."""


def evaluate(text: str) -> object:
    return compile_expression(f"({text})").value({}, manual_world())


@pytest.mark.parametrize("zone", ZONES)
@given(SECONDS)
def test_a_machine_and_the_engine_format_an_instant_alike(zone: str, second: int) -> None:
    text = f"{define_local_time(dumps(zone_document(zone)))} $local({second * 1000})"
    assert evaluate(text) == format_local_time(second * 1000, zone)


@given(st.integers(10, 86_399))
def test_a_machine_and_the_engine_format_a_duration_alike(seconds: int) -> None:
    assert evaluate(f"{DEFINE_DURATION} $duration({seconds * 1000})") == format_duration(seconds)


def test_a_zone_without_summer_time_has_one_offset() -> None:
    found: Mapping[str, object] = zone_document("Asia/Seoul")
    assert found == {"name": "Asia/Seoul", "offsets": [{"from": 0, "offset": "+0900"}]}
