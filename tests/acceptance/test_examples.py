"""The examples, each in a copy of its folder, as their READMEs say: `lamplighter up`, and a run."""

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
    """An example's folder, copied, and `lamplighter up` there."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder / name
        shutil.copytree(EXAMPLES / name, self.folder)
        super().__init__(self.folder / ".lamplighter")
        self.name = name

    def keep(self, *options: str) -> None:
        """Start the engine with the file, and wait until the jobs are there."""
        before = len(self.lines)
        self.up(str(self.folder / "lamplighter.yaml"), *options)
        eventually(
            lambda: any("lamplighter.yaml:" in line and "agrees with" in line for line in self.lines[before:]), 60
        )

    def run(self, job: str, given: Json) -> str:
        """Begin a run; its ARN."""
        return self.start(f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{self.name}-{job}", given)


@pytest.fixture
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Example]:
    made = Example(request.param, tmp_path)
    yield made
    made.close()


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", [name], indirect=True)


@pytest.mark.parametrize("name", ["pipeline", "files"])
def test_lint_finds_nothing_in_an_example_but_that_its_processes_are_for_this_box(name: str) -> None:
    found = [
        each.message
        for each in lint_job_file(load_job_file(EXAMPLES / name / "lamplighter.yaml"))
        if each.severity != "info"
    ]
    assert all(message.endswith("a job without an image cannot run on AWS") for message in found)


@of("pipeline")
def test_three_steps_one_after_another_as_the_readme_says(example: Example) -> None:
    example.keep()
    said = run_lamplighter("run", "nightly", "--follow", "--endpoint-url", example.url, cwd=example.folder)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "the shop is busy" in said.stdout + said.stderr
    sums = [line.split(",", 1)[1] for line in (example.folder / "report.csv").read_text().splitlines()]
    assert sums == ["cake,2", "coffee,6", "tea,7"]


@of("pipeline")
def test_a_night_that_is_killed_goes_on_and_is_in_the_report_once(example: Example) -> None:
    example.keep()
    execution = example.run("nightly", {"shop": "main street"})
    eventually(lambda: any(event["type"] == "WaitStateEntered" for event in example.history(execution)))
    example.kill()
    example.keep()
    assert example.ended(execution)["status"] == "SUCCEEDED"
    assert len((example.folder / "report.csv").read_text().splitlines()) == 3
    scheduled = [event.get("taskScheduledEventDetails", {}) for event in example.history(execution)]
    assert [each["resourceType"] for each in scheduled if each].count("ecs") == 4


@of("files")
def test_every_file_of_a_folder_is_counted_on_its_own(example: Example) -> None:
    example.keep()
    ended = example.ended(example.run("count-all", {"files": ["dawn.txt", "dusk.txt", "noon.txt", "night.txt"]}))
    assert loads(ended["output"]) == {"counted": ["dawn.txt", "dusk.txt", "noon.txt", "night.txt"]}
    counted = {file.name: file.read_text().strip() for file in (example.folder / "out").iterdir()}
    assert counted == {"dawn.txt": "10", "dusk.txt": "10", "noon.txt": "6", "night.txt": "4"}


@of("files")
def test_a_file_that_is_not_there_fails_alone_until_it_is_one_in_ten(example: Example) -> None:
    example.keep()
    ended = example.ended(example.run("count-all", {"files": ["none.txt", "noon.txt"]}))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    files = [*["noon.txt"] * 11, "none.txt"]
    assert example.ended(example.run("count-all", {"files": files}))["status"] == "SUCCEEDED"


@pytest.mark.docker
@of("files")
def test_every_file_is_counted_in_a_container_of_an_image_that_is_built(example: Example, docker_image: str) -> None:
    dockerfile = example.folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("FROM busybox", f"FROM {docker_image}"))
    example.runtime = "docker"
    example.keep("--environment", "docker")
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:files-docker-count-all"
    execution = example.start(machine, {"files": ["dawn.txt", "noon.txt"]})
    assert example.ended(execution, 120)["status"] == "SUCCEEDED", dumps(example.ended(execution)["cause"])
    logs = example.client("logs")
    told = logs.filter_log_events(logGroupName="/lamplighter/files-docker/count")["events"]
    assert sorted(event["message"] for event in told) == ["dawn.txt has 10 words", "noon.txt has 6 words"]
