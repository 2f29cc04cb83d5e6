"""Evaluate alarms at every whole minute, or every ten seconds if their period is shorter than a minute.

A timer starts each evaluation. An evaluation reads the whole periods that are over: the alarm's evaluation periods, and
two more in case some have no data. Guarantees that an alarm whose timer fires late, because no engine ran, is evaluated
once, with the current data: at the first whole minute that is at least half a minute away. By then, the runs that start
because the engine is back are visible: a schedule starts a run for a missed slot, and the run counts as started. An
alarm for runs that do not start therefore ignores missed slots for which a run was started later. It goes into ALARM if
there is no such run, because the schedule excludes it or the slot is too old.

A new or changed alarm is evaluated after a few seconds, so that the caller sees its first state, as on AWS. An alarm
that warms up is evaluated later: see
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html. A state that SetAlarmState sets lasts
for a minute at least.
"""

import logging

from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch.alarms import evaluate_alarm
from lamplighter.services.cloudwatch.alarms.alarm_settings import (
    alarm_period,
    alarm_queries,
    evaluation_rule,
    why_not_evaluated,
)
from lamplighter.services.cloudwatch.alarms.evaluate_alarm import EXTRA_PERIODS, AlarmRule, DataPoint
from lamplighter.services.cloudwatch.alarms.state_changes import AlarmStateChanges
from lamplighter.services.cloudwatch.alarms.state_reasons import state_reason, state_reason_data
from lamplighter.services.cloudwatch.arns import SERVICE, metric_of
from lamplighter.services.cloudwatch.errors import InvalidRequest
from lamplighter.services.cloudwatch.metrics.metric_queries import check_queries, run_queries
from lamplighter.services.cloudwatch.metrics.metric_sources import MINUTE, MetricSources, TimeRange, is_sampled
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store import timers
from lamplighter.store.db import DamagedData, Tx

EVALUATE = "look"
SHORT_INTERVAL = 10_000
SHORT_EXTRA = 2 * MINUTE
"""The least time before the evaluation periods that is read, in milliseconds. Values of standard resolution have the
time of their minute, so that an alarm whose period is shorter than a minute would not see them otherwise."""
FIRST_EVALUATION_WAIT = 3_000
"""Milliseconds from a change of an alarm to its next evaluation. AWS takes up to a minute."""
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
        self._set_timer(tx, alarm.arn, tx.now + FIRST_EVALUATION_WAIT)

    def postpone(self, tx: Tx, alarm: Alarm) -> None:
        """Keep a state that was set for at least a minute: set the next evaluation to a whole minute after that."""
        if why_not_evaluated(alarm.body["settings"]) is None:
            self._set_timer(tx, alarm.arn, _next_multiple(tx.now + MINUTE - 1, MINUTE))

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
        now, period = tx.now, alarm_period(alarm.body["settings"]) * 1000
        step = MINUTE if period >= MINUTE else SHORT_INTERVAL
        if self._world.monotonic() - timer.due > MISSED_AFTER:
            self._set_timer(tx, alarm.arn, _next_multiple(now + CATCH_UP_WAIT - 1, MINUTE))
            return
        end = now - now % step
        self._evaluate(tx, alarm, end)
        self._set_timer(tx, alarm.arn, _next_multiple(end, step))

    def _evaluate(self, tx: Tx, alarm: Alarm, end: int) -> None:
        settings, caller = alarm.body["settings"], Caller(alarm.account, alarm.region)
        for query in alarm_queries(settings):
            if "MetricStat" in query and is_sampled(metric := metric_of(caller, query["MetricStat"]["Metric"])):
                self._metric_sources.sample(tx, metric, end - MINUTE)
        rule, period = evaluation_rule(settings), alarm_period(settings)
        try:
            datapoints = self._read(tx, alarm, rule, end)
        except InvalidRequest as error:
            log.error("alarm %s cannot be evaluated: %s", alarm.name, error)
            return
        if end < _first_evaluation(alarm, has_all_data=len(datapoints) >= rule.periods):
            return
        evaluation = evaluate_alarm.evaluate(rule, datapoints, alarm.state)
        if evaluation.state != alarm.state:
            data = state_reason_data(settings, rule, evaluation, period, end)
            self._state_changes.set_state(tx, alarm, evaluation.state, state_reason(rule, evaluation), data)

    def _read(self, tx: Tx, alarm: Alarm, rule: AlarmRule, end: int) -> list[DataPoint]:
        """Return the data points of an alarm's evaluation range, in order of time."""
        settings, caller = alarm.body["settings"], Caller(alarm.account, alarm.region)
        period, queries = alarm_period(settings) * 1000, alarm_queries(settings)
        start = end - rule.periods * period - max(EXTRA_PERIODS * period, SHORT_EXTRA)
        (wanted,) = (query["Id"] for query in queries if query.get("ReturnData", True))
        found = run_queries(
            self._metric_sources,
            tx,
            caller,
            check_queries(queries, "Metrics"),
            lambda seconds: TimeRange(start, end, seconds * 1000),
            [wanted],
        )
        result = found[wanted]
        points = result.series[0].points if result.series else {}
        return [
            DataPoint(time, (end - time) // period, value, result.samples.get(time))
            for time, value in sorted(points.items())
        ]

    def _set_timer(self, tx: Tx, arn: str, due: int) -> None:
        """Set the timer to a time of the wall clock; a later change of the wall clock does not move the evaluation."""
        wait = due - tx.now
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
