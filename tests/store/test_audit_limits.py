"""The audit log when one caller is refused again and again: it stays small, and says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.store.audit_limits import MAX_PER_HOUR, LimitedKind
from lamplighter.store.audit_log import Actor, AuditEntry, list_entries, record_limited, record_refusal, write_audited
from lamplighter.store.db import Tx
from tests.engine_harness import HOUR, EngineHarness

NOISY, QUIET = Actor("dashboard", "key", "192.0.2.1"), Actor("anna", "key", "192.0.2.2")


@pytest.fixture
def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineHarness]:
    monkeypatch.setattr("lamplighter.store.audit_limits.MAX_PER_HOUR", 3)
    with EngineHarness.running(tmp_path / "data") as running:
        yield running


def refuse(harness: EngineHarness, actor: Actor, times: int) -> None:
    for _ in range(times):
        harness.run(record_refusal(harness.engine.store, actor, "StopExecution", {"executionArn": "arn:e"}))


def entries(harness: EngineHarness, who: str = "") -> list[AuditEntry]:
    """Return the entries, the oldest first."""
    found = list_entries(harness.engine.store.reader, limit=999)
    return [each for each in reversed(found) if who in ("", each.who)]


def test_failed_logins_and_refused_calls_have_the_same_limit() -> None:
    assert MAX_PER_HOUR == 500


def test_refused_calls_above_the_limit_are_one_entry_that_counts_them(harness: EngineHarness) -> None:
    refuse(harness, NOISY, 10)
    found = [(each.who, each.how, each.action, each.resource, each.outcome) for each in entries(harness)]
    assert found == [
        *[("dashboard", "key", "stop execution", "arn:e", "AccessDenied")] * 3,
        ("dashboard", "key", "refused calls", "", "7 more in this hour"),
    ]


def test_a_noisy_caller_hides_no_refusal_of_another_one(harness: EngineHarness) -> None:
    refuse(harness, NOISY, 10)
    refuse(harness, QUIET, 1)
    assert [each.outcome for each in entries(harness, "anna")] == ["AccessDenied"]


def test_failed_logins_with_a_name_hide_no_refused_call_of_it(harness: EngineHarness) -> None:
    kind = LimitedKind.FAILED_LOGIN
    for _ in range(5):
        harness.run(record_limited(harness.engine.store, QUIET, "log in", "", "wrong password", kind))
    refuse(harness, QUIET, 1)
    assert [(each.action, each.outcome) for each in entries(harness)][3:] == [
        ("failed logins", "2 more in this hour"),
        ("stop execution", "AccessDenied"),
    ]


def test_each_hour_has_its_own_entries(harness: EngineHarness) -> None:
    refuse(harness, NOISY, 5)
    harness.advance(HOUR)
    refuse(harness, NOISY, 4)
    assert [each.outcome for each in entries(harness)] == [
        *["AccessDenied"] * 3, "2 more in this hour", *["AccessDenied"] * 3, "1 more in this hour",
    ]  # fmt: skip


def test_the_limit_survives_a_restart(harness: EngineHarness) -> None:
    refuse(harness, NOISY, 5)
    harness.restart()
    refuse(harness, NOISY, 1)
    assert [each.outcome for each in entries(harness)] == [*["AccessDenied"] * 3, "3 more in this hour"]


def test_calls_that_fail_are_limited_and_calls_that_succeed_are_not(harness: EngineHarness) -> None:
    def fail(_tx: Tx) -> None:
        raise AwsError("no such queue", code="NotFound")

    for _ in range(5):
        with pytest.raises(AwsError):
            harness.run(write_audited(harness.engine.store, NOISY, "PurgeQueue", {}, fail))
        harness.run(write_audited(harness.engine.store, NOISY, "PurgeQueue", {}, lambda _tx: None))
    found = [each.outcome for each in entries(harness)]
    assert (found.count("done"), found.count("NotFound"), found.count("2 more in this hour")) == (5, 3, 1)
