"""Read the lists of names that can be searched: schedules, rules, topics, queues, stacks, task definitions.

A list is read again after `ConsolePort.list_poll_seconds`, because the search asks for it with every few letters that
a reader types. Guarantees at most `MAX_PAGES` calls for a list, and that a list that cannot be read, for example
because the credentials do not allow it, leaves out its resources, never the page.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data.jobs import job_schedules, scheduled_tasks
from lamplighter.console.view import links

MAX_PAGES = 10
PAGE_SIZE = 100
MAX_BUSES = 10
"""The most event buses whose rules are searched."""

ReadList = Callable[[Calls], Awaitable[Sequence[Json]]]


async def cached_list(calls: Calls, name: str, read: ReadList | None, polls: int = 1) -> Sequence[Json] | None:
    """Return a list of this place, which is read again after so many polls of lists.

    Return None if it cannot be read, or if there is no `read` and no list is cached.
    """
    period = round(polls * calls.port.list_poll_seconds * 1000)
    cache, at = calls.console.search_cache, calls.console.world.now() // period
    key = f"{name} {calls.place.account} {calls.place.region}"
    known = cache.get(key)
    if known is not None and known[0] == at:
        return known[1]
    if read is None:
        return None
    try:
        found = await read(calls)
    except AwsError:
        return None
    cache.put({key: (at, found)})
    return found


async def list_named(calls: Calls) -> Sequence[tuple[str, str, str]]:
    """Return the resources around the jobs: what each is, its name, and the path of its page."""
    readers = {
        "schedule": _list_schedules, "rule": _list_rules, "topic": _list_topics, "queue": _list_queues,
        "stack": _list_stacks, "task definition": _list_families,
    }  # fmt: skip
    lists = await asyncio.gather(*(cached_list(calls, kind, read) for kind, read in readers.items()))
    return [(kind, *each) for kind, found in zip(readers, lists, strict=True) for each in found or ()]


async def list_task_jobs(calls: Calls) -> Sequence[tuple[str, str]]:
    """Return the scheduled tasks: the family and the path of the page of each."""
    return await cached_list(calls, "scheduled task", _list_task_jobs) or ()


async def _list_task_jobs(calls: Calls) -> Sequence[Json]:
    jobs = await scheduled_tasks.list_scheduled_tasks(calls)
    return [(each.name, _task_path(calls, each.family.cluster, each.name)) for each in jobs]


def _task_path(calls: Calls, cluster: str, family: str) -> str:
    known = cluster if cluster.startswith("arn:") else arn.build("ecs", *_place(calls), f"cluster/{cluster}")
    return links.scheduled_task_path(known, family)


async def _list_schedules(calls: Calls) -> Sequence[Json]:
    """Return the schedules; their path leads to the page of what they start, because they have no page."""
    return [
        (each["Name"], links.schedule_path(each["Arn"])) for each in await job_schedules.list_schedules(calls) or ()
    ]


async def _list_rules(calls: Calls) -> Sequence[Json]:
    buses = await calls.call("events", "ListEventBuses", Limit=MAX_BUSES)
    named = (each["Name"] for each in buses["EventBuses"])
    found = await asyncio.gather(*(_pages(calls, "events", "ListRules", "Rules", EventBusName=bus) for bus in named))
    return [(rule["Name"], links.resource_path(rule["Arn"])) for rules in found for rule in rules]


async def _list_topics(calls: Calls) -> Sequence[Json]:
    topics = await _pages(calls, "sns", "ListTopics", "Topics")
    return [(links.resource_name(each["TopicArn"]), links.resource_path(each["TopicArn"])) for each in topics]


async def _list_queues(calls: Calls) -> Sequence[Json]:
    names = [
        each.rpartition("/")[2] for each in await _pages(calls, "sqs", "ListQueues", "QueueUrls", MaxResults=PAGE_SIZE)
    ]
    return [(each, links.resource_path(arn.build("sqs", *_place(calls), each))) for each in names]


async def _list_stacks(calls: Calls) -> Sequence[Json]:
    stacks = await _pages(calls, "cloudformation", "DescribeStacks", "Stacks")
    return [(each["StackName"], links.resource_path(each["StackId"])) for each in stacks]


async def _list_families(calls: Calls) -> Sequence[Json]:
    given = {"status": "ACTIVE", "maxResults": PAGE_SIZE}
    families = await _pages(calls, "ecs", "ListTaskDefinitionFamilies", "families", **given)
    place = _place(calls)
    return [(each, links.resource_path(arn.build("ecs", *place, f"task-definition/{each}"))) for each in families]


def _place(calls: Calls) -> tuple[str, str]:
    return calls.place.region, calls.place.account


async def _pages(calls: Calls, service: str, operation: str, key: str, **params: Json) -> Sequence[Json]:
    """Return the items of the first pages of a list."""
    found: list[Json] = []
    read = 0
    async for answer in calls.call_pages(service, operation, **params):
        found += answer.get(key) or ()
        read += 1
        if read == MAX_PAGES:
            break
    return found
