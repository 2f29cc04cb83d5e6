"""What a template says under `Metadata: {Lamplighter: …}`, which AWS ignores, is done here."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engine_harness import DAY
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, topic


def task(metadata: Json, **container: Json) -> Json:
    """A task definition of two containers, of which the second has an image."""
    containers = [
        {"Name": "main", "Image": "scratch", "Command": ["true"], **container},
        {"Name": "beside", "Image": "busybox", "Essential": False},
    ]
    given = {"Family": "job", "ContainerDefinitions": containers, "Memory": "512"}
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": given, "Metadata": metadata}


def ours(**words: Json) -> Json:
    return {"Lamplighter": words}


def containers(harness: CloudFormationHarness) -> Json:
    found = harness.call("ecs", "DescribeTaskDefinition", taskDefinition="job")["taskDefinition"]
    return [(each["name"], each.get("image"), each.get("workingDirectory")) for each in found["containerDefinitions"]]


@pytest.mark.parametrize(
    ("given", "folder"), [({}, "/jobs"), ({"WorkingDirectory": "in"}, "/jobs/in"), ({"WorkingDirectory": "/x"}, "/x")]
)
def test_a_process_has_no_image_and_runs_in_its_folder(
    harness: CloudFormationHarness, given: Json, folder: str
) -> None:
    harness.create(body(T=task(ours(Process=True, Directory="/jobs"), **given)))
    assert containers(harness) == [("main", None, folder), ("beside", "busybox", None)]


@pytest.mark.parametrize("metadata", [{}, ours(), ours(Process="yes"), {"Lamplighter": "Process"}, None])
def test_what_is_not_said_to_be_a_process_keeps_its_image(harness: CloudFormationHarness, metadata: Json) -> None:
    harness.create(body(T=task(metadata or {})))
    assert containers(harness)[0] == ("main", "scratch", None)


def test_a_folder_that_could_be_anywhere_is_none(harness: CloudFormationHarness) -> None:
    harness.create(body(T=task(ours(Process=True, Directory="."))))
    assert containers(harness)[0] == ("main", None, None)


def test_a_process_that_moves_to_another_folder_is_a_new_revision_and_nothing_else_is(
    harness: CloudFormationHarness,
) -> None:
    harness.create(body(T=task(ours(Process=True, Directory="/here"))))
    with pytest.raises(AwsError, match="No updates are to be performed"):
        harness.update(body(T=task(ours(Process=True, Directory="/here"))))
    harness.update(body(T=task(ours(Process=True, Directory="/there"))))
    assert containers(harness)[0] == ("main", None, "/there")
    assert harness.physical("T").endswith("job:2")


def subscribed(harness: CloudFormationHarness) -> list[tuple[str, str]]:
    found = harness.call("sns", "ListSubscriptions")["Subscriptions"]
    return [(each["Protocol"], each["Endpoint"]) for each in found]


def test_a_command_is_subscribed_to_its_topic_changed_with_it_and_goes_with_it(harness: CloudFormationHarness) -> None:
    def asked(*words: str, **more: str) -> str:
        return body(T=topic() | {"Metadata": ours(Command=list(words), **more)})

    harness.create(asked("echo", "a b"))
    assert subscribed(harness) == [("lamplighter:command", "echo 'a b'")]
    harness.update(asked("./tell", Directory="/my jobs"))
    assert subscribed(harness) == [("lamplighter:command", "cd '/my jobs' && exec ./tell")]
    harness.update(body(T=topic()))
    assert subscribed(harness) == []


def test_a_command_comes_back_when_its_change_is_rolled_back(harness: CloudFormationHarness) -> None:
    bad = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 99_999}, "DependsOn": "T"}
    harness.create(body(T=topic() | {"Metadata": ours(Command=["old"])}))
    harness.update(body(T=topic() | {"Metadata": ours(Command=["new"])}, Q=bad))
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert subscribed(harness) == [("lamplighter:command", "old")]


def hook(**words: Json) -> str:
    given = {"TopicArn": {"Ref": "T"}, "Protocol": "http", "Endpoint": "http://127.0.0.1:9/night"}
    return body(T=topic(), S={"Type": "AWS::SNS::Subscription", "Properties": given, "Metadata": ours(**words)})


def its_arn(harness: CloudFormationHarness) -> str:
    (found,) = harness.call("sns", "ListSubscriptions")["Subscriptions"]
    return str(found["SubscriptionArn"])


def test_a_web_server_that_the_owner_vouches_for_is_subscribed_without_being_asked(
    harness: CloudFormationHarness,
) -> None:
    harness.create(hook(Confirmed=True))
    assert its_arn(harness) == harness.physical("S")
    harness.update(body(T=topic()))
    assert subscribed(harness) == []


@pytest.mark.parametrize("words", [{}, {"Confirmed": "yes"}])
def test_a_web_server_that_nobody_vouches_for_is_asked(harness: CloudFormationHarness, words: Json) -> None:
    harness.create(hook(**words))
    assert its_arn(harness) == "PendingConfirmation"


@pytest.mark.parametrize("days", [1, 3])
def test_a_web_server_that_has_not_answered_is_subscribed_once_the_owner_vouches_for_it(
    harness: CloudFormationHarness, days: int
) -> None:
    harness.create(hook())
    harness.advance(days * DAY)
    harness.update(hook(Confirmed=True))
    assert its_arn(harness) == harness.physical("S")
    harness.advance(3 * DAY)
    assert len(subscribed(harness)) == 1


def test_a_schedule_says_which_missed_times_are_made_up_for_and_for_how_long(harness: CloudFormationHarness) -> None:
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/r"}
    given = {"Name": "s", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}

    def asked(**words: Json) -> str:
        return body(S={"Type": "AWS::Scheduler::Schedule", "Properties": given, "Metadata": ours(**words)})

    def kept() -> Json:
        return harness.rows("SELECT missed, within FROM schedules")

    harness.create(asked(Missed="all", Within=172_800))
    assert kept() == [("all", 172_800)]
    harness.update(asked(Missed="none"))
    assert kept() == [("none", None)]
    harness.update(asked(Missed="sometimes"))
    assert any("Missed must be one of" in reason for reason in harness.reasons())
    assert kept() == [("none", None)]
