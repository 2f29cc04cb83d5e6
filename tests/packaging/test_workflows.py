"""The workflows and forms of GitHub are valid, trust no moving tag, and test what the package promises."""

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
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
FILES = {
    "vendor.github-workflows": WORKFLOWS,
    "vendor.compose-spec": [ROOT / "compose.yaml"],
    "vendor.dependabot": [ROOT / ".github" / "dependabot.yml"],
    "vendor.github-issue-forms": FORMS,
    "vendor.github-issue-config": [ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"],
}
USED = re.compile(r"^ *(?:- )?uses: (.*)$", re.MULTILINE)
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+(\.\d+)*|\./\.github/workflows/tests\.yml")
READS = {"contents": "read"}
WRITES = {"id-token": "write", "attestations": "write"}
PERMISSIONS = {
    "tests": {"everything": READS, "versions": READS},
    "pages": {"build": READS, "deploy": {"pages": "write", "id-token": "write"}},
    "release": {
        "tests": READS,
        "build": READS,
        "publish": WRITES,
        "image": {**READS, "packages": "write", **WRITES},
        "announce": {"contents": "write"},
    },
}
CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")


@pytest.mark.parametrize("schema", FILES)
def test_the_files_fit_their_schema(schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, FILES[schema])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_each_action_is_pinned_by_the_hash_of_its_commit(workflow: Path) -> None:
    used = USED.findall(workflow.read_text())
    assert used
    assert [each for each in used if not PINNED.fullmatch(each)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_has_only_the_permissions_that_it_needs(workflow: Path) -> None:
    assert read(workflow)["permissions"] == {}
    granted = {name: job["permissions"] for name, job in jobs(workflow).items()}
    assert granted == PERMISSIONS[workflow.stem]


def test_every_promised_python_is_tested() -> None:
    assert jobs(ROOT / ".github/workflows/tests.yml")["versions"]["strategy"]["matrix"]["python"] == list(
        promised_versions()
    )


def promised_versions() -> Iterator[str]:
    """Yield the Python versions of the package's classifiers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    yield from (found[1] for each in project["classifiers"] if (found := CLASSIFIER.fullmatch(each)))


def jobs(workflow: Path) -> Json:
    return read(workflow)["jobs"]


def read(workflow: Path) -> Json:
    return yaml.safe_load(workflow.read_text())
