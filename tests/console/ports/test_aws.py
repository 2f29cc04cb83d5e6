"""AWS's APIs through boto3."""

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from lamplighter.base.errors import AwsError, Unavailable, ValidationError
from lamplighter.base.json_text import Json, dumps
from lamplighter.console.ports.aws import AwsPort, Client
from lamplighter.console.ports.port import EngineCondition, Place
from tests.engine_harness import ACCOUNT, REGION, ROLE

PLACE = Place(ACCOUNT, REGION)


def make_client_factory(endpoint: str) -> Client:
    def client(service: str, region: str) -> Json:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=region, endpoint_url=endpoint, **keys)

    return client


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(account: str) -> AwsPort:
    return AwsPort(make_client_factory(account), PLACE, "AWS")


async def test_an_answer_is_plain_json_with_times_in_seconds(aws: AwsPort) -> None:
    definition = dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    made = await aws.call(
        PLACE, "states", "CreateStateMachine", {"name": "night", "definition": definition, "roleArn": ROLE}
    )
    assert isinstance(made["creationDate"], float)
    listed = await aws.call(PLACE, "states", "ListStateMachines", {})
    assert [each["name"] for each in listed["stateMachines"]] == ["night"]
    assert "ResponseMetadata" not in listed
    dumps(listed)


async def test_the_problems_of_a_remote_engine_are_those_of_its_health(aws: AwsPort) -> None:
    worst = {"name": "data-directory", "reason": "it is full", "advice": "Make room."}
    problems = [worst, {"name": "x", "reason": "y"}]
    health = {"status": "unavailable", "version": "1", "conditions": problems}
    engine = AwsPort(make_client_factory("http://127.0.0.1:9"), PLACE, "Engine", "http://127.0.0.1:9", lambda: health)
    assert await engine.conditions() == [
        EngineCondition("it is full", "Make room.", stops_work=True),
        EngineCondition("y", "", stops_work=False),
    ]
    assert await aws.conditions() == []


async def test_an_error_of_aws_is_raised_with_its_code_and_status(aws: AwsPort) -> None:
    missing = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:missing"
    with pytest.raises(AwsError) as refused:
        await aws.call(PLACE, "states", "DescribeStateMachine", {"stateMachineArn": missing})
    assert refused.value.code == "StateMachineDoesNotExist"
    assert refused.value.status == 400
    with pytest.raises(ValidationError, match="stateMachineArn"):
        await aws.call(PLACE, "states", "DescribeStateMachine", {})


async def test_an_unreachable_server_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="AWS does not answer"):
        await AwsPort(make_client_factory("http://127.0.0.1:9"), PLACE, "AWS").call(PLACE, "sqs", "ListQueues", {})


def test_aws_is_called_less_often_than_an_engine(aws: AwsPort) -> None:
    engine = AwsPort(make_client_factory("http://127.0.0.1:9"), PLACE, "Engine", "http://127.0.0.1:9")
    assert aws.max_calls < engine.max_calls
    assert aws.list_poll_seconds > engine.list_poll_seconds


async def test_aws_has_no_slots(aws: AwsPort) -> None:
    params = {"GroupName": "default", "Name": "night"}
    assert await aws.call_internal(PLACE, "scheduler", "ListSlots", params) is None


def test_aws_does_not_say_who_started_a_run(aws: AwsPort) -> None:
    assert aws.find_starters("arn:aws:states:us-east-1:123456789012:stateMachine:night", [1]) == {}
