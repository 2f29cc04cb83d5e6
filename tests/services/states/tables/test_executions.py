"""Rows of executions."""

from pathlib import Path

from lamplighter.base.world import manual_world
from lamplighter.services.states.tables import executions
from lamplighter.store.db import Store, Tx


def values(name: str) -> list[object]:
    return [f"arn:{name}", "machine", "r1", name, "role", "RUNNING", 0, None, "{}", None, None, None, "[0,0,0,0,0]"]


async def test_the_key_of_an_execution_that_is_forgotten_is_never_given_again(tmp_path: Path) -> None:
    """Orders of the outbox and answers from the world name an execution by its key."""

    def job(tx: Tx) -> tuple[int, int]:
        first = executions.insert(tx, values("a"))
        executions.delete_row(tx, first)
        return first, executions.insert(tx, values("b"))

    store = Store(tmp_path, manual_world())
    first, second = await store.write(job)
    await store.close()
    assert second > first
