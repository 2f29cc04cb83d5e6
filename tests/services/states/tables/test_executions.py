"""Insert and delete rows of executions."""

from pathlib import Path

from lamplighter.services.states.tables import executions
from lamplighter.store.db import Store, Tx
from tests.manual_world import manual_world


def row_values(name: str) -> list[object]:
    return [f"arn:{name}", "machine", "r1", name, "role", "RUNNING", 0, None, "{}", None, None, None, "[0,0,0,0,0]"]


async def test_the_key_of_a_deleted_execution_is_never_reused(tmp_path: Path) -> None:
    """Outbox rows and late answers of tasks name an execution by its key."""

    def replace_execution(tx: Tx) -> tuple[int, int]:
        first = executions.insert(tx, row_values("a"))
        executions.delete_row(tx, first)
        return first, executions.insert(tx, row_values("b"))

    store = Store(tmp_path, manual_world())
    first, second = await store.write(replace_execution)
    await store.close()
    assert second > first
