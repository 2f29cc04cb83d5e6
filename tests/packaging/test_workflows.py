"""The workflows of GitHub are valid, use actions by their major version, and test what the package promises."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lamplighter.base.json_text import Json
from tests.packaging.distributions import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)")
CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "vendor.compose-spec"])
def test_the_files_fit_their_schema(schema: str) -> None:
    files = WORKFLOWS if "workflows" in schema else [ROOT / "compose.yaml"]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_used_by_their_major_version(workflow: Path) -> None:
    used = [step["uses"] for job in jobs(workflow).values() for step in job.get("steps", ()) if "uses" in step]
    assert used
    assert [each for each in used if not PINNED.fullmatch(each)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_has_only_the_permissions_that_it_needs(workflow: Path) -> None:
    assert read(workflow)["permissions"] == {"contents": "read"}
    granted = {name: job["permissions"] for name, job in jobs(workflow).items() if "permissions" in job}
    expected = {"publish": {"id-token": "write"}, "image": {"contents": "read", "packages": "write"}}
    assert granted == (expected if workflow.name == "release.yml" else {})


def test_every_promised_python_is_tested() -> None:
    (tests,) = (path for path in WORKFLOWS if path.name == "tests.yml")
    assert jobs(tests)["versions"]["strategy"]["matrix"]["python"] == list(promised_versions())


def promised_versions() -> Iterator[str]:
    """Yield the Python versions of the package's classifiers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    yield from (found[1] for each in project["classifiers"] if (found := CLASSIFIER.fullmatch(each)))


def jobs(workflow: Path) -> Json:
    return read(workflow)["jobs"]


def read(workflow: Path) -> Json:
    return yaml.safe_load(workflow.read_text())
