"""What a job is, in words."""

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.console.data.jobs.job_sources import JobSources
from lamplighter.console.view.job_description import MAX_STEPS, Address, JobDescription, describe_job
from lamplighter.runs.jobs.job_alerts import AlertChannel, JobAlerts
from lamplighter.runs.jobs.job_definition import read_job_definition

TOPIC = "arn:aws:sns:us-east-1:123456789012:shop-team"
TASK = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop-night:7"
RUN_TASK: Json = {
    "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": {"TaskDefinition": TASK}
}  # fmt: skip


def describe(
    definition: Json = None,
    task: Json = None,
    channel: AlertChannel | None = None,
    subscriptions: tuple[Json, ...] = (),
    **tags: str,
) -> JobDescription:
    """Describe a job of which this is known."""
    sources = JobSources(
        read_job_definition(dumps(definition or {"States": {"A": RUN_TASK}})),
        tags,
        {} if task is None else {TASK: {"taskDefinitionArn": TASK, **task}},
        None if channel is None else JobAlerts([channel]),
        {} if channel is None else {channel.name: subscriptions},
    )
    return describe_job(sources)


def subscription(protocol: str, endpoint: str, arn: str = f"{TOPIC}:1") -> Json:
    return {"Protocol": protocol, "Endpoint": endpoint, "SubscriptionArn": arn}


@pytest.mark.parametrize(
    ("kind", "found", "addresses"),
    [
        ("email", subscription("email", "ops@example.com"), [Address("ops@example.com", is_confirmed=True)]),
        ("email", subscription("email", "ops@example.com", "PendingConfirmation"),
         [Address("ops@example.com", is_confirmed=False)]),
        ("slack", subscription("lamplighter:slack", "https://hooks.slack.com/services/secret"),
         [Address("hooks.slack.com", is_confirmed=True)]),
        ("slack", subscription("lamplighter:slack", "ssm:/slack"), []),
        ("slack", subscription("sqs", "arn:aws:sqs:us-east-1:123456789012:shop--chat"), []),
        ("sqs", subscription("sqs", "arn:aws:sqs:us-east-1:123456789012:alerts"),
         [Address("alerts", is_confirmed=True)]),
        ("pagerduty", subscription("lamplighter:pagerduty", "a-routing-key"), []),
    ],
)  # fmt: skip
def test_a_channel_shows_no_secret_and_no_queue_of_the_stack(kind: str, found: Json, addresses: list[Address]) -> None:
    recipients = describe(
        channel=AlertChannel("team", kind, TOPIC, ["a run failed"]), subscriptions=(found,)
    ).recipients
    assert recipients is not None
    assert recipients[0].addresses == addresses


def test_it_is_unknown_who_is_told_without_the_metadata() -> None:
    assert describe().recipients is None


@pytest.mark.parametrize(
    ("task", "size"),
    [
        ({"cpu": "256", "memory": "512"}, "0.25 vCPU, 512 MiB"),
        ({"cpu": "1024", "memory": "3072"}, "1 vCPU, 3 GiB"),
        ({}, ""),
        ({"cpu": "256", "memory": "512", "labels": {"lamplighter.memory": "unlimited"}},
         "0.25 vCPU, memory without a limit"),
    ],
)  # fmt: skip
def test_the_size_of_a_task_is_said_in_words(task: dict[str, Json], size: str) -> None:
    container = {"name": "main", "dockerLabels": task.pop("labels", None)}
    (step,) = describe(task={**task, "containerDefinitions": [container]}).steps
    assert step.size == size


def test_a_machine_with_many_steps_describes_the_first_ones() -> None:
    found = describe({"States": {f"S{at}": RUN_TASK for at in range(MAX_STEPS + 3)}})
    assert (len(found.steps), found.more_steps) == (MAX_STEPS, 3)


def test_a_task_definition_that_cannot_be_read_is_named_only() -> None:
    (step,) = describe().steps
    assert (step.target, step.url, list(step.containers)) == ("shop-night:7", f"/definitions/{TASK}", [])


def test_an_owner_is_told_from_other_tags_and_own_tags_are_hidden() -> None:
    tags: Json = {"Owner": "data team", "b": "2", "a": "1", "lamplighter:job": "night", "aws:x": "y"}
    found = describe(**tags)
    assert (found.owner, found.tags) == ("data team", [("a", "1"), ("b", "2")])
