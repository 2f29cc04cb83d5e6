"""The audit log: what an entry says, and how long it is kept."""

from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.store.audit_log import (
    Actor,
    add_entry,
    describe_operation,
    find_actors,
    list_entries,
    name_resource,
    write_audited,
)
from lamplighter.store.db import Tx
from tests.engine_harness import HOUR, EngineHarness

ANNA = Actor("anna", "console", "192.0.2.9")


def add_one(harness: EngineHarness, actor: Actor, action: str, resource: str = "") -> None:
    async def add() -> None:
        await harness.engine.store.write(lambda tx: add_entry(tx, actor, action, resource, "done"))

    harness.run(add())


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("StopExecution", "stop execution"), ("PutRule", "put rule"), ("TagQueue", "tag queue"),
        ("AssociateKmsKey", "associate kms key"), ("RedriveMessage", "redrive message"),
        ("ChangeMessageVisibilityBatch", "change message visibility batch"),
    ],
)  # fmt: skip
def test_an_operation_is_described_in_words(operation: str, words: str) -> None:
    assert describe_operation(operation) == words


@pytest.mark.parametrize(
    ("params", "resource"),
    [
        ({"stateMachineArn": "arn:m", "input": "secret", "name": "run-1"}, "arn:m"),
        ({"Name": "nightly", "GroupName": "default"}, "nightly"),
        ({"GroupName": "default"}, "default"),
        ({"cluster": "c", "task": "arn:t", "reason": "secret"}, "arn:t"),
        ({"AlarmNames": ["a", "b"]}, "a, b"),
        ({"TopicArn": "arn:t", "Endpoint": "anna@example.com"}, "arn:t"),
        ({"MessageBody": "secret", "QueueUrl": "http://h/1/q"}, "http://h/1/q"),
        ({"Description": "secret"}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_an_entry_names_the_resource_and_no_other_parameter(params: Json, resource: str) -> None:
    assert name_resource(params) == resource


def test_an_entry_is_written_with_its_action_or_not_at_all(tmp_path: Path) -> None:
    with EngineHarness.running(tmp_path / "data") as harness:
        store = harness.engine.store

        def succeed(tx: Tx) -> str:
            assert list_entries(tx, limit=9) == []  # the same transaction adds the entry afterwards
            return "answer"

        def fail(_tx: Tx) -> None:
            raise AwsError("secret reason", code="NotFound")

        assert harness.run(write_audited(store, ANNA, "PurgeQueue", {"QueueUrl": "q"}, succeed)) == "answer"
        with pytest.raises(AwsError):
            harness.run(write_audited(store, ANNA, "PurgeQueue", {"QueueUrl": "other"}, fail))
        found = list_entries(store.reader, limit=9)
        assert [(each.who, each.how, each.address) for each in found] == [("anna", "console", "192.0.2.9")] * 2
        assert [(each.action, each.resource, each.outcome) for each in found] == [
            ("purge queue", "other", "NotFound"),
            ("purge queue", "q", "done"),
        ]


def test_the_text_of_an_entry_is_one_line_of_limited_length(tmp_path: Path) -> None:
    with EngineHarness.running(tmp_path / "data") as harness:
        store = harness.engine.store
        hostile = Actor("anna\n2026-01-01 berta", "console", "\x1b[2J")
        add_one(harness, hostile, "a\u2028b", "\udcff" + "x" * 9999)
        (entry,) = list_entries(store.reader, limit=9)
        assert (entry.who, entry.address, entry.action) == ("anna 2026-01-01 berta", " [2J", "a b")
        assert len(entry.resource) == 512


def test_pages_of_entries_join_without_gaps(tmp_path: Path) -> None:
    with EngineHarness.running(tmp_path / "data") as harness:
        store = harness.engine.store
        for number in range(5):
            add_one(harness, ANNA, str(number))
        first = list_entries(store.reader, limit=3)
        rest = list_entries(store.reader, before=first[-1].id, limit=3)
        assert [each.action for each in (*first, *rest)] == ["4", "3", "2", "1", "0"]


def test_who_did_something_at_a_time_is_found_unless_two_may_have_done_it(tmp_path: Path) -> None:
    with EngineHarness.running(tmp_path / "data") as harness:
        berta = Actor("berta", "key", "192.0.2.8")
        first = harness.clock.now()
        add_one(harness, ANNA, "start execution", "a")
        add_one(harness, ANNA, "stop execution", "b")
        harness.advance(HOUR)
        second = harness.clock.now()
        for actor in (ANNA, berta):
            add_one(harness, actor, "start execution", "a")
        times = [first, first + 20, first + HOUR // 2, second]
        found = find_actors(harness.engine.store.reader, "StartExecution", "a", times)
        assert found == dict.fromkeys((first, first + 20), Actor("anna", "console", ""))
        assert find_actors(harness.engine.store.reader, "StartExecution", "b", times) == {}
