"""Channels of a job file: their queues and topics are looked up in the regions of their ARNs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.cli.doctor.channels import check_channels
from lamplighter.cli.target import Target
from lamplighter.jobs.file.model import Project
from tests.served_engine import ServedEngine

HERE, THERE = "us-east-1", "eu-west-1"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    served = ServedEngine(tmp_path / "data")
    served.up()
    yield served
    served.close()


def create_queue(engine: ServedEngine, name: str, region: str) -> str:
    """Create a queue and return its ARN."""
    sqs = engine.client("sqs", region)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn


def test_a_queue_or_topic_of_another_region_is_looked_up_in_its_region(engine: ServedEngine) -> None:
    there = create_queue(engine, "there", THERE)
    here = create_queue(engine, "here", HERE)
    topic = engine.client("sns", THERE).create_topic(Name="there")["TopicArn"]
    channels = {
        "queue": {"sqs": there},
        "lost-queue": {"sqs": here.replace(HERE, THERE)},
        "topic": {"sns": topic},
        "lost-topic": {"sns": topic.replace(THERE, HERE)},
    }
    project = Project.model_validate({"project": "p", "jobs": {"a": {"image": "busybox"}}, "channels": channels})
    found = list(check_channels(project, Target(engine.url, HERE), None))
    assert [(each.about, each.state) for each in found] == [
        ("channel lost-queue", "bad"),
        ("channel lost-topic", "bad"),
    ]
