"""A client of an engine has the methods, the results and the errors of botocore's client."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import botocore
import pytest
from botocore.client import BaseClient

from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ClientError, EndpointConnectionError, HTTPClientError
from lamplighter.cli.engine_client import client as engine_client
from lamplighter.cli.engine_client.client import SIGNING_NAMES, EngineClient, method_name
from lamplighter.cli.engine_client.signed_request import SigningKeys
from lamplighter.cli.target import Target, explain_error
from lamplighter.wire.models.service_models import SERVICES, load_service
from tests.free_ports import claimed_port
from tests.served_engine import REGION, ROLE, EngineAccount

LOG_EVENT = {"timestamp": 1_767_225_600_000, "message": "x"}
NO_EXECUTION = f"arn:aws:states:{REGION}:123456789012:execution:a:b"
PASS = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
TEMPLATE = """
Parameters: {Name: {Type: String}}
Resources: {Q: {Type: "AWS::SQS::Queue", Metadata: {a: 1}, Properties: {QueueName: {Ref: Name}}}}
Outputs: {Arn: {Value: {"Fn::GetAtt": [Q, Arn]}}}
"""
SCHEDULE = {
    "Name": "a_b",
    "ScheduleExpression": "rate(1 day)",
    "StartDate": datetime(2090, 1, 1, tzinfo=UTC),
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": ROLE, "Input": '{"a": "ü"}'},
}


def both_clients(account: EngineAccount, service: str) -> tuple[EngineClient, Json]:
    keys = SigningKeys(account.key, "test")
    return EngineClient(service, REGION, account.url, keys), account.client(service)


@pytest.mark.parametrize("service", SIGNING_NAMES)
def test_the_methods_have_botocore_s_names(service: str) -> None:
    names = load_service(SIGNING_NAMES[service], SERVICES[SIGNING_NAMES[service]].protocols[0]).model.operation_names
    assert {method_name(name): name for name in names} == {botocore.xform_name(name): name for name in names}


def calls(account: EngineAccount) -> Iterator[tuple[str, str, Json]]:
    """Yield services, methods and parameters whose results have times, lists, maps and blobs."""
    sfn, ecs, logs, events, scheduler, cloudformation, sns, sqs = (account.client(name) for name in (
        "stepfunctions", "ecs", "logs", "events", "scheduler", "cloudformation", "sns", "sqs",
    ))  # fmt: skip
    machine = sfn.create_state_machine(name="m", definition=PASS, roleArn=ROLE)["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=machine, input='{"a": "ü"}')["executionArn"]
    account.ended(execution)
    yield "stepfunctions", "describe_execution", {"executionArn": execution}
    yield "stepfunctions", "get_execution_history", {"executionArn": execution, "maxResults": 2, "reverseOrder": True}
    yield "stepfunctions", "list_tags_for_resource", {"resourceArn": machine}
    task = account.task("t", ["true"], environment=[{"name": "A", "value": "1"}], dockerLabels={"a": "b"})
    yield "ecs", "describe_task_definition", {"taskDefinition": task, "include": ["TAGS"]}
    ecs.create_cluster(clusterName="c")
    yield "ecs", "list_tasks", {"cluster": "c", "desiredStatus": "STOPPED"}
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_log_events(
        logGroupName="g", logStreamName="s", logEvents=[{"timestamp": 1_767_225_600_000, "message": "x"}]
    )
    yield "logs", "describe_log_groups", {}
    yield "logs", "get_log_events", {"logGroupName": "g", "logStreamName": "s", "startFromHead": True}
    events.put_rule(Name="r", ScheduleExpression="rate(1 day)", Tags=[{"Key": "k", "Value": "v"}])
    yield "events", "describe_rule", {"Name": "r"}
    yield "events", "list_rule_names_by_target", {"TargetArn": machine}
    scheduler.create_schedule(**SCHEDULE)
    yield "scheduler", "get_schedule", {"Name": SCHEDULE["Name"], "GroupName": "default"}
    yield "scheduler", "list_schedules", {"NamePrefix": "a", "MaxResults": 5}
    parameters = [{"ParameterKey": "Name", "ParameterValue": "night"}]
    cloudformation.create_stack(StackName="s", TemplateBody=TEMPLATE, Parameters=parameters, Tags=[])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    yield "cloudformation", "describe_stacks", {"StackName": "s"}
    yield "cloudformation", "describe_stack_resource", {"StackName": "s", "LogicalResourceId": "Q"}
    yield "cloudformation", "list_stack_resources", {"StackName": "s"}
    topic = sns.create_topic(Name="t", Tags=[{"Key": "k", "Value": "ü"}])["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
    yield "sns", "get_topic_attributes", {"TopicArn": topic}
    yield "sns", "list_subscriptions_by_topic", {"TopicArn": topic}
    sqs.create_queue(QueueName="alerts", Attributes={"DelaySeconds": "1"})
    yield "sqs", "get_queue_url", {"QueueName": "alerts", "QueueOwnerAWSAccountId": topic.split(":")[4]}
    yield "cloudformation", "list_stacks", {"StackStatusFilter": ["CREATE_COMPLETE", "DELETE_COMPLETE"]}
    yield "cloudformation", "describe_stack_events", {"StackName": "s"}


def test_results_are_those_of_botocore(account: EngineAccount) -> None:
    compared = 0
    for service, method, params in calls(account):
        own, botocores = both_clients(account, service)
        expected = getattr(botocores, method)(**params)
        del expected["ResponseMetadata"]
        assert getattr(own, method)(**params) == expected, (service, method)
        compared += 1
    assert compared > 15


@pytest.mark.parametrize(
    ("service", "method", "params"),
    [
        ("stepfunctions", "describe_execution", {"executionArn": NO_EXECUTION}),
        ("stepfunctions", "describe_execution", {"executionArn": "no"}),
        ("ecs", "describe_task_definition", {"taskDefinition": "none"}),
        ("logs", "get_log_events", {"logGroupName": "none", "logStreamName": "none"}),
        ("events", "describe_rule", {"Name": "none"}),
        ("scheduler", "get_schedule", {"Name": "none"}),
        ("cloudformation", "describe_stacks", {"StackName": "none"}),
        ("sns", "get_topic_attributes", {"TopicArn": f"arn:aws:sns:{REGION}:123456789012:none"}),
        ("sqs", "get_queue_url", {"QueueName": "none"}),
    ],
)
def test_errors_are_those_of_botocore(account: EngineAccount, service: str, method: str, params: Json) -> None:
    def failure(client: BaseClient | EngineClient) -> Json:
        with pytest.raises(ClientError) as caught:
            getattr(client, method)(**params)
        error = caught.value
        details = {name: error.response["Error"][name] for name in ("Code", "Message")}
        assert isinstance(error, client.exceptions.from_code(details["Code"]))
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return error.operation_name, details, status

    own, botocores = both_clients(account, service)
    assert failure(own) == failure(botocores)


def test_a_paginator_reads_all_pages(account: EngineAccount) -> None:
    own, _ = both_clients(account, "stepfunctions")
    made = [own.create_state_machine(name=f"m{number}", definition=PASS, roleArn=ROLE) for number in range(5)]
    machines = {each["stateMachineArn"] for each in made}
    pages = list(own.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["stateMachines"]) for page in pages] == [2, 2, 1]
    assert {each["stateMachineArn"] for page in pages for each in page["stateMachines"]} == machines


def test_a_server_that_does_not_answer_is_called_five_times(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(engine_client, "sleep", waits.append)
    with claimed_port() as port, pytest.raises(EndpointConnectionError, match=f"http://127.0.0.1:{port}"):
        EngineClient("stepfunctions", REGION, f"http://127.0.0.1:{port}", SigningKeys("a", "b")).list_state_machines()
    assert waits == [0.1, 0.2, 0.4, 0.8]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\n{",
        b"HTTP/1.1 two\r\n\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_an_error_of_the_connection(sent: bytes) -> None:
    """The call may have had an effect, so the client does not repeat it."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        port = server.getsockname()[1]
        served = pool.submit(send_and_close, server, sent)
        client = EngineClient("stepfunctions", REGION, f"http://127.0.0.1:{port}", SigningKeys("a", "b"))
        with pytest.raises(HTTPClientError) as caught:
            client.list_state_machines()
        served.result()
    explained = explain_error(caught.value, Target(f"http://127.0.0.1:{port}", REGION))
    assert re.fullmatch(r"the connection to the engine at \S+ broke during the call \(.+\): look with .*", explained)


def send_and_close(server: socket.socket, sent: bytes) -> None:
    """Answer the next request with some bytes, and close its connection."""
    connection, _ = server.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(sent)
