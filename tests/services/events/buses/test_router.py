"""An event comes to every target that wants it, once."""

import re

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Event
from lamplighter.services.events.buses.put_events import MAX_REQUEST_BYTES
from tests.engine_harness import ACCOUNT, CALLER, REGION, ROLE, SECOND, EngineDied, chain
from tests.services.events.events_harness import DEAD, GROUP, QUEUE, TOPIC, EventsHarness, to, to_machine

BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus"


def attributes(dead: Json) -> Json:
    return {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}


# --- PutEvents --------------------------------------------------------------------------------------------------------


def test_an_event_has_the_form_that_eventbridge_gives_it(harness: EventsHarness) -> None:
    harness.rule({"source": ["shop"]}, to(QUEUE))
    name = harness.put({"n": 1}, Resources=["arn:one"])
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


def test_only_rules_that_want_an_event_send_it(harness: EventsHarness) -> None:
    harness.rule({"detail": {"n": [1]}}, to(QUEUE, Input='"one"'), name="one")
    harness.rule({"detail": {"n": [2]}}, to(QUEUE, Input='"two"'), name="two")
    harness.put({"n": 2})
    assert harness.messages() == ["two"]


def test_a_rule_with_text_after_its_pattern_is_a_rule_as_any_other(harness: EventsHarness) -> None:
    """AWS reads a pattern to its last brace."""
    harness.rule(None, to(QUEUE, Input='"taken"'))
    harness.events("PutRule", Name="rule", EventPattern='{"source":["shop"]} xyz')
    harness.put({"n": 1})
    assert harness.messages() == ["taken"]


def test_a_source_that_a_way_of_or_names_is_one_that_the_rule_wants(harness: EventsHarness) -> None:
    harness.rule({"source": ["a"], "$or": [{"source": ["b"]}, {"detail-type": ["x"]}]}, to(QUEUE, Input='"taken"'))
    harness.put({}, source="b")
    harness.put({}, source="c")
    assert harness.messages() == ["taken"]


def test_a_rule_that_is_disabled_sends_nothing_until_it_is_enabled(harness: EventsHarness) -> None:
    harness.rule(None, to(QUEUE))
    harness.events("DisableRule", Name="rule")
    harness.put()
    assert harness.messages() == []
    harness.events("EnableRule", Name="rule")
    harness.put()
    assert len(harness.messages()) == 1


def test_a_change_of_a_rule_or_its_targets_holds_from_then_on(harness: EventsHarness) -> None:
    harness.rule({"source": ["a"]}, to(QUEUE))
    harness.put(source="b")
    harness.rule({"source": ["b"]})
    harness.put(source="b")
    harness.events("RemoveTargets", Rule="rule", Ids=["1"])
    harness.put(source="b")
    assert len(harness.messages()) == 1


def test_time_is_the_senders_where_one_is_given(harness: EventsHarness) -> None:
    harness.rule(None, to(QUEUE))
    harness.put(Time=1_600_000_000.5)
    assert harness.messages()[0]["time"] == "2020-09-13T12:26:40Z"


