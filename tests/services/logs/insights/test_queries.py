"""Queries of Logs Insights run after StartQuery, and their results are kept, also over a crash.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
"""

from contextlib import suppress

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.lang.log_query import stages
from lamplighter.services.logs.insights import run_queries
from lamplighter.services.logs.insights.scan_events import Scan
from lamplighter.store.db import Reader
from tests.engine_harness import CALLER, EngineDied
from tests.services.logs.logs_harness import GROUP, LogsHarness

ERROR, INFO = '{"level":"ERROR","ms":12,"job":{"name":"nightly"}}', '{"level":"INFO","ms":3}'
DAY_SECONDS = 86_400


def start_query(harness: LogsHarness, text: str, **params: Json) -> str:
    """Start a query over the last day, and return its id."""
    now = harness.now // 1000
    given = {"logGroupName": GROUP, "startTime": now - DAY_SECONDS, "endTime": now, "queryString": text} | params
    given = {name: value for name, value in given.items() if value is not None}
    name: str = harness.logs("StartQuery", **given)["queryId"]
    return name


def read_results(harness: LogsHarness, query: str, **params: Json) -> Json:
    return loads(dumps(harness.logs("GetQueryResults", queryId=query, **params)))


def run_query(harness: LogsHarness, text: str, **params: Json) -> list[dict[str, str]]:
    """Run a query to its end, and return its result."""
    query = start_query(harness, text, **params)
    harness.settle()
    answer = read_results(harness, query)
    assert answer["status"] == "Complete"
    return [{each["field"]: each["value"] for each in row} for row in answer["results"]]


@pytest.fixture(autouse=True)
def events(harness: LogsHarness) -> None:
    harness.create_group("s1", "s2")
    harness.put_events("s1", (5_000, ERROR), (4_000, INFO))
    harness.put_events("s2", (3_000, "plain text"))


def test_a_query_finds_the_latest_events_first(harness: LogsHarness) -> None:
    found = run_query(harness, "fields @message, @logStream, @log")
    assert [each["@message"] for each in found] == ["plain text", INFO, ERROR]
    assert found[0]["@logStream"] == "s2"
    assert found[0]["@log"] == f"123456789012:{GROUP}"


def test_fields_of_json_are_filtered_and_counted(harness: LogsHarness) -> None:
    assert run_query(harness, 'filter level = "ERROR" | display job.name, ms')[0]["job.name"] == "nightly"
    counted = run_query(harness, "stats count(*) as n, sum(ms) as total by level | sort level asc")
    assert counted == [
        {"n": "1"},
        {"level": "ERROR", "n": "1", "total": "12"},
        {"level": "INFO", "n": "1", "total": "3"},
    ]


def test_the_statistics_say_what_was_read(harness: LogsHarness) -> None:
    query = start_query(harness, "filter ispresent(level) | limit 1")
    harness.settle()
    answer = read_results(harness, query)
    assert (answer["statistics"]["recordsMatched"], answer["statistics"]["resultCount"]) == (1, 1)
    assert answer["statistics"]["bytesScanned"] > 0
    assert answer["queryLanguage"] == "CWLI"


def test_only_events_of_the_range_are_read_with_its_end(harness: LogsHarness) -> None:
    harness.advance(1_000 - harness.now % 1_000)
    harness.put_events("s1", (0, "at the end"), (-1_500, "behind"))
    now = harness.now // 1000
    found = run_query(harness, "fields @message", startTime=now, endTime=now)
    assert [each["@message"] for each in found] == ["at the end"]
    milliseconds = {"startTime": now * 1000, "endTime": now * 1000}
    assert len(run_query(harness, "fields @message", **milliseconds)) == 1


def test_several_groups_are_searched_together(harness: LogsHarness) -> None:
    harness.create_group("s", group="other")
    harness.put_events("s", (3_500, "between"), group="other")
    names = {"logGroupName": None, "logGroupNames": [GROUP, "other"]}
    assert [each["@message"] for each in run_query(harness, "fields @message", **names)][:2] == [
        "plain text",
        "between",
    ]
    (query, *_) = harness.logs("DescribeQueries")["queries"]
    groups = harness.logs("ListLogGroupsForQuery", queryId=query["queryId"])
    assert groups == {"logGroupIdentifiers": [GROUP, "other"]}
    arns = {"logGroupName": None, "logGroupIdentifiers": ["arn:aws:logs:us-east-1:123456789012:log-group:other"]}
    assert len(run_query(harness, "fields @message", **arns)) == 1


