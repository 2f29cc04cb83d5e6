"""Send each event once to every target of each rule that it matches."""

import re
from dataclasses import replace

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Event
from lamplighter.services.events.buses.put_events import MAX_REQUEST_BYTES
from tests.engine_harness import ACCOUNT, CALLER, REGION, ROLE, SECOND, EngineDied, chain
from tests.services.events.events_harness import (
    DEAD_LETTER_QUEUE,
    GROUP,
    QUEUE,
    TOPIC,
    EventsHarness,
    make_machine_target,
    make_target,
)

BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus"


def read_attributes(dead: Json) -> Json:
    return {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}


# --- PutEvents --------------------------------------------------------------------------------------------------------


def test_an_event_has_the_format_of_eventbridge(harness: EventsHarness) -> None:
    harness.put_rule({"source": ["shop"]}, make_target(QUEUE))
    name = harness.put_event({"n": 1}, Resources=["arn:one"])
    assert harness.messages() == [
        {
            "version": "0",
            "id": name,
            "detail-type": "Order",
            "source": "shop",
            "account": ACCOUNT,
            "time": "2026-01-01T00:00:00Z",
            "region": REGION,
            "resources": ["arn:one"],
            "detail": {"n": 1},
        }
    ]


def test_only_matching_rules_send_an_event(harness: EventsHarness) -> None:
    harness.put_rule({"detail": {"n": [1]}}, make_target(QUEUE, Input='"one"'), name="one")
    harness.put_rule({"detail": {"n": [2]}}, make_target(QUEUE, Input='"two"'), name="two")
    harness.put_event({"n": 2})
    assert harness.messages() == ["two"]


def test_a_rule_ignores_text_after_its_pattern(harness: EventsHarness) -> None:
    """AWS reads a pattern up to its last brace."""
    harness.put_rule(None, make_target(QUEUE, Input='"taken"'))
    harness.events("PutRule", Name="rule", EventPattern='{"source":["shop"]} xyz')
    harness.put_event({"n": 1})
    assert harness.messages() == ["taken"]


def test_a_source_in_an_alternative_of_or_matches_the_rule(harness: EventsHarness) -> None:
    harness.put_rule(
        {"source": ["a"], "$or": [{"source": ["b"]}, {"detail-type": ["x"]}]}, make_target(QUEUE, Input='"taken"')
    )
    harness.put_event({}, source="b")
    harness.put_event({}, source="c")
    assert harness.messages() == ["taken"]


def test_a_disabled_rule_sends_nothing_until_it_is_enabled(harness: EventsHarness) -> None:
    harness.put_rule(None, make_target(QUEUE))
    harness.events("DisableRule", Name="rule")
    harness.put_event()
    assert harness.messages() == []
    harness.events("EnableRule", Name="rule")
    harness.put_event()
    assert len(harness.messages()) == 1


def test_a_change_of_a_rule_or_its_targets_applies_to_later_events(harness: EventsHarness) -> None:
    harness.put_rule({"source": ["a"]}, make_target(QUEUE))
    harness.put_event(source="b")
    harness.put_rule({"source": ["b"]})
    harness.put_event(source="b")
    harness.events("RemoveTargets", Rule="rule", Ids=["1"])
    harness.put_event(source="b")
    assert len(harness.messages()) == 1


def test_an_event_keeps_the_time_that_its_sender_gives(harness: EventsHarness) -> None:
    harness.put_rule(None, make_target(QUEUE))
    harness.put_event(Time=1_600_000_000.5)
    assert harness.messages()[0]["time"] == "2020-09-13T12:26:40Z"


def test_an_invalid_entry_does_not_fail_the_other_entries(harness: EventsHarness) -> None:
    harness.put_rule(None, make_target(QUEUE))
    good = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    entries = [
        good,
        good | {"Detail": "[]"},
        good | {"Detail": "{"},
        {"Source": "s", "DetailType": "t"},
        good | {"Source": "aws.states"},
    ]
    answer = harness.events("PutEvents", Entries=entries)
    harness.settle()
    assert answer["FailedEntryCount"] == 4
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "MalformedDetail",
        "MalformedDetail",
        "InvalidArgument",
        "NotAuthorizedForSourceException",
    ]
    assert len(harness.messages()) == 1


