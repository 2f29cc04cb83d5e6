"""Schedules created with boto3 on a served engine fire, also after kill -9."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import REGION, ROLE, EngineAccount, ServedEngine, eventually, one_state


def test_a_schedule_starts_an_execution_and_is_described_as_it_was_created(account: EngineAccount) -> None:
    machine, scheduler = account.machine(one_state({"Type": "Pass", "End": True})), account.client("scheduler")
    scheduler.create_schedule_group(Name="nightly", Tags=[{"Key": "team", "Value": "night"}])
    start = datetime.now(UTC) + timedelta(hours=1)
    made = scheduler.create_schedule(
        Name="later",
        GroupName="nightly",
        ScheduleExpression="cron(0 1 ? * MON-FRI *)",
        ScheduleExpressionTimezone="Asia/Seoul",
        StartDate=start,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE},
    )
    found = scheduler.get_schedule(Name="later", GroupName="nightly")
    assert made["ScheduleArn"] == found["Arn"]
    assert found["StartDate"].timestamp() == pytest.approx(start.timestamp(), abs=1)
    assert [each["Name"] for each in scheduler.list_schedules(GroupName="nightly")["Schedules"]] == ["later"]
    scheduler.create_schedule(
        Name="now",
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, "Input": '{"n":"<aws.scheduler.attempt-number>"}'},
    )
    (execution,) = eventually(lambda: executions(account, machine))
    assert json.loads(account.ended(execution["executionArn"])["input"]) == {"n": "1"}
    scheduler.delete_schedule_group(Name="nightly")
    eventually(lambda: is_deleted(scheduler, "nightly"))
    with pytest.raises(ClientError) as caught:
        scheduler.get_schedule(Name="later", GroupName="nightly")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_every_slot_is_recorded_and_can_be_listed(account: EngineAccount) -> None:
    machine, scheduler = account.machine(one_state({"Type": "Pass", "End": True})), account.client("scheduler")
    scheduler.create_schedule(
        Name="now",
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE},
    )
    query = {"service": "scheduler", "operation": "ListSlots", "region": REGION}
    params = json.dumps({"GroupName": "default", "Name": "now"})
    address = f"{account.url}/_lamplighter/call?{urlencode({**query, 'account': account.account_id, 'params': params})}"

    def recorded() -> Json:
        with urllib.request.urlopen(address, timeout=60) as answer:
            slots = json.load(answer)["Slots"]
        return slots if slots and slots[0]["Outcome"] == "DELIVERED" else None

    (slot,) = eventually(recorded)
    assert slot["Fired"] - slot["Due"] < 60
    with pytest.raises(ClientError):
        scheduler._make_api_call("GetSchedule", {"Name": "nobody"})


def test_a_schedule_that_was_due_while_no_engine_ran_fires_at_the_next_start(served: ServedEngine) -> None:
    machine, scheduler = served.machine(one_state({"Type": "Pass", "End": True})), served.client("scheduler")
    due = datetime.now(UTC) + timedelta(seconds=2)
    scheduler.create_schedule(
        Name="once",
        ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE},
        ActionAfterCompletion="DELETE",
    )
    served.kill()
    served.up()
    (execution,) = eventually(lambda: executions(served, machine))
    assert served.ended(execution["executionArn"])["status"] == "SUCCEEDED"
    eventually(lambda: served.client("scheduler").list_schedules()["Schedules"] == [])


def executions(account: EngineAccount, machine: str) -> Json:
    return account.sfn.list_executions(stateMachineArn=machine)["executions"]


def is_deleted(scheduler: Json, group: str) -> bool:
    return group not in [each["Name"] for each in scheduler.list_schedule_groups()["ScheduleGroups"]]
