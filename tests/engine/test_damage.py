"""Damage of the database stays known until a check of all of it passes; a WAL that is missing is told."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.engine import health
from lamplighter.engine.config import EngineConfig, RuntimeChoice
from lamplighter.engine.damage_check import check_damage, check_damage_regularly
from lamplighter.engine.engine import Engine
from lamplighter.store.data_directory import DATABASE, LOCK, WAL
from lamplighter.store.db import Reader

DAMAGED = "database disk image is malformed"
MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200) "


async def open_engine(data: Path) -> Engine:
    return await Engine.open(EngineConfig(data_directory=data, runtime=RuntimeChoice.PROCESS))


def conditions(engine: Engine) -> list[str]:
    return [each.name for each in health.read_health(engine).conditions]


def page_of_rows(data: Path) -> tuple[int, bytes]:
    """Add a table with many pages; return the place and the content of one that holds rows."""
    with sqlite3.connect(data / DATABASE) as connection:
        connection.execute("CREATE TABLE old (id INTEGER PRIMARY KEY, text TEXT)")
        connection.execute(f"{MANY} INSERT INTO old SELECT i, hex(zeroblob(500)) FROM n")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    whole = (data / DATABASE).read_bytes()
    at = len(whole) - 3 * size
    return at, whole[at : at + size]


def overwrite(data: Path, at: int, content: bytes) -> None:
    with (data / DATABASE).open("r+b") as opened:
        opened.seek(at)
        opened.write(content)


@pytest.fixture
def page(tmp_path: Path) -> tuple[int, bytes]:
    async def make() -> None:
        await (await open_engine(tmp_path)).close()

    asyncio.run(make())
    at, good = page_of_rows(tmp_path)
    overwrite(tmp_path, at, b"\xa5" * len(good))
    return at, good


def read_old(reader: Reader) -> int:
    return len(reader.rows("SELECT text FROM old"))


async def read_on_the_loop(engine: Engine) -> None:
    read_old(engine.store.reader)


async def read_in_thread(engine: Engine) -> None:
    await engine.store.read_in_thread(read_old)


async def read_one_row(engine: Engine) -> None:
    engine.store.reader.row("SELECT max(text) FROM old")


async def write_to_it(engine: Engine) -> None:
    await engine.store.write(lambda tx: tx.execute("UPDATE old SET text = '-'"))


@pytest.mark.parametrize("use", [read_on_the_loop, read_in_thread, read_one_row, write_to_it])
async def test_damage_stays_a_condition_after_writes_that_succeed_until_a_check_passes(
    page: tuple[int, bytes], tmp_path: Path, use: Callable[[Engine], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    engine = await open_engine(tmp_path)
    assert conditions(engine) == []
    with pytest.raises((sqlite3.DatabaseError, Unavailable), match=DAMAGED):
        await use(engine)
    await engine.store.write(lambda tx: tx.execute("DELETE FROM old WHERE id = 0"))
    await check_damage(engine.store)
    found = health.read_health(engine)
    assert (found.available, [each.name for each in found.conditions]) == (False, ["database-damaged"])
    assert "restore a backup" in found.conditions[0].advice
    assert "Make room" not in str(found.body())
    overwrite(tmp_path, *page)
    checking = asyncio.create_task(check_damage_regularly(engine.store, 0))
    while conditions(engine):  # noqa: ASYNC110 - the check is in a thread
        await asyncio.sleep(0.01)
    checking.cancel()
    assert [each.levelname for each in caplog.records if "damage" in each.message] == ["ERROR", "WARNING"]
    await engine.close()


async def test_health_is_reported_although_its_own_reads_meet_the_damage(
    page: tuple[int, bytes], tmp_path: Path
) -> None:
    def check_old(engine: Engine) -> None:
        read_old(engine.store.reader)

    engine = await open_engine(tmp_path)
    found = health.read_health(engine, [check_old, *health.CHECKS])
    assert [each.name for each in found.conditions] == ["database-damaged"]
    await engine.close()


@pytest.mark.parametrize(
    ("damage", "told"),
    [(Path.unlink, True), (lambda wal: wal.write_bytes(b"\xa5" * 4096), True), (lambda _wal: None, False)],
)
async def test_a_killed_engine_whose_wal_is_missing_or_garbage_may_have_lost_commits(
    tmp_path: Path, damage: Callable[[Path], object], *, told: bool
) -> None:
    await (await open_engine(tmp_path / "killed")).close()
    engine = await open_engine(tmp_path / "killed")
    await engine.store.write(lambda tx: tx.execute("CREATE TABLE last (id INTEGER)"))
    killed = tmp_path / "copy"
    killed.mkdir()
    for name in (DATABASE, WAL, LOCK):
        (killed / name).write_bytes((tmp_path / "killed" / name).read_bytes())
    await engine.close()
    damage(killed / WAL)
    second = await open_engine(killed)
    assert conditions(second) == (["commits-lost"] if told else [])
    await second.close()
    third = await open_engine(killed)
    assert conditions(third) == []
    await third.close()
    assert not (killed / WAL).exists()


async def test_a_write_that_meets_damage_is_not_said_to_be_tried_again_without_a_loss(
    page: tuple[int, bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = await open_engine(tmp_path)
    with pytest.raises(Unavailable, match=f"^the database is damaged: {DAMAGED}"):
        await write_to_it(engine)
    await engine.store.write(lambda tx: tx.execute("DELETE FROM old WHERE id = 0"))
    assert not [each.message for each in caplog.records if "written" in each.message]
    await engine.close()