def test_a_request_of_a_megabyte_is_too_large(harness: EventsHarness) -> None:
    def entry(size: int) -> Json:
        return {"Source": "s", "DetailType": "t", "Detail": dumps({"x": "a" * (size - 10)})}

    assert MAX_REQUEST_BYTES == 1_048_576
    assert harness.events("PutEvents", Entries=[entry(MAX_REQUEST_BYTES - 1)])["FailedEntryCount"] == 0
    code, message = harness.expect_error(
        "PutEvents", Entries=[entry(MAX_REQUEST_BYTES // 2), entry(MAX_REQUEST_BYTES // 2)]
    )
    assert (code, message) == ("ValidationException", "Total size of the entries in the request is over the limit.")


@pytest.mark.parametrize(
    ("template", "time", "message"),
    [
        ('{"timestamp": <time>, "message": <type>}', 1_767_225_600_000, "Order"),
        ('{"timestamp": 1767225600123, "message": "{\\"a\\":\\"b\\"}"}', 1_767_225_600_123, '{"a":"b"}'),
        ('{"timestamp": "2026-01-01T00:00:01.5Z", "message": {"a": 1}}', 1_767_225_601_500, '{"a":1}'),
        ('{"timestamp": "noon", "message": "m"}', 1_767_225_600_000, "m"),
        ('{"timestamp": true, "message": "m"}', 1_767_225_600_000, "m"),
        ('{"timestamp": 1e300, "message": "m"}', 1_767_225_600_000, "m"),
        ('{"message": "m"}', 1_767_225_600_000, '{"message": "m"}'),
    ],
)
def test_an_input_template_determines_message_and_timestamp_of_a_log_event(
    harness: EventsHarness, template: str, time: int, message: str
) -> None:
    paths = {"time": "$.time", "type": "$.detail-type"}
    harness.put_rule(None, make_target(GROUP, InputTransformer={"InputPathsMap": paths, "InputTemplate": template}))
    harness.put_event(Time=1_767_225_600)
    (entry,) = harness.recorded_calls("PutLogEvents")
    assert entry["logEvents"] == [{"timestamp": time, "message": message}]


def test_an_event_for_a_missing_bus_is_dropped(harness: EventsHarness) -> None:
    harness.put_rule(None, make_target(QUEUE))
    harness.put_event(bus="nowhere")
    assert harness.messages() == []


# --- targets ----------------------------------------------------------------------------------------------------------


def test_a_started_execution_receives_the_event_and_is_named_after_it(harness: EventsHarness) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.put_rule(None, make_machine_target(machine))
    name = harness.put_event({"n": 1})
    (execution,) = harness.list_executions(machine)
    assert re.fullmatch(name + "_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", execution["name"])
    assert loads(harness.describe(execution["executionArn"])["input"])["detail"] == {"n": 1}


def test_a_task_runs_with_the_settings_and_overrides_of_its_target(harness: EventsHarness) -> None:
    definition = harness.define_task()
    cluster = harness.call("ecs", "DescribeClusters")["clusters"][0]["clusterArn"]
    overrides = {"containerOverrides": [{"name": "main", "environment": [{"name": "N", "value": "<n>"}]}]}
    target = make_target(
        cluster,
        RoleArn=ROLE,
        EcsParameters={
            "TaskDefinitionArn": definition,
            "TaskCount": 2,
            "Group": "g",
            "Tags": [{"Key": "k", "Value": "v"}],
        },
        InputTransformer={"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": dumps(overrides)},
    )
    harness.put_rule(None, target)
    harness.put_event({"n": 7})
    arns = harness.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"]
    tasks = harness.call("ecs", "DescribeTasks", tasks=arns, include=["TAGS"])["tasks"]
    assert [(task["group"], task["startedBy"], task["tags"]) for task in tasks] == [
        ("g", "events-rule/rule", [{"key": "k", "value": "v"}])
    ] * 2
    assert [container.environment["N"] for container in harness.runtime.started.values()] == ["7", "7"]


def test_invalid_overrides_are_a_permanent_failure(harness: EventsHarness) -> None:
    definition = harness.define_task()
    cluster = harness.call("ecs", "DescribeClusters")["clusters"][0]["clusterArn"]
    ecs = {
        "RoleArn": ROLE,
        "EcsParameters": {"TaskDefinitionArn": definition},
        "DeadLetterConfig": {"Arn": DEAD_LETTER_QUEUE},
    }
    harness.put_rule(
        None,
        make_target(cluster, "a", **ecs, Input='"x"'),
        make_target(cluster, "b", **ecs, Input='{"containerOverrides":"x"}'),
    )
    harness.put_event()
    assert [read_attributes(dead)["ERROR_CODE"] for dead in harness.recorded_calls("dead")] == [
        "INVALID_JSON",
        "INVALID_PARAMETER",
    ]
    assert harness.call("ecs", "ListTasks")["taskArns"] == []


def test_a_topic_a_fifo_queue_and_a_log_group_receive_the_event(harness: EventsHarness) -> None:
    fifo = make_target(f"{QUEUE}.fifo", "2", SqsParameters={"MessageGroupId": "g"}, InputPath="$.detail")
    harness.put_rule(None, make_target(TOPIC, Input='"hello"'), fifo, make_target(GROUP, "3", InputPath="$.detail"))
    harness.put_event({"n": 1})
    assert harness.recorded_calls("sns") == [{"TopicArn": TOPIC, "Message": '"hello"'}]
    (message,) = harness.recorded_calls("sqs")
    assert (message["MessageBody"], message["MessageGroupId"]) == ('{"n":1}', "g")
    (stream,), (entry,) = harness.recorded_calls("CreateLogStream"), harness.recorded_calls("PutLogEvents")
    assert stream["logGroupName"] == "/events/all"
    assert entry == stream | {"logEvents": [{"timestamp": harness.clock.now(), "message": '{"n":1}'}]}


def test_an_event_is_forwarded_unchanged_to_one_other_bus_and_no_further(harness: EventsHarness) -> None:
    for name in ("one", "two"):
        harness.events("CreateEventBus", Name=name)
    harness.put_rule(None, make_target(f"{BUS}/one"))
    harness.put_rule(None, make_target(QUEUE), make_target(f"{BUS}/two", "2"), EventBusName="one")
    harness.put_rule(None, make_target(QUEUE, Input='"two"'), EventBusName="two")
    name = harness.put_event()
    assert [message["id"] for message in harness.messages()] == [name]


def test_an_event_has_another_id_on_a_bus_of_another_region(harness: EventsHarness) -> None:
    there = replace(CALLER, region="ap-south-1")
    rule = {"Name": "r", "EventPattern": dumps({"source": ["shop"]})}
    harness.run(harness.engine.call(there, "events", "PutRule", rule))
    targets = {"Rule": "r", "Targets": [make_target(QUEUE)]}
    harness.run(harness.engine.call(there, "events", "PutTargets", targets))
    harness.put_rule(None, make_target(f"{BUS}/default".replace(REGION, there.region)), make_target(QUEUE, "2"))
    name = harness.put_event({"n": 1})
    here, forwarded = sorted(harness.messages(), key=lambda message: message["id"] != name)
    assert (here["id"], forwarded["id"] != name) == (name, True)
    assert forwarded == here | {"id": forwarded["id"]}


def test_a_transformed_event_that_is_no_json_is_a_permanent_failure(harness: EventsHarness) -> None:
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": "<n> of 5"}
    harness.put_rule(
        None, make_target(QUEUE, InputTransformer=transformer, DeadLetterConfig={"Arn": DEAD_LETTER_QUEUE})
    )
    harness.put_event({"n": 3})
    (dead,) = harness.recorded_calls("dead")
    assert harness.messages() == []
    assert read_attributes(dead)["ERROR_CODE"] == "INVALID_JSON"


def test_events_of_the_engines_services_go_to_the_default_bus(harness: EventsHarness) -> None:
    machine = harness.machine(chain({"Type": "Fail", "Error": "Mine"}))
    failed = {"source": ["aws.states"], "detail": {"status": ["FAILED"]}}
    harness.put_rule(failed, make_target(TOPIC))
    execution = harness.start(machine)
    harness.settle()
    (message,) = harness.recorded_calls("sns")
    event = loads(message["Message"])
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["resources"] == [execution]


def test_a_target_of_an_unsupported_service_is_a_permanent_failure(harness: EventsHarness) -> None:
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    harness.put_rule(
        None,
        make_target(function, DeadLetterConfig={"Arn": DEAD_LETTER_QUEUE}),
        make_target("arn:aws:inspector:::x", "2"),
    )
    harness.put_event()
    (dead,) = harness.recorded_calls("dead")
    assert read_attributes(dead)["ERROR_CODE"] == "SDK_CLIENT_ERROR"
    assert "--endpoint lambda=URL" in read_attributes(dead)["ERROR_MESSAGE"]


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_throttled_delivery_is_retried(harness: EventsHarness) -> None:
    harness.sqs_errors = [AwsError("slow", code="ThrottlingException")] * 3
    harness.put_rule(None, make_target(QUEUE))
    harness.put_event()
    assert harness.messages() == []
    for _ in range(7):
        harness.advance(SECOND)
    assert len(harness.messages()) == 1


def test_a_dead_letter_contains_the_event_and_the_reason(harness: EventsHarness) -> None:
    missing = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:missing"
    rule = harness.put_rule(
        None, make_machine_target(missing, DeadLetterConfig={"Arn": DEAD_LETTER_QUEUE}, Input='{"a":1}')
    )
    name = harness.put_event()
    (dead,) = harness.recorded_calls("dead")
    assert loads(dead["MessageBody"])["id"] == name
    assert read_attributes(dead) == {
        "RULE_ARN": rule,
        "TARGET_ARN": missing,
        "ERROR_CODE": "NO_RESOURCE",
        "ERROR_MESSAGE": f"State Machine Does Not Exist: '{missing}'",
        "RETRY_ATTEMPTS": "0",
    }


def test_the_retry_policy_of_the_target_is_applied(harness: EventsHarness) -> None:
    harness.sqs_errors = [AwsError("slow", code="ThrottlingException")] * 3
    policy = {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}
    harness.put_rule(None, make_target(QUEUE, RetryPolicy=policy, DeadLetterConfig={"Arn": DEAD_LETTER_QUEUE}))
    harness.put_event()
    harness.advance(60 * SECOND)
    attributes = read_attributes(harness.recorded_calls("dead")[0])
    assert (attributes["ERROR_CODE"], attributes["EXHAUSTED_RETRY_CONDITION"]) == ("THROTTLING", "MaximumRetryAttempts")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 4))
