"""Build the project's distributions, and install them as a user does.

Building uses the tools of the development environment, so it needs no network. Installing needs a package index: a test
marked `index` is skipped if none answers; with LAMPLIGHTER_REQUIRE_INDEX=1 it fails instead.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "lamplighter"
PIP_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT")


def build(source: Path, folder: Path, *kinds: str) -> None:
    """Build distributions of a source tree into a folder: `--wheel`, `--sdist` or both."""
    run([sys.executable, "-m", "build", "--no-isolation", *kinds, "--outdir", str(folder), str(source)])


def wheel_of(folder: Path) -> Path:
    """Return the only wheel of a folder."""
    (wheel,) = folder.glob("*.whl")
    return wheel


def wheel_files(wheel: Path) -> list[str]:
    """Return the names of a wheel's files, sorted."""
    with zipfile.ZipFile(wheel) as archive:
        return sorted(each.filename for each in archive.infolist() if not each.is_dir())


def package_files() -> list[str]:
    """Return the names of the package's files in the source tree, as a wheel names them, sorted."""
    found = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(str(path.relative_to(PACKAGE.parent)) for path in found)


def make_environment(folder: Path, *requirements: str) -> Path:
    """Make a virtual environment with these requirements only, and return its folder of programs.

    Nothing is compiled, so that the sizes of files are those of the wheels.
    """
    run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--no-compile", *requirements])
    return folder / "bin"


def pip_settings() -> dict[str, str]:
    """Return the variables that lead pip to this machine's index."""
    return {name: os.environ[name] for name in PIP_VARIABLES if name in os.environ}


def run(command: list[str]) -> None:
    """Run a command to its end; fail with its output if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    assert done.returncode == 0, done.stdout
