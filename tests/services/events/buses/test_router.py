"""An event comes to every target that wants it, once."""

import re

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Event
from lamplighter.services.events.buses.put_events import LARGEST
from tests.engines import ACCOUNT, CALLER, REGION, ROLE, SECOND, Died, chain
from tests.services.events.hall import DEAD, GROUP, QUEUE, TOPIC, Hall, to, to_machine

BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus"


def attributes(dead: Json) -> Json:
    return {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}


# --- PutEvents --------------------------------------------------------------------------------------------------------


def test_an_event_has_the_form_that_eventbridge_gives_it(hall: Hall) -> None:
    hall.rule({"source": ["shop"]}, to(QUEUE))
    name = hall.put({"n": 1}, Resources=["arn:one"])
    assert hall.messages() == [
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


def test_only_rules_that_want_an_event_send_it(hall: Hall) -> None:
    hall.rule({"detail": {"n": [1]}}, to(QUEUE, Input='"one"'), name="one")
    hall.rule({"detail": {"n": [2]}}, to(QUEUE, Input='"two"'), name="two")
    hall.put({"n": 2})
    assert hall.messages() == ["two"]


def test_a_rule_with_text_after_its_pattern_is_a_rule_as_any_other(hall: Hall) -> None:
    """AWS reads a pattern to its last brace."""
    hall.rule(None, to(QUEUE, Input='"taken"'))
    hall.events("PutRule", Name="rule", EventPattern='{"source":["shop"]} xyz')
    hall.put({"n": 1})
    assert hall.messages() == ["taken"]


def test_a_source_that_a_way_of_or_names_is_one_that_the_rule_wants(hall: Hall) -> None:
    hall.rule({"source": ["a"], "$or": [{"source": ["b"]}, {"detail-type": ["x"]}]}, to(QUEUE, Input='"taken"'))
    hall.put({}, source="b")
    hall.put({}, source="c")
    assert hall.messages() == ["taken"]


def test_a_rule_that_is_disabled_sends_nothing_until_it_is_enabled(hall: Hall) -> None:
    hall.rule(None, to(QUEUE))
    hall.events("DisableRule", Name="rule")
    hall.put()
    assert hall.messages() == []
    hall.events("EnableRule", Name="rule")
    hall.put()
    assert len(hall.messages()) == 1


def test_a_change_of_a_rule_or_its_targets_holds_from_then_on(hall: Hall) -> None:
    hall.rule({"source": ["a"]}, to(QUEUE))
    hall.put(source="b")
    hall.rule({"source": ["b"]})
    hall.put(source="b")
    hall.events("RemoveTargets", Rule="rule", Ids=["1"])
    hall.put(source="b")
    assert len(hall.messages()) == 1


def test_time_is_the_senders_where_one_is_given(hall: Hall) -> None:
    hall.rule(None, to(QUEUE))
    hall.put(Time=1_600_000_000.5)
    assert hall.messages()[0]["time"] == "2020-09-13T12:26:40Z"


def test_entries_that_are_none_fail_alone(hall: Hall) -> None:
    hall.rule(None, to(QUEUE))
    good = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    entries = [
        good,
        good | {"Detail": "[]"},
        good | {"Detail": "{"},
        {"Source": "s", "DetailType": "t"},
        good | {"Source": "aws.states"},
    ]
    answer = hall.events("PutEvents", Entries=entries)
    hall.settle()
    assert answer["FailedEntryCount"] == 4
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "MalformedDetail",
        "MalformedDetail",
        "InvalidArgument",
        "NotAuthorizedForSourceException",
    ]
    assert len(hall.messages()) == 1


