"""Environment files in S3: how they are read, what has priority, and how a task ends that cannot read one."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.outbound.aws import Call, RemoteServices
from lamplighter.services.ecs.tasks.containers.environment_files import MAX_BYTES, parse_environment_file
from tests.engine_harness import EngineHarness
from tests.fake_runtime import Script
from tests.services.ecs.ecs_harness import EcsHarness, fargate_definition
from tests.services.iam.iam_harness import TASKS, EnforcingHarness, allow


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("A=1\nB=two words \n", {"A": "1", "B": "two words "}),
        ("# a comment\n#A=1\nno variable\n\n=value\n", {}),
        ('A=x=y\r\nB="quoted" # not a comment\r\n', {"A": "x=y", "B": '"quoted" # not a comment'}),
        ("A=1\nA=2", {"A": "2"}),
        ("\ufeffA=ü", {"A": "ü"}),
    ],
)
@pytest.mark.parametrize("keeps_empty", [True, False])
def test_a_line_is_a_variable_and_its_value_as_they_are(
    text: str, variables: Mapping[str, str], keeps_empty: bool
) -> None:
    assert parse_environment_file(text, keeps_empty=keeps_empty) == variables


def test_a_variable_without_a_value_is_left_out_as_by_the_agent_and_kept_as_by_docker() -> None:
    assert parse_environment_file("A=\n", keeps_empty=False) == {}
    assert parse_environment_file("A=\n", keeps_empty=True) == {"A": ""}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path) as harness:
        yield harness


def put_file(engine: EngineHarness, key: str, content: bytes) -> Json:
    """Store a file in a bucket, and return what a container definition says about it."""
    if "bucket" not in [each["Name"] for each in engine.call("s3", "ListBuckets")["Buckets"]]:
        engine.call("s3", "CreateBucket", Bucket="bucket")
    engine.call("s3", "PutObject", Bucket="bucket", Key=key, Body=content)
    return file_named(key)


def file_named(key: str, bucket: str = "bucket") -> Json:
    return {"type": "s3", "value": f"arn:aws:s3:::{bucket}/{key}"}


def run_task(engine: EngineHarness, container: Json, override: Json | None = None, **fields: Json) -> Json:
    """Run a task of one container, and return its description after its end."""
    if not engine.call("ecs", "DescribeClusters")["clusters"]:
        engine.call("ecs", "CreateCluster")
    job = {"name": "job", "image": "busybox", "memory": 64, **container}
    engine.call("ecs", "RegisterTaskDefinition", family="night", containerDefinitions=[job], **fields)
    overrides = {"containerOverrides": [{"name": "job", **override}]} if override else {}
    (task,) = engine.call("ecs", "RunTask", taskDefinition="night", overrides=overrides)["tasks"]
    engine.settle()
    return engine.call("ecs", "DescribeTasks", tasks=[task["taskArn"]])["tasks"][0]


def seen_variables(engine: EngineHarness) -> dict[str, str]:
    """Return the variables of the container that started last, without those of the engine."""
    environment = list(engine.runtime.started.values())[-1].environment
    return {name: value for name, value in environment.items() if len(name) == 1}


def test_the_container_has_the_variables_of_its_files_and_the_first_file_decides(engine: EngineHarness) -> None:
    files = [put_file(engine, "one.env", b"A=one\nB=one\n"), put_file(engine, "dir/two.env", b"B=two\nC=two\n")]
    run_task(engine, {"environmentFiles": files})
    assert seen_variables(engine) == {"A": "one", "B": "one", "C": "two"}


def test_the_variables_of_definition_and_override_and_the_secrets_have_priority(engine: EngineHarness) -> None:
    engine.call("ssm", "PutParameter", Name="secret", Value="of the secret", Type="SecureString")
    container = {
        "environmentFiles": [put_file(engine, "all.env", b"A=file\nB=file\nC=file\nD=file\n")],
        "environment": [{"name": "A", "value": "definition"}, {"name": "B", "value": "definition"}],
        "secrets": [{"name": "C", "valueFrom": "secret"}],
    }
    run_task(engine, container, {"environment": [{"name": "B", "value": "override"}]})
    assert seen_variables(engine) == {"A": "definition", "B": "override", "C": "of the secret", "D": "file"}


def test_the_files_of_an_override_replace_those_of_the_definition(engine: EngineHarness) -> None:
    first, second = put_file(engine, "one.env", b"A=one\n"), put_file(engine, "two.env", b"B=two\n")
    run_task(engine, {"environmentFiles": [first]}, {"environmentFiles": [second]})
    assert seen_variables(engine) == {"B": "two"}


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (
            file_named("none.env"),
            "key none.env from bucket bucket, error: NoSuchKey: The specified key does not exist.",
        ),
        (
            file_named("a.env", "elsewhere"),
            "key a.env from bucket elsewhere, error: NoSuchBucket: The specified bucket does not exist",
        ),
        (file_named("latin.env"), "key latin.env from bucket bucket, error: 'utf-8' codec can't decode byte 0xfc"),
        (file_named("big.env"), f"error: EntityTooLarge: the file has more than {MAX_BYTES} bytes"),
    ],
)
def test_a_file_that_cannot_be_read_is_the_reason_of_the_end_in_the_words_of_the_agent(
    engine: EngineHarness, file: Json, reason: str
) -> None:
    put_file(engine, "latin.env", "A=ü".encode("latin-1"))
    put_file(engine, "big.env", b"A" * (MAX_BYTES + 1))
    task = run_task(engine, {"environmentFiles": [file]})
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert task["stoppedReason"].startswith("unable to download env file with ")
    assert reason in task["stoppedReason"]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (allow("s3:GetObject", "arn:aws:s3:::bucket/a.env"), None),
        (allow("s3:GetObject", "arn:aws:s3:::bucket/b.env"), "is not authorized to perform: s3:GetObject"),
    ],
)
def test_the_execution_role_needs_the_permission_if_the_engine_enforces_iam(
    tmp_path: Path, statement: Json, reason: str | None
) -> None:
    with EnforcingHarness.running(tmp_path) as engine:
        file = put_file(engine, "a.env", b"A=1\n")
        role = engine.role("execution", TASKS, statement)
        task = run_task(engine, {"environmentFiles": [file]}, executionRoleArn=role)
        if reason is None:
            assert seen_variables(engine) == {"A": "1"}
        else:
            assert reason in task["stoppedReason"]
        without = run_task(engine, {"environmentFiles": [file]})
        why = "environment file resource: unable to find execution role credentials"
        assert without["stoppedReason"] == why


class OtherS3(RemoteServices):
    """S3 elsewhere, with one object."""

    def call_function(self, service: str, region: str) -> Call:
        assert (service, region) == ("s3", "eu-central-1")
        return self._get

    def _get(self, operation: str, params: Json) -> Json:
        if (operation, params) != ("GetObject", {"Bucket": "bucket", "Key": "a.env"}):
            raise AwsError("Access Denied", code="AccessDenied", status=403)
        return {"Body": Stream(b"A=elsewhere\n")}


class Stream(BytesIO):
    """A body as botocore has it."""

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        return iter(lambda: self.read(size), b"")


async def test_files_of_an_s3_elsewhere_are_read_there(harness: EcsHarness) -> None:
    harness.remote = OtherS3({"s3": "aws"})
    harness.build_engine()
    seen: list[Mapping[str, str]] = []

    def record(container: object) -> bool:
        seen.append(container.environment)  # type: ignore[attr-defined]
        return True

    harness.runtime.script(Script(), record)
    definition = fargate_definition({"name": "job", "environmentFiles": [file_named("a.env")]})
    await harness.wait_for_end(await harness.register_and_run_task(definition=definition))
    assert seen[0]["A"] == "elsewhere"


async def test_a_file_that_cannot_be_read_ends_a_task_of_fargate_in_its_words(harness: EcsHarness) -> None:
    harness.remote = OtherS3({"s3": "aws"})
    harness.build_engine()
    definition = fargate_definition({"name": "job", "environmentFiles": [file_named("dir/b.env")]})
    task = await harness.wait_for_end(await harness.register_and_run_task(definition=definition))
    assert (task["stopCode"], task["stoppedReason"]) == (
        "TaskFailedToStart",
        (
            "ResourceInitializationError: failed to download env files: file download command: non empty error stream: "
            "failed to download file b.env: failed to write to a temporary file: AccessDenied: Access Denied"
        ),
    )
    assert harness.runtime.count("run", harness.container_name(task["taskArn"])) == 0
