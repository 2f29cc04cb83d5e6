"""Rows are values of a dataclass: what is stored is found again, and what is damaged is named."""

import importlib
import logging
import pkgutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest

import lamplighter
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.store.db import DamagedData, Store, Tx
from lamplighter.store.rows import Table
from tests.manual_world import manual_world

log = logging.getLogger("lamplighter.tests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    id: int = 0
    name: str
    state: str
    body: Json

    @property
    def lit(self) -> bool:
        return self.state == "on"


LAMPS = Table("lamps", Lamp, json={"body": loads}, columns={"state": "status"}, properties=["lit"], damaged="lamp {id}")
LAMP = Lamp(name="a", state="on", body={"b": [1]})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path, manual_world())

    def make(tx: Tx) -> None:
        columns = "id INTEGER PRIMARY KEY, name TEXT UNIQUE, status TEXT, body TEXT, lit INTEGER"
        tx.execute(f"CREATE TABLE lamps ({columns})")

    await store.write(make)
    yield store
    await store.close()


async def test_a_row_comes_back_as_it_was_kept(store: Store) -> None:
    key = await store.write(lambda tx: LAMPS.insert(tx, LAMP))
    other = await store.write(lambda tx: LAMPS.insert(tx, replace(LAMP, name="b", state="off", body=None)))
    assert LAMPS.find(store.reader, "id = ?", key) == replace(LAMP, id=key)
    assert [(each.id, each.body) for each in LAMPS.select(store.reader, "id > ? ORDER BY id", 0)] == [
        (key, {"b": [1]}),
        (other, None),
    ]
    assert LAMPS.find(store.reader, "id = ?", other + 1) is None
    assert store.reader.rows("SELECT lit, body FROM lamps ORDER BY id") == [(1, '{"b":[1]}'), (0, None)]


async def test_a_member_of_a_json_column_is_read_without_its_row_and_damage_reads_as_none(store: Store) -> None:
    key = await store.write(lambda tx: LAMPS.insert(tx, replace(LAMP, body={"Policy": "text", "list": [1]})))
    assert LAMPS.find_member(store.reader, "body", "Policy", "id = ?", key) == "text"
    assert LAMPS.find_member(store.reader, "body", "list", "id = ?", key) == "[1]"
    assert LAMPS.find_member(store.reader, "body", "other", "id = ?", key) is None
    assert LAMPS.find_member(store.reader, "body", "Policy", "id = ?", key + 1) is None
    await store.write(lambda tx: tx.execute("UPDATE lamps SET body = '{broken'"))
    assert LAMPS.find_member(store.reader, "body", "Policy", "id = ?", key) is None


async def test_a_row_is_replaced_or_updated_whole(store: Store) -> None:
    await store.write(lambda tx: LAMPS.replace(tx, LAMP))
    await store.write(lambda tx: LAMPS.replace(tx, replace(LAMP, state="off")))
    assert [each.state for each in LAMPS.select(store.reader, "TRUE")] == ["off"]
    changed = replace(LAMP, name="c", body=[])
    assert await store.write(lambda tx: LAMPS.update(tx, changed, "name = ?", "a")) == 1
    assert await store.write(lambda tx: LAMPS.update(tx, changed, "name = ?", "a")) == 0
    (found,) = LAMPS.select(store.reader, "lit = 1")
    assert replace(found, id=0) == changed


async def test_damaged_json_is_named_and_can_be_skipped(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    key = await store.write(lambda tx: LAMPS.insert(tx, LAMP))
    await store.write(lambda tx: tx.execute("INSERT INTO lamps (id, body) VALUES (7, '{')"))
    with pytest.raises(DamagedData, match="lamp 7 cannot be read"):
        LAMPS.find(store.reader, "id = ?", 7)
    assert list(LAMPS.readable(store.reader.rows(LAMPS.query), log)) == [replace(LAMP, id=key)]
    assert "lamp 7 cannot be read" in caplog.text
    with pytest.raises(JsonError):
        Table("lamps", Lamp, json={"body": loads}, columns={"state": "status"}).find(store.reader, "id = ?", 7)


async def test_the_values_of_a_query(store: Store) -> None:
    assert store.reader.value("SELECT name FROM lamps") is None
    assert store.reader.count("SELECT count(*) FROM lamps") == 0
    key = await store.write(lambda tx: LAMPS.insert(tx, LAMP))
    assert store.reader.value("SELECT name, id FROM lamps") == "a"
    assert store.reader.count("SELECT count(*) FROM lamps WHERE id = ?", (key,)) == 1


def tables() -> list[Table[Json]]:
    """Return every table that a module of the engine defines."""
    names = [each.name for each in pkgutil.walk_packages(lamplighter.__path__, "lamplighter.")]
    modules = [importlib.import_module(each) for each in names if ".tables." in each or ".store." in each]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Table)]


def test_a_field_that_is_a_bool_gets_one_from_each_table() -> None:
    """SQLite has no bool and returns 0 or 1, which JSON and templates show as a number."""
    checked = set()
    for table in tables():
        row_fields = fields(table._row_type)
        row = table.parse(tuple(None if each.name in table._json else 1 for each in row_fields))
        for each in row_fields:
            if each.type in (bool, "bool"):
                assert getattr(row, each.name) is True, (table._name, each.name)
                checked.add(each.name)
            assert each.type != (bool | None), "the row reader does not know this type"
    assert {"authenticated", "locked", "protected", "express", "exclusive", "queued"} <= checked
