"""Store who did what: the audit log.

`server.py` decides which calls get an entry, by the lists of `wire/access/roles.py`. An entry is written in the
transaction of its action (`write_audited`). Guarantees that no entry contains an input or a secret: it names the
operation and the resource, never other parameters. Entries are kept for a time that the job file sets
(`retention.py`). What anybody may cause is limited for each caller (`audit_limits.py`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lamplighter.base.errors import AwsError, Unavailable
from lamplighter.base.json_text import Json
from lamplighter.store import audit_limits
from lamplighter.store.audit_limits import LimitedKind
from lamplighter.store.db import Reader, Store, Tx
from lamplighter.store.rows import Table

MAX_TEXT_LENGTH = 512
MAX_TURN_MILLISECONDS = 1_000
"""A turn that takes longer is not recognised as the one that wrote an entry."""
DONE = "done"
"""The outcome of an action that succeeded; other outcomes are the code of the error."""
LINK = "link"
"""How somebody acts who has a link of a mail. Refusals are not recorded: strangers could send any number of them."""
RESOURCE_PARAMETERS = (
    *("executionArn", "stateMachineArn", "stateMachineAliasArn", "stateMachineVersionArn", "mapRunArn", "activityArn"),
    *("resourceArn", "resourceARN", "ResourceArn", "ResourceARN"),
    *("task", "taskDefinition", "family", "clusterName", "cluster", "QueueUrl", "QueueArn", "SourceArn", "QueueName"),
    *("SubscriptionArn", "TopicArn", "StackName", "ChangeSetName", "logGroupName", "AlarmNames", "AlarmName"),
    *("Rule", "GroupName", "ReplayName", "ArchiveName", "EventBusName", "Name", "name", "Arn"),
)
"""The parameters that name the resource of an operation. The first that is present counts, so the more exact ones
come first."""
NAMES_WITH_GROUP = frozenset({"GroupName", "EventBusName", "cluster"})
"""Parameters that only say where the resource is, if the request has another one of these."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WORD = re.compile("[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a program that acts, and where."""

    who: str
    """The name of the user, or of the section of the credentials file; empty if the engine does not know."""
    how: str
    """`console`, `key` (a signed request), `link` (in a mail) or `file` (the users file)."""
    address: str
    """The address from which the request came; empty if there is none."""

    @property
    def words(self) -> str:
        """The actor for people: `anna`, or `key loader`; empty if the engine does not know."""
        return f"key {self.who}" if self.how == "key" and self.who else self.who


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One action."""

    id: int
    time: int
    """Milliseconds since the epoch."""
    who: str
    how: str
    address: str
    action: str
    """The action in words, such as "stop execution"."""
    resource: str
    """The ARN, URL or name of the resource; may be empty."""
    outcome: str


_TABLE = Table("audit_log", AuditEntry)


def describe_operation(operation: str) -> str:
    """Return an operation in words: `StopExecution` is "stop execution"."""
    return " ".join(word.lower() for word in _WORD.findall(operation))


def name_resource(params: Json) -> str:
    """Return the ARN, URL or name of the resource that an operation's parameters name; empty if there is none."""
    if not isinstance(params, Mapping):
        return ""
    given = [each for each in RESOURCE_PARAMETERS if params.get(each)]
    exact = [each for each in given if each not in NAMES_WITH_GROUP] or given
    if not exact:
        return ""
    value = params[exact[0]]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def add_entry(tx: Tx, actor: Actor, action: str, resource: str, outcome: str) -> int:
    """Record an action; return the id of the new entry."""
    texts = (_clean(each) for each in (actor.who, actor.how, actor.address, action, resource, outcome))
    return _TABLE.insert(tx, AuditEntry(0, tx.now, *texts))


def delete_before(tx: Tx, time: int, most: int) -> int:
    """Delete the oldest entries from before a time in milliseconds, at most `most`; return their number."""
    sql = "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE time < ? ORDER BY time LIMIT ?)"
    return tx.execute(sql, (time, most))


def add_limited_entry(tx: Tx, actor: Actor, action: str, resource: str, outcome: str, kind: LimitedKind) -> None:
    """Record an action for which nobody needs a right; above the limit of an hour, only count it in one more entry."""
    count = audit_limits.count_one(tx, actor.who, actor.how, kind)
    further = count.number - audit_limits.MAX_PER_HOUR
    words = f"{further} more in this hour"
    if further <= 0:
        add_entry(tx, actor, action, resource, outcome)
    elif count.further_entry is None:
        audit_limits.remember_entry(tx, actor.who, actor.how, kind, add_entry(tx, actor, kind, "", words))
    else:
        tx.execute("UPDATE audit_log SET outcome = ? WHERE id = ?", (words, count.further_entry))


def _clean(text: str) -> str:
    """Return a text of one line that can be stored: its source may be a request."""
    return _CONTROL.sub(" ", text).encode("utf-8", "replace").decode()[:MAX_TEXT_LENGTH]


def list_entries(reader: Reader, *, since: int = 0, before: int | None = None, limit: int) -> list[AuditEntry]:
    """Return the latest entries, the newest first: those from `since` (milliseconds) on, with ids below `before`."""
    first = reader.value("SELECT id FROM audit_log WHERE time >= ? ORDER BY time LIMIT 1", (since,))
    if first is None:
        return []
    last = before if before is not None else first + 2**60
    return _TABLE.select(reader, "id >= ? AND id < ? ORDER BY id DESC LIMIT ?", first, last, limit)


def find_actors(reader: Reader, operation: str, resource: str, times: Sequence[int]) -> dict[int, Actor]:
    """Return who did an operation to a resource at each of these times (milliseconds), where the log names one actor.

    An entry has the time at which its turn began, so it is a little older than what the operation wrote.
    """
    sql = (
        "SELECT DISTINCT who, how FROM audit_log WHERE time BETWEEN ? AND ? AND action = ? AND resource = ? "
        "AND outcome = ?"
    )
    action = describe_operation(operation)
    found = {
        time: list(reader.rows(sql, (time - MAX_TURN_MILLISECONDS, time, action, resource, DONE))) for time in times
    }
    return {time: Actor(rows[0][0], rows[0][1], "") for time, rows in found.items() if len(rows) == 1}


async def write_audited(store: Store, actor: Actor, operation: str, params: Json, run: Callable[[Tx], Json]) -> Json:
    """Run an operation in a turn, with its entry in the same transaction; a refused operation has an entry, too."""

    def run_and_record(tx: Tx) -> Json:
        result = run(tx)
        add_entry(tx, actor, describe_operation(operation), name_resource(params), DONE)
        return result

    try:
        return await store.write(run_and_record)
    except AwsError as error:
        if actor.how != LINK:
            await record_refusal(store, actor, operation, params, error.code)
        raise


async def record_read(store: Store, actor: Actor, operation: str, params: Json) -> None:
    """Record an operation that writes nothing itself."""
    await store.write(lambda tx: add_entry(tx, actor, describe_operation(operation), name_resource(params), DONE))


async def record_refusal(store: Store, actor: Actor, operation: str, params: Json, code: str = "AccessDenied") -> None:
    """Record that an operation was refused with an error; do nothing while the disk accepts no write."""
    action, resource = describe_operation(operation), name_resource(params)
    await record_limited(store, actor, action, resource, code, LimitedKind.REFUSED)


async def record_limited(
    store: Store, actor: Actor, action: str, resource: str, outcome: str, kind: LimitedKind
) -> None:
    """Add a limited entry in a turn of its own; do nothing while the disk accepts no write."""
    with suppress(Unavailable):
        await store.write(lambda tx: add_limited_entry(tx, actor, action, resource, outcome, kind))
