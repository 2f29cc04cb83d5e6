"""Distributed Maps that read their items from S3 and write their results to S3, served beside the engine.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html and input-output-resultwriter.html
"""

import gzip
import json
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount, ServedEngine, eventually, one_state

BUCKET = "data"
PASS = {"StartAt": "Do", "States": {"Do": {"Type": "Pass", "End": True}}}


class Bucket:
    """A bucket of the S3 server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.s3 = boto3.client(
            "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.s3.create_bucket(Bucket=BUCKET)

    def put(self, key: str, body: str | bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def get(self, key: str) -> str:
        body: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body.decode()


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """Start an S3 server and return its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def bucket(s3_url: str) -> Bucket:
    """Return an empty bucket, which is the only one."""
    urllib.request.urlopen(f"{s3_url}/moto-api/reset", data=b"").close()
    return Bucket(s3_url)


@pytest.fixture(scope="module")
def shared_engine(tmp_path_factory: pytest.TempPathFactory, s3_url: str) -> Iterator[ServedEngine]:
    """Start an engine with the endpoint of S3 for the tests of this file that only need an account of it."""
    with closing(ServedEngine(tmp_path_factory.mktemp("datasets") / "data")) as engine:
        engine.up("--endpoint", f"s3={s3_url}")
        yield engine


@pytest.fixture
def served(tmp_path: Path, s3_url: str) -> Iterator[ServedEngine]:
    """Start an engine with the endpoint of S3."""
    with closing(ServedEngine(tmp_path / "data")) as engine:
        engine.up("--endpoint", f"s3={s3_url}")
        yield engine


def item_reader(action: str = "getObject", config: Json = None, **parameters: Json) -> Json:
    """Return an ItemReader."""
    given = {"Bucket": BUCKET, **parameters}
    return {"Resource": f"arn:aws:states:::s3:{action}", "ReaderConfig": config or {}, "Parameters": given}


def result_writer(**config: str) -> Json:
    """Return a ResultWriter."""
    place = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": BUCKET, "Prefix": "out"}}
    return place | ({"WriterConfig": config} if config else {})


def distributed_map(processor: Json = None, kind: str = "STANDARD", **fields: Json) -> Json:
    """Return a machine with one distributed Map."""
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    return one_state(
        {"Type": "Map", "Label": "rows", "ItemProcessor": config | (processor or PASS), "End": True, **fields}
    )


def run_machine(account: EngineAccount, definition: Json, given: Json = None) -> Json:
    """Run a machine and return the description of its ended execution."""
    return account.ended(account.start(account.machine(definition), given))


INVENTORY_ROWS = gzip.compress(b'"source","k1","7"\n"source","k2","8"\n', mtime=0)
INVENTORY = json.dumps(
    {
        "sourceBucket": "source",
        "destinationBucket": f"arn:aws:s3:::{BUCKET}",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "inventory.csv.gz", "size": 1}],
    }
)