def test_a_request_of_a_megabyte_is_too_large(hall: Hall) -> None:
    def entry(size: int) -> Json:
        return {"Source": "s", "DetailType": "t", "Detail": dumps({"x": "a" * (size - 10)})}

    assert LARGEST == 1_048_576
    assert hall.events("PutEvents", Entries=[entry(LARGEST - 1)])["FailedEntryCount"] == 0
    code, message = hall.refused("PutEvents", Entries=[entry(LARGEST // 2), entry(LARGEST // 2)])
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
    hall: Hall, template: str, time: int, message: str
) -> None:
    paths = {"time": "$.time", "type": "$.detail-type"}
    hall.rule(None, to(GROUP, InputTransformer={"InputPathsMap": paths, "InputTemplate": template}))
    hall.put(Time=1_767_225_600)
    (entry,) = hall.notes("PutLogEvents")
    assert entry["logEvents"] == [{"timestamp": time, "message": message}]


def test_an_event_for_a_bus_that_is_not_there_goes_nowhere(hall: Hall) -> None:
    hall.rule(None, to(QUEUE))
    hall.put(bus="nowhere")
    assert hall.messages() == []


# --- targets ----------------------------------------------------------------------------------------------------------


def test_an_execution_is_started_with_the_event_and_named_after_it(hall: Hall) -> None:
    machine = hall.machine(chain({"Type": "Pass"}))
    hall.rule(None, to_machine(machine))
    name = hall.put({"n": 1})
    (execution,) = hall.executions(machine)
    assert re.fullmatch(name + "_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", execution["name"])
    assert loads(hall.describe(execution["executionArn"])["input"])["detail"] == {"n": 1}


def test_a_task_is_run_with_the_targets_settings_and_overrides(hall: Hall) -> None:
    definition = hall.define_task()
    cluster = hall.call("ecs", "DescribeClusters")["clusters"][0]["clusterArn"]
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
    hall.rule(None, target)
    hall.put({"n": 7})
    arns = hall.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"]
    tasks = hall.call("ecs", "DescribeTasks", tasks=arns, include=["TAGS"])["tasks"]
    assert [(task["group"], task["startedBy"], task["tags"]) for task in tasks] == [
        ("g", "events-rule/rule", [{"key": "k", "value": "v"}])
    ] * 2
    assert [container.environment["N"] for container in hall.runtime.begun.values()] == ["7", "7"]


def test_overrides_that_are_none_are_a_permanent_failure(hall: Hall) -> None:
    definition = hall.define_task()
    cluster = hall.call("ecs", "DescribeClusters")["clusters"][0]["clusterArn"]
    ecs = {"RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}, "DeadLetterConfig": {"Arn": DEAD}}
    hall.rule(None, to(cluster, "a", **ecs, Input='"x"'), to(cluster, "b", **ecs, Input='{"containerOverrides":"x"}'))
    hall.put()
    assert [attributes(dead)["ERROR_CODE"] for dead in hall.notes("dead")] == ["INVALID_JSON", "INVALID_PARAMETER"]
    assert hall.call("ecs", "ListTasks")["taskArns"] == []


def test_a_topic_a_queue_of_groups_and_a_log_group_get_it(hall: Hall) -> None:
    fifo = to(f"{QUEUE}.fifo", "2", SqsParameters={"MessageGroupId": "g"}, InputPath="$.detail")
    hall.rule(None, to(TOPIC, Input='"hello"'), fifo, to(GROUP, "3", InputPath="$.detail"))
    hall.put({"n": 1})
    assert hall.notes("sns") == [{"TopicArn": TOPIC, "Message": '"hello"'}]
    (message,) = hall.notes("sqs")
    assert (message["MessageBody"], message["MessageGroupId"]) == ('{"n":1}', "g")
    (stream,), (entry,) = hall.notes("CreateLogStream"), hall.notes("PutLogEvents")
    assert stream["logGroupName"] == "/events/all"
    assert entry == stream | {"logEvents": [{"timestamp": hall.clock.now(), "message": '{"n":1}'}]}


def test_an_event_goes_on_to_one_other_bus_as_it_is_and_no_further(hall: Hall) -> None:
    for name in ("one", "two"):
        hall.events("CreateEventBus", Name=name)
    hall.rule(None, to(f"{BUS}/one"))
    hall.rule(None, to(QUEUE), to(f"{BUS}/two", "2"), EventBusName="one")
    hall.rule(None, to(QUEUE, Input='"two"'), EventBusName="two")
    name = hall.put()
    assert [message["id"] for message in hall.messages()] == [name]


def test_events_of_our_own_services_go_to_the_default_bus(hall: Hall) -> None:
    machine = hall.machine(chain({"Type": "Fail", "Error": "Mine"}))
    failed = {"source": ["aws.states"], "detail": {"status": ["FAILED"]}}
    hall.rule(failed, to(TOPIC))
    execution = hall.start(machine)
    hall.settle()
    (message,) = hall.notes("sns")
    event = loads(message["Message"])
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["resources"] == [execution]


def test_a_target_that_nothing_serves_is_a_permanent_failure(hall: Hall) -> None:
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    hall.rule(None, to(function, DeadLetterConfig={"Arn": DEAD}), to("arn:aws:inspector:::x", "2"))
    hall.put()
    (dead,) = hall.notes("dead")
    assert attributes(dead)["ERROR_CODE"] == "SDK_CLIENT_ERROR"
    assert "--endpoint lambda=URL" in attributes(dead)["ERROR_MESSAGE"]


# --- failures ---------------------------------------------------------------------------------------------------------


def test_what_a_target_refuses_for_now_comes_later(hall: Hall) -> None:
    hall.refusals = [AwsError("slow", code="ThrottlingException")] * 3
    hall.rule(None, to(QUEUE))
    hall.put()
    assert hall.messages() == []
    for _ in range(7):
        hall.advance(SECOND)
    assert len(hall.messages()) == 1


def test_a_dead_letter_has_the_event_and_says_why(hall: Hall) -> None:
    missing = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:missing"
    rule = hall.rule(None, to_machine(missing, DeadLetterConfig={"Arn": DEAD}, Input='{"a":1}'))
    name = hall.put()
    (dead,) = hall.notes("dead")
    assert loads(dead["MessageBody"])["id"] == name
    assert attributes(dead) == {
        "RULE_ARN": rule,
        "TARGET_ARN": missing,
        "ERROR_CODE": "NO_RESOURCE",
        "ERROR_MESSAGE": f"State Machine Does Not Exist: '{missing}'",
        "RETRY_ATTEMPTS": "0",
    }


def test_the_retry_policy_of_the_target_holds(hall: Hall) -> None:
    hall.refusals = [AwsError("slow", code="ThrottlingException")] * 3
    policy = {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}
    hall.rule(None, to(QUEUE, RetryPolicy=policy, DeadLetterConfig={"Arn": DEAD}))
    hall.put()
    hall.advance(60 * SECOND)
    said = attributes(hall.notes("dead")[0])
    assert (said["ERROR_CODE"], said["EXHAUSTED_RETRY_CONDITION"]) == ("THROTTLING", "MaximumRetryAttempts")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 4))
def test_an_engine_that_dies_on_the_way_starts_each_execution_once(hall: Hall, commit: int, before: bool) -> None:
    machine = hall.machine(chain({"Type": "Pass"}))
    hall.rule(None, to_machine(machine), to(QUEUE, "2"))
    hall.die_at(commit, before=before)
    taken = True
    try:
        hall.put()
    except Died:
        taken = not (commit == 1 and before)
        hall.up()
    hall.settle()
    assert len(hall.executions(machine)) == taken
    assert len(hall.messages()) == taken


# --- what it costs where nobody wants anything ------------------------------------------------------------------------


def test_an_engine_without_rules_makes_no_events(hall: Hall) -> None:
    made: list[Event] = []
    engine = hall.engine
    engine.bus._listeners["*"] = [each for each in engine.bus._listeners["*"] if each[0].__name__ == "on_service_event"]

    def make() -> Event:
        made.append(Event(CALLER, "aws.quiet", "told", 0, (), {}))
        return made[-1]

    async def publish() -> None:
        await engine.store.write(lambda tx: engine.bus.publish(tx, "aws.quiet", make))

    hall.run(publish())
    assert len(made) == 0
    hall.rule({"source": ["never"]})
    hall.run(publish())
    assert len(made) == 1
    hall.events("DeleteRule", Name="rule")
    hall.run(publish())
    assert len(made) == 1


# --- events of executions ---------------------------------------------------------------------------------------------


def test_an_execution_puts_events_that_say_whose_they_are(hall: Hall) -> None:
    hall.rule(None, to(QUEUE))
    entry = {"Source": "batch", "DetailType": "t", "Detail": {"n": 1}, "Resources": ["arn:mine"]}
    state = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": [entry]}}
    execution = hall.run_machine(state)
    assert hall.status(execution) == "SUCCEEDED"
    (event,) = hall.messages()
    machine = hall.describe(execution)["stateMachineArn"]
    assert (event["resources"], event["detail"]) == (["arn:mine", machine, execution], {"n": 1})


def test_an_execution_of_which_an_event_is_refused_fails(hall: Hall) -> None:
    details: tuple[Json, ...] = ({}, "no json")
    entries = [{"Source": "batch", "DetailType": "t", "Detail": detail} for detail in details]
    state = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": entries}}
    described = hall.describe(hall.run_machine(state))
    assert (described["status"], described["error"]) == ("FAILED", "EventBridge.FailedEntry")
    cause = loads(described["cause"])
    assert cause["FailedEntryCount"] == 1
    assert [entry.get("ErrorCode") for entry in cause["Entries"]] == [None, "MalformedDetail"]
