"""The history of alarms, as DescribeAlarmHistory lists it."""

from lamplighter.base.json_text import Json, loads
from tests.services.cloudwatch.cloudwatch_harness import MINUTE, CloudWatchHarness

DAY = 24 * 60 * MINUTE


def history(harness: CloudWatchHarness, **params: Json) -> list[Json]:
    found: list[Json] = harness.cloudwatch("DescribeAlarmHistory", **params)["AlarmHistoryItems"]
    return found


def test_the_history_says_in_order_what_happened_to_an_alarm(harness: CloudWatchHarness) -> None:
    harness.put_evaluated_alarm(
        Dimensions=[{"Name": "QueueName", "Value": "in"}],
        TreatMissingData="breaching",
        AlarmActions=[harness.topic, f"{harness.topic}-of-before"],
    )
    harness.restart()
    items = history(harness, AlarmName="alarm", ScanBy="TimestampAscending")
    assert [(item["HistoryItemType"], item["HistorySummary"]) for item in items] == [
        ("ConfigurationUpdate", 'Alarm "alarm" created'),
        ("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to ALARM"),
        ("Action", f"Successfully executed action {harness.topic}"),
        ("Action", f"Failed to execute action {harness.topic}-of-before"),
    ]
    created, changed, done, failed = (loads(item["HistoryData"]) for item in items)
    assert created["createdAlarm"]["dimensions"] == [{"name": "QueueName", "value": "in"}]
    assert (created["createdAlarm"]["okactions"], created["createdAlarm"]["threshold"]) == ([], 10.0)
    assert (changed["oldState"]["stateValue"], changed["newState"]["stateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert (done["actionState"], done["error"], failed["error"]) == ("Succeeded", None, "Topic does not exist")
    assert history(harness, AlarmName="alarm") == items[::-1]


def test_the_history_has_pages_and_is_selected_by_kind_name_type_and_time(harness: CloudWatchHarness) -> None:
    harness.put_alarm("a", AlarmActions=[])
    harness.put_alarm("ab", AlarmActions=[])
    harness.cloudwatch("PutCompositeAlarm", AlarmName="both", AlarmRule="ALARM(a)")
    began = harness.clock.now() / 1000
    harness.cloudwatch("DeleteAlarms", AlarmNames=["both"])
    first = harness.cloudwatch("DescribeAlarmHistory", MaxRecords=1)
    second = harness.cloudwatch("DescribeAlarmHistory", MaxRecords=1, NextToken=first["NextToken"])
    found = [item["AlarmName"] for page in (first, second) for item in page["AlarmHistoryItems"]]
    assert (found, "NextToken" in second) == (["ab", "a"], False)
    assert {item["AlarmName"] for item in history(harness, AlarmTypes=["CompositeAlarm"])} == {"both"}
    assert [item["AlarmName"] for item in history(harness, AlarmName="a")] == ["a"]
    assert history(harness, HistoryItemType="Action") == history(harness, EndDate=began - 1) == []
    assert history(harness, AlarmContributorId="c") == []


def test_the_history_is_kept_for_30_days(harness: CloudWatchHarness) -> None:
    harness.put_alarm(AlarmActions=[])
    harness.cloudwatch("DeleteAlarms", AlarmNames=["alarm"])
    harness.advance(29 * DAY)
    harness.put_alarm("other", AlarmActions=[])
    assert len(history(harness, AlarmName="alarm")) == 2
    harness.cloudwatch("DeleteAlarms", AlarmNames=["other"])
    harness.advance(2 * DAY)
    harness.put_alarm("other", AlarmActions=[])
    assert history(harness, AlarmName="alarm") == []
