"""A migration moves the templates in the plans of stacks to a separate table."""

import sqlite3

from lamplighter.base.json_text import Json, dumps
from lamplighter.services.cloudformation.tables import change_sets, stacks, templates
from lamplighter.store.db import Reader
from lamplighter.store.migrate import migrate, migration_scripts

OLD: Json = {"Metadata": {"by": "us"}, "Resources": {"A": {"Type": "T", "Properties": {"n": 12345678901234567890}}}}


def plan(text: str) -> Json:
    return {"template": text, "document": OLD, "tags": [], "values": {"p": "1"}}


def test_the_migration_moves_templates_of_stacks_and_change_sets() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for number, sql in migration_scripts():
        if number < 34:
            connection.executescript(f"{sql}; PRAGMA user_version={number};")
    for name, previous in (("going", plan("before")), ("still", None)):
        values = (name, "a", "r", name, "S", 1, 7, dumps(plan("now")), dumps(previous), "{}")
        sql = "INSERT INTO stacks (id, account, region, name, status, created, phase, plan, previous, body) "
        connection.execute(f"{sql} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    change = ("c", "still", "n", dumps({"plan": plan("next"), "type": "UPDATE"}))
    connection.execute("INSERT INTO change_sets VALUES (?, ?, ?, ?)", change)
    migrate(connection)
    reader = Reader(connection)
    for key, wanted in (("going", ["now", "before"]), ("still", ["now"])):
        stack = stacks.get(reader, key)
        assert stack is not None
        plans = [each for each in (stack.plan, stack.previous) if each is not None]
        assert [templates.text(reader, each["template"]) for each in plans] == wanted
        for each in plans:
            assert templates.processed(reader, each["template"]) == dumps(OLD)
            assert "document" not in each
            assert (each["metadata"], each["values"], each["transforms"]) == ({"by": "us"}, {"p": "1"}, None)
    assert stacks.metadata(reader, "a", "r") == {"going": {"by": "us"}, "still": {"by": "us"}}
    found = change_sets.get(reader, "c")
    assert found is not None
    assert templates.text(reader, found.body["plan"]["template"]) == "next"
    assert found.body["type"] == "UPDATE"
