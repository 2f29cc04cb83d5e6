"""State machines read and write this engine's own buckets: Distributed Maps, and tasks by AWS SDK integrations."""

import gzip
import io
import json

import pyarrow
import pytest
from pyarrow import parquet

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount, one_state

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


@pytest.fixture
def bucket(account: EngineAccount) -> str:
    """Return the name of a new bucket."""
    name = f"maps-{account.account_id}"
    account.client("s3").create_bucket(Bucket=name)
    return name


def map_state(bucket: str, key: str, **config: Json) -> Json:
    """Return the definition of a Distributed Map over an object."""
    return one_state(
        {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": config,
                "Parameters": {"Bucket": bucket, "Key": key},
            },
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **PASS},
            "End": True,
        }
    )


def output(account: EngineAccount, definition: Json, name: str = "machine") -> Json:
    """Run a definition and return its output."""
    found = account.ended(account.start(account.machine(definition, name)))
    assert found["status"] == "SUCCEEDED", found
    return json.loads(found["output"])


@pytest.mark.parametrize(
    ("content", "config", "items"),
    [
        (b'[{"a": 1}, {"a": 2}]', {"InputType": "JSON"}, [{"a": 1}, {"a": 2}]),
        (b'{"a": 1}\n{"a": 2}\n', {"InputType": "JSONL"}, [{"a": 1}, {"a": 2}]),
        (b"a,b\n1,x\n", {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, [{"a": "1", "b": "x"}]),
        (gzip.compress(b"[1, 2]", mtime=0), {"InputType": "JSON"}, [1, 2]),
    ],
)
def test_a_map_reads_its_items_from_a_bucket(
    account: EngineAccount, bucket: str, content: bytes, config: Json, items: Json
) -> None:
    account.client("s3").put_object(Bucket=bucket, Key="items", Body=content)
    assert output(account, map_state(bucket, "items", **config)) == items


def test_a_map_reads_the_rows_of_a_parquet_file(account: EngineAccount, bucket: str) -> None:
    table = pyarrow.table({"n": list(range(2500)), "name": [f"row {at}" for at in range(2500)]})
    file = io.BytesIO()
    parquet.write_table(table, file)
    account.client("s3").put_object(Bucket=bucket, Key="rows", Body=file.getvalue())
    found = output(account, map_state(bucket, "rows", InputType="PARQUET", MaxItems=2100))
    assert len(found) == 2100
    assert found[-1] == {"n": 2099, "name": "row 2099"}


def test_a_map_over_an_object_that_is_no_parquet_file_fails(account: EngineAccount, bucket: str) -> None:
    account.client("s3").put_object(Bucket=bucket, Key="rows", Body=b"not parquet")
    machine = account.machine(map_state(bucket, "rows", InputType="PARQUET"))
    assert account.ended(account.start(machine))["error"] == "States.ItemReaderFailed"


def test_a_map_over_a_missing_object_fails_with_the_error_of_s3(account: EngineAccount, bucket: str) -> None:
    found = account.ended(account.start(account.machine(map_state(bucket, "none", InputType="JSON"))))
    assert found["error"] == "States.ItemReaderFailed"
    assert "Error Code: NoSuchKey" in found["cause"]
    assert "; S3 Extended Request ID: " in found["cause"]


def test_a_map_over_a_list_of_objects_gets_a_description_of_each(account: EngineAccount, bucket: str) -> None:
    for key in ("in/1", "in/2", "out"):
        account.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    definition = map_state(bucket, "")
    definition["States"]["Job"]["ItemReader"] = {
        "Resource": "arn:aws:states:::s3:listObjectsV2",
        "Parameters": {"Bucket": bucket, "Prefix": "in/"},
    }
    found = output(account, definition)
    assert [(each["Key"], each["Size"]) for each in found] == [("in/1", 1), ("in/2", 1)]


def test_the_results_of_a_map_are_written_to_a_bucket(account: EngineAccount, bucket: str) -> None:
    s3 = account.client("s3")
    s3.put_object(Bucket=bucket, Key="items", Body=b"[1, 2, 3]")
    definition = map_state(bucket, "items", InputType="JSON")
    definition["States"]["Job"]["ResultWriter"] = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": bucket, "Prefix": "results"},
    }
    details = output(account, definition)["ResultWriterDetails"]
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=details["Key"])["Body"].read())
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    results = json.loads(s3.get_object(Bucket=bucket, Key=file["Key"])["Body"].read())
    assert sorted(json.loads(each["Output"]) for each in results) == [1, 2, 3]


