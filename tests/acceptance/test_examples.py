"""Each example works in a copy of its folder as its README says: `lamplighter up`, then a run."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.lint.lint import lint_job_file
from tests.cli.up_folder import run_lamplighter
from tests.served_engine import ACCOUNT, REGION, ServedEngine, eventually

EXAMPLES = Path(__file__).parents[2] / "examples"


class Example(ServedEngine):
    """A copy of an example's folder, and the engine that runs there."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder / name
        shutil.copytree(EXAMPLES / name, self.folder)
        super().__init__(self.folder / ".lamplighter")
        self.name = name

    def up_with_jobs(self, *options: str) -> None:
        """Start the engine with the job file and wait until the jobs exist."""
        before = len(self.lines)
        self.up(str(self.folder / "lamplighter.yaml"), *options)
        eventually(
            lambda: any("lamplighter.yaml:" in line and "agrees with" in line for line in self.lines[before:]), 60
        )

    def start_run(self, job: str, given: Json) -> str:
        """Start a run and return its ARN."""
        return self.start(f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{self.name}-{job}", given)


@pytest.fixture
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Example]:
    made = Example(request.param, tmp_path)
    yield made
    made.close()


def with_example(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", [name], indirect=True)


@pytest.mark.parametrize("name", ["pipeline", "files"])
def test_lint_reports_only_that_the_processes_of_an_example_cannot_run_on_aws(name: str) -> None:
    found = [
        each.message
        for each in lint_job_file(load_job_file(EXAMPLES / name / "lamplighter.yaml"))
        if each.severity != "info"
    ]
    expected = ("a job without an image cannot run on AWS", "loses an alert")
    assert all(message.endswith(expected) for message in found)


@with_example("pipeline")
def test_the_pipeline_runs_its_three_steps_in_order(example: Example) -> None:
    example.up_with_jobs()
    output = run_lamplighter("run", "nightly", "--follow", "--endpoint-url", example.url, cwd=example.folder)
    assert output.code == 0, output.out + output.err
    assert "the shop is busy" in output.out + output.err
    sums = [line.split(",", 1)[1] for line in (example.folder / "report.csv").read_text().splitlines()]
    assert sums == ["cake,2", "coffee,6", "tea,7"]


@with_example("pipeline")
def test_a_killed_run_continues_and_is_in_the_report_once(example: Example) -> None:
    example.up_with_jobs()
    execution = example.start_run("nightly", {"shop": "main street"})
    eventually(lambda: any(event["type"] == "WaitStateEntered" for event in example.history(execution)))
    example.kill()
    example.up_with_jobs()
    assert example.ended(execution)["status"] == "SUCCEEDED"
    assert len((example.folder / "report.csv").read_text().splitlines()) == 3
    scheduled = [event.get("taskScheduledEventDetails", {}) for event in example.history(execution)]
    assert [each["resourceType"] for each in scheduled if each].count("ecs") == 4


@with_example("files")
def test_each_file_of_a_folder_is_counted_separately(example: Example) -> None:
    example.up_with_jobs()
    ended = example.ended(example.start_run("count-all", {"files": ["dawn.txt", "dusk.txt", "noon.txt", "night.txt"]}))
    assert loads(ended["output"]) == {"counted": ["dawn.txt", "dusk.txt", "noon.txt", "night.txt"]}
    counted = {file.name: file.read_text().strip() for file in (example.folder / "out").iterdir()}
    assert counted == {"dawn.txt": "10", "dusk.txt": "10", "noon.txt": "6", "night.txt": "4"}


@with_example("files")
def test_a_missing_file_fails_the_run_only_above_the_tolerated_share(example: Example) -> None:
    example.up_with_jobs()
    ended = example.ended(example.start_run("count-all", {"files": ["none.txt", "noon.txt"]}))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    files = [*["noon.txt"] * 11, "none.txt"]
    assert example.ended(example.start_run("count-all", {"files": files}))["status"] == "SUCCEEDED"


@pytest.mark.docker
@with_example("files")
def test_each_file_is_counted_in_a_container_of_a_built_image(example: Example, docker_image: str) -> None:
    dockerfile = example.folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("FROM busybox", f"FROM {docker_image}"))
    example.runtime = "docker"
    example.up_with_jobs("--environment", "docker")
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:files-docker-count-all"
    execution = example.start(machine, {"files": ["dawn.txt", "noon.txt"]})
    assert example.ended(execution, 120)["status"] == "SUCCEEDED", dumps(example.ended(execution)["cause"])
    logs = example.client("logs")
    events = logs.filter_log_events(logGroupName="/lamplighter/files-docker/count")["events"]
    assert sorted(event["message"] for event in events) == ["dawn.txt has 10 words", "noon.txt has 6 words"]
