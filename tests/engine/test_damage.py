"""An unreadable row fails only the execution or task that it belongs to, with a reason; the engine starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.store.db import DamagedData
from tests.engine_harness import ROLE, SECOND, EngineDied, EngineHarness, chain, job
from tests.fake_runtime import Script

DAMAGES = pytest.mark.parametrize("damage", ["not json", '{"half', '"another shape"', b"\xff\xfe\xfd"], ids=str)
"""What a row may hold instead: other text, truncated JSON, JSON of another shape, bytes that are not UTF-8."""

ITEM = chain({"Type": "Wait", "Seconds": 100}, first="I")
SHORT = chain({"Type": "Pass"}, first="P")
PARALLEL: Json = {"Type": "Parallel", "Branches": [ITEM, SHORT]}


def text_literal(value: str | bytes) -> str:
    """Return the SQL of a text, which need not be UTF-8."""
    data = value.encode() if isinstance(value, str) else value
    return f"CAST(x'{data.hex()}' AS TEXT)"


def start_executions(harness: EngineHarness) -> tuple[str, str]:
    """Start two executions that wait: one to be damaged, and its neighbour."""
    return harness.run_machine(PARALLEL, name="damaged"), harness.run_machine(PARALLEL, name="neighbour")


def check_executions(harness: EngineHarness, damaged: str, neighbour: str, *, reason: str = "cannot be read") -> None:
    """Check that one execution failed with a reason, and that the other succeeded."""
    assert harness.status(neighbour) == "SUCCEEDED"
    found = harness.describe(damaged)
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
    assert reason in found["cause"]
    assert harness.types(damaged)[-1] == "ExecutionFailed"
    assert [event["id"] for event in harness.history(damaged)] == list(range(1, len(harness.history(damaged)) + 1))
    for table in ("outbox", "timers", "frames", "child_progress", "child_results"):
        assert harness.rows(f"SELECT * FROM {table}") == [], table


@DAMAGES
@pytest.mark.parametrize(
    "row",
    [
        "UPDATE frames SET body = {} WHERE execution = 1 AND frame = 1",
        "UPDATE frames SET body = {} WHERE execution = 1 AND frame > 1",
        "UPDATE child_progress SET body = {} WHERE execution = 1",
        "UPDATE executions SET counters = {} WHERE id = 1",
    ],
    ids=["parent frame", "child frame", "fan", "head"],
)
def test_an_execution_whose_state_is_damaged_fails_with_a_reason(
    harness: EngineHarness, row: str, damage: str | bytes
) -> None:
    damaged, neighbour = start_executions(harness)
    harness.crash()
    harness.damage(row.format(text_literal(damage)))
    harness.up()
    harness.advance(100 * SECOND)
    check_executions(harness, damaged, neighbour)


@pytest.mark.parametrize("damage", ["not json", '{"half', b"\xff\xfe\xfd"], ids=str)
@pytest.mark.parametrize(
    "row",
    ["UPDATE child_results SET output = {} WHERE execution = 1", "UPDATE executions SET input = {} WHERE id = 1"],
    ids=["result", "input"],
)
def test_an_execution_whose_documents_are_damaged_fails_with_a_reason(
    harness: EngineHarness, row: str, damage: str | bytes
) -> None:
    damaged, neighbour = start_executions(harness)
    harness.crash()
    harness.damage(row.format(text_literal(damage)))
    harness.up()
    harness.advance(100 * SECOND)
    check_executions(harness, damaged, neighbour)


@DAMAGES
def test_an_execution_whose_definition_is_damaged_fails_with_a_reason(
    harness: EngineHarness, damage: str | bytes
) -> None:
    damaged, neighbour = start_executions(harness)
    harness.crash()
    harness.damage(f"UPDATE revisions SET definition = {text_literal(damage)} WHERE machine LIKE '%:damaged'")
    harness.up()
    harness.advance(100 * SECOND)
    check_executions(harness, damaged, neighbour)


def test_a_frame_that_names_an_unknown_state_fails_its_execution(harness: EngineHarness) -> None:
    damaged, neighbour = start_executions(harness)
    harness.crash()
    harness.damage("""UPDATE frames SET body = replace(body, '"I"', '"Q"') WHERE execution = 1 AND frame > 1""")
    harness.up()
    harness.advance(100 * SECOND)
    check_executions(harness, damaged, neighbour, reason="internal error")


def test_a_missing_frame_fails_its_execution(harness: EngineHarness) -> None:
    damaged, neighbour = start_executions(harness)
    harness.crash()
    harness.damage("DELETE FROM frames WHERE execution = 1 AND frame = 1")
    harness.up()
    harness.advance(100 * SECOND)
    check_executions(harness, damaged, neighbour, reason="internal error")


@pytest.mark.parametrize("damage", ["not json", '{"half', b"\xff\xfe\xfd"], ids=str)
def test_an_execution_whose_outbox_row_is_damaged_fails_with_a_reason(
    harness: EngineHarness, damage: str | bytes
) -> None:
    """The engine died after the commit that decided to make the call, and before it made the call."""
    listing = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:listActivities", "Parameters": {}}
    machine = harness.machine(chain(listing))
    harness.die_at(1, before=False)
    with pytest.raises(EngineDied):
        harness.start(machine, name="damaged")
    harness.damage(f"UPDATE outbox SET body = {text_literal(damage)}")
    harness.up()
    neighbour = harness.start(machine, name="neighbour")
    harness.settle()
    check_executions(harness, neighbour.replace("neighbour", "damaged"), neighbour)


@pytest.mark.parametrize("action", ["run", "stop"])
def test_a_damaged_outbox_row_of_a_task_is_carried_out(harness: EngineHarness, action: str) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=None))
    task = harness.call("ecs", "RunTask", taskDefinition="job")["tasks"][0]["taskArn"]
    if action == "stop":
        harness.settle()
        harness.call("ecs", "StopTask", task=task)
    harness.crash()
    harness.damage("UPDATE outbox SET body = 'not json'")
    harness.up()
    (found,) = harness.call("ecs", "DescribeTasks", tasks=[task])["tasks"]
    assert found["lastStatus"] == ("RUNNING" if action == "run" else "STOPPED")
    assert harness.rows("SELECT * FROM outbox") == []


@pytest.mark.parametrize("damage", ["not json", '{"half', b"\xff\xfe\xfd"], ids=str)
def test_a_task_whose_row_is_damaged_is_stopped_with_a_reason(harness: EngineHarness, damage: str | bytes) -> None:
    """The task fails as if its host had failed; the state machine decides what follows."""
    harness.define_task()
    harness.runtime.script(Script(after=100 * SECOND))
    damaged, neighbour = harness.run_machine(job(), name="damaged"), harness.run_machine(job(), name="neighbour")
    damaged_task, intact_task = harness.runtime.started_names()
    harness.crash()
    harness.damage(f"UPDATE tasks SET body = {text_literal(damage)} WHERE id = 1")
    harness.up()
    found = harness.describe(damaged)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert "cannot be read" in found["cause"]
    assert harness.runtime.remaining() == [intact_task]
    assert harness.runtime.count("stop", damaged_task) == 1
    harness.advance(100 * SECOND)
    assert harness.status(neighbour) == "SUCCEEDED"
    assert harness.runtime.started_names() == [damaged_task, intact_task]
    task = harness.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"][0]
    (described,) = harness.call("ecs", "DescribeTasks", tasks=[task])["tasks"]
    assert "cannot be read" in described["stoppedReason"]


@pytest.mark.parametrize("start", [0, 100, 8192], ids=["header", "schema", "tables"])
def test_a_damaged_database_is_one_clear_error(tmp_path: Path, start: int) -> None:
    harness = EngineHarness(tmp_path / "data")
    harness.up()
    harness.run_machine(PARALLEL)
    harness.down()
    file = tmp_path / "data" / "lamplighter.db"
    whole = file.read_bytes()
    ruined = whole[:start] + b"\x5a" * (len(whole) - start)
    file.write_bytes(ruined)
    with pytest.raises(DamagedData, match=r"cannot be opened \(.*\); restore a backup"):
        harness.up()
    assert file.read_bytes() == ruined, "what may be rescued is not touched"
    file.write_bytes(whole)
    harness.up()
    harness.close()


def test_a_user_sees_the_error_of_a_damaged_database_without_a_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "lamplighter.db").write_bytes(b"\x5a" * 8192)
    command = [sys.executable, "-m", "lamplighter", "up", "--data", str(tmp_path), "--port", "0"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert "file is not a database" in result.stderr
    assert "restore a backup" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_definition_that_an_older_version_accepted_still_runs(harness: EngineHarness) -> None:
    """Newer rules reject the definition of a new machine, but do not apply to existing machines."""
    machine = harness.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    harness.crash()
    older = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true, "Colour": "red"}}}'
    harness.damage("UPDATE revisions SET definition = ?", older)
    harness.up()
    assert harness.status(harness.start(machine, {"a": 1})) == "SUCCEEDED"
    with pytest.raises(AwsError, match="Field 'Colour' is not supported"):
        harness.call("states", "CreateStateMachine", name="again", definition=older, roleArn=ROLE)
