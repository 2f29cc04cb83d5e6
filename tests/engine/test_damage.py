"""A row that can't be read costs whoever it belongs to, and nobody else: it ends and says why, the engine starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from lamplighter.store.db import DamagedData
from tests.engine_harness import ROLE, SECOND, EngineDied, EngineHarness, chain, job

HOW = pytest.mark.parametrize("damage", ["not json", '{"half', '"another shape"', b"\xff\xfe\xfd"], ids=str)
"""What a row may hold instead: other text, half of it, JSON that is something else, bytes that are no UTF-8."""

ITEM = chain({"Type": "Wait", "Seconds": 100}, first="I")
BRIEF = chain({"Type": "Pass"}, first="P")
FAN: Json = {"Type": "Parallel", "Branches": [ITEM, BRIEF]}


def written(value: str | bytes) -> str:
    """The SQL that puts text into a column, be it UTF-8 or not."""
    data = value.encode() if isinstance(value, str) else value
    return f"CAST(x'{data.hex()}' AS TEXT)"


def begin(harness: EngineHarness) -> tuple[str, str]:
    """Two executions that wait: one that will be damaged, and its neighbour."""
    return harness.run_machine(FAN, name="damaged"), harness.run_machine(FAN, name="neighbour")


def check(harness: EngineHarness, hit: str, neighbour: str, *, says: str = "cannot be read") -> None:
    """One has failed and says why, the other has come to its end."""
    assert harness.status(neighbour) == "SUCCEEDED"
    found = harness.describe(hit)
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
    assert says in found["cause"]
    assert harness.types(hit)[-1] == "ExecutionFailed"
    assert [event["id"] for event in harness.history(hit)] == list(range(1, len(harness.history(hit)) + 1))
    for table in ("outbox", "timers", "frames", "fan_outs", "child_results"):
        assert harness.rows(f"SELECT * FROM {table}") == [], table


@HOW
@pytest.mark.parametrize(
    "row",
    [
        "UPDATE frames SET body = {} WHERE execution = 1 AND frame = 1",
        "UPDATE frames SET body = {} WHERE execution = 1 AND frame > 1",
        "UPDATE fan_outs SET body = {} WHERE execution = 1",
        "UPDATE executions SET counters = {} WHERE id = 1",
    ],
    ids=["parent frame", "child frame", "fan", "head"],
)
def test_an_execution_whose_state_is_damaged_ends_and_says_why(
    harness: EngineHarness, row: str, damage: str | bytes
) -> None:
    hit, neighbour = begin(harness)
    harness.crash()
    harness.damage(row.format(written(damage)))
    harness.up()
    harness.advance(100 * SECOND)
    check(harness, hit, neighbour)


@pytest.mark.parametrize("damage", ["not json", '{"half', b"\xff\xfe\xfd"], ids=str)
@pytest.mark.parametrize(
    "row",
    ["UPDATE child_results SET output = {} WHERE execution = 1", "UPDATE executions SET input = {} WHERE id = 1"],
    ids=["result", "input"],
)
def test_an_execution_whose_documents_are_damaged_ends_and_says_why(
    harness: EngineHarness, row: str, damage: str | bytes
) -> None:
    hit, neighbour = begin(harness)
    harness.crash()
    harness.damage(row.format(written(damage)))
    harness.up()
    harness.advance(100 * SECOND)
    check(harness, hit, neighbour)


@HOW
def test_an_execution_whose_definition_is_damaged_ends_and_says_why(
    harness: EngineHarness, damage: str | bytes
) -> None:
    hit, neighbour = begin(harness)
    harness.crash()
    harness.damage(f"UPDATE revisions SET definition = {written(damage)} WHERE machine LIKE '%:damaged'")
    harness.up()
    harness.advance(100 * SECOND)
    check(harness, hit, neighbour)


def test_a_frame_that_names_a_state_that_there_is_not_ends_its_execution(harness: EngineHarness) -> None:
    hit, neighbour = begin(harness)
    harness.crash()
    harness.damage("""UPDATE frames SET body = replace(body, '"I"', '"Q"') WHERE execution = 1 AND frame > 1""")
    harness.up()
    harness.advance(100 * SECOND)
    check(harness, hit, neighbour, says="internal error")


def test_a_frame_that_is_gone_ends_its_execution(harness: EngineHarness) -> None:
    hit, neighbour = begin(harness)
    harness.crash()
    harness.damage("DELETE FROM frames WHERE execution = 1 AND frame = 1")
    harness.up()
    harness.advance(100 * SECOND)
    check(harness, hit, neighbour, says="internal error")


@pytest.mark.parametrize("damage", ["not json", '{"half', b"\xff\xfe\xfd"], ids=str)
def test_an_execution_whose_order_is_damaged_ends_and_says_why(harness: EngineHarness, damage: str | bytes) -> None:
    """The engine died after it had decided to run the task and before it did."""
    harness.define_task()
    machine = harness.machine(chain(job()))
    harness.die_at(1, before=False)
    with pytest.raises(EngineDied):
        harness.start(machine, name="damaged")
    harness.damage(f"UPDATE outbox SET body = {written(damage)}")
    harness.up()
    neighbour = harness.start(machine, name="neighbour")
    harness.settle()
    check(harness, neighbour.replace("neighbour", "damaged"), neighbour)
    assert len(harness.runtime.runs()) == 1


@pytest.mark.parametrize("do", ["run", "stop"])
def test_an_order_of_a_task_is_carried_out_even_if_it_is_damaged(harness: EngineHarness, do: str) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=None))
    task = harness.call("ecs", "RunTask", taskDefinition="job")["tasks"][0]["taskArn"]
    if do == "stop":
        harness.settle()
        harness.call("ecs", "StopTask", task=task)
    harness.crash()
    harness.damage("UPDATE outbox SET body = 'not json'")
    harness.up()
    (found,) = harness.call("ecs", "DescribeTasks", tasks=[task])["tasks"]
    assert found["lastStatus"] == ("RUNNING" if do == "run" else "STOPPED")
    assert harness.rows("SELECT * FROM outbox") == []


@pytest.mark.parametrize("damage", ["not json", '{"half', b"\xff\xfe\xfd"], ids=str)
def test_a_task_whose_row_is_damaged_is_stopped_and_says_why(harness: EngineHarness, damage: str | bytes) -> None:
    """The task has failed, as if its machine had: what that means is for the state machine to say."""
    harness.define_task()
    harness.runtime.script(Script(after=100 * SECOND))
    hit, neighbour = harness.run_machine(job(), name="damaged"), harness.run_machine(job(), name="neighbour")
    lost, kept = harness.runtime.runs()
    harness.crash()
    harness.damage(f"UPDATE tasks SET body = {written(damage)} WHERE id = 1")
    harness.up()
    found = harness.describe(hit)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert "cannot be read" in found["cause"]
    assert harness.runtime.left() == [kept]
    assert harness.runtime.count("stop", lost) == 1
    harness.advance(100 * SECOND)
    assert harness.status(neighbour) == "SUCCEEDED"
    assert harness.runtime.runs() == [lost, kept]
    task = harness.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"][0]
    (described,) = harness.call("ecs", "DescribeTasks", tasks=[task])["tasks"]
    assert "cannot be read" in described["stoppedReason"]


@pytest.mark.parametrize("start", [0, 100, 8192], ids=["header", "schema", "tables"])
def test_a_damaged_database_is_one_clear_error(tmp_path: Path, start: int) -> None:
    harness = EngineHarness(tmp_path / "data")
    harness.up()
    harness.run_machine(FAN)
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


def test_a_user_reads_that_error_in_one_line_without_a_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "lamplighter.db").write_bytes(b"\x5a" * 8192)
    command = [sys.executable, "-m", "lamplighter", "up", "--data", str(tmp_path), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "file is not a database" in done.stderr
    assert "restore a backup" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_definition_that_an_older_version_took_is_run_as_it_is(harness: EngineHarness) -> None:
    """Rules that came later refuse it to whoever creates it now, and leave what is there alone."""
    machine = harness.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    harness.crash()
    older = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true, "Colour": "red"}}}'
    harness.damage("UPDATE revisions SET definition = ?", older)
    harness.up()
    assert harness.status(harness.start(machine, {"a": 1})) == "SUCCEEDED"
    with pytest.raises(AwsError, match="Field 'Colour' is not supported"):
        harness.call("states", "CreateStateMachine", name="again", definition=older, roleArn=ROLE)
