"""Implement the operations on schedule groups and on their tags.

The group `default` always exists. A deleted group is DELETING until all of its schedules are deleted, a few in each
turn.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-group.html.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from lamplighter.base.errors import ValidationError, require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller, caller_of
from lamplighter.operations.tags import TOO_MANY_TAGS, UPPER_CASE, TagOperations, TagRules
from lamplighter.services.scheduler import arns
from lamplighter.services.scheduler.errors import Conflict, GroupNotFound, NotFound, QuotaExceeded
from lamplighter.services.scheduler.tables import schedule_groups
from lamplighter.services.scheduler.tables.schedule_groups import ScheduleGroup
from lamplighter.store import outbox
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import scheduler as aws

MAX_GROUPS = 500
"""The most groups in a region: https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html."""


TAG_RULES = TagRules(
    replace(UPPER_CASE, resource="ResourceArn"),
    lambda: ValidationError(TOO_MANY_TAGS),
    lambda _key: ValidationError("Tag keys that begin with aws: are reserved."),
)


class ScheduleGroups:
    """The operations on schedule groups."""

    def __init__(self, since: int) -> None:
        self._since = since

    def create(self, tx: Tx, caller: Caller, params: "aws.CreateScheduleGroupInput") -> "aws.CreateScheduleGroupOutput":
        """Handle CreateScheduleGroup."""
        name = params["Name"]
        arn = arns.group_arn(caller, name)
        if self.find(tx, arn) is not None:
            raise Conflict(f"Schedule group {name} already exists.")
        beginning = arns.group_arn(caller, "")
        if schedule_groups.count(tx, beginning, arns.end_of_prefix(beginning)) >= MAX_GROUPS:
            raise QuotaExceeded(f"The maximum number of schedule groups is {MAX_GROUPS}.")
        now = tx.now
        schedule_groups.put(tx, ScheduleGroup(arn, "ACTIVE", now, now, TAG_RULES.read(params.get("Tags"))))
        return {"ScheduleGroupArn": arn}

    def describe(self, reader: Reader, caller: Caller, params: "aws.GetScheduleGroupInput") -> Json:
        """Handle GetScheduleGroup."""
        return _shown(self.require(reader, arns.group_arn(caller, params["Name"])))

    def list(self, reader: Reader, caller: Caller, params: "aws.ListScheduleGroupsInput") -> Json:
        """Handle ListScheduleGroups."""
        first = arns.group_arn(caller, params.get("NamePrefix", ""))
        default = self.require(reader, arns.group_arn(caller, arns.DEFAULT))

        def read(after: str, most: int) -> list[ScheduleGroup]:
            found = schedule_groups.page(reader, after, most, prefix=first)
            if default not in found and default.arn.startswith(first) and default.arn > after:
                return sorted([*found, default], key=lambda group: group.arn)
            return found

        return arns.PAGES.page("ScheduleGroups", params, "", read, _shown, lambda group: group.arn)

    def delete(self, tx: Tx, caller: Caller, params: "aws.DeleteScheduleGroupInput") -> None:
        """Handle DeleteScheduleGroup: set the group to DELETING and delete its schedules after the commit."""
        if params["Name"] == arns.DEFAULT:
            raise ValidationError("Schedule group default cannot be deleted.")
        group = self.require(tx, arns.group_arn(caller, params["Name"]))
        if group.state == "ACTIVE":
            schedule_groups.put(tx, replace(group, state="DELETING", modified=tx.now))
            outbox.put(tx, arns.SERVICE, group.arn, {})

    def require(self, reader: Reader, arn: str) -> ScheduleGroup:
        """Return a group by its ARN. Raises `GroupNotFound`."""
        return require(self.find(reader, arn), lambda: GroupNotFound(arn.rpartition("/")[2]))

    def find(self, reader: Reader, arn: str) -> ScheduleGroup | None:
        """Return a group by its ARN, or None; `default` exists even without a row."""
        found = schedule_groups.get(reader, arn)
        if found is None and arn.endswith(f":schedule-group/{arns.DEFAULT}"):
            return ScheduleGroup(arn, "ACTIVE", self._since, self._since, {})
        return found

    def tag_operations(self) -> TagOperations[ScheduleGroup]:
        """Return the operations on the tags of groups."""
        return TagOperations(
            TAG_RULES,
            self._find_tagged,
            lambda group: group.tags,
            lambda tx, group, tags: schedule_groups.put(tx, replace(group, tags=tags)),
        )

    def _find_tagged(self, reader: Reader, caller: Caller, arn: str) -> ScheduleGroup:
        if caller_of(arn) != caller:
            raise NotFound(f"Resource {arn} does not exist.")
        return self.require(reader, arn)


def _shown(group: ScheduleGroup) -> Json:
    return {
        "Arn": group.arn,
        "Name": group.name,
        "State": group.state,
        "CreationDate": group.created / 1000,
        "LastModificationDate": group.modified / 1000,
    }
