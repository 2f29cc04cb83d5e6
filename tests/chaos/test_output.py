"""The engine is killed while a job prints a line of 28 MB: the next engine goes on at the checkpoint."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.base.log_batches import MAX_MESSAGE_BYTES
from lamplighter.services.ecs.logs.output_checkpoint import BEGINNING, read_checkpoint
from tests.served_engine import REGION, ServedEngine, eventually, one_state, run_task

FIRST, SECOND = 24_000_000, 4_000_000
GROUP = {"awslogs-group": "/jobs", "awslogs-region": REGION, "awslogs-stream-prefix": "night"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path / "data")
    engine.up("--quiet")
    yield engine
    engine.close()


def peak_memory(served: ServedEngine) -> int:
    """Return the most memory that the engine has had, in MB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{served.pid}/status").read_text())
    assert found is not None
    return int(found[1]) // 1000


def test_a_long_line_is_copied_once_with_little_memory_although_the_engine_is_killed(
    served: ServedEngine, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    script = f"head -c {FIRST} /dev/zero; cat {gate} >&2; head -c {SECOND} /dev/zero | tr '\\0' x; echo; echo end"
    served.client("logs").create_log_group(logGroupName="/jobs")
    served.ecs.create_cluster()
    logs = {"logConfiguration": {"logDriver": "awslogs", "options": GROUP}}
    definition = served.task("job", ["sh", "-c", script], **logs)
    before = peak_memory(served)
    execution = served.start(served.machine(one_state(run_task(definition))))
    (output,) = eventually(lambda: list(served.data.glob("output/*/main.log")))
    expected = [part.decode() for part in parts_of(b"\0" * FIRST + b"x" * SECOND)] + ["end"]
    whole_parts = FIRST // MAX_MESSAGE_BYTES
    eventually(lambda: output.read_bytes().count(b"\n") >= whole_parts)
    assert peak_memory(served) - before < FIRST // 1_000_000, "the line is never in memory"
    port = served.port
    served.kill()
    damage_what_is_copied(served, output)
    served.up_on(port, "--quiet")
    gate.write_text("")
    assert served.ended(execution)["status"] == "SUCCEEDED"
    assert [json.loads(record)["text"] for record in output.read_bytes().splitlines()] == expected
    assert logged_messages(served, f"night/main/{output.parent.name}") == expected
    assert read_checkpoint(output).length <= output.stat().st_size


def parts_of(line: bytes) -> list[bytes]:
    return [line[at : at + MAX_MESSAGE_BYTES] for at in range(0, len(line), MAX_MESSAGE_BYTES)]


def damage_what_is_copied(served: ServedEngine, output: Path) -> None:
    """Damage what the next engine must not read again: what the shim's log has before the checkpoint."""
    checkpoint = read_checkpoint(output)
    assert checkpoint != BEGINNING
    (log,) = served.data.glob("processes/*/log")
    with log.open("r+b") as file:
        file.write(b"?" * checkpoint.cursor["place"])


def logged_messages(served: ServedEngine, stream: str) -> list[str]:
    found: list[str] = []
    names: Json = {"logGroupName": "/jobs", "logStreamName": stream, "startFromHead": True}
    token: Json = {}
    while True:
        page = served.client("logs").get_log_events(**names, **token)
        found += [event["message"] for event in page["events"]]
        if token.get("nextToken") == page["nextForwardToken"]:
            return found
        token = {"nextToken": page["nextForwardToken"]}
