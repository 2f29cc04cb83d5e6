"""What a killed engine leaves of S3: every acknowledged object, whole, and no file without an object."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import ServedEngine, eventually

MIB = 2**20


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    """Yield an engine with one bucket."""
    with closing(ServedEngine(tmp_path / "data")) as found:
        found.up()
        found.client("s3").create_bucket(Bucket="bucket")
        yield found


def files(engine: ServedEngine) -> set[str]:
    """Return the names of the files of objects."""
    return {path.name for path in (engine.data / "objects").rglob("*") if path.is_file()}


def named_files(engine: ServedEngine) -> set[str]:
    """Return the names of the files that the database names."""
    with closing(sqlite3.connect(engine.data / "lamplighter.db")) as connection:
        return {name for (name,) in connection.execute("SELECT file FROM s3_versions WHERE file IS NOT NULL")}


class Writer(threading.Thread):
    """Puts and deletes objects until the engine dies; remembers what was acknowledged."""

    def __init__(self, s3: Json, number: int) -> None:
        super().__init__(daemon=True)
        self.s3 = s3
        self.number = number
        self.stored: dict[str, bytes] = {}

    def run(self) -> None:
        with suppress(BotoCoreError, ClientError):
            for at in range(10_000):
                key, body = f"{self.number}/{at}", os.urandom(1000 + at * 500)
                self.s3.put_object(Bucket="bucket", Key=key, Body=body)
                self.stored[key] = body
                if at % 3 == 2:
                    self.stored.pop(f"{self.number}/{at - 1}")
                    self.s3.delete_object(Bucket="bucket", Key=f"{self.number}/{at - 1}")


def test_a_killed_engine_keeps_every_acknowledged_object_and_leaves_no_other_file(engine: ServedEngine) -> None:
    writers = [Writer(engine.client("s3"), number) for number in range(4)]
    for writer in writers:
        writer.start()
    eventually(lambda: all(len(writer.stored) > 10 for writer in writers))
    engine.kill()
    for writer in writers:
        writer.join()
    engine.up()
    s3 = engine.client("s3")
    for writer in writers:
        for key, body in writer.stored.items():
            assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == body
    eventually(lambda: files(engine) == named_files(engine))


def test_the_files_of_replaced_and_deleted_objects_disappear(engine: ServedEngine) -> None:
    s3 = engine.client("s3")
    for body in (b"1", b"2", b"3"):
        s3.put_object(Bucket="bucket", Key="k", Body=body)
    eventually(lambda: len(files(engine)) == 1)
    s3.delete_object(Bucket="bucket", Key="k")
    eventually(lambda: not files(engine))


def test_a_refused_upload_leaves_no_file(engine: ServedEngine) -> None:
    s3 = engine.client("s3")
    with pytest.raises(ClientError):
        s3.put_object(Bucket="no-such-bucket", Key="k", Body=b"x" * MIB)
    with pytest.raises(ClientError):
        s3.put_object(Bucket="bucket", Key="k", Body=b"x" * MIB, ContentMD5="CY9rzUYh03PK3k6DJie09g==")
    eventually(lambda: not files(engine))


def test_a_large_object_is_never_in_memory(engine: ServedEngine, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(300 * MIB)
    s3 = engine.client("s3")
    with large.open("rb") as file:
        s3.put_object(Bucket="bucket", Key="large", Body=file)
    body = s3.get_object(Bucket="bucket", Key="large")["Body"]
    assert sum(len(chunk) for chunk in body.iter_chunks(MIB)) == 300 * MIB
    status = Path(f"/proc/{engine.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak < 200 * 1024, f"the engine used {peak} KiB"
