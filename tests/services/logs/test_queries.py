"""FilterLogEvents and GetLogEvents against lists that Python makes: every event once, in order, on pages of any size.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from tests.engine_harness import DAY, SECOND
from tests.property_settings import examples
from tests.served_engine import EngineAccount
from tests.services.logs.logs_harness import GROUP, LogsHarness, messages
from tests.services.refused_calls import refused

Batch = tuple[str, list[tuple[int, str]]]
"""A stream, and the ages of events in seconds with their words."""
STREAMS = ("a", "app/1", "app/2")
WORDS = ("ERROR größe", "WARN 💡", "ERROR WARN", "plain", '{"n": 1}')
BATCHES = st.lists(
    st.tuples(
        st.sampled_from(STREAMS), st.lists(st.tuples(st.integers(0, 9), st.sampled_from(WORDS)), min_size=1, max_size=5)
    ),
    max_size=5,
)
PATTERNS: dict[str, Callable[[str], bool]] = {
    "": lambda _word: True,
    "ERROR": lambda word: "ERROR" in word,
    "ERROR -WARN": lambda word: "ERROR" in word and "WARN" not in word,
    "?WARN ?plain": lambda word: "WARN" in word or "plain" in word,
    "{ $.n = 1 }": lambda word: word.startswith("{"),
    '"größe"': lambda word: "größe" in word,
    "none": lambda _word: False,
}
"""Patterns, and whether an event of the words matches them."""
GROUPS = count(1)
READS = settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])


def store(harness: LogsHarness, batches: list[Batch]) -> tuple[str, list[tuple[int, str, str]]]:
    """Store batches in a new group; return its name, and time, stream and message of each event by time."""
    group, stored = f"group-{next(GROUPS)}", list[tuple[int, str, str]]()
    harness.create_group(*STREAMS, group=group)
    for number, (stream, events) in enumerate(batches):
        ordered = sorted(events, key=lambda event: -event[0])
        listed = [(age * SECOND, f"{word} {number}" if word[0] != "{" else word) for age, word in ordered]
        harness.put_events(stream, *listed, group=group)
        stored += [(harness.now - age, stream, message) for age, message in listed]
    return group, sorted(stored, key=lambda event: event[0])


@READS
@given(BATCHES, st.sampled_from(list(PATTERNS)), st.integers(1, 4), st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_a_search_finds_each_matching_event_of_its_time_once(
    harness: LogsHarness, batches: list[Batch], pattern: str, size: int, first: int, last: int, forward: bool
) -> None:
    group, stored = store(harness, batches)
    begin, end = harness.now - first * SECOND, harness.now - last * SECOND
    wanted = [each for each in stored if begin <= each[0] <= end and PATTERNS[pattern](each[2])]
    for names in (None, ["a", "app/2"], ["app/1", "app/1"]):
        params: Json = {
            "logGroupName": group,
            "filterPattern": pattern,
            "limit": size,
            "startTime": begin,
            "endTime": end,
        }
        given_names: Json = {"logStreamNames": names} if names else {}
        pages = list(harness.pages("FilterLogEvents", **params, **given_names, startFromHead=forward))
        assert all(len(page["events"]) <= size for page in pages)
        found = [event for page in pages for event in page["events"]]
        shown = [(event["timestamp"], event["logStreamName"], event["message"]) for event in found]
        expected = [each for each in wanted if names is None or each[1] in names]
        assert shown == (expected if forward else expected[::-1])
        assert len({event["eventId"] for event in found}) == len(found)


@READS
@given(BATCHES, st.integers(1, 4), st.booleans())
def test_the_pages_of_a_stream_are_all_its_events_and_lead_back_again(
    harness: LogsHarness, batches: list[Batch], size: int, forward: bool
) -> None:
    group, stored = store(harness, batches)
    expected = [message for _, stream, message in stored if stream == "a"]
    params: Json = {"logGroupName": group, "logStreamName": "a", "limit": size}
    there, back = ("nextForwardToken", "nextBackwardToken") if forward else ("nextBackwardToken", "nextForwardToken")
    pages = [harness.logs("GetLogEvents", **params, startFromHead=forward)]
    while pages[-1]["events"]:
        pages.append(harness.logs("GetLogEvents", **params, nextToken=pages[-1][there]))
    shown = [messages(page["events"]) for page in pages[:-1]]
    assert all(len(page) <= size for page in shown)
    assert [message for page in (shown if forward else shown[::-1]) for message in page] == expected
    for page, before in zip(pages[1:-1], pages, strict=False):
        returned = harness.logs("GetLogEvents", **params, nextToken=page[back])
        assert returned["events"] == before["events"]


@pytest.mark.parametrize("pattern", [each for each in PATTERNS if each])
def test_a_search_and_a_test_of_its_pattern_agree(harness: LogsHarness, pattern: str) -> None:
    harness.create_group("s")
    harness.put_events("s", *((0, word) for word in WORDS))
    tested = harness.logs("TestMetricFilter", filterPattern=pattern, logEventMessages=list(WORDS))["matches"]
    assert harness.find_messages(pattern) == [match["eventMessage"] for match in tested]
    assert [match["eventNumber"] for match in tested] == [
        number for number, word in enumerate(WORDS, 1) if PATTERNS[pattern](word)
    ]


def test_a_page_goes_on_after_a_restart_and_with_events_that_came_later(harness: LogsHarness) -> None:
    harness.create_group("s", "gone")
    harness.put_events("gone", (5 * SECOND, "gone"))
    harness.put_events("s", (5 * SECOND, "1"), (4 * SECOND, "2"), (3 * SECOND, "3"))
    first = harness.logs("FilterLogEvents", logGroupName=GROUP, limit=2)
    stream = harness.get_events("s", limit=1, startFromHead=True)
    harness.restart()
    harness.logs("DeleteLogStream", logGroupName=GROUP, logStreamName="gone")
    harness.put_events("s", (6 * SECOND, "earlier"), (0, "4"))
    second = harness.logs("FilterLogEvents", logGroupName=GROUP, nextToken=first["nextToken"])
    assert messages(first["events"]) == ["gone", "1"]
    assert messages(second["events"]) == ["2", "3", "4"]
    assert messages(harness.get_events("s", nextToken=stream["nextForwardToken"])["events"]) == ["2", "3", "4"]
    assert messages(harness.get_events("s", nextToken=stream["nextBackwardToken"])["events"]) == ["earlier"]


def test_events_beyond_the_retention_are_not_found(harness: LogsHarness) -> None:
    harness.create_group("s")
    harness.put_events("s", (DAY, "old"), (DAY - 1, "kept"))
    harness.logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    assert harness.find_messages() == ["old", "kept"]
    harness.advance(1)
    assert harness.find_messages() == messages(harness.get_events("s")["events"]) == ["kept"]
    harness.advance(DAY)
    assert harness.find_messages() == messages(harness.get_events("s")["events"]) == []


@pytest.mark.parametrize("message", [" ", "a\nb", "\t", "größe 💡", "\x1b[31mred", "\0", '"', "x" * 262_144])
def test_a_message_comes_back_as_it_was_put(harness: LogsHarness, message: str) -> None:
    harness.create_group("s")
    harness.put_events("s", (0, message))
    assert harness.find_messages() == messages(harness.get_events("s")["events"]) == [message]


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("filter_log_events", {"limit": 10_001}, "InvalidParameterException"),
        ("filter_log_events", {"filterPattern": "x" * 1025}, "InvalidParameterException"),
        ("filter_log_events", {"nextToken": "größe"}, "InvalidParameterException"),
        ("filter_log_events", {"logStreamNames": ["s"] * 101}, "InvalidParameterException"),
        ("filter_log_events", {"logStreamNames": ["s", "none"]}, "ResourceNotFoundException"),
        ("filter_log_events", {"logGroupName": "none"}, "ResourceNotFoundException"),
        ("get_log_events", {"logStreamName": "s", "limit": 10_001}, "InvalidParameterException"),
        ("get_log_events", {"logStreamName": "s", "nextToken": "größe"}, "InvalidParameterException"),
        ("get_log_events", {"logStreamName": "none"}, "ResourceNotFoundException"),
        ("get_log_events", {"logStreamName": "s", "logGroupName": "none"}, "ResourceNotFoundException"),
    ],
)
def test_a_question_that_aws_refuses_is_refused(
    account: EngineAccount, operation: str, params: Json, code: str
) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    assert refused(getattr(logs, operation), **({"logGroupName": GROUP} | params)) == code