def test_entries_that_are_none_fail_alone(harness: EventsHarness) -> None:
    harness.rule(None, to(QUEUE))
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
    code, message = harness.refused("PutEvents", Entries=[entry(MAX_REQUEST_BYTES // 2), entry(MAX_REQUEST_BYTES // 2)])
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
def test_a_target_that_makes_a_log_event_says_what_is_logged_and_when(
    harness: EventsHarness, template: str, time: int, message: str
) -> None:
    paths = {"time": "$.time", "type": "$.detail-type"}
    harness.rule(None, to(GROUP, InputTransformer={"InputPathsMap": paths, "InputTemplate": template}))
    harness.put(Time=1_767_225_600)
    (entry,) = harness.notes("PutLogEvents")
    assert entry["logEvents"] == [{"timestamp": time, "message": message}]


def test_an_event_for_a_bus_that_is_not_there_goes_nowhere(harness: EventsHarness) -> None:
    harness.rule(None, to(QUEUE))
    harness.put(bus="nowhere")
    assert harness.messages() == []


# --- targets ----------------------------------------------------------------------------------------------------------


def test_an_execution_is_started_with_the_event_and_named_after_it(harness: EventsHarness) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.rule(None, to_machine(machine))
    name = harness.put({"n": 1})
    (execution,) = harness.executions(machine)
    assert re.fullmatch(name + "_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", execution["name"])
    assert loads(harness.describe(execution["executionArn"])["input"])["detail"] == {"n": 1}


def test_a_task_is_run_with_the_targets_settings_and_overrides(harness: EventsHarness) -> None:
    definition = harness.define_task()
    cluster = harness.call("ecs", "DescribeClusters")["clusters"][0]["clusterArn"]
    overrides = {"containerOverrides": [{"name": "main", "environment": [{"name": "N", "value": "<n>"}]}]}
    target = to(
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
    harness.rule(None, target)
    harness.put({"n": 7})
    arns = harness.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"]
    tasks = harness.call("ecs", "DescribeTasks", tasks=arns, include=["TAGS"])["tasks"]
    assert [(task["group"], task["startedBy"], task["tags"]) for task in tasks] == [
        ("g", "events-rule/rule", [{"key": "k", "value": "v"}])
    ] * 2
    assert [container.environment["N"] for container in harness.runtime.begun.values()] == ["7", "7"]


def test_overrides_that_are_none_are_a_permanent_failure(harness: EventsHarness) -> None:
    definition = harness.define_task()
    cluster = harness.call("ecs", "DescribeClusters")["clusters"][0]["clusterArn"]
    ecs = {"RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}, "DeadLetterConfig": {"Arn": DEAD}}
    harness.rule(
        None, to(cluster, "a", **ecs, Input='"x"'), to(cluster, "b", **ecs, Input='{"containerOverrides":"x"}')
    )
    harness.put()
    assert [attributes(dead)["ERROR_CODE"] for dead in harness.notes("dead")] == ["INVALID_JSON", "INVALID_PARAMETER"]
    assert harness.call("ecs", "ListTasks")["taskArns"] == []


def test_a_topic_a_queue_of_groups_and_a_log_group_get_it(harness: EventsHarness) -> None:
    fifo = to(f"{QUEUE}.fifo", "2", SqsParameters={"MessageGroupId": "g"}, InputPath="$.detail")
    harness.rule(None, to(TOPIC, Input='"hello"'), fifo, to(GROUP, "3", InputPath="$.detail"))
    harness.put({"n": 1})
    assert harness.notes("sns") == [{"TopicArn": TOPIC, "Message": '"hello"'}]
    (message,) = harness.notes("sqs")
    assert (message["MessageBody"], message["MessageGroupId"]) == ('{"n":1}', "g")
    (stream,), (entry,) = harness.notes("CreateLogStream"), harness.notes("PutLogEvents")
    assert stream["logGroupName"] == "/events/all"
    assert entry == stream | {"logEvents": [{"timestamp": harness.clock.now(), "message": '{"n":1}'}]}


def test_an_event_goes_on_to_one_other_bus_as_it_is_and_no_further(harness: EventsHarness) -> None:
    for name in ("one", "two"):
        harness.events("CreateEventBus", Name=name)
    harness.rule(None, to(f"{BUS}/one"))
    harness.rule(None, to(QUEUE), to(f"{BUS}/two", "2"), EventBusName="one")
    harness.rule(None, to(QUEUE, Input='"two"'), EventBusName="two")
    name = harness.put()
    assert [message["id"] for message in harness.messages()] == [name]


def test_events_of_our_own_services_go_to_the_default_bus(harness: EventsHarness) -> None:
    machine = harness.machine(chain({"Type": "Fail", "Error": "Mine"}))
    failed = {"source": ["aws.states"], "detail": {"status": ["FAILED"]}}
    harness.rule(failed, to(TOPIC))
    execution = harness.start(machine)
    harness.settle()
    (message,) = harness.notes("sns")
    event = loads(message["Message"])
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["resources"] == [execution]


def test_a_target_that_nothing_serves_is_a_permanent_failure(harness: EventsHarness) -> None:
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    harness.rule(None, to(function, DeadLetterConfig={"Arn": DEAD}), to("arn:aws:inspector:::x", "2"))
    harness.put()
    (dead,) = harness.notes("dead")
    assert attributes(dead)["ERROR_CODE"] == "SDK_CLIENT_ERROR"
    assert "--endpoint lambda=URL" in attributes(dead)["ERROR_MESSAGE"]


# --- failures ---------------------------------------------------------------------------------------------------------


def test_what_a_target_refuses_for_now_comes_later(harness: EventsHarness) -> None:
    harness.refusals = [AwsError("slow", code="ThrottlingException")] * 3
    harness.rule(None, to(QUEUE))
    harness.put()
    assert harness.messages() == []
    for _ in range(7):
        harness.advance(SECOND)
    assert len(harness.messages()) == 1


def test_a_dead_letter_has_the_event_and_says_why(harness: EventsHarness) -> None:
    missing = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:missing"
    rule = harness.rule(None, to_machine(missing, DeadLetterConfig={"Arn": DEAD}, Input='{"a":1}'))
    name = harness.put()
    (dead,) = harness.notes("dead")
    assert loads(dead["MessageBody"])["id"] == name
    assert attributes(dead) == {
        "RULE_ARN": rule,
        "TARGET_ARN": missing,
        "ERROR_CODE": "NO_RESOURCE",
        "ERROR_MESSAGE": f"State Machine Does Not Exist: '{missing}'",
        "RETRY_ATTEMPTS": "0",
    }


def test_the_retry_policy_of_the_target_holds(harness: EventsHarness) -> None:
    harness.refusals = [AwsError("slow", code="ThrottlingException")] * 3
    policy = {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}
    harness.rule(None, to(QUEUE, RetryPolicy=policy, DeadLetterConfig={"Arn": DEAD}))
    harness.put()
    harness.advance(60 * SECOND)
    said = attributes(harness.notes("dead")[0])
    assert (said["ERROR_CODE"], said["EXHAUSTED_RETRY_CONDITION"]) == ("THROTTLING", "MaximumRetryAttempts")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 4))
def test_an_engine_that_dies_on_the_way_starts_each_execution_once(
    harness: EventsHarness, commit: int, before: bool
) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.rule(None, to_machine(machine), to(QUEUE, "2"))
    harness.die_at(commit, before=before)
    taken = True
    try:
        harness.put()
    except EngineDied:
        taken = not (commit == 1 and before)
        harness.up()
    harness.settle()
    assert len(harness.executions(machine)) == taken
    assert len(harness.messages()) == taken


# --- what it costs where nobody wants anything ------------------------------------------------------------------------


def test_an_engine_without_rules_makes_no_events(harness: EventsHarness) -> None:
    made: list[Event] = []
    engine = harness.engine
    engine.bus._listeners["*"] = [each for each in engine.bus._listeners["*"] if each[0].__name__ == "on_service_event"]

    def make() -> Event:
        made.append(Event(CALLER, "aws.quiet", "told", 0, (), {}))
        return made[-1]

    async def publish() -> None:
        await engine.store.write(lambda tx: engine.bus.publish(tx, "aws.quiet", make))

    harness.run(publish())
    assert len(made) == 0
    harness.rule({"source": ["never"]})
    harness.run(publish())
    assert len(made) == 1
    harness.events("DeleteRule", Name="rule")
    harness.run(publish())
    assert len(made) == 1


# --- events of executions ---------------------------------------------------------------------------------------------


def test_an_execution_puts_events_that_say_whose_they_are(harness: EventsHarness) -> None:
    harness.rule(None, to(QUEUE))
    entry = {"Source": "batch", "DetailType": "t", "Detail": {"n": 1}, "Resources": ["arn:mine"]}
    state = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": [entry]}}
    execution = harness.run_machine(state)
    assert harness.status(execution) == "SUCCEEDED"
    (event,) = harness.messages()
    machine = harness.describe(execution)["stateMachineArn"]
    assert (event["resources"], event["detail"]) == (["arn:mine", machine, execution], {"n": 1})


def test_an_execution_of_which_an_event_is_refused_fails(harness: EventsHarness) -> None:
    details: tuple[Json, ...] = ({}, "no json")
    entries = [{"Source": "batch", "DetailType": "t", "Detail": detail} for detail in details]
    state = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": entries}}
    described = harness.describe(harness.run_machine(state))
    assert (described["status"], described["error"]) == ("FAILED", "EventBridge.FailedEntry")
    cause = loads(described["cause"])
    assert cause["FailedEntryCount"] == 1
    assert [entry.get("ErrorCode") for entry in cause["Entries"]] == [None, "MalformedDetail"]
