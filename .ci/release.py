"""The steps of a release that need no rights: `make dist`, `make release-check` and `make release-notes` call them.

python .ci/release.py build FOLDER      builds the distributions twice into a new folder, and compares them
python .ci/release.py check FOLDER TAG  checks that they are those of this tag and repository, and have an SBOM
python .ci/release.py notes TAG         prints the section of the changelog
"""

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from email import message_from_bytes
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(words: Sequence[str]) -> None:
    """Run the step that the words name; a message ends the program if something is wrong."""
    match words:
        case ["build", folder]:
            build_twice(Path(folder))
        case ["check", folder, tag]:
            check(Path(folder), tag)
        case ["notes", tag]:
            print(notes(tag))
        case _:
            sys.exit(__doc__)


def build_twice(folder: Path) -> None:
    """Build into the folder, which must be empty, and again elsewhere; both must have the same bytes."""
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty")
    _build(folder)
    with tempfile.TemporaryDirectory() as other:
        _build(Path(other))
        if _contents(folder) != _contents(Path(other)):
            sys.exit("two builds differ")


def check(folder: Path, tag: str) -> None:
    """Check the only wheel and the only source distribution of the folder."""
    version = tag.removeprefix("v")
    names = {f"lamplighter-{version}-py3-none-any.whl", f"lamplighter-{version}.tar.gz"}
    if tag == version or set(_contents(folder)) != names:
        sys.exit(f"the tag {tag} is not v and the version of {', '.join(sorted(_contents(folder)))}")
    with zipfile.ZipFile(folder / f"lamplighter-{version}-py3-none-any.whl") as wheel:
        information = f"lamplighter-{version}.dist-info"
        if f"{information}/sboms/lamplighter.cdx.json" not in wheel.namelist():
            sys.exit("the wheel has no SBOM")
        urls = message_from_bytes(wheel.read(f"{information}/METADATA")).get_all("Project-URL", [])
    repository = os.environ.get("GITHUB_REPOSITORY")  # set in a workflow
    if repository and f"Source, https://github.com/{repository}" not in urls:
        sys.exit(f"build_metadata.py names another repository than {repository}")


def notes(tag: str) -> str:
    """Return the text of the changelog's section about the version of a tag."""
    version = re.escape(tag.removeprefix("v"))
    found = re.search(
        rf"^## {version}\n(.*?)(?=^## |\Z)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE | re.DOTALL
    )
    return found[1].strip() if found else sys.exit(f"CHANGELOG.md has no section {tag.removeprefix('v')}")


def _build(folder: Path) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


if __name__ == "__main__":
    main(sys.argv[1:])
