"""On AWS, whatever link of an alert breaks, somebody hears of it, and the manual says who."""

from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.aws.event_sources import EventSource
from tests.jobs.broken_links import PAGE, ROWS, BrokenLink, LinkHarness, cause, page


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.alert}: {row.link}")
def test_somebody_hears_of_a_broken_link(tmp_path: Path, row: BrokenLink) -> None:
    harness = LinkHarness(tmp_path / "data")
    lost = frozenset({EventSource.STATES}) if row.lost_events else frozenset()
    harness.config = replace(harness.config, enforce_iam=True, aws_limits=True, drop_events=lost)
    harness.up()
    try:
        alert = "run-failed" if row.alert.startswith("any") else row.alert
        harness.deploy_link(tmp_path, alert, row.channel)
        row.break_it(harness)
        cause(harness, alert)
        harness.pass_minutes(row.within)
        assert harness.told() == set(row.told)
    finally:
        harness.close()


def test_the_page_of_broken_links_is_as_the_rows_say() -> None:
    assert PAGE.read_text() == page()