def test_each_execution_is_started_once_if_the_engine_is_killed_at_any_commit(
    harness: EventsHarness, commit: int, before: bool
) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.put_rule(None, make_machine_target(machine), make_target(QUEUE, "2"))
    harness.die_at(commit, before=before)
    accepted = True
    try:
        harness.put_event()
    except EngineDied:
        accepted = not (commit == 1 and before)
        harness.up()
    harness.settle()
    assert len(harness.list_executions(machine)) == accepted
    assert len(harness.messages()) == accepted


# --- cost without rules -----------------------------------------------------------------------------------------------


def test_no_event_is_built_while_there_are_no_rules(harness: EventsHarness) -> None:
    built: list[Event] = []
    engine = harness.engine
    engine.bus._listeners["*"] = [each for each in engine.bus._listeners["*"] if each[0].__name__ == "on_service_event"]

    def build() -> Event:
        built.append(Event(CALLER, "aws.quiet", "told", 0, (), {}))
        return built[-1]

    async def publish() -> None:
        await engine.store.write(lambda tx: engine.bus.publish(tx, "aws.quiet", build))

    harness.run(publish())
    assert len(built) == 0
    harness.put_rule({"source": ["never"]})
    harness.run(publish())
    assert len(built) == 1
    harness.events("DeleteRule", Name="rule")
    harness.run(publish())
    assert len(built) == 1