@pytest.mark.parametrize(
    ("objects", "reader", "items"),
    [
        ({"a.json": "[1, 2.5, {}]"}, item_reader(Key="a.json"), [1, 2.5, {}]),
        ({"a.json": '{"x": {"y": [5]}}'}, item_reader(Key="a.json", config={"ItemsPointer": "/x/y"}), [5]),
        ({"a.json": "[1, 2, 3]"}, item_reader(Key="a.json", config={"MaxItems": 2}), [1, 2]),
        ({"a.json": "[]"}, item_reader(Key="a.json"), []),
        ({"a.jsonl": '{"a": 1}\n2\n'}, item_reader(Key="a.jsonl", config={"InputType": "JSONL"}), [{"a": 1}, 2]),
        (
            {"a.csv": "n,m\n1,x\n"},
            item_reader(Key="a.csv", config={"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}),
            [{"n": "1", "m": "x"}],
        ),
        (
            {"p/1": "[1, 2]", "p/2": "[3]", "q": "[4]"},
            item_reader(
                "listObjectsV2", Prefix="p/", config={"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}
            ),
            [1, 2, 3],
        ),
        (
            {"manifest.json": INVENTORY, "inventory.csv.gz": INVENTORY_ROWS},
            item_reader(Key="manifest.json", config={"InputType": "MANIFEST"}),
            [{"Bucket": "source", "Key": "k1", "Size": "7"}, {"Bucket": "source", "Key": "k2", "Size": "8"}],
        ),
        (
            {"m.csv": f"s3://{BUCKET}/1.gz\ns3://{BUCKET}/2\n", "1.gz": gzip.compress(b"1\n", mtime=0), "2": "2\n"},
            item_reader(Key="m.csv", config={"InputType": "JSONL", "ManifestType": "ATHENA_DATA"}),
            [1, 2],
        ),
    ],
)
def test_a_map_processes_each_item_of_its_reader(
    account: EngineAccount, bucket: Bucket, objects: dict[str, str | bytes], reader: Json, items: list[Json]
) -> None:
    for key, body in objects.items():
        bucket.put(key, body)
    ended = run_machine(account, distributed_map(ItemReader=reader))
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", items)


def test_listed_objects_are_items_in_aws_s_format(account: EngineAccount, bucket: Bucket) -> None:
    for at in range(3):
        bucket.put(f"images/{at}.png", b"x" * at)
    ended = run_machine(account, distributed_map(ItemReader=item_reader("listObjectsV2", Prefix="images/", MaxKeys=2)))
    items = json.loads(ended["output"])
    assert [item["Key"] for item in items] == ["images/0.png", "images/1.png", "images/2.png"]
    assert items[2]["Size"] == 2
    assert set(items[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert isinstance(items[0]["LastModified"], int)


def test_the_location_of_the_items_can_come_from_the_input_in_both_query_languages(
    account: EngineAccount, bucket: Bucket
) -> None:
    bucket.put("today", '{"rows": [1, 2, 3]}')
    given = {"key": "today", "most": 2}
    resource = {"Resource": "arn:aws:states:::s3:getObject"}
    path = resource | {
        "ReaderConfig": {"MaxItemsPath": "$.most"},
        "Parameters": {"Bucket": BUCKET, "Key.$": "$.key"},
    }
    bucket.put("list", "[1, 2, 3]")
    ended = run_machine(account, distributed_map(ItemReader=path, ItemsPath="$.rows"), given | {"key": "list"})
    assert json.loads(ended["output"]) == [1, 2], "ItemsPath does not apply to the items of an ItemReader"
    expression = resource | {
        "ReaderConfig": {"MaxItems": "{% $states.input.most %}", "ItemsPointer": "/rows"},
        "Arguments": {"Bucket": BUCKET, "Key": "{% $states.input.key %}"},
    }
    definition = distributed_map(ItemReader=expression, ItemSelector={"n": "{% $states.context.Map.Item.Value %}"})
    execution = account.start(account.machine(definition | {"QueryLanguage": "JSONata"}, "jsonata"), given)
    assert json.loads(account.ended(execution)["output"]) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("body", "reader", "cause"),
    [
        ("{}", item_reader(Key="a"), "Attempting to map over non-iterable node."),
        ("[1", item_reader(Key="a"), "the document is not valid JSON"),
        ("[]", item_reader(Key="nowhere"), "Status Code: 404; Error Code: NoSuchKey"),
        ("[]", item_reader(), "Missing required parameter"),
    ],
)
def test_a_failed_reader_fails_the_map_and_can_be_caught(
    account: EngineAccount, bucket: Bucket, body: str, reader: Json, cause: str
) -> None:
    bucket.put("a", body)
    definition = distributed_map(ItemReader=reader)
    definition["States"]["Job"]["Catch"] = [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "Caught"}]
    definition["States"]["Caught"] = {"Type": "Succeed"}
    execution = account.start(account.machine(definition))
    ended = account.ended(execution)
    assert ended["status"] == "SUCCEEDED"
    assert cause in json.loads(ended["output"])["Cause"]
    event_types = [event["type"] for event in account.history(execution)]
    assert event_types[1:6] == ["MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunFailed", "MapStateFailed"]


FAILS_ABOVE_TWO = {
    "StartAt": "Which",
    "States": {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericGreaterThan": 2, "Next": "Bad"}],
            "Default": "Good",
        },
        "Good": {"Type": "Pass", "Parameters": ["a", "b"], "End": True},
        "Bad": {"Type": "Fail", "Error": "TooLarge", "Cause": "more than 2"},
    },
}


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_results_are_written_by_status_with_a_manifest(account: EngineAccount, bucket: Bucket, kind: str) -> None:
    definition = distributed_map(FAILS_ABOVE_TWO, kind, ResultWriter=result_writer(), ToleratedFailureCount=1)
    execution = account.start(account.machine(definition), [1, 2, 3])
    output = json.loads(account.ended(execution)["output"])
    run = output["MapRunArn"]
    folder = f"out/{run.rpartition(':')[2]}"
    assert output["ResultWriterDetails"] == {"Bucket": BUCKET, "Key": f"{folder}/manifest.json"}
    manifest = json.loads(bucket.get(f"{folder}/manifest.json"))
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == (BUCKET, run)
    files = manifest["ResultFiles"]
    assert files["PENDING"] == []
    assert [file["Key"] for file in files["SUCCEEDED"]] == [f"{folder}/SUCCEEDED_0.json"]
    succeeded = json.loads(bucket.get(f"{folder}/SUCCEEDED_0.json"))
    assert files["SUCCEEDED"][0]["Size"] == len(bucket.get(f"{folder}/SUCCEEDED_0.json"))
    assert [(each["Input"], each["Output"]) for each in succeeded] == [("1", '["a","b"]'), ("2", '["a","b"]')]
    (failed,) = json.loads(bucket.get(f"{folder}/FAILED_0.json"))
    assert (failed["Input"], failed["Error"], failed["Cause"]) == ("3", "TooLarge", "more than 2")
    assert (failed["Status"], failed["RedriveStatus"]) == ("FAILED", "REDRIVABLE_BY_MAP_RUN")
    assert ":express:" in failed["ExecutionArn"] if kind == "EXPRESS" else ":execution:" in failed["ExecutionArn"]
    assert account.sfn.describe_map_run(mapRunArn=run)["executionCounts"]["resultsWritten"] == 3


@pytest.mark.parametrize(
    ("config", "suffix", "text"),
    [
        ({"Transformation": "COMPACT", "OutputType": "JSON"}, "json", '[["a","b"],["a","b"]]'),
        ({"Transformation": "FLATTEN", "OutputType": "JSON"}, "json", '["a","b","a","b"]'),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "jsonl", '"a"\n"b"\n"a"\n"b"\n'),
    ],
)
def test_results_are_transformed_before_they_are_written(
    account: EngineAccount, bucket: Bucket, config: dict[str, str], suffix: str, text: str
) -> None:
    ended = run_machine(account, distributed_map(FAILS_ABOVE_TWO, ResultWriter=result_writer(**config)), [1, 2])
    key = json.loads(ended["output"])["ResultWriterDetails"]["Key"]
    assert bucket.get(key.replace("manifest.json", f"SUCCEEDED_0.{suffix}")) == text


def test_results_can_be_transformed_without_being_written(account: EngineAccount) -> None:
    flat = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
    ended = run_machine(
        account, distributed_map(FAILS_ABOVE_TWO, ResultWriter=flat, ToleratedFailurePercentage=50), [1, 3, 2]
    )
    first, second, failed, third, fourth = json.loads(ended["output"])
    assert [first, second, third, fourth] == ["a", "b", "a", "b"]
    assert (failed["Status"], failed["Error"]) == ("FAILED", "TooLarge")


def test_a_failed_map_run_writes_its_pending_items(account: EngineAccount, bucket: Bucket) -> None:
    definition = distributed_map(FAILS_ABOVE_TWO, ResultWriter=result_writer(), MaxConcurrency=1)
    ended = run_machine(account, definition, [1, 3, 2, 1])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    (manifest,) = [key for key in object_keys(bucket) if key.endswith("manifest.json")]
    pending = json.loads(bucket.get(manifest.replace("manifest", "PENDING_0")))
    assert pending == [
        {"Input": "2", "InputDetails": {"Included": True}, "Status": "PENDING"},
        {"Input": "1", "InputDetails": {"Included": True}, "Status": "PENDING"},
    ]


def test_results_that_cannot_be_written_fail_the_map(account: EngineAccount) -> None:
    nowhere = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "nowhere"}}
    ended = run_machine(account, distributed_map(ResultWriter=nowhere), [1])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ResultWriterFailed")
    assert "Error Code: NoSuchBucket" in ended["cause"]


