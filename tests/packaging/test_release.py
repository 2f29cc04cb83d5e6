"""A release works before its tag is set: the commands of its workflow, the page of an index, the image of Compose."""

import os
import re
import subprocess
import sys
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
import yaml

from lamplighter import __version__
from lamplighter.base.json_text import Json, loads
from tests.packaging.distributions import ROOT, build, wheel_of

WORKFLOW: Json = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
TARGET = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once for all tests of a worker."""
    folder = tmp_path_factory.mktemp("wheel")
    build(ROOT, folder, "--wheel")
    return wheel_of(folder)


@pytest.mark.index
def test_every_step_before_the_publication_works(tmp_path: Path) -> None:
    """Building is done twice, and ends if both builds differ."""
    assert run_steps(tmp_path, f"v{__version__}") == [0, 0, 0]
    assert "### Added" in (tmp_path / "notes.md").read_text()
    assert len(list((tmp_path / "dist").iterdir())) == 2
    _, check, notes = commands("build")
    assert run_step(check, tmp_path, "v99.0.0") != 0
    assert run_step(notes, tmp_path, "v99.0.0") != 0
    assert run_step(check, tmp_path, f"v{__version__}", GITHUB_REPOSITORY="somebody/else") != 0


def test_only_the_last_step_publishes_by_a_command() -> None:
    assert {name: len(commands(name)) for name in WORKFLOW["jobs"] if commands(name)} == {"build": 3, "announce": 1}
    assert all(command.startswith("make ") for command in commands("build"))
    assert commands("announce")[0].startswith("gh release create ")


def test_each_link_of_the_page_on_an_index_leads_to_a_file(wheel: Path) -> None:
    description = metadata(wheel).get_payload()
    targets = TARGET.findall(str(description))
    prefixes = tuple(f"{repository(wheel)}/{kind}/v{__version__}/" for kind in ("blob", "raw"))
    inside = [each for each in targets if each.startswith(prefixes)]
    missing = [each for each in inside if not (ROOT / each.split(f"/v{__version__}/")[1].partition("#")[0]).exists()]
    assert missing == []
    assert [each for each in targets if "://" not in each] == []
    assert any("/raw/" in each and each.endswith(".webp") for each in inside)


def test_the_sbom_names_what_the_wheel_has_of_others(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        sbom = loads(archive.read(f"lamplighter-{__version__}.dist-info/sboms/lamplighter.cdx.json"))
    scripts = {path.name for path in (ROOT / "src/lamplighter/console/static/vendor").glob("*.js")}
    assert (sbom["bomFormat"], sbom["metadata"]["component"]["version"]) == ("CycloneDX", __version__)
    assert {each["name"] for each in sbom["components"]} == {"botocore", "cfn-lint", *scripts}


def test_compose_takes_the_image_that_a_release_publishes(wheel: Path) -> None:
    name = repository(wheel).removeprefix("https://github.com/")
    minor = __version__.rpartition(".")[0]
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["lamplighter"]
    assert service["image"] == f"${{LAMPLIGHTER_IMAGE:-ghcr.io/{name}:{minor}}}"
    assert "build" not in service, "the file is copied without the checkout"


def run_steps(folder: Path, tag: str) -> list[int]:
    """Run the commands of the job that builds, and return their exit codes."""
    return [run_step(command, folder, tag) for command in commands("build")]


def run_step(command: str, folder: Path, tag: str, **variables: str) -> int:
    """Run a command as a workflow does, with the results in a folder, and return its exit code."""
    folders = {"DIST": str(folder / "dist"), "RELEASE": str(folder / "tools"), "RUNNER_TEMP": str(folder)}
    interpreter = {"PYTHON": sys.executable}  # python3 of a bare machine may lack venv
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "MAKE"))}
    environment = {**inherited, **folders, **interpreter, "GITHUB_REF_NAME": tag, **variables}
    return subprocess.run(["bash", "-e", "-c", command], cwd=ROOT, env=environment, timeout=600).returncode


def commands(job: str) -> list[str]:
    """Return the commands of a job of the workflow."""
    return [step["run"] for step in WORKFLOW["jobs"][job].get("steps", ()) if "run" in step]


def metadata(wheel: Path) -> Message:
    """Return the metadata of a wheel, whose text is the page of an index."""
    with zipfile.ZipFile(wheel) as archive:
        return message_from_bytes(archive.read(f"lamplighter-{__version__}.dist-info/METADATA"))


def repository(wheel: Path) -> str:
    """Return the address of the source in the metadata of a wheel."""
    urls = dict(line.split(", ", 1) for line in metadata(wheel).get_all("Project-URL", []))
    return urls["Source"]