# --- events of executions ---------------------------------------------------------------------------------------------


def test_events_that_an_execution_puts_name_the_state_machine_and_the_execution(harness: EventsHarness) -> None:
    harness.put_rule(None, make_target(QUEUE))
    entry = {"Source": "batch", "DetailType": "t", "Detail": {"n": 1}, "Resources": ["arn:mine"]}
    state = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": [entry]}}
    execution = harness.run_machine(state)
    assert harness.status(execution) == "SUCCEEDED"
    (event,) = harness.messages()
    machine = harness.describe(execution)["stateMachineArn"]
    assert (event["resources"], event["detail"]) == (["arn:mine", machine, execution], {"n": 1})


def test_an_execution_whose_event_is_refused_fails(harness: EventsHarness) -> None:
    details: tuple[Json, ...] = ({}, "no json")
    entries = [{"Source": "batch", "DetailType": "t", "Detail": detail} for detail in details]
    state = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": entries}}
    described = harness.describe(harness.run_machine(state))
    assert (described["status"], described["error"]) == ("FAILED", "EventBridge.FailedEntry")
    cause = loads(described["cause"])
    assert cause["FailedEntryCount"] == 1
    assert [entry.get("ErrorCode") for entry in cause["Entries"]] == [None, "MalformedDetail"]