def object_keys(bucket: Bucket) -> list[str]:
    """Return the keys of all objects in the bucket."""
    return [entry["Key"] for entry in bucket.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_ten_thousand_items_survive_kills(served: ServedEngine, bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("a.csv", "n\n" + "".join(f"{at}\n" for at in range(10_000)))
    reader = item_reader(Key="a.csv", config={"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"})
    batches = {"MaxItemsPerBatch": 20, "BatchInput": {"day": "today"}}
    definition = distributed_map(
        ItemReader=reader, ItemBatcher=batches, ResultWriter=result_writer(Transformation="COMPACT")
    )
    execution = served.start(served.machine(definition))

    def map_runs() -> Json:
        return served.sfn.list_map_runs(executionArn=execution)["mapRuns"]

    eventually(map_runs)
    for _ in range(3):
        served.kill()
        served.up("--endpoint", f"s3={bucket.url}")
    output = json.loads(served.ended(execution, 120)["output"])
    written = json.loads(bucket.get(output["ResultWriterDetails"]["Key"].replace("manifest", "SUCCEEDED_0")))
    numbers = [int(item["n"]) for batch in written for item in batch["Items"]]
    assert numbers == list(range(10_000))
    counts = served.sfn.describe_map_run(mapRunArn=output["MapRunArn"])
    assert (counts["executionCounts"]["succeeded"], counts["itemCounts"]["total"]) == (500, 10_000)


# Redrive: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html


def test_a_redriven_map_run_repeats_only_unsuccessful_items(account: EngineAccount) -> None:
    gate = account.sfn.create_activity(name="gate")["activityArn"]
    processor = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": gate, "End": True}}}
    execution = account.start(account.machine(distributed_map(processor, MaxConcurrency=1)), [1, 2, 3])
    complete_task(account, gate, "1")
    complete_task(account, gate, None)
    assert account.ended(execution)["status"] == "FAILED"
    (run,) = account.sfn.list_map_runs(executionArn=execution)["mapRuns"]
    (failed,) = account.sfn.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED")["executions"]
    described = account.sfn.describe_execution(executionArn=failed["executionArn"])
    assert (described["redriveStatus"], described["mapRunArn"]) == ("REDRIVABLE_BY_MAP_RUN", run["mapRunArn"])
    assert (failed["mapRunArn"], failed["itemCount"]) == (run["mapRunArn"], 1)
    with pytest.raises(ClientError, match="redriven with it"):
        account.sfn.redrive_execution(executionArn=failed["executionArn"])
    account.sfn.redrive_execution(executionArn=execution)
    assert complete_task(account, gate, "2") == 2
    assert complete_task(account, gate, "3") == 3
    ended = account.ended(execution)
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", "[1,2,3]")
    after = account.sfn.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (after["status"], after["redriveCount"]) == ("SUCCEEDED", 1)
    assert after["executionCounts"]["total"] == 3
    assert after["executionCounts"]["failed"] == 0
    again = account.sfn.list_executions(mapRunArn=run["mapRunArn"], redriveFilter="REDRIVEN")["executions"]
    assert [each["executionArn"] for each in again] == [failed["executionArn"]]
    event_types = [event["type"] for event in account.history(execution)]
    at = event_types.index("ExecutionRedriven")
    assert event_types[at : at + 3] == ["ExecutionRedriven", "MapRunRedriven", "MapRunSucceeded"]
    assert account.history(failed["executionArn"])[-1]["type"] == "ExecutionSucceeded"


def complete_task(account: EngineAccount, activity: str, output: str | None) -> Json:
    """Take a task of an activity, end it with this output, or with an error for None; return its input."""
    task = account.sfn.get_activity_task(activityArn=activity)
    if output is None:
        account.sfn.send_task_failure(taskToken=task["taskToken"], error="No")
    else:
        account.sfn.send_task_success(taskToken=task["taskToken"], output=output)
    return json.loads(task["input"])


def test_a_redriven_map_run_restarts_its_express_children(account: EngineAccount, bucket: Bucket) -> None:
    read = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
        "Parameters": {"Bucket": BUCKET, "Key.$": "$"},
        "ResultPath": None,
        "End": True,
    }
    bucket.put("one", "1")
    definition = distributed_map({"StartAt": "Read", "States": {"Read": read}}, "EXPRESS")
    execution = account.start(account.machine(definition), ["one", "two"])
    assert account.ended(execution)["status"] == "FAILED"
    bucket.put("two", "2")
    account.sfn.redrive_execution(executionArn=execution)
    assert account.ended(execution)["output"] == '["one","two"]'


def test_a_redrive_repeats_a_failed_reader(account: EngineAccount, bucket: Bucket) -> None:
    execution = account.start(account.machine(distributed_map(ItemReader=item_reader(Key="late"))))
    assert account.ended(execution)["error"] == "States.ItemReaderFailed"
    bucket.put("late", "[7]")
    account.sfn.redrive_execution(executionArn=execution)
    assert account.ended(execution)["output"] == "[7]"
