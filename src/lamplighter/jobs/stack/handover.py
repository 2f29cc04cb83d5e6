"""Divide the slots of a project between two sides, a box and AWS, when its jobs move from one to the other. Pure.

A slot belongs to one side, by its nominal time: before the handover to the side that is left, from then on to the one
that the jobs move to. The dates of the schedules say so, and each side's clock does the rest: "the date, in UTC, before
which the schedule can invoke its target" and "after which the schedule can begin invoking its target". EventBridge
Scheduler ignores both for a schedule of one time, which therefore is enabled on one side only. See
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html.

An alarm for runs that do not start exists only where runs start. On the new side it also waits until the handover.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal

from lamplighter.base.json_text import Json
from lamplighter.jobs.machine.job_table import NOT_STARTED_ALARM
from lamplighter.jobs.stack.alerting.alarms import MAX_WARM_UP_MINUTES
from lamplighter.jobs.stack.own_metadata import read_own, with_own

KEY = "Handover"
"""The place in a template's metadata."""
SCHEDULE, ALARM = "AWS::Scheduler::Schedule", "AWS::CloudWatch::Alarm"
NEVER = ""
"""Instead of a date: the schedule does not run on the side that ends, because it is paused. On the side that begins, it
does not run as long as it has the expression that is there instead: it is paused, or its one time is over."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What a move does to the schedules of one side."""

    role: Literal["waits", "begins", "ends"]
    """Whether the side has to wait for the handover, begins with it, or ends with it."""
    at: str = ""
    """The time of the handover, as AWS writes it; empty for a side that waits."""
    dates: Mapping[str, str] | None = None
    """For each schedule, the date from or until which it runs; NEVER if it does not."""
    starts: Mapping[str, str] | None = None
    """The dates from which schedules of a side that ends have run: a rate counts from there."""
    minutes: int = 0
    """The minutes by which the alarms of a side that begins wait longer for a first run."""

    def to_json(self) -> Json:
        """Return the handover for a template's metadata or a file."""
        return asdict(self)

    def apply(self, document: Json) -> Json:
        """Return a template whose schedules and alarms follow the handover, and which holds it."""
        changed = {title: self._change(each) for title, each in document["Resources"].items()}
        resources = {title: each for title, each in changed.items() if each is not None}
        names = {each["Properties"]["Name"] for each in resources.values() if each["Type"] == SCHEDULE}
        # Scheduler would refuse the old date for a job that is added again.
        kept = replace(self, dates=self.dates and {name: self.dates[name] for name in self.dates if name in names})
        # "You cannot update the Metadata section by itself": an output changes with it, also if all jobs are paused.
        outputs = {**document.get("Outputs", {}), KEY: {"Value": f"{self.role} {self.at}".strip()}}
        return with_own({**document, "Outputs": outputs, "Resources": resources}, KEY, kept.to_json())

    def _change(self, resource: Json) -> Json:
        """Return a resource as the handover changes it, or None if it has none on this side."""
        given = resource["Properties"]
        if resource["Type"] == SCHEDULE:
            own = self.schedule_properties(given["Name"], given["ScheduleExpression"], given["State"])
            return {**resource, "Properties": {**given, **own}}
        if resource["Type"] == ALARM and str(given.get("AlarmName", "")).endswith(NOT_STARTED_ALARM):
            return self._delay_alarm(resource) if self.role == "begins" else None
        return resource

    def schedule_properties(self, name: str, expression: str, state: str = "ENABLED") -> dict[str, str]:
        """Return the properties that a schedule has on this side; the job file has its `expression` and `state`."""
        date = (self.dates or {}).get(name)
        if self.role == "begins" and (date is None or (not is_date(date) and date not in (NEVER, expression))):
            return {"State": state}  # it was added or changed after the move
        if not date or not is_date(date):
            return {"State": "DISABLED"}
        if self.role == "begins":
            return {"State": state, "StartDate": date}
        begun = (self.starts or {}).get(name)
        if begun and begun >= date:  # no slot of a rate came before it moves back
            return {"State": "DISABLED", "StartDate": begun}
        return {"State": state, **({"StartDate": begun} if begun else {}), "EndDate": date}

    def _delay_alarm(self, alarm: Json) -> Json:
        given, patience = alarm["Properties"], read_own(alarm, "Patience")
        warm_up = given["WarmUpConfiguration"]
        minutes = min(warm_up["WarmUpPeriodDurationInMinutes"] + self.minutes, MAX_WARM_UP_MINUTES)
        later = {**warm_up, "WarmUpPeriodDurationInMinutes": minutes}
        delayed = {**alarm, "Properties": {**given, "WarmUpConfiguration": later}}
        return delayed if patience is None else with_own(delayed, "Patience", patience + self.minutes * 60)


def is_date(text: str) -> bool:
    """Return whether a text of `Handover.dates` is a date."""
    return text.endswith("Z")


def parse_handover(document: Json) -> Handover | None:
    """Return the handover that `to_json` returned, or None for None."""
    return None if document is None else replace(Handover("waits"), **document)


def read_handover(template: Json) -> Handover | None:
    """Return the handover that a template holds, or None."""
    return parse_handover(read_own(template, KEY))
