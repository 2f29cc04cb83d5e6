"""StartLiveTail: a session sends the events that arrive, within its limits, and ends."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.event_stream import EventStream, StreamedEvent
from lamplighter.base.json_text import Json
from lamplighter.services.logs import live_tail
from tests.engine_harness import CALLER
from tests.services.logs.logs_harness import ARN, GROUP, LogsHarness

SECOND = 1_000


class Tail:
    """A session, and all events that it has sent."""

    def __init__(self, harness: LogsHarness, *groups: str, **params: Json) -> None:
        request = {"logGroupIdentifiers": list(groups or (ARN,)), **params}
        self._harness = harness
        self.stream: EventStream = harness.run(harness.engine.call(CALLER, "logs", "StartLiveTail", request))
        self.events: list[StreamedEvent] = []
        harness.start_in_background(self._read())
        harness.settle()

    async def _read(self) -> None:
        async for event in self.stream.events:
            self.events.append(event)

    def next_update(self) -> Json:
        """Let a second pass, and return the update that it brings."""
        before = len(self.events)
        self._harness.advance(SECOND)
        (event,) = self.events[before:]
        assert event.name == "sessionUpdate"
        return event.payload

    def next_messages(self) -> list[str]:
        return [each["message"] for each in self.next_update()["sessionResults"]]


@pytest.fixture
def tailed(harness: LogsHarness) -> LogsHarness:
    harness.create_group("one", "two", "other")
    return harness


def test_a_session_begins_with_what_it_was_asked_for(tailed: LogsHarness) -> None:
    tail = Tail(tailed, logStreamNames=["one"], logEventFilterPattern="ERROR")
    (started,) = tail.events
    assert started.name == "sessionStart"
    assert started.payload | {"requestId": "", "sessionId": ""} == {
        "requestId": "",
        "sessionId": "",
        "logGroupIdentifiers": [ARN],
        "logStreamNames": ["one"],
        "logEventFilterPattern": "ERROR",
    }
    assert started.payload["requestId"] != started.payload["sessionId"]


def test_each_second_brings_an_update_also_an_empty_one(tailed: LogsHarness) -> None:
    tail = Tail(tailed)
    assert tail.next_update() == {"sessionMetadata": {"sampled": False}, "sessionResults": []}
    tailed.put_events("one", (60_000, "an old line that arrives now"), (0, "a new line"))
    put = tailed.now
    assert tail.next_update()["sessionResults"] == [
        {
            "logStreamName": "one",
            "logGroupIdentifier": ARN,
            "message": message,
            "timestamp": time,
            "ingestionTime": put,
        }
        for message, time in (("an old line that arrives now", put - 60_000), ("a new line", put))
    ]
    assert tail.next_messages() == []


def test_a_session_sends_nothing_that_arrived_before_it(tailed: LogsHarness) -> None:
    tailed.put_events("one", (0, "before"))
    tail = Tail(tailed)
    tailed.put_events("one", (5_000, "after"))
    assert tail.next_messages() == ["after"]


def test_events_come_in_the_order_of_their_arrival(tailed: LogsHarness) -> None:
    tail = Tail(tailed)
    for stream, text in (("two", "a"), ("one", "b"), ("two", "c")):
        tailed.put_events(stream, (0, text))
    assert tail.next_messages() == ["a", "b", "c"]


def test_a_pattern_and_streams_choose_the_events(tailed: LogsHarness) -> None:
    by_name, by_prefix = Tail(tailed, logStreamNames=["one"]), Tail(tailed, logStreamNamePrefixes=["o", "x"])
    by_pattern = Tail(tailed, logEventFilterPattern='{ $.code = "5*" }')
    for stream in ("one", "two", "other"):
        tailed.put_events(stream, (0, '{"code": "503"}'), (0, stream))
    tailed.advance(SECOND)
    found = [[each["message"] for each in tail.events[-1].payload["sessionResults"]] for tail in (by_name, by_prefix)]
    code = '{"code": "503"}'
    assert found == [[code, "one"], [code, "one", code, "other"]]
    assert [each["message"] for each in by_pattern.events[-1].payload["sessionResults"]] == [code] * 3


def test_several_groups_are_followed_and_no_other(tailed: LogsHarness) -> None:
    for group in ("/batch/other", "/batch/third"):
        tailed.create_group("s", group=group)
    other = ARN.replace(GROUP, "/batch/other")
    tail = Tail(tailed, ARN, other)
    tailed.put_events("one", (0, "first"))
    tailed.put_events("s", (0, "second"), group="/batch/other")
    tailed.put_events("s", (0, "unseen"), group="/batch/third")
    assert [(each["logGroupIdentifier"], each["message"]) for each in tail.next_update()["sessionResults"]] == [
        (ARN, "first"),
        (other, "second"),
    ]


def test_a_sample_of_500_events_stands_for_more(tailed: LogsHarness) -> None:
    tail = Tail(tailed)
    tailed.put_events("one", *((0, f"{number:04d}") for number in range(500)))
    update = tail.next_update()
    assert (update["sessionMetadata"], len(update["sessionResults"])) == ({"sampled": False}, 500)
    tailed.put_events("one", *((0, f"{number:04d}") for number in range(3_000)))
    update = tail.next_update()
    found = [each["message"] for each in update["sessionResults"]]
    assert (update["sessionMetadata"], len(found)) == ({"sampled": True}, 500)
    assert found == sorted(set(found)), "a sample is in order, and has no event twice"
    assert found[0] < "0100", "a sample is of all events"
    assert found[-1] > "2900", "a sample is of all events"


def test_an_update_has_a_bounded_size_and_keeps_the_latest(
    tailed: LogsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_tail, "MAX_UPDATE_CHARACTERS", 250)
    tail = Tail(tailed)
    tailed.put_events("one", *((0, letter * 100) for letter in "abcd"))
    update = tail.next_update()
    assert [each["message"][0] for each in update["sessionResults"]] == ["c", "d"]
    assert update["sessionMetadata"] == {"sampled": True}


def test_few_bytes_are_read_for_an_update(tailed: LogsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_tail, "MAX_READ_BYTES", 300)
    tail = Tail(tailed)
    for letter in "abcd":
        tailed.put_events("one", (0, letter * 100))
    update = tail.next_update()
    assert [each["message"][0] for each in update["sessionResults"]] == ["c", "d"]
    assert update["sessionMetadata"] == {"sampled": True}
    assert tail.next_messages() == []


def test_a_session_ends_after_three_hours(tailed: LogsHarness) -> None:
    tail = Tail(tailed)
    for _ in range(3 * 60 * 60):
        tailed.advance(SECOND)
    assert [each.name for each in tail.events[:2]] == ["sessionStart", "sessionUpdate"]
    last = tail.events[-1]
    assert (last.name, last.is_error, len(tail.events)) == ("SessionTimeoutException", True, 1 + 3 * 60 * 60 + 1)


def test_a_deleted_group_leaves_an_empty_session(tailed: LogsHarness) -> None:
    tail = Tail(tailed)
    tailed.put_events("one", (0, "gone with its group"))
    tailed.logs("DeleteLogGroup", logGroupName=GROUP)
    tailed.create_group("one")
    tailed.put_events("one", (0, "of a new group"))
    tailed.advance(SECOND)
    assert "of a new group" not in str(tail.events[-1].payload)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"logGroupIdentifiers": [GROUP]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [f"{ARN}:*"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [f"{ARN}-missing"]}, "ResourceNotFoundException"),
        ({"logStreamNames": ["a"], "logStreamNamePrefixes": ["b"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [ARN, ARN], "logStreamNames": ["a"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [ARN, ARN], "logStreamNamePrefixes": ["a"]}, "InvalidParameterException"),
        ({"logEventFilterPattern": "{ broken"}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [ARN.replace(GROUP, "/rare")]}, "InvalidOperationException"),
    ],
)
def test_an_invalid_request_begins_no_session(tailed: LogsHarness, params: Json, code: str) -> None:
    tailed.logs("CreateLogGroup", logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")
    with pytest.raises(AwsError) as error:
        Tail(tailed, **params)
    assert error.value.code == code


def test_no_service_can_call_an_operation_that_goes_on(tailed: LogsHarness) -> None:
    assert not tailed.engine.bus.serves("logs", "StartLiveTail")
    assert not tailed.engine.bus.can_invoke("logs", "StartLiveTail")
