"""EventBridge through boto3: rules deliver events to state machines and other targets, also after a kill."""

import json

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import REGION, ROLE, EngineAccount, ServedEngine, eventually, one_state

PASS = one_state({"Type": "Pass", "End": True})


@pytest.fixture
def events(account: EngineAccount) -> Json:
    return account.client("events")


def machine_target(machine: str) -> Json:
    return {"Id": "machine", "Arn": machine, "RoleArn": ROLE}


def executions(account: EngineAccount, machine: str) -> list[Json]:
    found: list[Json] = account.sfn.list_executions(stateMachineArn=machine, maxResults=1000)["executions"]
    return found


def test_an_event_starts_an_execution_with_the_transformed_input(account: EngineAccount, events: Json) -> None:
    machine = account.machine(PASS)
    events.put_rule(
        Name="orders", EventPattern=json.dumps({"source": ["shop"], "detail": {"n": [{"numeric": [">", 5]}]}})
    )
    template = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>, "text": "no. <n>"}'}
    events.put_targets(Rule="orders", Targets=[machine_target(machine) | {"InputTransformer": template}])
    for n in (5, 6):
        answer = events.put_events(Entries=[{"Source": "shop", "DetailType": "Order", "Detail": json.dumps({"n": n})}])
        assert answer["FailedEntryCount"] == 0
    (execution,) = eventually(lambda: executions(account, machine) or None)
    assert execution["name"].startswith(answer["Entries"][0]["EventId"])
    ended = account.ended(execution["executionArn"])
    assert json.loads(ended["input"]) == {"number": 6, "text": "no. 6"}


def test_a_failed_execution_starts_another_execution(account: EngineAccount, events: Json) -> None:
    alert = account.machine(PASS, "alert")
    failing = account.machine(one_state({"Type": "Fail", "Error": "Night"}), "night")
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED", "TIMED_OUT"], "stateMachineArn": [failing]},
    }
    events.put_rule(Name="failures", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="failures", Targets=[machine_target(alert)])
    execution = account.start(failing)
    (alerted,) = eventually(lambda: executions(account, alert) or None)
    alert_input = json.loads(account.ended(alerted["executionArn"])["input"])
    assert alert_input["resources"] == [execution]
    assert alert_input["detail"]["status"] == "FAILED"


def test_events_that_were_put_before_a_kill_are_delivered_after_it(served: ServedEngine) -> None:
    events = served.client("events")
    machine = served.machine(PASS)
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="all", Targets=[machine_target(machine)])
    for n in range(20):
        entries = [{"Source": "shop", "DetailType": "t", "Detail": json.dumps({"n": n, "at": at})} for at in range(10)]
        events.put_events(Entries=entries)
    served.kill()
    served.up()
    eventually(lambda: len(executions(served, machine)) == 200 or None)


def test_errors_are_those_of_the_api_model(account: EngineAccount, events: Json) -> None:
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        events.put_rule(Name="r", EventPattern="[]")
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_rule(Name="none")
    with pytest.raises(ClientError) as raised:
        events.put_rule(Name="r", ScheduleExpression="rate(1 minutes)")
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_lists_are_paginated(account: EngineAccount, events: Json) -> None:
    for at in range(12):
        events.put_rule(Name=f"rule-{at:02}", EventPattern='{"a":[1]}')
    pages = events.get_paginator("list_rules").paginate(PaginationConfig={"PageSize": 5})
    assert [rule["Name"] for page in pages for rule in page["Rules"]] == [f"rule-{at:02}" for at in range(12)]


# --- other targets ----------------------------------------------------------------------------------------------------


def create_queue(account: EngineAccount, name: str) -> tuple[str, str]:
    """Create a queue; return its URL and ARN."""
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def receive_message(account: EngineAccount, url: str) -> Json:
    """Receive, delete and return the next message of a queue."""
    sqs = account.client("sqs")
    wish: Json = {"QueueUrl": url, "WaitTimeSeconds": 20, "MessageAttributeNames": ["All"]}
    found = eventually(lambda: sqs.receive_message(**wish).get("Messages"))
    sqs.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
    return found[0]


def put_event(events: Json, detail: Json) -> str:
    answer = events.put_events(Entries=[{"Source": "shop", "DetailType": "Order", "Detail": json.dumps(detail)}])
    assert answer["FailedEntryCount"] == 0
    name: str = answer["Entries"][0]["EventId"]
    return name


def test_a_queue_a_topic_and_a_log_group_receive_the_event(account: EngineAccount, events: Json) -> None:
    url, arn = create_queue(account, "in")
    topic = account.client("sns").create_topic(Name="news")["TopicArn"]
    subscriber_url, subscriber_arn = create_queue(account, "behind")
    attributes = {"RawMessageDelivery": "true"}
    account.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=subscriber_arn, Attributes=attributes)
    logs = account.client("logs")
    logs.create_log_group(logGroupName="/events/all")
    group = f"arn:aws:logs:{REGION}:{account.account_id}:log-group:/events/all"
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["shop"]}))
    targets = [{"Id": str(at), "Arn": each} for at, each in enumerate((arn, topic, group))]
    assert events.put_targets(Rule="all", Targets=targets)["FailedEntryCount"] == 0
    name = put_event(events, {"n": 1})
    assert json.loads(receive_message(account, url)["Body"])["id"] == name
    assert json.loads(receive_message(account, subscriber_url)["Body"])["id"] == name
    lines = eventually(lambda: logs.filter_log_events(logGroupName="/events/all")["events"])
    assert json.loads(lines[0]["message"])["detail"] == {"n": 1}


def test_an_undeliverable_event_is_sent_to_the_dead_letter_queue(account: EngineAccount, events: Json) -> None:
    url, arn = create_queue(account, "dead")
    missing = f"arn:aws:sqs:{REGION}:{account.account_id}:missing"
    rule = events.put_rule(Name="all", EventPattern=json.dumps({"source": ["shop"]}))["RuleArn"]
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": missing, "DeadLetterConfig": {"Arn": arn}}])
    name = put_event(events, {})
    message = receive_message(account, url)
    assert json.loads(message["Body"])["id"] == name
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"], attributes["ERROR_CODE"]) == (
        rule,
        missing,
        "NO_RESOURCE",
    )


def test_a_fifo_queue_receives_events_in_order(account: EngineAccount, events: Json) -> None:
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = account.client("sqs").create_queue(QueueName="in.fifo", Attributes=attributes)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{account.account_id}:in.fifo"
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn, "SqsParameters": {"MessageGroupId": "g"}}])
    for n in range(5):
        put_event(events, {"n": n})
    assert [json.loads(receive_message(account, url)["Body"])["detail"]["n"] for _ in range(5)] == list(range(5))
