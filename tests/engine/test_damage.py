"""A row that can't be read costs whoever it belongs to, and nobody else: it ends and says why, the engine starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from lamplighter.store.db import Damaged
from tests.engines import ROLE, SECOND, Died, Site, chain, job

HOW = pytest.mark.parametrize("damage", ["not json", '{"half', '"another shape"', b"\xff\xfe\xfd"], ids=str)
"""What a row may hold instead: other text, half of it, JSON that is something else, bytes that are no UTF-8."""

ITEM = chain({"Type": "Wait", "Seconds": 100}, first="I")
BRIEF = chain({"Type": "Pass"}, first="P")
FAN: Json = {"Type": "Parallel", "Branches": [ITEM, BRIEF]}


def written(value: str | bytes) -> str:
    """The SQL that puts text into a column, be it UTF-8 or not."""
    data = value.encode() if isinstance(value, str) else value
    return f"CAST(x'{data.hex()}' AS TEXT)"


def begin(site: Site) -> tuple[str, str]:
    """Two executions that wait: one that will be damaged, and its neighbour."""
    return site.run_machine(FAN, name="damaged"), site.run_machine(FAN, name="neighbour")


def check(site: Site, hit: str, neighbour: str, *, says: str = "cannot be read") -> None:
    """One has failed and says why, the other has come to its end."""
    assert site.status(neighbour) == "SUCCEEDED"
    found = site.describe(hit)
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
    assert says in found["cause"]
    assert site.types(hit)[-1] == "ExecutionFailed"
    assert [event["id"] for event in site.history(hit)] == list(range(1, len(site.history(hit)) + 1))
    for table in ("outbox", "timers", "frames", "fan_outs", "child_results"):
        assert site.rows(f"SELECT * FROM {table}") == [], table


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
def test_an_execution_whose_state_is_damaged_ends_and_says_why(site: Site, row: str, damage: str | bytes) -> None:
    hit, neighbour = begin(site)
    site.crash()
    site.damage(row.format(written(damage)))
    site.up()
    site.advance(100 * SECOND)
    check(site, hit, neighbour)


@pytest.mark.parametrize("damage", ["not json", '{"half', b"\xff\xfe\xfd"], ids=str)
@pytest.mark.parametrize(
    "row",
    ["UPDATE child_results SET output = {} WHERE execution = 1", "UPDATE executions SET input = {} WHERE id = 1"],
    ids=["result", "input"],
)
def test_an_execution_whose_documents_are_damaged_ends_and_says_why(site: Site, row: str, damage: str | bytes) -> None:
    hit, neighbour = begin(site)
    site.crash()
    site.damage(row.format(written(damage)))
    site.up()
    site.advance(100 * SECOND)
    check(site, hit, neighbour)


@HOW
def test_an_execution_whose_definition_is_damaged_ends_and_says_why(site: Site, damage: str | bytes) -> None:
    hit, neighbour = begin(site)
    site.crash()
    site.damage(f"UPDATE revisions SET definition = {written(damage)} WHERE machine LIKE '%:damaged'")
    site.up()
    site.advance(100 * SECOND)
    check(site, hit, neighbour)


def test_a_frame_that_names_a_state_that_there_is_not_ends_its_execution(site: Site) -> None:
    hit, neighbour = begin(site)
    site.crash()
    site.damage("""UPDATE frames SET body = replace(body, '"I"', '"Q"') WHERE execution = 1 AND frame > 1""")
    site.up()
    site.advance(100 * SECOND)
    check(site, hit, neighbour, says="internal error")


def test_a_frame_that_is_gone_ends_its_execution(site: Site) -> None:
    hit, neighbour = begin(site)
    site.crash()
    site.damage("DELETE FROM frames WHERE execution = 1 AND frame = 1")
    site.up()
    site.advance(100 * SECOND)
    check(site, hit, neighbour, says="internal error")


@pytest.mark.parametrize("damage", ["not json", '{"half', b"\xff\xfe\xfd"], ids=str)
def test_an_execution_whose_order_is_damaged_ends_and_says_why(site: Site, damage: str | bytes) -> None:
    """The engine died after it had decided to run the task and before it did."""
    site.define_task()
    machine = site.machine(chain(job()))
    site.die_at(1, before=False)
    with pytest.raises(Died):
        site.start(machine, name="damaged")
    site.damage(f"UPDATE outbox SET body = {written(damage)}")
    site.up()
    neighbour = site.start(machine, name="neighbour")
    site.settle()
    check(site, neighbour.replace("neighbour", "damaged"), neighbour)
    assert len(site.runtime.runs()) == 1


@pytest.mark.parametrize("do", ["run", "stop"])
def test_an_order_of_a_task_is_carried_out_even_if_it_is_damaged(site: Site, do: str) -> None:
    site.define_task()
    site.runtime.script(Script(after=None))
    task = site.call("ecs", "RunTask", taskDefinition="job")["tasks"][0]["taskArn"]
    if do == "stop":
        site.settle()
        site.call("ecs", "StopTask", task=task)
    site.crash()
    site.damage("UPDATE outbox SET body = 'not json'")
    site.up()
    (found,) = site.call("ecs", "DescribeTasks", tasks=[task])["tasks"]
    assert found["lastStatus"] == ("RUNNING" if do == "run" else "STOPPED")
    assert site.rows("SELECT * FROM outbox") == []


@pytest.mark.parametrize("damage", ["not json", '{"half', b"\xff\xfe\xfd"], ids=str)
def test_a_task_whose_row_is_damaged_is_stopped_and_says_why(site: Site, damage: str | bytes) -> None:
    """The task has failed, as if its machine had: what that means is for the state machine to say."""
    site.define_task()
    site.runtime.script(Script(after=100 * SECOND))
    hit, neighbour = site.run_machine(job(), name="damaged"), site.run_machine(job(), name="neighbour")
    lost, kept = site.runtime.runs()
    site.crash()
    site.damage(f"UPDATE tasks SET body = {written(damage)} WHERE id = 1")
    site.up()
    found = site.describe(hit)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert "cannot be read" in found["cause"]
    assert site.runtime.left() == [kept]
    assert site.runtime.count("stop", lost) == 1
    site.advance(100 * SECOND)
    assert site.status(neighbour) == "SUCCEEDED"
    assert site.runtime.runs() == [lost, kept]
    task = site.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"][0]
    (described,) = site.call("ecs", "DescribeTasks", tasks=[task])["tasks"]
    assert "cannot be read" in described["stoppedReason"]


@pytest.mark.parametrize("start", [0, 100, 8192], ids=["header", "schema", "tables"])
def test_a_damaged_database_is_one_clear_error(tmp_path: Path, start: int) -> None:
    site = Site(tmp_path / "data")
    site.up()
    site.run_machine(FAN)
    site.down()
    file = tmp_path / "data" / "lamplighter.db"
    whole = file.read_bytes()
    ruined = whole[:start] + b"\x5a" * (len(whole) - start)
    file.write_bytes(ruined)
    with pytest.raises(Damaged, match=r"cannot be opened \(.*\); put a backup in its place"):
        site.up()
    assert file.read_bytes() == ruined, "what may be rescued is not touched"
    file.write_bytes(whole)
    site.up()
    site.close()


def test_a_user_reads_that_error_in_one_line_without_a_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "lamplighter.db").write_bytes(b"\x5a" * 8192)
    command = [sys.executable, "-m", "lamplighter", "up", "--data", str(tmp_path), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "file is not a database" in done.stderr
    assert "put a backup in its place" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_definition_that_an_older_version_took_is_run_as_it_is(site: Site) -> None:
    """Rules that came later refuse it to whoever creates it now, and leave what is there alone."""
    machine = site.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    site.crash()
    older = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true, "Colour": "red"}}}'
    site.damage("UPDATE revisions SET definition = ?", older)
    site.up()
    assert site.status(site.start(machine, {"a": 1})) == "SUCCEEDED"
    with pytest.raises(AwsError, match="Field 'Colour' is not supported"):
        site.call("states", "CreateStateMachine", name="again", definition=older, roleArn=ROLE)
