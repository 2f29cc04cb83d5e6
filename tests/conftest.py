"""Fixtures that tests of several packages share: an image to run in Docker, and a port for a restarted engine.

A test marked `docker` is skipped if Docker does not answer; with LAMPLIGHTER_REQUIRE_DOCKER=1 it fails instead. The
mark `index` does the same for pip's package index, with LAMPLIGHTER_REQUIRE_INDEX=1.
"""

import fcntl
import gc
import io
import itertools
import logging
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from lamplighter.engine.file_descriptors import DESCRIPTOR_DIRECTORY
from tests.botocore_files import share_files
from tests.free_ports import claimed_port
from tests.property_settings import examples
from tests.served_engine import EngineAccount, ServedEngine
from tests.temporary_files import find_memory_directory

# The duration of an example depends more on the machine than on the code.
settings.register_profile(
    "no deadline", deadline=None, max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("no deadline")

os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", find_memory_directory())
share_files()

# A shell that runs the tests in the background may ignore these signals; each program that they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

IMAGE = "lamplighter-test:latest"
ACCOUNT_NUMBERS = itertools.count(1)
"""The numbers of the accounts that tests have not used yet."""
MAX_OPEN_FILES = 500
"""The most files that a pytest worker may have open after the tests of a file; `select` takes at most 1,024."""
ANSWER_SECONDS = 180
"""Seconds for an answer of Docker or of the package index."""
BUSYBOX = Path("/bin/busybox")
PROBLEMS = pytest.StashKey[dict[str, str | None]]()
"""What this pytest worker has found out about the conditions of its tests, by their marks."""
APPLETS = ("sh", "true", "echo", "cat", "sleep", "printf", "env", "id", "pwd", "seq", "kill", "readlink")


def pytest_collection_finish() -> None:
    gc.set_threshold(20_000, 10, 10)  # clients of boto3 and state machines are many objects, and rarely garbage
    collect_garbage_once()


@pytest.hookimpl(trylast=True)  # after the fixtures have closed their files
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None or nextitem.path != item.path:
        collect_garbage_once()
        if len(os.listdir(DESCRIPTOR_DIRECTORY)) > MAX_OPEN_FILES:
            pytest.fail(f"the tests of this process have left more than {MAX_OPEN_FILES} files open")
        if logging.getLogger("lamplighter").handlers:
            pytest.fail("the tests of this process have set up the log of `up`, which later tests would write to")


def collect_garbage_once() -> None:
    """Collect garbage, and keep what is left out of later collections.

    8,000 collected tests and what earlier files left would otherwise make each full collection take a second.
    """
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    problems = item.config.stash.setdefault(PROBLEMS, {})
    for mark, find in (("docker", find_docker_problem), ("index", find_index_problem)):
        if not item.get_closest_marker(mark):
            continue
        variable = f"LAMPLIGHTER_REQUIRE_{mark.upper()}"
        is_required = os.environ.get(variable) == "1"
        if mark not in problems or (problems[mark] and is_required):  # it may only have been slow for the last test
            problems[mark] = find()
        if reason := problems[mark]:
            if is_required:
                pytest.fail(f"{variable}=1, but {reason}")
            pytest.skip(reason)


def find_docker_problem() -> str | None:
    """Return why no container can run here, or None."""
    if not BUSYBOX.exists():
        return f"{BUSYBOX} is missing, of which the test image is made (Debian: busybox-static)"
    return find_problem("no Docker answers", "docker", "version")


def find_index_problem() -> str | None:
    """Return why pip can install nothing here, or None."""
    with tempfile.TemporaryDirectory() as folder:
        pip = ("pip", "download", "--quiet", "--no-deps", "--retries", "2", "typing-extensions", "--dest", folder)
        return find_problem("no package index answers", sys.executable, "-m", *pip)


def find_problem(what: str, *command: str) -> str | None:
    """Return what it means that a command fails, and its reason; None if it succeeds."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{what}: {error}"
    return None if answer.returncode == 0 else f"{what}: {answer.stderr.strip()[-200:]}"


@pytest.fixture
def own_port() -> Iterator[int]:
    """Yield a port for an engine that is killed and started again on the same port."""
    with claimed_port() as port:
        yield port


@pytest.fixture(scope="session")
def shared_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    """Start one engine for all tests of a pytest worker that need no more than an account of it."""
    with closing(ServedEngine(tmp_path_factory.mktemp("shared") / "data")) as engine:
        engine.up()
        yield engine


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    """Start an engine that runs plain processes, with a data directory of its own."""
    engine = ServedEngine(tmp_path / "data")
    engine.up()
    yield engine
    engine.close()


@pytest.fixture
def docker_engine(tmp_path: Path) -> Iterator[ServedEngine]:
    """Start an engine that runs containers, with a data directory of its own."""
    with closing(ServedEngine(tmp_path / "data", runtime="docker")) as engine:
        engine.up()
        yield engine


@pytest.fixture
def account(shared_engine: ServedEngine) -> EngineAccount:
    """Return an empty account of the shared engine."""
    number = f"{next(ACCOUNT_NUMBERS):012}"
    return EngineAccount(shared_engine.port, number, key=number)


@pytest.fixture(scope="session")
def docker_image() -> str:
    """Return the name of an image with busybox only; the tests build it, because a registry may be unreachable."""
    with Path(tempfile.gettempdir(), f"lamplighter-test-image-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of pytest's workers builds it, the others find it
        if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True).returncode != 0:
            make = ["docker", "import", "--change", "ENV PATH=/bin", "-", IMAGE]
            subprocess.run(make, input=root_file_system(), check=True, capture_output=True)
    return IMAGE


def root_file_system() -> bytes:
    """Return a tar archive with busybox, links for its applets, and a writable directory."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(BUSYBOX, "bin/busybox")
        for applet in APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        directory = tarfile.TarInfo("tmp")
        directory.type, directory.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(directory)
    return packed.getvalue()
