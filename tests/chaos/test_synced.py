"""The machine loses power: files are synced before anything that depends on them is done or answered."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from lamplighter.base.files import make_path, sync_directory, write_file
from lamplighter.base.world import real_world
from lamplighter.engine import credentials
from lamplighter.outbound.mail import MailFolder
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import ContainerSpec, RuntimeUnavailable
from lamplighter.runtime.process import launcher as launcher_process
from lamplighter.runtime.process.process_directory import ProcessDirectory
from lamplighter.runtime.process.runtime import ProcessRuntime
from lamplighter.services.ecs.logs import output_copy
from lamplighter.services.ecs.logs.output_checkpoint import read_checkpoint
from lamplighter.services.ecs.logs.output_copy import OutputCopy
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.s3.object_files import ObjectFiles
from lamplighter.services.sns.messages.signing import Signer
from lamplighter.store.data_directory import OBJECTS
from lamplighter.store.lock import DirectoryLock
from tests.chaos.synced_disk import SyncedDisk, files_after_power_cut
from tests.output_lines import read_output

ROOT = Path(__file__).parents[2]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SyncedDisk]:
    with SyncedDisk(tmp_path / "mirror") as disk:
        yield disk


@pytest.fixture
def data(tmp_path: Path, disk: SyncedDisk) -> Path:
    """Create a data directory in a folder that existed before."""
    (tmp_path / "home").mkdir()
    directory = tmp_path / "home" / "data"
    make_path(directory)
    return directory


def synced_files(disk: SyncedDisk, data: Path) -> dict[str, bytes]:
    """Return the files of the data directory that a power cut leaves."""
    found = files_after_power_cut(disk.mirror, data.parent)
    return {name.removeprefix("data/"): content for name, content in found.items()}


def test_unsynced_files_are_lost(disk: SyncedDisk, data: Path) -> None:
    (data / "folder").mkdir()
    (data / "lost").write_bytes(b"x")
    assert synced_files(disk, data) == {}
    write_file(data / "folder" / "kept", b"y")
    assert synced_files(disk, data) == {}, "nothing leads to it"
    write_file(data / "beside", b"z")
    assert synced_files(disk, data) == {"lost": b"", "folder/kept": b"y", "beside": b"z"}


def test_a_data_directory_is_synced(disk: SyncedDisk, data: Path) -> None:
    DirectoryLock(data / "deep" / "deeper").release()
    assert set(synced_files(disk, data)) == {"deep/deeper/lock"}


async def test_a_mail_in_the_mail_folder_is_synced(disk: SyncedDisk, data: Path) -> None:
    message = EmailMessage()
    message["To"], message["Message-ID"] = "ops@example.com", "<one@lamplighter>"
    message.set_content("The batch failed.")
    await MailFolder(data / "mail").send(message, "Night")
    content = synced_files(disk, data)["mail/one.eml"]
    assert content == (data / "mail" / "one.eml").read_bytes()
    assert b"The batch failed." in content


def test_credentials_are_synced(disk: SyncedDisk, data: Path) -> None:
    credentials.create_credentials(data / "credentials")
    content = (data / "credentials").read_bytes()
    assert content
    assert synced_files(disk, data)["credentials"] == content


def test_the_key_that_signs_messages_and_its_certificate_are_synced(disk: SyncedDisk, data: Path) -> None:
    certificate = Signer(data / "sns", real_world()).certificate()
    found = synced_files(disk, data)
    assert found["sns/certificate.pem"] == certificate
    assert found["sns/key.pem"] == (data / "sns" / "key.pem").read_bytes() != b""


def test_an_object_is_synced_also_in_a_folder_that_a_killed_engine_has_made(disk: SyncedDisk, data: Path) -> None:
    """The killed engine may have died between the making of the folder and its sync."""
    for number in range(256):
        (data / OBJECTS / f"{number:02x}").mkdir(parents=True)
    sync_directory(data)  # as the next engine does at its start
    stored = ObjectFiles(data, real_world(), lambda _name: False).write([b"content"])
    assert synced_files(disk, data) == {f"{OBJECTS}/{stored.name[:2]}/{stored.name}": b"content"}


async def test_the_output_of_a_container_is_synced_before_the_container_is_removed(
    disk: SyncedDisk, data: Path
) -> None:
    async def read(_cursor: OutputCursor) -> AsyncGenerator[OutputLine, None]:
        yield OutputLine(1, "stdout", "hello")

    outputs = OutputFiles(data / "output")
    await OutputCopy(outputs, "task", "main").run(read, asyncio.sleep)
    assert b"hello" in synced_files(disk, data)["output/task/main.log"]
    assert list(read_output(outputs, "task", "main")) == [OutputLine(1, "stdout", "hello")]


async def test_the_output_before_a_checkpoint_is_synced_with_the_checkpoint(
    disk: SyncedDisk, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_copy, "CHECKPOINT_BYTES", 100)

    async def read(cursor: OutputCursor) -> AsyncGenerator[OutputLine, None]:
        for number in range(20):
            cursor.place = number + 1
            yield OutputLine(number, "stdout", "hello")
        raise RuntimeUnavailable("away")

    outputs = OutputFiles(data / "output")
    with pytest.raises(RuntimeUnavailable):
        await OutputCopy(outputs, "task", "main").run(read, asyncio.sleep)
    found = synced_files(disk, data)
    checkpoint = read_checkpoint(outputs.path("task", "main"))
    assert checkpoint.lines[0] == checkpoint.cursor["place"] > 0
    assert b'"place":%d' % checkpoint.lines[0] in found["output/task/.main.checkpoint"]
    assert found["output/task/main.log"].count(b"\n") == checkpoint.lines[0]


def test_an_exit_that_is_recorded_as_unknown_is_synced(disk: SyncedDisk, data: Path) -> None:
    place = ProcessDirectory(data / "processes" / "job")
    place.make()
    sync_directory(place.path.parent)  # as the shim does with the start
    ended = place.record_lost(7)
    assert synced_files(disk, data)["processes/job/exit"].startswith(b"unknown\n7\n")
    assert place.read_exit() == ended


@pytest.fixture
def watched_shim(disk: SyncedDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run shims on the same simulated disk."""
    script = tmp_path / "launcher.py"
    script.write_text(
        f"import runpy, sys; from pathlib import Path; sys.path.insert(0, {str(ROOT)!r})\n"
        f"from tests.chaos.synced_disk import SyncedDisk; SyncedDisk(Path({str(disk.mirror)!r})).__enter__()\n"
        "runpy.run_module('lamplighter.runtime.process.launcher_program', run_name='__main__')\n"
    )
    monkeypatch.setattr(launcher_process, "COMMAND", (sys.executable, script))


@pytest.mark.usefixtures("watched_shim")
async def test_a_process_starts_after_its_start_is_synced_and_ends_after_its_exit_and_output_are_synced(
    disk: SyncedDisk, data: Path, tmp_path: Path
) -> None:
    runtime = ProcessRuntime(data / "processes", real_world().now)
    script = f"cp -r {disk.mirror} {tmp_path}/seen; echo hello; exit 3"
    async with asyncio.timeout(60):
        await runtime.start(ContainerSpec(name="job", command=("sh", "-c", script)))
        ended = await runtime.wait("job")
    assert ended.code == 3
    started = (data / "processes" / "job" / "started").read_bytes()
    assert started
    assert files_after_power_cut(tmp_path / "seen", data.parent)["data/processes/job/started"] == started
    found = synced_files(disk, data)
    assert found["processes/job/exit"].startswith(b"3\n")
    assert found["processes/job/log"].endswith(b" o hello\n")
    await runtime.close()
