"""Test the pings to a monitor of heartbeats: their URLs and what a message contains."""

import re

import pytest

from lamplighter.runs.jobs.heartbeat import make_ping, ping_url, read_ping, run_id

UUID = "4f6a0b9e-1c2d-4e3f-8a9b-0c1d2e3f4a5b"
RUN = f"arn:aws:states:us-east-1:123456789012:execution:reports-nightly:{UUID}"
SLOT_RUN = "arn:aws:states:us-east-1:123456789012:execution:reports-nightly:2026-01-01T00-00-00Z"


@pytest.mark.parametrize(
    ("status", "code", "url"),
    [
        ("RUNNING", None, "https://hc/a/start"),
        ("SUCCEEDED", None, "https://hc/a"),
        ("FAILED", 3, "https://hc/a/3"),
        ("FAILED", None, "https://hc/a/fail"),
        ("FAILED", 0, "https://hc/a/fail"),
        ("FAILED", 256, "https://hc/a/fail"),
        ("TIMED_OUT", None, "https://hc/a/fail"),
        ("ABORTED", None, "https://hc/a/fail"),
    ],
)
def test_the_url_states_how_a_run_began_or_ended(status: str, code: int | None, url: str) -> None:
    assert ping_url("https://hc/a", make_ping(status, RUN, code)) == f"{url}?rid={UUID}"


def test_a_slash_and_a_query_of_the_address_are_kept_apart_from_the_path() -> None:
    assert ping_url("https://hc/a/?key=1", make_ping("RUNNING", RUN)) == f"https://hc/a/start?key=1&rid={UUID}"


def test_the_id_of_a_run_that_is_named_after_its_slot_is_a_uuid_and_always_the_same() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", run_id(SLOT_RUN))
    assert run_id(SLOT_RUN) == run_id(SLOT_RUN) != run_id(f"{SLOT_RUN}1")


def test_a_message_that_only_has_the_status_is_a_ping_and_any_other_message_is_none() -> None:
    assert read_ping(f'{{"status":"FAILED","run":"{RUN}"}}') == {"path": "/fail", "rid": UUID, "text": ""}
    assert [read_ping(text) for text in ("lamplighter.yaml is not applied", "[]", "{}", '{"status":"X"}')] == [None] * 4
