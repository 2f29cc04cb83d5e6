"""The template's `Metadata: {Lamplighter: …}`, which AWS ignores, configures this engine."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engine_harness import DAY
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness, body, topic


def task(metadata: Json, **container: Json) -> Json:
    """Return a task definition with two containers, `main` and `beside`; the metadata concerns `main`."""
    containers = [
        {"Name": "main", "Image": "scratch", "Command": ["true"], **container},
        {"Name": "beside", "Image": "busybox", "Essential": False},
    ]
    properties = {"Family": "job", "ContainerDefinitions": containers, "Memory": "512"}
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": properties, "Metadata": metadata}


def lamplighter_metadata(**entries: Json) -> Json:
    return {"Lamplighter": entries}


def containers(harness: CloudFormationHarness) -> Json:
    found = harness.call("ecs", "DescribeTaskDefinition", taskDefinition="job")["taskDefinition"]
    return [(each["name"], each.get("image"), each.get("workingDirectory")) for each in found["containerDefinitions"]]


@pytest.mark.parametrize(
    ("given", "folder"), [({}, "/jobs"), ({"WorkingDirectory": "in"}, "/jobs/in"), ({"WorkingDirectory": "/x"}, "/x")]
)
def test_a_process_has_no_image_and_runs_in_its_folder(
    harness: CloudFormationHarness, given: Json, folder: str
) -> None:
    harness.create(body(T=task(lamplighter_metadata(Process=True, Directory="/jobs"), **given)))
    assert containers(harness) == [("main", None, folder), ("beside", "busybox", None)]


@pytest.mark.parametrize(
    "metadata", [{}, lamplighter_metadata(), lamplighter_metadata(Process="yes"), {"Lamplighter": "Process"}, None]
)
def test_a_container_that_is_not_declared_as_a_process_keeps_its_image(
    harness: CloudFormationHarness, metadata: Json
) -> None:
    harness.create(body(T=task(metadata or {})))
    assert containers(harness)[0] == ("main", "scratch", None)


def test_a_relative_directory_is_ignored(harness: CloudFormationHarness) -> None:
    harness.create(body(T=task(lamplighter_metadata(Process=True, Directory="."))))
    assert containers(harness)[0] == ("main", None, None)


def test_a_process_gets_a_new_revision_only_if_its_directory_changes(
    harness: CloudFormationHarness,
) -> None:
    harness.create(body(T=task(lamplighter_metadata(Process=True, Directory="/here"))))
    with pytest.raises(AwsError, match="No updates are to be performed"):
        harness.update(body(T=task(lamplighter_metadata(Process=True, Directory="/here"))))
    harness.update(body(T=task(lamplighter_metadata(Process=True, Directory="/there"))))
    assert containers(harness)[0] == ("main", None, "/there")
    assert harness.physical("T").endswith("job:2")


def subscriptions(harness: CloudFormationHarness) -> list[tuple[str, str]]:
    found = harness.call("sns", "ListSubscriptions")["Subscriptions"]
    return [(each["Protocol"], each["Endpoint"]) for each in found]


def test_a_command_in_the_metadata_of_a_topic_is_subscribed_updated_and_removed(harness: CloudFormationHarness) -> None:
    def template(*words: str, **more: str) -> str:
        return body(T=topic() | {"Metadata": lamplighter_metadata(Command=list(words), **more)})

    harness.create(template("echo", "a b"))
    assert subscriptions(harness) == [("lamplighter:command", "echo 'a b'")]
    harness.update(template("./tell", Directory="/my jobs"))
    assert subscriptions(harness) == [("lamplighter:command", "cd '/my jobs' && exec ./tell")]
    harness.update(body(T=topic()))
    assert subscriptions(harness) == []


def test_a_rollback_restores_the_command_of_a_topic(harness: CloudFormationHarness) -> None:
    bad = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 99_999}, "DependsOn": "T"}
    harness.create(body(T=topic() | {"Metadata": lamplighter_metadata(Command=["old"])}))
    harness.update(body(T=topic() | {"Metadata": lamplighter_metadata(Command=["new"])}, Q=bad))
    assert harness.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert subscriptions(harness) == [("lamplighter:command", "old")]


def webhook_template(**entries: Json) -> str:
    properties = {"TopicArn": {"Ref": "T"}, "Protocol": "http", "Endpoint": "http://127.0.0.1:9/night"}
    return body(
        T=topic(),
        S={"Type": "AWS::SNS::Subscription", "Properties": properties, "Metadata": lamplighter_metadata(**entries)},
    )


def subscription_arn(harness: CloudFormationHarness) -> str:
    (found,) = harness.call("sns", "ListSubscriptions")["Subscriptions"]
    return str(found["SubscriptionArn"])


def test_a_webhook_that_is_declared_confirmed_needs_no_confirmation(
    harness: CloudFormationHarness,
) -> None:
    harness.create(webhook_template(Confirmed=True))
    assert subscription_arn(harness) == harness.physical("S")
    harness.update(body(T=topic()))
    assert subscriptions(harness) == []


@pytest.mark.parametrize("entries", [{}, {"Confirmed": "yes"}])
def test_a_webhook_that_is_not_declared_confirmed_is_pending(harness: CloudFormationHarness, entries: Json) -> None:
    harness.create(webhook_template(**entries))
    assert subscription_arn(harness) == "PendingConfirmation"


@pytest.mark.parametrize("days", [1, 3])
def test_a_pending_webhook_is_confirmed_when_the_template_declares_it_confirmed(
    harness: CloudFormationHarness, days: int
) -> None:
    harness.create(webhook_template())
    harness.advance(days * DAY)
    harness.update(webhook_template(Confirmed=True))
    assert subscription_arn(harness) == harness.physical("S")
    harness.advance(3 * DAY)
    assert len(subscriptions(harness)) == 1


def test_the_metadata_of_a_schedule_sets_its_policy_for_missed_slots(harness: CloudFormationHarness) -> None:
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/r"}
    properties = {
        "Name": "s",
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    }

    def template(**words: Json) -> str:
        return body(
            S={"Type": "AWS::Scheduler::Schedule", "Properties": properties, "Metadata": lamplighter_metadata(**words)}
        )

    def stored() -> Json:
        return harness.rows("SELECT missed, within FROM schedules")

    harness.create(template(Missed="all", Within=172_800))
    assert stored() == [("all", 172_800)]
    harness.update(template(Missed="none"))
    assert stored() == [("none", None)]
    harness.update(template(Missed="sometimes"))
    assert any("Missed must be one of" in reason for reason in harness.reasons())
    assert stored() == [("none", None)]
