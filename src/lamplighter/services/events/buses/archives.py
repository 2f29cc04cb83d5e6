"""Archive the events of a bus so that they can be replayed.

Expired events are deleted as new ones arrive. From the moment that an event expires, it is neither counted nor
replayed.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html.
"""

from typing import TYPE_CHECKING

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.events import paging
from lamplighter.services.events.arns import owner_of
from lamplighter.services.events.buses.buses import find_bus
from lamplighter.services.events.buses.router import archive_key, retention_start
from lamplighter.services.events.errors import ResourceAlreadyExists, ResourceNotFound
from lamplighter.services.events.rules.compiled_rules import CompiledRules
from lamplighter.services.events.rules.event_patterns import read_pattern
from lamplighter.services.events.tables import archived_events as archived
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store import timers
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import events as aws

REQUEST_FIELDS = ("Description", "EventPattern", "RetentionDays", "KmsKeyIdentifier")
ENABLED = "ENABLED"
SUBJECT_PREFIX = "archive:"
DELETE_BATCH_SIZE = 500
FOREVER = 2**62


class Archives:
    """The operations on archives."""

    def __init__(self, world: World, compiled_rules: CompiledRules) -> None:
        self._world = world
        self._compiled_rules = compiled_rules

    def create(self, tx: Tx, caller: Caller, params: "aws.CreateArchiveInput") -> Json:
        """Handle CreateArchive."""
        name = params["ArchiveName"]
        if rows.get(tx, "archive", caller.account, caller.region, name) is not None:
            raise ResourceAlreadyExists(f"Archive {name} already exists.")
        source = params["EventSourceArn"]
        bus = find_bus(tx, owner_of(source, caller), source)
        now, key = tx.now, f"arn:aws:events:{caller.region}:{caller.account}:archive/{name}"
        body = {"EventSourceArn": source, "Bus": bus.name, "Events": self._world.uuid()} | _request_fields(params)
        archive = Resource("archive", caller.account, caller.region, "", name, key, now, now, body, {})
        self._save(tx, archive)
        return _answer(archive)

    def update(self, tx: Tx, caller: Caller, params: "aws.UpdateArchiveInput") -> Json:
        """Handle UpdateArchive."""
        archive = _find(tx, caller, params)
        changed = rows.update_body(tx, archive, tx.now, archive.body | _request_fields(params))
        self._save(tx, changed)
        return _answer(changed)

    def _save(self, tx: Tx, archive: Resource) -> None:
        rows.put(tx, archive)
        self._compiled_rules.record_change(tx, archive.arn)

    def delete(self, tx: Tx, caller: Caller, params: "aws.DeleteArchiveInput") -> None:
        """Handle DeleteArchive. The archive's events are unreachable afterwards, and are deleted in slices."""
        archive = _find(tx, caller, params)
        timer = timers.Timer("events", f"{SUBJECT_PREFIX}{archive_key(archive)}", "delete", tx.now)
        timers.put(tx, timer, steady_clock=False)
        rows.delete(tx, archive.arn)
        self._compiled_rules.record_change(tx, archive.arn)

    def fire_timer(self, tx: Tx, timer: timers.Timer) -> None:
        """Delete a slice of the events of a deleted archive."""
        if archived.sweep(tx, timer.subject.removeprefix(SUBJECT_PREFIX), FOREVER, DELETE_BATCH_SIZE):
            timers.put(tx, timer, steady_clock=False)

    def describe(self, reader: Reader, caller: Caller, params: "aws.DescribeArchiveInput") -> Json:
        """Handle DescribeArchive."""
        archive = _find(reader, caller, params)
        return self._item(reader, archive) | {"ArchiveArn": archive.arn} | _request_fields(archive.body)

    def list_archives(self, reader: Reader, caller: Caller, params: "aws.ListArchivesInput") -> Json:
        """Handle ListArchives."""
        paging.check_one_filter(params, "ListArchives")
        source = params.get("EventSourceArn")
        if source is not None:
            find_bus(reader, owner_of(source, caller), source)

        def matches_filters(archive: Resource) -> bool:
            return source in (None, archive.body["EventSourceArn"]) and params.get("State", ENABLED) == ENABLED

        found, more = paging.resource_page(
            reader, caller, "archive", params, lambda archive: self._item(reader, archive), keep=matches_filters
        )
        return {"Archives": found} | more

    def _item(self, reader: Reader, archive: Resource) -> Json:
        number, size = archived.measure(reader, archive_key(archive), retention_start(archive, self._world.now()))
        return {
            "ArchiveName": archive.name,
            "EventSourceArn": archive.body["EventSourceArn"],
            "State": ENABLED,
            "RetentionDays": archive.body.get("RetentionDays", 0),
            "SizeBytes": size,
            "EventCount": number,
            "CreationTime": archive.created / 1000,
        }


def _find(reader: Reader, caller: Caller, params: Json) -> Resource:
    name = params["ArchiveName"]
    found = rows.get(reader, "archive", caller.account, caller.region, name)
    return require(found, lambda: ResourceNotFound(f"Archive {name} does not exist."))


def _request_fields(params: Json) -> Json:
    if params.get("EventPattern"):
        read_pattern(params["EventPattern"])
    return {name: params[name] for name in REQUEST_FIELDS if name in params}


def _answer(archive: Resource) -> Json:
    return {"ArchiveArn": archive.arn, "State": ENABLED, "CreationTime": archive.created / 1000}
