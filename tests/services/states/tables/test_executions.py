"""Insert and delete rows of executions."""

from pathlib import Path

from lamplighter.services.states.tables import executions
from lamplighter.services.states.tables.executions import ExecutionRecord
from lamplighter.store.db import Store, Tx
from tests.manual_world import manual_world


def record(name: str) -> ExecutionRecord:
    arn, counters = f"arn:{name}", "[0,0,0,0,0]"
    return ExecutionRecord(0, arn, "machine", "r1", name, "role", "RUNNING", 0, None, "{}", None, None, None, counters)


async def test_the_key_of_a_deleted_execution_is_never_reused(tmp_path: Path) -> None:
    """Outbox rows and late answers of tasks name an execution by its key."""

    def replace_execution(tx: Tx) -> tuple[int, int]:
        first = executions.insert(tx, record("a"))
        executions.delete_row(tx, first)
        return first, executions.insert(tx, record("b"))

    store = Store(tmp_path, manual_world())
    first, second = await store.write(replace_execution)
    await store.close()
    assert second > first
