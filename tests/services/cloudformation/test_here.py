"""What a template says under `Metadata: {Lamplighter: …}`, which AWS ignores, is done here."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engines import DAY
from tests.services.cloudformation.office import Office, body, topic


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


def containers(office: Office) -> Json:
    found = office.call("ecs", "DescribeTaskDefinition", taskDefinition="job")["taskDefinition"]
    return [(each["name"], each.get("image"), each.get("workingDirectory")) for each in found["containerDefinitions"]]


@pytest.mark.parametrize(
    ("given", "folder"), [({}, "/jobs"), ({"WorkingDirectory": "in"}, "/jobs/in"), ({"WorkingDirectory": "/x"}, "/x")]
)
def test_a_process_has_no_image_and_runs_in_its_folder(office: Office, given: Json, folder: str) -> None:
    office.create(body(T=task(ours(Process=True, Directory="/jobs"), **given)))
    assert containers(office) == [("main", None, folder), ("beside", "busybox", None)]


@pytest.mark.parametrize("metadata", [{}, ours(), ours(Process="yes"), {"Lamplighter": "Process"}, None])
def test_what_is_not_said_to_be_a_process_keeps_its_image(office: Office, metadata: Json) -> None:
    office.create(body(T=task(metadata or {})))
    assert containers(office)[0] == ("main", "scratch", None)


def test_a_folder_that_could_be_anywhere_is_none(office: Office) -> None:
    office.create(body(T=task(ours(Process=True, Directory="."))))
    assert containers(office)[0] == ("main", None, None)


def test_a_process_that_moves_to_another_folder_is_a_new_revision_and_nothing_else_is(office: Office) -> None:
    office.create(body(T=task(ours(Process=True, Directory="/here"))))
    with pytest.raises(AwsError, match="No updates are to be performed"):
        office.update(body(T=task(ours(Process=True, Directory="/here"))))
    office.update(body(T=task(ours(Process=True, Directory="/there"))))
    assert containers(office)[0] == ("main", None, "/there")
    assert office.physical("T").endswith("job:2")


def subscribed(office: Office) -> list[tuple[str, str]]:
    found = office.call("sns", "ListSubscriptions")["Subscriptions"]
    return [(each["Protocol"], each["Endpoint"]) for each in found]


def test_a_command_is_subscribed_to_its_topic_changed_with_it_and_goes_with_it(office: Office) -> None:
    def asked(*words: str, **more: str) -> str:
        return body(T=topic() | {"Metadata": ours(Command=list(words), **more)})

    office.create(asked("echo", "a b"))
    assert subscribed(office) == [("lamplighter:command", "echo 'a b'")]
    office.update(asked("./tell", Directory="/my jobs"))
    assert subscribed(office) == [("lamplighter:command", "cd '/my jobs' && exec ./tell")]
    office.update(body(T=topic()))
    assert subscribed(office) == []


def test_a_command_comes_back_when_its_change_is_rolled_back(office: Office) -> None:
    bad = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 99_999}, "DependsOn": "T"}
    office.create(body(T=topic() | {"Metadata": ours(Command=["old"])}))
    office.update(body(T=topic() | {"Metadata": ours(Command=["new"])}, Q=bad))
    assert office.state() == "UPDATE_ROLLBACK_COMPLETE"
    assert subscribed(office) == [("lamplighter:command", "old")]


def hook(**words: Json) -> str:
    given = {"TopicArn": {"Ref": "T"}, "Protocol": "http", "Endpoint": "http://127.0.0.1:9/night"}
    return body(T=topic(), S={"Type": "AWS::SNS::Subscription", "Properties": given, "Metadata": ours(**words)})


def its_arn(office: Office) -> str:
    (found,) = office.call("sns", "ListSubscriptions")["Subscriptions"]
    return str(found["SubscriptionArn"])


def test_a_web_server_that_the_owner_vouches_for_is_subscribed_without_being_asked(office: Office) -> None:
    office.create(hook(Confirmed=True))
    assert its_arn(office) == office.physical("S")
    office.update(body(T=topic()))
    assert subscribed(office) == []


@pytest.mark.parametrize("words", [{}, {"Confirmed": "yes"}])
def test_a_web_server_that_nobody_vouches_for_is_asked(office: Office, words: Json) -> None:
    office.create(hook(**words))
    assert its_arn(office) == "PendingConfirmation"


@pytest.mark.parametrize("days", [1, 3])
def test_a_web_server_that_has_not_answered_is_subscribed_once_the_owner_vouches_for_it(
    office: Office, days: int
) -> None:
    office.create(hook())
    office.advance(days * DAY)
    office.update(hook(Confirmed=True))
    assert its_arn(office) == office.physical("S")
    office.advance(3 * DAY)
    assert len(subscribed(office)) == 1


def test_a_schedule_says_which_missed_times_are_made_up_for_and_for_how_long(office: Office) -> None:
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/r"}
    given = {"Name": "s", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}

    def asked(**words: Json) -> str:
        return body(S={"Type": "AWS::Scheduler::Schedule", "Properties": given, "Metadata": ours(**words)})

    def kept() -> Json:
        return office.rows("SELECT missed, within FROM schedules")

    office.create(asked(Missed="all", Within=172_800))
    assert kept() == [("all", 172_800)]
    office.update(asked(Missed="none"))
    assert kept() == [("none", None)]
    office.update(asked(Missed="sometimes"))
    assert any("Missed must be one of" in reason for reason in office.reasons())
    assert kept() == [("none", None)]
