"""Rows are values of a dataclass: what is stored is found again, and what is damaged is named."""

import importlib
import logging
import pkgutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import lamplighter
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.store.db import DamagedData, Store, Tx
from lamplighter.store.rows import WALK_SIZE, Table
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
    assert LAMPS.member_by("body", "Policy", "id")(store.reader, key) == "text"
    assert LAMPS.member_by("body", "list", "id")(store.reader, key) == "[1]"
    assert LAMPS.member_by("body", "other", "id")(store.reader, key) is None
    assert LAMPS.member_by("body", "Policy", "id")(store.reader, key + 1) is None
    await store.write(lambda tx: tx.execute("UPDATE lamps SET body = '{broken'"))
    assert LAMPS.member_by("body", "Policy", "id")(store.reader, key) is None


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


async def test_a_page_has_the_rows_whose_names_follow_one_and_begin_with_a_prefix(store: Store) -> None:
    def fill(tx: Tx) -> None:
        for state, name in (("on", "a"), ("on", "ab"), ("off", "ac"), ("on", "ad"), ("on", "b")):
            LAMPS.insert(tx, replace(LAMP, name=name, state=state))

    await store.write(fill)
    page = LAMPS.page_by("state", "name")
    assert [each.name for each in page(store.reader, "on", "", 9)] == ["a", "ab", "ad", "b"]
    assert [each.name for each in page(store.reader, "on", "ab", 9)] == ["ad", "b"]
    assert [each.name for each in page(store.reader, "on", "", 2, prefix="a")] == ["a", "ab"]
    assert [each.name for each in page(store.reader, "on", "ab", 2, prefix="a")] == ["ad"]
    assert page(store.reader, "on", "b", 9, prefix="a") == []
    assert [each.name for each in LAMPS.page_by("name")(store.reader, "ab", 9, prefix="a")] == ["ac", "ad"]


async def test_a_walk_reads_all_blocks_and_skips_what_is_damaged(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def fill(tx: Tx) -> None:
        for number in range(2 * WALK_SIZE):
            LAMPS.insert(tx, replace(LAMP, name=f"{number:03}"))
        tx.execute("UPDATE lamps SET body = '{' WHERE name BETWEEN '050' AND '149'")

    await store.write(fill)
    walk = LAMPS.walk_by("state", "name", log=log)
    expected = [f"{number:03}" for number in (*range(50), *range(150, 200))]
    assert [each.name for each in walk(store.reader, "on")] == expected
    assert [each.name for each in walk(store.reader, "on", after="048", prefix="0")] == ["049"]
    assert LAMPS.find_by("name", log=log)(store.reader, "050") is None
    assert "lamp 51 cannot be read" in caplog.text
    with pytest.raises(DamagedData):
        LAMPS.find_by("name")(store.reader, "050")


async def test_rows_are_found_counted_changed_and_deleted_by_the_values_of_fields(store: Store) -> None:
    assert not LAMPS.any_exists(store.reader)
    key = await store.write(lambda tx: LAMPS.insert(tx, LAMP))
    await store.write(lambda tx: LAMPS.insert(tx, replace(LAMP, name="b")))
    assert LAMPS.any_exists(store.reader)
    await store.write(lambda tx: LAMPS.update_by("id")(tx, replace(LAMP, id=key, state="off")))
    assert LAMPS.find_by("state", "name")(store.reader, "off", "a") == replace(LAMP, id=key, state="off")
    assert LAMPS.find_by("name")(store.reader, "c") is None
    assert [each.name for each in LAMPS.select_by("body", order="name DESC")(store.reader, '{"b":[1]}')] == ["b", "a"]
    assert LAMPS.count_by("state")(store.reader, "on") == 1
    assert await store.write(lambda tx: LAMPS.delete_by("state")(tx, "on")) == 1
    assert LAMPS.count_by("state")(store.reader, "on") == 0


def modules_with_tables() -> list[ModuleType]:
    """Return every module of the engine that may define a table."""
    names = [each.name for each in pkgutil.walk_packages(lamplighter.__path__, "lamplighter.")]
    return [importlib.import_module(each) for each in names if ".tables." in each or ".store." in each]


def tables() -> list[Table[Json]]:
    """Return every table that a module of the engine defines."""
    return [each for module in modules_with_tables() for each in vars(module).values() if isinstance(each, Table)]


def statements(value: object) -> Iterator[str]:
    """Yield the statements that a function was made with by a method of `Table`."""
    if isinstance(value, FunctionType) and value.__qualname__.startswith("Table."):
        for cell in value.__closure__ or ():
            if isinstance(cell.cell_contents, str) and " " in cell.cell_contents:
                yield cell.cell_contents
            yield from statements(cell.cell_contents)


async def test_only_tables_with_few_rows_are_scanned_by_a_statement_that_a_module_declares(store: Store) -> None:
    found = [each for module in modules_with_tables() for value in vars(module).values() for each in statements(value)]
    assert len(found) > 80
    plans = {each: store.reader.rows(f"EXPLAIN QUERY PLAN {each}", [None] * each.count("?")) for each in found}
    assert {step for plan in plans.values() for *_, step in plan if "SCAN" in step} == {"SCAN capacity_providers"}


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