def test_source_selects_the_groups_of_a_query(harness: LogsHarness) -> None:
    for group in ("/batch/weekly", "/web"):
        harness.create_group("s", group=group)
        harness.put_events("s", (1_000, group), group=group)
    harness.logs("CreateLogGroup", logGroupName="/batch/rare", logGroupClass="INFREQUENT_ACCESS")
    text = "SOURCE logGroups(namePrefix: ['/batch/', '/batch/n']) | stats count(*) as n by @log | sort @log asc"
    found = run_query(harness, text, logGroupName=None)
    assert found == [
        {"@log": f"123456789012:{GROUP}", "n": "3"},
        {"@log": "123456789012:/batch/weekly", "n": "1"},
    ]
    (query, *_) = harness.logs("DescribeQueries")["queries"]
    groups = harness.logs("ListLogGroupsForQuery", queryId=query["queryId"])
    assert groups == {"logGroupIdentifiers": [GROUP, "/batch/weekly"]}
    others = "SOURCE logGroups(accountIdentifiers: ['111122223333']) | fields @message"
    assert run_query(harness, others, logGroupName=None) == []
    assert "logGroupName" not in harness.logs("DescribeQueries")["queries"][0]
    with pytest.raises(AwsError, match="SOURCE"):
        start_query(harness, others)


def test_the_groups_of_a_query_come_in_pages(harness: LogsHarness) -> None:
    for number in range(120):
        harness.logs("CreateLogGroup", logGroupName=f"many/{number:03d}")
    query = start_query(harness, "SOURCE logGroups(namePrefix: 'many/')", logGroupName=None)
    pages = list(harness.pages("ListLogGroupsForQuery", queryId=query, maxResults=50))
    assert [len(page["logGroupIdentifiers"]) for page in pages] == [50, 50, 20]
    assert pages[2]["logGroupIdentifiers"][-1] == "many/119"


def test_the_times_of_a_query_are_functions(harness: LogsHarness) -> None:
    now = harness.now // 1000
    (found,) = run_query(harness, "fields queryStartTime() as a, queryTimeRange() as r | limit 1", startTime=now - 60)
    assert found == {"a": str((now - 60) * 1000), "r": "60999", "@ptr": found["@ptr"]}


