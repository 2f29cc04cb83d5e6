"""Distributed Maps whose items lie in S3 and whose results go there, on an S3 that is served beside the engine.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html and input-output-resultwriter.html
"""

import gzip
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from lamplighter.base.json_text import Json
from tests.served_engine import ServedEngine, eventually, one

BUCKET = "data"
PASS = {"StartAt": "Do", "States": {"Do": {"Type": "Pass", "End": True}}}


class Shelf:
    """A bucket."""

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


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """An empty bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    # It keeps its buckets in this process, and those of the tests before.
    urllib.request.urlopen(f"{url}/moto-api/reset", data=b"").close()
    yield Shelf(url)
    server.stop()


@pytest.fixture
def served(tmp_path: Path, shelf: Shelf) -> Iterator[ServedEngine]:
    """An engine that knows where S3 is."""
    engine = ServedEngine(tmp_path / "data")
    engine.up("--endpoint", f"s3={shelf.url}")
    yield engine
    engine.close()


def reading(action: str = "getObject", config: Json = None, **parameters: Json) -> Json:
    """An ItemReader."""
    given = {"Bucket": BUCKET, **parameters}
    return {"Resource": f"arn:aws:states:::s3:{action}", "ReaderConfig": config or {}, "Parameters": given}


def writing(**config: str) -> Json:
    """A ResultWriter."""
    place = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": BUCKET, "Prefix": "out"}}
    return place | ({"WriterConfig": config} if config else {})


def mapped(processor: Json = None, kind: str = "STANDARD", **fields: Json) -> Json:
    """A machine of one distributed Map."""
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    return one({"Type": "Map", "Label": "rows", "ItemProcessor": config | (processor or PASS), "End": True, **fields})


def outcome(served: ServedEngine, definition: Json, given: Json = None) -> Json:
    """What an execution of a machine comes to."""
    return served.ended(served.start(served.machine(definition), given))


LISTED = gzip.compress(b'"source","k1","7"\n"source","k2","8"\n', mtime=0)
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
        ({"a.json": "[1, 2.5, {}]"}, reading(Key="a.json"), [1, 2.5, {}]),
        ({"a.json": '{"x": {"y": [5]}}'}, reading(Key="a.json", config={"ItemsPointer": "/x/y"}), [5]),
        ({"a.json": "[1, 2, 3]"}, reading(Key="a.json", config={"MaxItems": 2}), [1, 2]),
        ({"a.json": "[]"}, reading(Key="a.json"), []),
        ({"a.jsonl": '{"a": 1}\n2\n'}, reading(Key="a.jsonl", config={"InputType": "JSONL"}), [{"a": 1}, 2]),
        (
            {"a.csv": "n,m\n1,x\n"},
            reading(Key="a.csv", config={"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}),
            [{"n": "1", "m": "x"}],
        ),
        (
            {"p/1": "[1, 2]", "p/2": "[3]", "q": "[4]"},
            reading("listObjectsV2", Prefix="p/", config={"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}),
            [1, 2, 3],
        ),
        (
            {"manifest.json": INVENTORY, "inventory.csv.gz": LISTED},
            reading(Key="manifest.json", config={"InputType": "MANIFEST"}),
            [{"Bucket": "source", "Key": "k1", "Size": "7"}, {"Bucket": "source", "Key": "k2", "Size": "8"}],
        ),
        (
            {"m.csv": f"s3://{BUCKET}/1.gz\ns3://{BUCKET}/2\n", "1.gz": gzip.compress(b"1\n", mtime=0), "2": "2\n"},
            reading(Key="m.csv", config={"InputType": "JSONL", "ManifestType": "ATHENA_DATA"}),
            [1, 2],
        ),
    ],
)
def test_a_map_runs_each_item_that_its_reader_finds(
    served: ServedEngine, shelf: Shelf, objects: dict[str, str | bytes], reader: Json, items: list[Json]
) -> None:
    for key, body in objects.items():
        shelf.put(key, body)
    ended = outcome(served, mapped(ItemReader=reader))
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", items)


def test_the_objects_of_a_bucket_are_items_as_aws_shows_them(served: ServedEngine, shelf: Shelf) -> None:
    for at in range(3):
        shelf.put(f"images/{at}.png", b"x" * at)
    ended = outcome(served, mapped(ItemReader=reading("listObjectsV2", Prefix="images/", MaxKeys=2)))
    items = json.loads(ended["output"])
    assert [item["Key"] for item in items] == ["images/0.png", "images/1.png", "images/2.png"]
    assert items[2]["Size"] == 2
    assert set(items[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert isinstance(items[0]["LastModified"], int)


def test_where_the_items_are_can_come_with_the_input_in_both_languages(served: ServedEngine, shelf: Shelf) -> None:
    shelf.put("today", '{"rows": [1, 2, 3]}')
    given = {"key": "today", "most": 2}
    resource = {"Resource": "arn:aws:states:::s3:getObject"}
    path = resource | {
        "ReaderConfig": {"MaxItemsPath": "$.most"},
        "Parameters": {"Bucket": BUCKET, "Key.$": "$.key"},
    }
    ended = outcome(served, mapped(ItemReader=path, ItemsPath="$.rows"), given)
    assert json.loads(ended["output"]) == [1, 2]
    expression = resource | {
        "ReaderConfig": {"MaxItems": "{% $states.input.most %}", "ItemsPointer": "/rows"},
        "Arguments": {"Bucket": BUCKET, "Key": "{% $states.input.key %}"},
    }
    definition = mapped(ItemReader=expression, ItemSelector={"n": "{% $states.context.Map.Item.Value %}"})
    execution = served.start(served.machine(definition | {"QueryLanguage": "JSONata"}, "jsonata"), given)
    assert json.loads(served.ended(execution)["output"]) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("body", "reader", "cause"),
    [
        ("{}", reading(Key="a"), "Attempting to map over non-iterable node."),
        ("[1", reading(Key="a"), "the document is not valid JSON"),
        ("[]", reading(Key="nowhere"), "Status Code: 404; Error Code: NoSuchKey"),
        ("[]", reading(), "Missing required parameter"),
    ],
)
def test_what_cannot_be_read_fails_the_map_and_can_be_caught(
    served: ServedEngine, shelf: Shelf, body: str, reader: Json, cause: str
) -> None:
    shelf.put("a", body)
    definition = mapped(ItemReader=reader)
    definition["States"]["Job"]["Catch"] = [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "Caught"}]
    definition["States"]["Caught"] = {"Type": "Succeed"}
    execution = served.start(served.machine(definition))
    ended = served.ended(execution)
    assert ended["status"] == "SUCCEEDED"
    assert cause in json.loads(ended["output"])["Cause"]
    kinds = [event["type"] for event in served.history(execution)]
    assert kinds[1:6] == ["MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunFailed", "MapStateFailed"]


FLAKY = {
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
def test_results_are_written_by_status_with_a_manifest(served: ServedEngine, shelf: Shelf, kind: str) -> None:
    definition = mapped(FLAKY, kind, ResultWriter=writing(), ToleratedFailureCount=1)
    execution = served.start(served.machine(definition), [1, 2, 3])
    output = json.loads(served.ended(execution)["output"])
    run = output["MapRunArn"]
    folder = f"out/{run.rpartition(':')[2]}"
    assert output["ResultWriterDetails"] == {"Bucket": BUCKET, "Key": f"{folder}/manifest.json"}
    manifest = json.loads(shelf.get(f"{folder}/manifest.json"))
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == (BUCKET, run)
    files = manifest["ResultFiles"]
    assert files["PENDING"] == []
    assert [file["Key"] for file in files["SUCCEEDED"]] == [f"{folder}/SUCCEEDED_0.json"]
    succeeded = json.loads(shelf.get(f"{folder}/SUCCEEDED_0.json"))
    assert files["SUCCEEDED"][0]["Size"] == len(shelf.get(f"{folder}/SUCCEEDED_0.json"))
    assert [(each["Input"], each["Output"]) for each in succeeded] == [("1", '["a","b"]'), ("2", '["a","b"]')]
    (failed,) = json.loads(shelf.get(f"{folder}/FAILED_0.json"))
    assert (failed["Input"], failed["Error"], failed["Cause"]) == ("3", "TooLarge", "more than 2")
    assert (failed["Status"], failed["RedriveStatus"]) == ("FAILED", "REDRIVABLE_BY_MAP_RUN")
    assert ":express:" in failed["ExecutionArn"] if kind == "EXPRESS" else ":execution:" in failed["ExecutionArn"]
    assert served.sfn.describe_map_run(mapRunArn=run)["executionCounts"]["resultsWritten"] == 3


@pytest.mark.parametrize(
    ("config", "suffix", "text"),
    [
        ({"Transformation": "COMPACT", "OutputType": "JSON"}, "json", '[["a","b"],["a","b"]]'),
        ({"Transformation": "FLATTEN", "OutputType": "JSON"}, "json", '["a","b","a","b"]'),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "jsonl", '"a"\n"b"\n"a"\n"b"\n'),
    ],
)
def test_results_are_transformed_before_they_are_written(
    served: ServedEngine, shelf: Shelf, config: dict[str, str], suffix: str, text: str
) -> None:
    ended = outcome(served, mapped(FLAKY, ResultWriter=writing(**config)), [1, 2])
    key = json.loads(ended["output"])["ResultWriterDetails"]["Key"]
    assert shelf.get(key.replace("manifest.json", f"SUCCEEDED_0.{suffix}")) == text


def test_results_are_transformed_without_being_written_too(served: ServedEngine) -> None:
    flat = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
    ended = outcome(served, mapped(FLAKY, ResultWriter=flat, ToleratedFailurePercentage=50), [1, 3, 2])
    first, second, failed, third, fourth = json.loads(ended["output"])
    assert [first, second, third, fourth] == ["a", "b", "a", "b"]
    assert (failed["Status"], failed["Error"]) == ("FAILED", "TooLarge")


def test_a_run_that_fails_tells_in_its_files_what_was_not_begun(served: ServedEngine, shelf: Shelf) -> None:
    definition = mapped(FLAKY, ResultWriter=writing(), MaxConcurrency=1)
    ended = outcome(served, definition, [1, 3, 2, 1])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    (manifest,) = [key for key in keys(shelf) if key.endswith("manifest.json")]
    pending = json.loads(shelf.get(manifest.replace("manifest", "PENDING_0")))
    assert pending == [
        {"Input": "2", "InputDetails": {"Included": True}, "Status": "PENDING"},
        {"Input": "1", "InputDetails": {"Included": True}, "Status": "PENDING"},
    ]


def test_results_that_cannot_be_written_fail_the_map(served: ServedEngine) -> None:
    nowhere = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "nowhere"}}
    ended = outcome(served, mapped(ResultWriter=nowhere), [1])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ResultWriterFailed")
    assert "Error Code: NoSuchBucket" in ended["cause"]


def keys(shelf: Shelf) -> list[str]:
    """All objects of the bucket."""
    return [entry["Key"] for entry in shelf.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_ten_thousand_items_survive_kills_at_any_time(served: ServedEngine, shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("a.csv", "n\n" + "".join(f"{at}\n" for at in range(10_000)))
    reader = reading(Key="a.csv", config={"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"})
    batches = {"MaxItemsPerBatch": 20, "BatchInput": {"day": "today"}}
    definition = mapped(ItemReader=reader, ItemBatcher=batches, ResultWriter=writing(Transformation="COMPACT"))
    execution = served.start(served.machine(definition))

    def begun() -> Json:
        return served.sfn.list_map_runs(executionArn=execution)["mapRuns"]

    eventually(begun)
    for _ in range(3):
        served.kill()
        served.up("--endpoint", f"s3={shelf.url}")
    output = json.loads(served.ended(execution, 120)["output"])
    written = json.loads(shelf.get(output["ResultWriterDetails"]["Key"].replace("manifest", "SUCCEEDED_0")))
    numbers = [int(item["n"]) for batch in written for item in batch["Items"]]
    assert numbers == list(range(10_000))
    counts = served.sfn.describe_map_run(mapRunArn=output["MapRunArn"])
    assert (counts["executionCounts"]["succeeded"], counts["itemCounts"]["total"]) == (500, 10_000)


# Redrive: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html


def test_a_redriven_map_run_runs_again_only_what_did_not_succeed(served: ServedEngine) -> None:
    gate = served.sfn.create_activity(name="gate")["activityArn"]
    tried = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": gate, "End": True}}}
    execution = served.start(served.machine(mapped(tried, MaxConcurrency=1)), [1, 2, 3])
    answer(served, gate, "1")
    answer(served, gate, None)
    assert served.ended(execution)["status"] == "FAILED"
    (run,) = served.sfn.list_map_runs(executionArn=execution)["mapRuns"]
    (failed,) = served.sfn.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED")["executions"]
    described = served.sfn.describe_execution(executionArn=failed["executionArn"])
    assert (described["redriveStatus"], described["mapRunArn"]) == ("REDRIVABLE_BY_MAP_RUN", run["mapRunArn"])
    assert (failed["mapRunArn"], failed["itemCount"]) == (run["mapRunArn"], 1)
    with pytest.raises(ClientError, match="redriven with it"):
        served.sfn.redrive_execution(executionArn=failed["executionArn"])
    served.sfn.redrive_execution(executionArn=execution)
    assert answer(served, gate, "2") == 2
    assert answer(served, gate, "3") == 3
    ended = served.ended(execution)
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", "[1,2,3]")
    after = served.sfn.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (after["status"], after["redriveCount"]) == ("SUCCEEDED", 1)
    assert after["executionCounts"]["total"] == 3
    assert after["executionCounts"]["failed"] == 0
    again = served.sfn.list_executions(mapRunArn=run["mapRunArn"], redriveFilter="REDRIVEN")["executions"]
    assert [each["executionArn"] for each in again] == [failed["executionArn"]]
    kinds = [event["type"] for event in served.history(execution)]
    at = kinds.index("ExecutionRedriven")
    assert kinds[at : at + 3] == ["ExecutionRedriven", "MapRunRedriven", "MapRunSucceeded"]
    assert served.history(failed["executionArn"])[-1]["type"] == "ExecutionSucceeded"


def answer(served: ServedEngine, activity: str, output: str | None) -> Json:
    """Take a task of an activity, and end it: with an output, or with an error; its input."""
    task = served.sfn.get_activity_task(activityArn=activity)
    if output is None:
        served.sfn.send_task_failure(taskToken=task["taskToken"], error="No")
    else:
        served.sfn.send_task_success(taskToken=task["taskToken"], output=output)
    return json.loads(task["input"])


def test_express_children_of_a_redriven_map_run_begin_anew(served: ServedEngine, shelf: Shelf) -> None:
    read = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
        "Parameters": {"Bucket": BUCKET, "Key.$": "$"},
        "ResultPath": None,
        "End": True,
    }
    shelf.put("one", "1")
    definition = mapped({"StartAt": "Read", "States": {"Read": read}}, "EXPRESS")
    execution = served.start(served.machine(definition), ["one", "two"])
    assert served.ended(execution)["status"] == "FAILED"
    shelf.put("two", "2")
    served.sfn.redrive_execution(executionArn=execution)
    assert served.ended(execution)["output"] == '["one","two"]'


def test_a_reader_that_failed_reads_again_when_it_is_redriven(served: ServedEngine, shelf: Shelf) -> None:
    execution = served.start(served.machine(mapped(ItemReader=reading(Key="late"))))
    assert served.ended(execution)["error"] == "States.ItemReaderFailed"
    shelf.put("late", "[7]")
    served.sfn.redrive_execution(executionArn=execution)
    assert served.ended(execution)["output"] == "[7]"
