"""EventBridge as boto3 drives it: events and times start state machines, whatever is killed."""

import json

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.jsontext import Json
from tests.served import ROLE, Served, eventually, one

PASS = one({"Type": "Pass", "End": True})


@pytest.fixture
def events(served: Served) -> Json:
    return served.client("events")


def target(machine: str) -> Json:
    return {"Id": "machine", "Arn": machine, "RoleArn": ROLE}


def executions(served: Served, machine: str) -> list[Json]:
    found: list[Json] = served.sfn.list_executions(stateMachineArn=machine, maxResults=1000)["executions"]
    return found


def test_an_event_starts_an_execution_with_what_the_template_says(served: Served, events: Json) -> None:
    machine = served.machine(PASS)
    events.put_rule(
        Name="orders", EventPattern=json.dumps({"source": ["shop"], "detail": {"n": [{"numeric": [">", 5]}]}})
    )
    template = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>, "text": "no. <n>"}'}
    events.put_targets(Rule="orders", Targets=[target(machine) | {"InputTransformer": template}])
    for n in (5, 6):
        answer = events.put_events(Entries=[{"Source": "shop", "DetailType": "Order", "Detail": json.dumps({"n": n})}])
        assert answer["FailedEntryCount"] == 0
    (execution,) = eventually(lambda: executions(served, machine) or None)
    assert execution["name"].startswith(answer["Entries"][0]["EventId"])
    ended = served.ended(execution["executionArn"])
    assert json.loads(ended["input"]) == {"number": 6, "text": "no. 6"}


def test_a_failed_execution_starts_another_that_alerts(served: Served, events: Json) -> None:
    alert = served.machine(PASS, "alert")
    failing = served.machine(one({"Type": "Fail", "Error": "Night"}), "night")
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED", "TIMED_OUT"], "stateMachineArn": [failing]},
    }
    events.put_rule(Name="failures", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="failures", Targets=[target(alert)])
    execution = served.start(failing)
    (alerted,) = eventually(lambda: executions(served, alert) or None)
    told = json.loads(served.ended(alerted["executionArn"])["input"])
    assert told["resources"] == [execution]
    assert told["detail"]["status"] == "FAILED"


def test_what_was_put_before_a_kill_is_delivered_after_it(served: Served, events: Json) -> None:
    machine = served.machine(PASS)
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="all", Targets=[target(machine)])
    for n in range(20):
        entries = [{"Source": "shop", "DetailType": "t", "Detail": json.dumps({"n": n, "at": at})} for at in range(10)]
        events.put_events(Entries=entries)
    served.kill()
    served.up()
    eventually(lambda: len(executions(served, machine)) == 200 or None)


def test_errors_are_those_of_the_model(served: Served, events: Json) -> None:
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        events.put_rule(Name="r", EventPattern="[]")
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_rule(Name="none")
    with pytest.raises(ClientError) as raised:
        events.put_rule(Name="r", ScheduleExpression="rate(1 minutes)")
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_lists_are_paged_as_boto3_pages_them(served: Served, events: Json) -> None:
    for at in range(12):
        events.put_rule(Name=f"rule-{at:02}", EventPattern='{"a":[1]}')
    pages = events.get_paginator("list_rules").paginate(PaginationConfig={"PageSize": 5})
    assert [rule["Name"] for page in pages for rule in page["Rules"]] == [f"rule-{at:02}" for at in range(12)]
