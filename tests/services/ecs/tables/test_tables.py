"""ECS's rows come back as they were kept."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from lamplighter.base.world import fixed_world
from lamplighter.services.ecs.tables import clusters, task_definitions, tasks
from lamplighter.services.ecs.tables.clusters import Cluster
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.store.db import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path, fixed_world())
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


async def test_a_cluster_comes_back_as_it_was_kept(store: Store) -> None:
    cluster = Cluster("arn:cluster", "1/r", "c", "ACTIVE", {"settings": []}, [])
    await store.write(lambda tx: clusters.put(tx, cluster))
    assert clusters.get(store.reader, "arn:cluster") == cluster
    await store.write(lambda tx: clusters.put(tx, replace(cluster, status="INACTIVE")))
    assert clusters.page(store.reader, "1/r", "", 10) == []


async def test_the_latest_active_revision_is_found(store: Store) -> None:
    for revision, status in ((1, "ACTIVE"), (2, "ACTIVE"), (3, "INACTIVE")):
        definition = TaskDefinition(f"arn:{revision}", "1/r", "night", revision, status, {"n": revision}, [])
        await store.write(partial(task_definitions.put, definition=definition))
    found = task_definitions.latest(store.reader, "1/r", "night")
    assert found is not None
    assert found.revision == 2
    assert task_definitions.next_revision(store.reader, "1/r", "night") == 4
    assert task_definitions.next_revision(store.reader, "2/r", "night") == 1
    assert task_definitions.by_arn(store.reader, "arn:3") == definition


async def test_a_task_comes_back_as_it_was_kept_and_changed(store: Store) -> None:
    key = await store.write(lambda tx: tasks.insert(tx, task("x")))
    kept = replace(task("x"), id=key)
    assert tasks.get(store.reader, "arn:task/x") == kept
    assert tasks.by_name(store.reader, "x") == kept
    changed = replace(kept, body=kept.body | {"lastStatus": "STOPPED"}, run_order=None, stop_order=9)
    await store.write(lambda tx: tasks.update(tx, changed))
    assert tasks.get(store.reader, "arn:task/x") == changed


async def test_only_tasks_that_have_not_stopped_are_alive_and_take_room(store: Store) -> None:
    await store.write(lambda tx: tasks.insert(tx, task("a", cpu=3)))
    await store.write(lambda tx: tasks.insert(tx, task("b", cpu=4, status="PENDING")))
    await store.write(lambda tx: tasks.insert(tx, task("c", cpu=5, status="STOPPED")))
    assert tasks.running_arns(store.reader) == ["arn:task/a", "arn:task/b"]
    assert tasks.reserved_capacity(store.reader) == (7, 4)
    assert tasks.count_by_cluster(store.reader, "arn:cluster") == (1, 1)


async def test_a_client_token_is_known_until_it_is_forgotten(store: Store) -> None:
    await store.write(lambda tx: tasks.keep_token(tx, "c", "t", "request", ["arn"], 100))
    assert tasks.by_token(store.reader, "c", "t") == ("request", ["arn"])
    assert tasks.by_token(store.reader, "other", "t") is None
    await store.write(lambda tx: tasks.forget_tokens(tx, 100))
    assert tasks.by_token(store.reader, "c", "t") is not None
    await store.write(lambda tx: tasks.forget_tokens(tx, 101))
    assert tasks.by_token(store.reader, "c", "t") is None
