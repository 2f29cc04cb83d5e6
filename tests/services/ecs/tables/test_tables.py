"""Store the rows of ECS and read them back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from lamplighter.services.ecs.capacity import Reservation
from lamplighter.services.ecs.tables import clusters, task_definitions, tasks, waiting_tasks
from lamplighter.services.ecs.tables.clusters import Cluster
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.store.db import Store, Tx
from tests.manual_world import manual_world


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path, manual_world())
    yield store
    await store.close()


def task(name: str, *, status: str = "RUNNING", cpu: int = 1) -> Task:
    return Task(
        arn=f"arn:task/{name}",
        cluster="arn:cluster",
        family="night",
        launch_type="FARGATE",
        started_by=None,
        cpu=cpu,
        memory=2,
        body={"lastStatus": status, "desiredStatus": "RUNNING", "version": 1},
        tags=[{"key": "a"}],
        run_order=7,
    )


async def test_a_cluster_is_read_back_unchanged(store: Store) -> None:
    cluster = Cluster("arn:cluster", "1/r", "c", "ACTIVE", {"settings": []}, [])
    await store.write(lambda tx: clusters.put(tx, cluster))
    assert clusters.get(store.reader, "arn:cluster") == cluster
    await store.write(lambda tx: clusters.put(tx, replace(cluster, status="INACTIVE")))
    assert clusters.page(store.reader, "1/r", "", 10) == []


async def test_the_latest_active_revision_is_found(store: Store) -> None:
    for revision, status in ((1, "ACTIVE"), (2, "ACTIVE"), (3, "INACTIVE")):
        definition = TaskDefinition(f"arn:{revision}", "1/r", "night", revision, status, {"n": revision}, [])
        await store.write(partial(task_definitions.put, row=definition))
    found = task_definitions.latest(store.reader, "1/r", "night")
    assert found is not None
    assert found.revision == 2
    assert task_definitions.next_revision(store.reader, "1/r", "night") == 4
    assert task_definitions.next_revision(store.reader, "2/r", "night") == 1
    assert task_definitions.by_arn(store.reader, "arn:3") == definition


async def test_a_task_is_read_back_as_inserted_and_as_updated(store: Store) -> None:
    key = await store.write(lambda tx: tasks.insert(tx, task("x")))
    kept = replace(task("x"), id=key)
    assert tasks.get(store.reader, "arn:task/x") == kept
    assert tasks.by_name(store.reader, "x") == kept
    changed = replace(kept, body=kept.body | {"lastStatus": "STOPPED"}, run_order=None, stop_order=9)
    await store.write(lambda tx: tasks.update(tx, changed))
    assert tasks.get(store.reader, "arn:task/x") == changed


async def test_tasks_that_have_their_room_and_have_not_stopped_are_supervised_and_use_capacity(store: Store) -> None:
    await store.write(lambda tx: tasks.insert(tx, task("a", cpu=3)))
    await store.write(lambda tx: tasks.insert(tx, task("b", cpu=4, status="PENDING")))
    await store.write(lambda tx: tasks.insert(tx, task("c", cpu=5, status="STOPPED")))
    waiting = replace(task("d", cpu=6, status="PROVISIONING"), waiting_since=1)
    await store.write(lambda tx: tasks.insert(tx, waiting))
    assert tasks.placed_arns(store.reader) == ["arn:task/a", "arn:task/b"]
    assert waiting_tasks.reserved(store.reader) == Reservation(cpu=7, memory=4, tasks=2)
    assert waiting_tasks.all_waiting(store.reader) == ["arn:task/d"]
    assert tasks.count_by_cluster(store.reader, "arn:cluster") == (1, 2)


async def test_waiting_tasks_are_more_than_a_number_that_is_lower(store: Store) -> None:
    """A task that is to stop waits no longer."""
    for name, desired in (("a", "RUNNING"), ("b", "RUNNING"), ("c", "STOPPED")):
        given = task(name, status="PROVISIONING")
        waiting = replace(given, waiting_since=1, body=given.body | {"desiredStatus": desired})
        await store.write(partial(tasks.insert, row=waiting))
    assert [waiting_tasks.are_more_than(store.reader, number) for number in (0, 1, 2, 3)] == [True, True, False, False]


def stopped_task(name: str, at: int) -> Task:
    found = task(name, status="STOPPED")
    return replace(found, body=found.body | {"stoppedAt": at})


DAMAGED_BODIES = (
    *(b"{", b"", b"null", b"[]", b"{}", b'{"stoppedAt":"x"}', b'{"stoppedAt":null}', b"\xff{", b"\x00\xff"),
    b'\xff{"stoppedAt":1}',
)


@pytest.mark.parametrize("kind", ["TEXT", "BLOB"])
@pytest.mark.parametrize("body", DAMAGED_BODIES)
async def test_a_damaged_stopped_task_is_deleted_like_other_tasks_of_its_age(
    store: Store, body: bytes, kind: str
) -> None:
    for name, at in (("a", 10), ("b", 20), ("c", 30), ("d", 90), ("e", 95)):
        await store.write(partial(tasks.insert, row=stopped_task(name, at)))
    for name in "bde":
        sql = f"UPDATE tasks SET body = CAST(? AS {kind}) WHERE name = ?"
        await store.write(partial(Tx.execute, sql=sql, parameters=(body, name)))
    found = tasks.stopped_before(store.reader, 50, 10)
    assert [name for _, name in found] == ["a", "b", "c"]
    for arn, _ in found:
        await store.write(partial(tasks.delete, arn=arn))
    assert tasks.stopped_before(store.reader, 50, 10) == []
    await store.write(lambda tx: tasks.insert(tx, stopped_task("f", 99)))
    assert [name for _, name in tasks.stopped_before(store.reader, 100, 2)] == ["d", "e"]


async def test_damaged_tasks_do_not_prevent_the_deletion_of_later_tasks(store: Store) -> None:
    for at in range(10):
        await store.write(partial(tasks.insert, row=stopped_task(f"t{at}", at)))
    await store.write(lambda tx: tx.execute("UPDATE tasks SET body = '{' WHERE name < 't9'"))
    remaining = 10
    while found := tasks.stopped_before(store.reader, 50, 4):
        for arn, _ in found:
            await store.write(partial(tasks.delete, arn=arn))
        remaining -= len(found)
    assert remaining == 0


async def test_a_client_token_is_found_until_it_is_deleted(store: Store) -> None:
    await store.write(lambda tx: tasks.insert_token(tx, "c", "t", "request", ["arn"], 100))
    assert tasks.by_token(store.reader, "c", "t") == ("request", ["arn"])
    assert tasks.by_token(store.reader, "other", "t") is None
    await store.write(lambda tx: tasks.delete_tokens(tx, 100))
    assert tasks.by_token(store.reader, "c", "t") is not None
    await store.write(lambda tx: tasks.delete_tokens(tx, 101))
    assert tasks.by_token(store.reader, "c", "t") is None