def test_a_result_is_read_in_pages(harness: LogsHarness) -> None:
    for number in range(3):
        harness.put_events("s1", *((1_000, f"{number}-{each}") for each in range(500)))
    query = start_query(harness, 'filter @message like "-" | fields @message')
    harness.settle()
    rows: list[str] = []
    token: Json = {}
    while True:
        page = read_results(harness, query, maxItems=700, **token)
        rows += [row[0]["value"] for row in page["results"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert len(rows) == len(set(rows)) == 1_500
    assert rows[0] == "2-499"


@pytest.mark.parametrize(("text", "params", "number"), [("limit 2", {}, 2), ("", {"limit": 1}, 1), ("", {}, 3)])
def test_a_limit_bounds_the_result(harness: LogsHarness, text: str, params: Json, number: int) -> None:
    assert len(run_query(harness, text, **params)) == number


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"queryString": "fieldz x"}, "MalformedQueryException"),
        ({"logGroupName": "nobody"}, "ResourceNotFoundException"),
        ({"logGroupName": None}, "InvalidParameterException"),
        ({"logGroupNames": [GROUP]}, "InvalidParameterException"),
        ({"startTime": 99_999_999_999}, "InvalidParameterException"),
        ({"queryLanguage": "SQL"}, "InvalidParameterException"),
    ],
)
def test_a_query_that_cannot_run_is_refused(harness: LogsHarness, params: Json, code: str) -> None:
    given = {"logGroupName": GROUP, "startTime": 0, "endTime": harness.now // 1000, "queryString": ""} | params
    given = {name: value for name, value in given.items() if value is not None}
    assert harness.expect_error("StartQuery", **given)[0] == code


def test_a_malformed_query_names_its_place(harness: LogsHarness) -> None:
    given = {"logGroupName": GROUP, "startTime": 0, "endTime": 1, "queryString": "fields a\n| filter b ="}
    message = harness.expect_error("StartQuery", **given)[1]
    assert message.endswith("at line 2 and position 13")


def test_queries_are_listed_newest_first(harness: LogsHarness) -> None:
    first, second = start_query(harness, "limit 1"), start_query(harness, "limit 2")
    harness.settle()
    pages = list(harness.pages("DescribeQueries", maxResults=1))
    assert [each["queryId"] for page in pages for each in page["queries"]] == [second, first]
    assert pages[0]["queries"][0]["logGroupName"] == GROUP
    assert pages[0]["queries"][0]["status"] == "Complete"
    assert harness.logs("DescribeQueries", status="Failed") == {"queries": []}
    assert harness.logs("DescribeQueries", logGroupName="other") == {"queries": []}


def test_a_query_that_has_ended_cannot_be_stopped(harness: LogsHarness) -> None:
    query = start_query(harness, "limit 1")
    harness.settle()
    assert harness.expect_error("StopQuery", queryId=query)[0] == "InvalidParameterException"
    assert harness.expect_error("StopQuery", queryId="none")[0] == "ResourceNotFoundException"
    assert harness.expect_error("GetQueryResults", queryId="none")[0] == "ResourceNotFoundException"


def test_a_query_that_runs_can_be_stopped(harness: LogsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_queries, "scan_slice", lambda _reader, _scan: False)  # it never has all events

    async def start_and_stop() -> list[Json]:
        given = {"logGroupName": GROUP, "startTime": 0, "endTime": 1, "queryString": ""}
        started = await harness.engine.call(CALLER, "logs", "StartQuery", given)
        running = await harness.engine.call(CALLER, "logs", "GetQueryResults", started)
        return [started, running, await harness.engine.call(CALLER, "logs", "StopQuery", started)]

    started, running, stopped = harness.run(start_and_stop())
    harness.settle()
    assert (running["status"], stopped) == ("Running", {"success": True})
    answer = read_results(harness, started["queryId"])
    assert (answer["status"], answer["results"]) == ("Cancelled", [])
    assert harness.rows("SELECT count(*) FROM outbox") == [(0,)]


@pytest.mark.parametrize("before", [True, False])
def test_a_query_of_a_killed_engine_is_run_by_the_next_one(harness: LogsHarness, *, before: bool) -> None:
    harness.die_at(2, before=before)  # the first commit accepts the query, the second stores its result
    with suppress(EngineDied):
        start_query(harness, "fields @message")
        harness.settle()
    harness.up()
    harness.settle()
    (query,) = harness.logs("DescribeQueries")["queries"]
    assert query["status"] == "Complete"
    assert len(read_results(harness, query["queryId"])["results"]) == 3
    assert harness.rows("SELECT count(*) FROM outbox") == [(0,)]


def test_a_query_with_too_many_groups_fails(harness: LogsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "MAX_GROUPS", 1)
    query = start_query(harness, "stats count(*) by level")
    harness.settle()
    assert read_results(harness, query)["status"] == "Failed"


def test_a_query_ends_after_an_hour(harness: LogsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    def scan_slowly(_reader: Reader, _scan: Scan) -> bool:
        harness.clock.advance(31 * 60_000)
        return False

    monkeypatch.setattr(run_queries, "scan_slice", scan_slowly)
    query = start_query(harness, "")
    harness.settle()
    assert read_results(harness, query)["status"] == "Timeout"


def test_old_queries_are_deleted_with_their_results(harness: LogsHarness) -> None:
    query = start_query(harness, "limit 1")
    harness.settle()
    harness.advance(8 * DAY_SECONDS * 1000)
    start_query(harness, "limit 1")
    harness.settle()
    assert harness.expect_error("GetQueryResults", queryId=query)[0] == "ResourceNotFoundException"
    assert harness.rows("SELECT count(*) FROM log_query_results WHERE query = 1") == [(0,)]


def test_a_found_event_can_be_read_whole(harness: LogsHarness) -> None:
    pointer = run_query(harness, 'filter level = "ERROR" | display ms')[0]["@ptr"]
    record = harness.logs("GetLogRecord", logRecordPointer=pointer)["logRecord"]
    assert record["@message"] == ERROR
    assert (record["job.name"], record["level"], record["@logStream"]) == ("nightly", "ERROR", "s1")
    for wrong in ("x", "1.1.1.1", f"{pointer}9"):
        assert harness.expect_error("GetLogRecord", logRecordPointer=wrong)[0] == "InvalidParameterException"


def test_the_fields_of_a_group_are_counted(harness: LogsHarness) -> None:
    fields = harness.logs("GetLogGroupFields", logGroupName=GROUP)["logGroupFields"]
    percents = {each["name"]: each["percent"] for each in fields}
    assert (percents["@message"], percents["level"], percents["job.name"]) == (100, 66, 33)
    past = harness.logs("GetLogGroupFields", logGroupName=GROUP, time=1_000)
    assert past == {"logGroupFields": []}


def test_saved_queries_are_kept_changed_and_deleted(harness: LogsHarness) -> None:
    token = "t" * 36
    key = harness.logs("PutQueryDefinition", name="errors", queryString="limit 1", clientToken=token)
    assert harness.logs("PutQueryDefinition", name="errors", queryString="limit 1", clientToken=token) == key
    harness.logs("PutQueryDefinition", name="slow", queryString="limit 2", logGroupNames=[GROUP], **key)
    (shown,) = harness.logs("DescribeQueryDefinitions", queryDefinitionNamePrefix="sl")["queryDefinitions"]
    assert shown == {
        "queryLanguage": "CWLI",
        "name": "slow",
        "queryString": "limit 2",
        "logGroupNames": [GROUP],
        "lastModified": harness.now,
        **key,
    }
    assert harness.logs("DeleteQueryDefinition", **key) == {"success": True}
    assert harness.expect_error("DeleteQueryDefinition", **key)[0] == "ResourceNotFoundException"