def test_tasks_write_and_read_objects_by_the_sdk_integration(account: EngineAccount, bucket: str) -> None:
    def call(action: str, **rest: Json) -> Json:
        arguments = {"Bucket": bucket, "Key": "note", **rest.pop("Parameters", {})}
        return {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:s3:{action}", "Parameters": arguments, **rest}

    definition = {
        "StartAt": "Put",
        "States": {
            "Put": call("putObject", Parameters={"Body": "héllo"}, Next="Get"),
            "Get": call("getObject", End=True),
        },
    }
    found = output(account, definition)
    assert (found["Body"], found["ContentLength"]) == ('"héllo"', 8), "a text is stored as JSON, with quotes"
    assert account.client("s3").get_object(Bucket=bucket, Key="note")["Body"].read() == '"héllo"'.encode()


@pytest.mark.parametrize(
    ("action", "parameters", "error", "service"),
    [
        ("s3:getObject", {"Bucket": "none-there", "Key": "a"}, "S3.NoSuchBucketException", "S3"),
        ("s3:putObject", {"Bucket": "maps", "Key": "a", "Tagging": "a=1&a=2"}, "S3.S3Exception", "S3"),
        (
            "secretsmanager:getSecretValue",
            {"SecretId": "none"},
            "SecretsManager.ResourceNotFoundException",
            "SecretsManager",
        ),
    ],
)
def test_an_error_of_the_sdk_has_the_names_of_the_java_sdk(
    account: EngineAccount, bucket: str, action: str, parameters: Json, error: str, service: str
) -> None:
    if parameters.get("Bucket") == "maps":
        parameters = parameters | {"Bucket": bucket}
    state = {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{action}", "Parameters": parameters, "End": True}
    found = account.ended(account.start(account.machine(one_state(state))))
    assert found["error"] == error, found
    assert f"(Service: {service}, Status Code: " in found["cause"]
    assert (", Extended Request ID: " in found["cause"]) == (service == "S3")


def test_tasks_read_secrets_and_parameters_by_the_sdk_integration(account: EngineAccount) -> None:
    account.client("ssm").put_parameter(Name="/size", Type="String", Value="small")
    account.client("secretsmanager").create_secret(Name="db", SecretString="secret")
    secret = {"Resource": "arn:aws:states:::aws-sdk:secretsmanager:getSecretValue", "Parameters": {"SecretId": "db"}}
    size = {"Resource": "arn:aws:states:::aws-sdk:ssm:getParameter", "Parameters": {"Name": "/size"}}
    assert output(account, one_state({"Type": "Task", "End": True, **secret}))["SecretString"] == "secret"
    found = output(account, one_state({"Type": "Task", "End": True, **size}), "reader")
    assert found["Parameter"]["Value"] == "small"


def test_the_secrets_of_a_task_come_from_this_engine(account: EngineAccount, bucket: str) -> None:
    secret = account.client("secretsmanager").create_secret(Name="db", SecretString='{"user": "me", "n": 5}')["ARN"]
    account.client("ssm").put_parameter(Name="/token", Type="SecureString", Value="from-ssm")
    values = [
        {"name": "TOKEN", "valueFrom": f"arn:aws:ssm:us-east-1:{account.account_id}:parameter/token"},
        {"name": "DB_USER", "valueFrom": f"{secret}:user::"},
        {"name": "NUMBER", "valueFrom": f"{secret}:n:AWSCURRENT:"},
    ]
    line = '[ "$TOKEN $DB_USER $NUMBER" = "from-ssm me 5" ]'
    family = account.task("secrets", ["sh", "-c", line], secrets=values)
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    started = account.ecs.run_task(taskDefinition=family, launchType="FARGATE", networkConfiguration=network)
    task = started["tasks"][0]["taskArn"]
    account.ecs.get_waiter("tasks_stopped").wait(tasks=[task], WaiterConfig={"Delay": 1})
    (found,) = account.ecs.describe_tasks(tasks=[task])["tasks"]
    assert found["containers"][0].get("exitCode") == 0, found
