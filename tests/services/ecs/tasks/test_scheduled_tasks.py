"""ListScheduledTasks: the tasks that no state machine started, which an engine keeps longer than AWS."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.ecs.tables import tasks
from tests.services.ecs.ecs_harness import CALLER, FARGATE, EcsHarness

CLUSTER = "arn:aws:ecs:eu-central-1:123456789012:cluster/default"
SCHEDULED, OF_RUN = "chronos-schedule/nightly", "AWS Step Functions"


async def call(harness: EcsHarness, **params: Json) -> Json:
    return await harness.bus.call(CALLER, "ecs", "ListScheduledTasks", params)


async def listed(harness: EcsHarness, **params: Json) -> list[str]:
    return [each["taskArn"] for each in (await call(harness, **params))["Tasks"]]


async def test_the_tasks_that_no_state_machine_started_are_listed_newest_first(harness: EcsHarness) -> None:
    first = await harness.register_and_run_task(startedBy=SCHEDULED)
    await harness.run_task(startedBy=OF_RUN)
    second = await harness.run_task()
    assert await listed(harness) == [second, first]
    assert (await call(harness))["Tasks"][1] == await harness.describe_task(first)


async def test_a_time_selects_tasks_by_when_they_were_created(harness: EcsHarness) -> None:
    times, arns = [], []
    for at in range(3):
        arns.append(await (harness.run_task if at else harness.register_and_run_task)(startedBy=SCHEDULED))
        times.append(harness.clock.wall)
        harness.clock.advance(60_000)
    assert await listed(harness, Since=times[1]) == [arns[2], arns[1]]
    assert await listed(harness, Since=times[2] + 1) == []


async def test_a_family_in_a_cluster_is_listed_page_by_page(harness: EcsHarness) -> None:
    arns = [await harness.register_and_run_task(startedBy=SCHEDULED)]
    arns += [await harness.run_task(startedBy=SCHEDULED) for _ in range(2)]
    await harness.register_and_run_task(definition=FARGATE | {"family": "day"}, taskDefinition="day")
    page = await call(harness, Cluster=CLUSTER, Family="night", Limit=2)
    assert [each["taskArn"] for each in page["Tasks"]] == [arns[2], arns[1]]
    rest = await call(harness, Cluster=CLUSTER, Family="night", Limit=2, Before=page["Before"])
    assert [each["taskArn"] for each in rest["Tasks"]] == [arns[0]]
    assert "Before" not in rest
    await harness.ecs_call("CreateCluster", clusterName="empty")
    assert await listed(harness, Cluster="empty", Family="night") == []


async def test_more_tasks_than_are_read_at_once_are_all_listed(
    harness: EcsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "ROWS_AT_ONCE", 2)
    arns = [await harness.register_and_run_task(startedBy=SCHEDULED)]
    arns += [await harness.run_task(startedBy=SCHEDULED) for _ in range(4)]
    assert await listed(harness) == arns[::-1]
    assert await listed(harness, Limit=3) == arns[:1:-1]


async def test_a_task_whose_row_is_damaged_is_left_out(harness: EcsHarness) -> None:
    damaged = await harness.register_and_run_task(startedBy=SCHEDULED)
    await harness.wait_for_end(damaged)
    kept = await harness.run_task(startedBy=SCHEDULED)
    await harness.store.write(lambda tx: tx.execute("UPDATE tasks SET body = '{' WHERE arn = ?", (damaged,)))
    assert await listed(harness, Since=0) == [kept]


async def test_the_tasks_of_runs_are_not_even_read(harness: EcsHarness) -> None:
    statements: list[str] = []

    async def plan(**given: Json) -> str:
        reader = harness.store.reader
        reader._connection.set_trace_callback(statements.append)
        await call(harness, **given)
        reader._connection.set_trace_callback(None)
        found = [each for each in statements if "started_by" in each][-1]
        return " ".join(row[3] for row in reader.rows(f"EXPLAIN QUERY PLAN {found}"))

    await harness.register_and_run_task()
    assert "USING INDEX tasks_outside_runs (" in await plan(Since=1)
    assert "USING INDEX tasks_outside_runs_by_family (family=? AND id<?)" in await plan(Cluster=CLUSTER, Family="night")
