"""Write the command lines that start a run like another one, for a shell: with `aws`, and for an engine with
`lamplighter`.

Guarantees that a pasted command starts a run with exactly the same input, and contains no secret: if the input is long
or seems to contain one, the command reads it with DescribeExecution.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads_or
from lamplighter.base.masking import mask_secrets

MAX_COMMAND_INPUT = 4_000
"""The longest input that is part of a command line, in characters."""


@dataclass(frozen=True, slots=True)
class CopiedCommand:
    """A command line, and the button that copies it."""

    id: str
    label: str
    line: str


def start_commands(about: Json, region: str, endpoint: str | None) -> Sequence[CopiedCommand]:
    """Return the commands for a run that DescribeExecution describes; `endpoint` is None on AWS."""
    where = ["--region", region, *(["--endpoint-url", endpoint] if endpoint else [])]
    machine = started_machine(about)
    start = ["aws", "stepfunctions", "start-execution", *where, "--state-machine-arn", machine]
    found = [CopiedCommand("copy", "Copy command", _with_input(start, "file:///dev/stdin", about, where))]
    if endpoint is not None:
        run = ["lamplighter", "run", about["stateMachineArn"], *where]
        line = _with_input(run, "@-", about, where)
        found.append(CopiedCommand("copy-lamplighter", "Copy lamplighter run", line))
    return found


def started_machine(about: Json) -> str:
    """Return the ARN that the run was started with: that of an alias, a version or the state machine."""
    return str(about.get("stateMachineAliasArn") or about.get("stateMachineVersionArn") or about["stateMachineArn"])


def _with_input(start: Sequence[str], standard_input: str, about: Json, where: Sequence[str]) -> str:
    given = about.get("input", "{}")
    if len(given) <= MAX_COMMAND_INPUT and not _has_secrets(given):
        return shlex.join([*start, "--input", given])
    describe = ["aws", "stepfunctions", "describe-execution", *where, "--execution-arn", about["executionArn"]]
    describe += ["--query", "input", "--output", "text"]
    return f"{shlex.join(describe)} | {shlex.join([*start, '--input', standard_input])}"


def _has_secrets(text: str) -> bool:
    document = loads_or(text, None)
    return bool(mask_secrets(document) != document)
