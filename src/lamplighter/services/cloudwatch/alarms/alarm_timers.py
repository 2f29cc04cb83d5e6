"""Evaluate alarms at every whole minute, or every ten seconds if their period is shorter than a minute.

A timer starts each evaluation. An evaluation reads the whole periods that are over: the alarm's evaluation periods, and
two more in case some have no data. Guarantees that an alarm whose timer fires late, because no engine ran, is evaluated
once, with the current data: at the first whole minute that is at least half a minute away. By then, the runs that start
because the engine is back are visible: a schedule starts a run for a missed slot, and the run counts as started. An
alarm for runs that do not start therefore ignores missed slots for which a run was started later. It goes into ALARM if
there is no such run, because the schedule excludes it or the slot is too old.

A new or changed alarm is evaluated immediately, unless it warms up:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html.
"""

import logging

from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch.alarms import evaluate_alarm
from lamplighter.services.cloudwatch.alarms.alarm_settings import evaluation_rule, watched_metric, why_not_evaluated
from lamplighter.services.cloudwatch.alarms.evaluate_alarm import EXTRA_PERIODS, DataPoint
from lamplighter.services.cloudwatch.alarms.state_changes import AlarmStateChanges
from lamplighter.services.cloudwatch.arns import SERVICE, metric_of
from lamplighter.services.cloudwatch.metrics import aggregation
from lamplighter.services.cloudwatch.metrics.metric_sources import MINUTE, MetricSources, TimeRange, is_sampled
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store import timers
from lamplighter.store.db import DamagedData, Tx

EVALUATE = "look"
SHORT_INTERVAL = 10_000
MISSED_AFTER, CATCH_UP_WAIT = 60_000, 30_000
"""How late a timer must be to count as missed, and the least wait before its evaluation then, in milliseconds."""

log = logging.getLogger("lamplighter.cloudwatch")


class AlarmTimers:
    """The timers that evaluate alarms."""

    def __init__(self, world: World, metric_sources: MetricSources, state_changes: AlarmStateChanges) -> None:
        self._world = world
        self._metric_sources = metric_sources
        self._state_changes = state_changes

    def start(self, tx: Tx, alarm: Alarm) -> None:
        """Evaluate a new or changed alarm from now on, or log why the engine does not evaluate it."""
        if (reason := why_not_evaluated(alarm.body["settings"])) is not None:
            log.warning("alarm %s: %s", alarm.name, reason)
            self.stop(tx, alarm.arn)
            return
        self._set_timer(tx, alarm.arn, self._world.now())

    def stop(self, tx: Tx, arn: str) -> None:
        """Stop the evaluation of an alarm."""
        timers.delete_all(tx, SERVICE, arn)

    def fire_timer(self, tx: Tx, timer: timers.Timer) -> None:
        """Evaluate the alarm of a timer, and set the timer of the next evaluation."""
        try:
            alarm = rows.get(tx, timer.subject)
        except DamagedData as error:
            log.error("%s; it is no longer evaluated", error)
            return
        if alarm is None:
            return
        now, period = self._world.now(), watched_metric(alarm.body["settings"])["Period"] * 1000
        step = MINUTE if period >= MINUTE else SHORT_INTERVAL
        if self._world.monotonic() - timer.due > MISSED_AFTER:
            self._set_timer(tx, alarm.arn, _next_multiple(now + CATCH_UP_WAIT - 1, MINUTE))
            return
        end = now - now % step
        self._evaluate(tx, alarm, end)
        self._set_timer(tx, alarm.arn, _next_multiple(end, step))

    def _evaluate(self, tx: Tx, alarm: Alarm, end: int) -> None:
        source = watched_metric(alarm.body["settings"])
        metric = metric_of(Caller(alarm.account, alarm.region), source)
        if is_sampled(metric):
            self._metric_sources.sample(tx, metric, end - MINUTE)
        rule, period = evaluation_rule(alarm.body["settings"]), source["Period"] * 1000
        span = TimeRange(end - (rule.periods + EXTRA_PERIODS) * period, end, period)
        datapoints = list[DataPoint]()
        for point in self._metric_sources.points(tx, metric, span, source.get("Unit")):
            value = aggregation.compute_statistic(point, source["Stat"])
            if value is not None:
                datapoints.append(DataPoint(point.time, (end - point.time) // period, float(value)))
        if end < _first_evaluation(alarm, has_all_data=len(datapoints) >= rule.periods):
            return
        evaluation = evaluate_alarm.evaluate(rule, datapoints, alarm.state)
        start = datapoints[0].time if datapoints else None
        data = evaluate_alarm.state_reason_data(
            alarm.body["settings"] | {"Period": source["Period"]}, evaluation, start, end
        )
        self._state_changes.apply_evaluation(tx, alarm, evaluation, data)

    def _set_timer(self, tx: Tx, arn: str, due: int) -> None:
        """Set the timer to a time of the wall clock; a later change of the wall clock does not move the evaluation."""
        wait = due - self._world.now()
        timers.put(tx, timers.Timer(SERVICE, arn, EVALUATE, self._world.monotonic() + wait), steady_clock=True)


def _next_multiple(time: int, step: int) -> int:
    return time - time % step + step


def _first_evaluation(alarm: Alarm, *, has_all_data: bool) -> int:
    """Return the time from which an alarm is evaluated, or 0 if it does not have to wait.

    The wait begins when the alarm is created or changed. `has_all_data` states whether all evaluation periods have
    data.
    """
    warm_up = alarm.body["settings"].get("WarmUpConfiguration", {})
    minutes = warm_up.get("WarmUpPeriodDurationInMinutes", 0)
    if has_all_data and not warm_up.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds", False):
        minutes = 0
    wait_seconds = (alarm.body["mark"] or {}).get("Patience", 0)
    wait = max(minutes * MINUTE, wait_seconds * 1000)
    return int(alarm.body["configured"] + wait) if wait else 0
