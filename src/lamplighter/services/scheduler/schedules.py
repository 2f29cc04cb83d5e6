"""Implement the operations on schedules.

"UpdateSchedule … uses all values, including empty values, specified in the request and overrides the existing
schedule." A KmsKeyArn is stored and returned, but has no effect: the engine encrypts nothing with a key. A RoleArn
decides only if the engine enforces IAM. See
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.delivery.delivery import RetryPolicy
from lamplighter.runs.jobs.schedules import started_arn
from lamplighter.services.scheduler import arns as naming
from lamplighter.services.scheduler import schedule_times, templated_targets, universal_targets, validate_schedule
from lamplighter.services.scheduler.errors import Conflict, ScheduleNotFound, UnreadableSchedule
from lamplighter.services.scheduler.fire_schedules import ScheduleFirer
from lamplighter.services.scheduler.schedule_groups import ScheduleGroups
from lamplighter.services.scheduler.tables import schedules as rows
from lamplighter.services.scheduler.tables.schedules import Schedule
from lamplighter.services.scheduler.target_role import check_target_role
from lamplighter.services.scheduler.universal_targets import AwsServices
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import scheduler as aws

BODY_FIELDS = (
    "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "Description", "KmsKeyArn", "Target",
    "FlexibleTimeWindow", "ActionAfterCompletion",
)  # fmt: skip
DEFAULTS: Json = {"ScheduleExpressionTimezone": schedule_times.DEFAULT_ZONE, "ActionAfterCompletion": "NONE"}
DEFAULT_RETRY_POLICY: Json = {
    "MaximumEventAgeInSeconds": RetryPolicy().age,
    "MaximumRetryAttempts": RetryPolicy().attempts,
}


@dataclass(frozen=True, slots=True)
class Schedules:
    """The operations on schedules."""

    _bus: Bus
    _world: World
    _groups: ScheduleGroups
    _firer: ScheduleFirer
    _services: AwsServices

    def create(self, tx: Tx, caller: Caller, params: "aws.CreateScheduleInput") -> "aws.CreateScheduleOutput":
        """Handle CreateSchedule."""
        arn, now = naming.schedule_arn(caller, params), tx.now
        body = self._body(params, now)
        group = self._groups.require(tx, naming.group_arn(caller, params.get("GroupName") or naming.DEFAULT))
        if group.state != "ACTIVE":
            raise Conflict(f"Schedule group {group.name} is being deleted.")
        if rows.get(tx, arn) is not None:
            raise Conflict(f"Schedule {params['Name']} already exists.")
        check_target_role(self._bus, tx, arn, body["Target"])
        state = params.get("State", "ENABLED")
        anchor = schedule_times.rate_anchor(body, now)
        schedule = Schedule(0, arn, state, now, now, anchor, body, starts=started_arn(body["Target"]))
        self._firer.start(tx, replace(schedule, id=rows.insert(tx, schedule)), now)
        return {"ScheduleArn": arn}

    def update(self, tx: Tx, caller: Caller, params: "aws.UpdateScheduleInput") -> "aws.UpdateScheduleOutput":
        """Handle UpdateSchedule: a member that the request omits gets its default."""
        found, now = self._require(tx, caller, params), tx.now
        before = found.body or {}
        body = self._body(params, now, before)
        check_target_role(self._bus, tx, found.arn, body["Target"])
        is_same_timing = all(body.get(field) == before.get(field) for field in ("ScheduleExpression", "StartDate"))
        anchor = found.anchor if is_same_timing else schedule_times.rate_anchor(body, now)
        state = params.get("State", "ENABLED")
        starts = started_arn(body["Target"])
        changed = replace(found, state=state, modified=now, anchor=anchor, body=body, starts=starts)
        rows.update(tx, changed)
        # A new rate counts from now. AWS does not document whether it also fires now; a person who edits a schedule
        # does not expect it.
        self._firer.start(tx, changed, now, at_once=is_same_timing or "StartDate" in body)
        return {"ScheduleArn": changed.arn}

    def describe(self, reader: Reader, caller: Caller, params: "aws.GetScheduleInput") -> Json:
        """Handle GetSchedule."""
        found = self._require(reader, caller, params)
        if found.body is None:
            raise UnreadableSchedule(found.name)
        return describe_schedule(found)

    def list(self, reader: Reader, caller: Caller, params: "aws.ListSchedulesInput") -> Json:
        """Handle ListSchedules."""
        prefix, state = params.get("NamePrefix", ""), params.get("State")
        if "GroupName" in params:
            self._groups.require(reader, naming.group_arn(caller, params["GroupName"]))
        within = f"{params['GroupName']}/{prefix}" if "GroupName" in params else ""
        first = naming.schedule_arn_prefix(caller, within)
        read = partial(rows.page, reader, first, naming.end_of_prefix(first), state=state, prefix=prefix)
        return naming.PAGES.page("Schedules", params, "", read, _item, lambda schedule: schedule.arn)

    def delete(self, tx: Tx, caller: Caller, params: "aws.DeleteScheduleInput") -> None:
        """Handle DeleteSchedule."""
        self.remove(tx, self._require(tx, caller, params))

    def remove(self, tx: Tx, schedule: Schedule) -> None:
        """Delete a schedule; deliveries in progress continue."""
        self._firer.stop(tx, schedule)
        rows.delete(tx, schedule.id)

    def _require(self, reader: Reader, caller: Caller, params: Json) -> Schedule:
        found = rows.get(reader, naming.schedule_arn(caller, params))
        return require(found, lambda: ScheduleNotFound(params["Name"]))

    def _body(self, params: Json, now: int, before: Json | None = None) -> Json:
        """Check a request and return the schedule's body with its defaults."""
        given = {field: params[field] for field in BODY_FIELDS if params.get(field) is not None}
        target = params["Target"] | {"RetryPolicy": DEFAULT_RETRY_POLICY | params["Target"].get("RetryPolicy", {})}
        body = DEFAULTS | given | {"Target": target}
        validate_schedule.check_schedule(body, now, before)
        if universal_targets.is_universal(target["Arn"]):
            universal_targets.check_target(target, self._services)
        else:
            templated_targets.check_target(target)
        return body


def describe_schedule(schedule: Schedule) -> Json:
    """Return a readable schedule as GetSchedule describes it."""
    return _summary(schedule) | schedule.body


def _summary(schedule: Schedule) -> Json:
    return {
        "Arn": schedule.arn,
        "Name": schedule.name,
        "GroupName": schedule.group,
        "State": schedule.state,
        "CreationDate": schedule.created / 1000,
        "LastModificationDate": schedule.modified / 1000,
    }


def _item(schedule: Schedule) -> Json:
    shown = _summary(schedule)
    return shown if schedule.body is None else shown | {"Target": {"Arn": schedule.body["Target"]["Arn"]}}
