"""`ps`, `logs`, `history` and `next` print the same while the engine is down, and change nothing."""

import re
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lamplighter.cli.site_options import DATA_VARIABLE
from tests.cli.job_folder import JobFolder
from tests.served_engine import eventually

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("ps",),
    ("ps", "--all"),
    ("ps", "nightly"),
    ("ps", "--json"),
    ("ps", "--all", "--json"),
    ("history", "nightly"),
    ("history", "flow", "--json"),
    ("history", "endless", "--states"),
    ("logs", "nightly", "--timestamps"),
    ("logs", "flow", "--json"),
    ("logs", "endless"),
    ("next",),
    ("next", "nightly", "--json"),
    ("history", "nobody"),
    ("logs", "judged"),
)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[JobFolder, dict[tuple[str, ...], str]]]:
    """A folder whose engine was killed, and what the commands printed before."""
    folder = JobFolder(tmp_path_factory.mktemp("stopped"))
    folder.up()
    folder.run_job("nightly")
    folder.run_job("flow")
    folder.run_job("endless")
    eventually(lambda: "begun" in folder.invoke("logs", "endless").stdout)
    eventually(lambda: count_running_tasks(folder) == 1)  # the failed run of `flow` stops a task, which may still write
    printed = {words: output(folder, *words) for words in COMMANDS}
    folder.served.kill(signal.SIGKILL)
    yield folder, printed
    folder.served.close()


def count_running_tasks(folder: JobFolder) -> int:
    """Return the number of tasks that have not ended, also of those that are being stopped."""
    found = folder.served.list_all_tasks("reports")
    tasks = folder.served.ecs.describe_tasks(cluster="reports", tasks=found)["tasks"]
    return sum(task["lastStatus"] != "STOPPED" for task in tasks)


def output(folder: JobFolder, *words: str) -> str:
    """Return a command's exit code and output, without the distances from now and without widths of columns."""
    result = folder.invoke(*words)
    text = "\n".join(line for line in result.output.splitlines() if "does not run: this is its state" not in line)
    distance = re.sub(r"(\d+[smhd])+( ago)|\bin (\d+[smhd])+|\bnow\b", "<distance>", text)
    return f"{result.exit_code}\n{re.sub(r'[ ]+', ' ', distance)}"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_prints_the_same_after_the_engine_was_killed(
    stopped: tuple[JobFolder, dict[tuple[str, ...], str]], words: tuple[str, ...]
) -> None:
    folder, printed = stopped
    assert output(folder, *words) == printed[words]


def test_a_line_says_that_the_engine_does_not_run_and_when_it_last_wrote(
    stopped: tuple[JobFolder, dict[tuple[str, ...], str]],
) -> None:
    result = stopped[0].invoke("ps", "--json")
    assert re.fullmatch(
        r"lamplighter: the engine of .lamplighter does not run: "
        r"this is its state as it last wrote, at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+\n",
        result.stderr,
    )


def test_the_region_of_the_shell_does_not_hide_the_jobs(
    stopped: tuple[JobFolder, dict[tuple[str, ...], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert output(stopped[0], "ps", "nightly") == stopped[1]["ps", "nightly"]


def test_reading_changes_no_file_of_the_engine(stopped: tuple[JobFolder, dict[tuple[str, ...], str]]) -> None:
    data = stopped[0].folder / ".lamplighter"
    names = ("lamplighter.db", "lamplighter.db-wal", "lock", "step", "address")
    before = {name: (data / name).read_bytes() for name in names}
    assert before["lamplighter.db-wal"]
    for words in COMMANDS:
        stopped[0].invoke(*words)
    assert {name: (data / name).read_bytes() for name in names} == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("logs", "endless", "--follow"), "there is nothing to follow: start the engine with `lamplighter up`"),
        (("run", "quick"), "does not answer: is `lamplighter up` running?"),
        (("stop", "endless"), "does not answer: is `lamplighter up` running?"),
    ],
)
def test_what_needs_an_engine_still_says_so(
    stopped: tuple[JobFolder, dict[tuple[str, ...], str]], words: tuple[str, ...], says: str
) -> None:
    result = stopped[0].invoke(*words)
    assert result.exit_code == 1
    assert says in result.stderr


def test_an_engine_that_starts_again_continues_with_what_was_only_read(tmp_path: Path) -> None:
    """It has a folder of its own, because the other tests' engine must not start again."""
    folder = JobFolder(tmp_path)
    with closing(folder.served):
        folder.up()
        folder.run_job("endless")
        eventually(lambda: "attempt 1 since" in folder.invoke("ps").stdout)
        folder.served.kill(signal.SIGKILL)
        assert folder.invoke("ps").exit_code == 0
        folder.served.up()
        result = folder.invoke("ps")
        assert "does not run" not in result.stderr
        assert "attempt 1 since" in result.stdout
        folder.served.kill(signal.SIGTERM)
        result = folder.invoke("ps")
        assert "does not run" in result.stderr
        assert "attempt 1 since" in result.stdout


def test_a_folder_without_an_engine_is_reported_as_before(tmp_path: Path, job_folder: JobFolder) -> None:
    result = job_folder.invoke("ps", "--data", str(tmp_path))
    assert result.exit_code == 1
    start = f"`lamplighter up --data {tmp_path}`"
    assert f"no engine has run on {tmp_path}: start one with {start}, name another directory" in result.stderr


@pytest.mark.parametrize(
    "words", [("ps", "--data"), ("backup", "new.gz", "--data"), ("check", "--data"), ("run", "x", "--data")]
)
def test_a_folder_whose_database_is_gone_is_reported_with_the_command_that_restores_it(
    tmp_path: Path, job_folder: JobFolder, words: tuple[str, ...]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "lamplighter.db-wal").touch()
    result = job_folder.invoke(*words, str(data))
    assert result.exit_code == 1
    assert f"restore a backup (`lamplighter restore FILE --data {data}`)" in result.stderr


def test_check_reads_the_directory_that_the_environment_names(
    tmp_path: Path, job_folder: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "elsewhere"))
    result = job_folder.invoke("check")
    assert (result.exit_code, str(tmp_path / "elsewhere") in result.stderr) == (1, True)


def test_doctor_reports_a_folder_whose_database_is_gone(tmp_path: Path, job_folder: JobFolder) -> None:
    (tmp_path / "lamplighter.db-wal").touch()
    result = job_folder.invoke("doctor", "--data", str(tmp_path))
    assert result.exit_code == 1
    assert f"lamplighter restore FILE --data {tmp_path}" in result.stdout
