"""Read the files of environment variables in S3 that a task's containers name.

The files are objects of this engine, or of the S3 that `up --endpoint s3=…` names. They are read when the task starts.
If the engine enforces IAM, the execution role of the task needs s3:GetObject.

- A line is `VARIABLE=VALUE`; spaces and quotes are a part of the value. Other lines, and those that begin with `#`,
  have no effect. A variable without a value is left out, except with Fargate, where "the file is handled like a native
  Docker env-file".
- Of files that have the same variable, the first one decides. `environment` and `secrets` of the container have
  priority. The files of an override replace those of the definition.
- A file that cannot be read stops the task, in the words of Fargate or of ECS's agent.

Rejects a file of more than 4 MiB: Linux starts no program with that many variables.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html and
https://github.com/aws/amazon-ecs-agent/blob/master/agent/taskresource/envFiles/envfile.go.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lamplighter.base.errors import AwsError
from lamplighter.base.file_body import FileBody
from lamplighter.base.json_text import Json
from lamplighter.base.modules import load_object
from lamplighter.bus import Bus, Caller, caller_of
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.task_definitions.task_rules import OBJECT_ARN
from lamplighter.services.ecs.tasks.execution_role import execution_caller

S3 = "s3"
MAX_BYTES = 4 * 1024 * 1024
TIMEOUT_SECONDS = 30
"""How long ECS's agent waits for a file."""
_CHUNK_BYTES = 2**18


@dataclass(frozen=True, slots=True)
class FileVariables:
    """What the files of one container say."""

    variables: Mapping[str, str] = field(default_factory=dict)
    failure: str | None = None
    """Why the container must not start, in AWS's words."""


NO_FILES = FileVariables()


class _Unreadable(AwsError):
    """A file that was found and cannot be used."""


async def read_environment_files(
    bus: Bus, remote: RemoteServices, task: Task, definition: Json
) -> Mapping[str, FileVariables]:
    """Return the variables of the files by container, for the containers that name files and have not started."""
    overrides = {each["name"]: each for each in task.body["overrides"]["containerOverrides"]}
    pending = {each["name"] for each in task.body["containers"] if each["lastStatus"] == "PENDING"}
    found: dict[str, FileVariables] = {}
    for container in definition["containerDefinitions"]:
        name = container["name"]
        files = overrides.get(name, {}).get("environmentFiles") or container.get("environmentFiles")
        if files and name in pending:
            found[name] = await _read_files(bus, remote, task, definition, [each["value"] for each in files])
    return found


async def _read_files(bus: Bus, remote: RemoteServices, task: Task, definition: Json, arns: list[str]) -> FileVariables:
    """Return the variables of the files of one container."""
    is_fargate = task.launch_type == "FARGATE"
    variables: dict[str, str] = {}
    try:
        caller = _caller(bus, task, definition)
    except _Unreadable as error:
        return FileVariables(failure=f"environment file resource: {error.message}")
    for arn in arns:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                text = (await _read_object(bus, remote, caller, arn)).decode()
        except (AwsError, UnicodeDecodeError, OSError) as error:
            return FileVariables(failure=_failure(arn, error, is_fargate=is_fargate))
        variables = {**parse_environment_file(text, keeps_empty=is_fargate), **variables}
    return FileVariables(variables)


def parse_environment_file(text: str, *, keeps_empty: bool) -> dict[str, str]:
    """Return the variables of a file; of one that is there twice, the last value."""
    variables: dict[str, str] = {}
    for line in text.removeprefix("\ufeff").split("\n"):
        name, is_variable, value = line.removesuffix("\r").partition("=")
        if not line.startswith("#") and name and is_variable and (value or keeps_empty):
            variables[name] = value
    return variables


def _caller(bus: Bus, task: Task, definition: Json) -> Caller:
    """Return who reads the files: the session of the execution role if the engine enforces IAM and has S3."""
    if not bus.serves_any(S3):
        return caller_of(task.arn)
    caller = execution_caller(bus, task, definition)
    if bus.guard is not None and caller.session is None:
        raise _Unreadable("unable to find execution role credentials")
    return caller


async def _read_object(bus: Bus, remote: RemoteServices, caller: Caller, arn: str) -> bytes:
    match = OBJECT_ARN.fullmatch(arn)
    if match is None:
        raise _Unreadable(f"{arn} is not the ARN of an object in S3", code="InvalidARN")
    params = {"Bucket": match[1], "Key": match[2]}
    if bus.serves_any(S3):
        bus.check_access(bus.store.reader, caller, S3, "GetObject", params)
        answer = await bus.call(caller, S3, "GetObject", params)
    else:
        answer = await asyncio.to_thread(lambda: remote.call_function(S3, caller.region)("GetObject", params))
    return await asyncio.to_thread(_read_body, answer["Body"])


def _read_body(body: Json) -> bytes:
    content = bytearray()
    for chunk in _chunks(body):
        content += chunk
        if len(content) > MAX_BYTES:
            raise _Unreadable(f"the file has more than {MAX_BYTES} bytes", code="EntityTooLarge")
    return bytes(content)


def _chunks(body: Json) -> Iterator[bytes]:
    if isinstance(body, FileBody):
        return body.iter_chunks(_CHUNK_BYTES)
    chunks: Iterator[bytes] = load_object("lamplighter.outbound.aws_client:read_chunks")(body, _CHUNK_BYTES)
    return chunks


def _failure(arn: str, error: Exception, *, is_fargate: bool) -> str:
    """Return the reason for the end of the task: Fargate's, or that of ECS's agent."""
    if isinstance(error, TimeoutError):
        why = "RequestCanceled: request context canceled caused by: context deadline exceeded"
    else:
        why = f"{error.code}: {error.message}" if isinstance(error, AwsError) else str(error)
    match = OBJECT_ARN.fullmatch(arn)
    bucket, key = (match[1], match[2]) if match else ("", arn)
    if not is_fargate:
        return f"unable to download env file with key {key} from bucket {bucket}, error: {why}"
    return (
        "ResourceInitializationError: failed to download env files: file download command: non empty error stream: "
        f"failed to download file {key.rpartition('/')[2]}: failed to write to a temporary file: {why}"
    )
