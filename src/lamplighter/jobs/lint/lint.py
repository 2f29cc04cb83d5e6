"""Lint a job file: report what AWS cannot do, what cannot happen, and what may fail in production.

Guarantees few and useful findings, each with its place and what to write instead. Errors are settings that cannot run;
warnings are settings that probably do not do what the user means. What concerns AWS alone is left out for the target
`box`, and is an error only for the target `aws`. The caller passes the time.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile

from lamplighter.base.json_text import dumps
from lamplighter.jobs.file.env_files import ENV_FILE_KEY
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.file.model import Job
from lamplighter.jobs.file.parsing.outer_shape import DeployTarget
from lamplighter.jobs.file.parsing.yaml_document import Problem
from lamplighter.jobs.file.values import format_duration
from lamplighter.jobs.iam import check_roles
from lamplighter.jobs.iam.required_calls import resource_pattern
from lamplighter.jobs.lint import aws_limits, machine_access
from lamplighter.jobs.lint.aws_account import account_findings
from lamplighter.jobs.lint.aws_limits import LintFinding
from lamplighter.jobs.lint.local_links import LINK_ADVICE, leaving_channel
from lamplighter.jobs.lint.quotas import quota_findings
from lamplighter.jobs.lint.sizes_without_unit import unit_problems
from lamplighter.jobs.lint.task_limits import task_findings
from lamplighter.jobs.machine.supported_jobs import needs_failure_check
from lamplighter.jobs.stack.built_images import built_images, write_images
from lamplighter.jobs.stack.template import build_template
from lamplighter.lang.schedule import time_zones
from lamplighter.lang.schedule.cron import WEEKDAYS
from lamplighter.lang.schedule.expression import CronSchedule, parse_schedule

FIXED_TIME = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
MAX_RUNS_PER_DAY = 4
"""The most runs a day for which a skipped run is reported."""
IMAGE_NAME = "123456789012.dkr.ecr.ap-southeast-2.amazonaws.com/{}:0123456789abcdef"
"""The name of an image in ECR, as long as names are."""
TWO_CHANNELS = "add a channel of another kind, such as mail: {email: ops@example.com}"
_WEEKDAY_NUMBER = re.compile("(?<![#0-9])[1-7]")
_SECRET = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL", re.IGNORECASE)


def lint_job_file(loaded: LoadedJobFile, now: int = FIXED_TIME, target: DeployTarget | None = "aws") -> list[Problem]:
    """Return all findings in the order of the file; `now` is in milliseconds since the epoch."""
    found = {*_channel_problems(loaded, target), *unit_problems(loaded)}
    for name, job in loaded.project.jobs.items():
        found |= {_place(loaded, ("jobs", name), each, f"{name}: ") for each in _job_findings(job, loaded, name, now)}
    if target == "aws" and (only := aws_limits.single_channel(loaded.project)):
        what = f"on AWS, no other channel can tell you if the channel {only} loses an alert"
        found.add(Problem(loaded.position_of("channels", only, key=True), what, TWO_CHANNELS, "warning"))
    if target != "box":
        # Without a target, nobody said that the file goes to AWS.
        of_aws, is_aws = _aws_problems(loaded), target == "aws"
        found |= {each if is_aws or each.severity != "error" else replace(each, severity="warning") for each in of_aws}
    return sorted(found, key=lambda each: (each.position, each.message))


def _place(loaded: LoadedJobFile, path: tuple[str, str], finding: LintFinding, label: str = "") -> Problem:
    severity, key, what, instead = finding
    return Problem(loaded.position_of(*path, *filter(None, [key]), key=True), f"{label}{what}", instead, severity)


def _aws_problems(loaded: LoadedJobFile) -> Iterator[Problem]:
    """Yield what concerns AWS alone."""
    for name, job in loaded.project.jobs.items():
        for each in (*aws_limits.job_findings(job), *machine_access.aws_findings(job), *_spot_findings(job)):
            yield _place(loaded, ("jobs", name), each, f"{name}: ")
    for name, channel in loaded.project.channels.items():
        yield from (_place(loaded, ("channels", name), each) for each in aws_limits.channel_findings(name, channel))
    yield from (_place(loaded, path, each) for path, each in account_findings(loaded.project))
    for name, each in aws_limits.crowded_schedules(loaded.project):
        yield _place(loaded, ("jobs", name), each)
    yield from _permission_problems(loaded)
    yield from _quota_problems(loaded)


def _job_findings(job: Job, loaded: LoadedJobFile, name: str, now: int) -> Iterator[LintFinding]:
    if job.workflow is None and job.image is None and job.command is None and job.entrypoint is None:
        yield "error", "", "the job has neither an image nor a command, so nothing would run", "add `command:`"
    yield from task_findings(job)
    if job.workflow is None:
        yield from machine_access.machine_findings(job)
    yield from _schedule_findings(job, now)
    yield from _time_limit_findings(job)
    yield from _retry_findings(job)
    yield from _alert_findings(job, loaded, name)
    own = loaded.position_of("jobs", name).file
    for variable in job.environment:
        if _SECRET.search(variable):
            is_own = loaded.position_of("jobs", name, "environment", variable).file == own
            what = f"everyone who can read the template can read the value of {variable}"
            advice = f"store it in SSM and write secrets: {{{variable}: 'ssm:/path'}}"
            yield "warning", "environment" if is_own else ENV_FILE_KEY, what, advice


def _schedule_findings(job: Job, now: int) -> Iterator[LintFinding]:
    """Yield schedules whose times never occur, or not every day, or not on the days that they seem to name."""
    for expression in job.schedule:
        schedule, weekday = parse_schedule(expression), expression.split()[4] if expression.startswith("cron(") else ""
        if _WEEKDAY_NUMBER.search(weekday):
            aws, unix = (_name_weekdays(weekday, first) for first in (1, 0))
            what = f"{weekday} in {expression} is {aws} on AWS, which counts from 1 = SUN"
            yield "warning", "schedule", what, f"write {unix} if you mean the numbers of Unix cron, otherwise {aws}"
        if schedule.kind != "at" and schedule.next(FIXED_TIME, job.timezone) is None:
            yield "error", "schedule", f"{expression} never occurs", "choose another day, month or year"
        elif schedule.kind == "at" and schedule.next(0, job.timezone) is None:
            what = f"the time of {expression} does not exist in {job.timezone}"
            yield "error", "schedule", what, "choose a time outside the hour that is skipped when summer time begins"
        elif schedule.kind == "at" and schedule.next(now, job.timezone) is None:
            what = f"the time of {expression} has passed: a new schedule starts a run at once"
            yield "warning", "schedule", what, "choose a future time, or remove the schedule"
        elif isinstance(schedule, CronSchedule):
            yield from _skipped_time_findings(expression, schedule, job.timezone, now)


def _name_weekdays(text: str, first: int) -> str:
    """Return a field with names in place of its numbers; Sunday is `first`."""
    return _WEEKDAY_NUMBER.sub(lambda found: WEEKDAYS[(int(found[0]) - first) % 7], text)


def _skipped_time_findings(expression: str, schedule: CronSchedule, zone: str, now: int) -> Iterator[LintFinding]:
    zone_info = time_zones.find_zone(zone)
    begin = time_zones.to_local(now, zone_info).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    year = list(takewhile((begin + timedelta(days=366)).__gt__, schedule.cron.dates(begin)))
    if len(year) * len(schedule.cron.hours) * len(schedule.cron.minutes) > MAX_RUNS_PER_DAY * 366:
        return
    changes = (day for day in year if time_zones.has_clock_change(day, zone_info))
    times = (time for day in changes for time in schedule.cron.times_of_day(day))
    if skipped := next((time for time in times if time_zones.to_instant(time, zone_info) is None), None):
        what = f"no run on {skipped:%Y-%m-%d}: clocks in {zone} skip {skipped:%H:%M}"
        yield "warning", "schedule", what, f"choose another hour in {expression}, or write timezone: UTC"


def _time_limit_findings(job: Job) -> Iterator[LintFinding]:
    """Yield runs that never end, or end too early."""
    if job.workflow is None and job.timeout is None and job.deadline is None:
        yield "warning", "", "an attempt that hangs is never stopped", "add `timeout:`, such as timeout: 1h"
    if job.workflow is not None and job.deadline is None:
        yield "warning", "", "a run that hangs is never stopped", "add `deadline:`, such as deadline: 6h"
    if job.timeout and job.deadline and job.deadline < job.timeout:
        end, attempt = format_duration(job.deadline), format_duration(job.timeout)
        what = f"the deadline {end} is shorter than the timeout {attempt} of one attempt"
        yield "warning", "deadline", what, "make the deadline longer than the timeout"
    if job.late and job.deadline and job.late >= job.deadline:
        what = f"a run that ends after {format_duration(job.deadline)} is never late"
        yield "warning", "late", what, "make `late` shorter than the deadline"
    longest = job.deadline or (job.timeout and job.timeout * (job.retry.max_retries + 1))
    if job.overlap == "allow" and longest and job.longest_interval and longest > job.longest_interval:
        length, interval = format_duration(longest), format_duration(job.longest_interval)
        what = f"a run may take {length} and the next begins after {interval}: they may overlap"
        yield "warning", "schedule", what, "write overlap: skip, queue or cancel-previous if runs must not overlap"


def _retry_findings(job: Job) -> Iterator[LintFinding]:
    """Yield retries that have no effect."""
    if job.retry.timeout and job.timeout is None:
        yield "warning", "retry", "retry.timeout has no effect without a timeout", "add `timeout:`"
    if any(
        each.max_interval is not None and each.max_interval < each.interval
        for each in job.retry.limits_by_class.values()
    ):
        what = "`interval` is longer than `max-interval`, so it has no effect"
        yield "warning", "retry", what, "make `max-interval` longer than `interval`"


def _spot_findings(job: Job) -> Iterator[LintFinding]:
    """Yield retries for interruptions that cannot occur, and interruptions without a retry."""
    spot = job.launch != "fargate"
    if job.retry.spot and not spot:
        yield "warning", "retry", "retry.spot has an effect only with Fargate Spot", "write launch: fargate-spot"
    if spot and not (job.retry.spot or job.retry.simple):
        what = "Fargate Spot may take its capacity back during an attempt, and no retry covers that"
        yield "warning", "launch", what, "add retry: {spot: {attempts: 3, interval: 1m}}"


def _alert_findings(job: Job, loaded: LoadedJobFile, name: str) -> Iterator[LintFinding]:
    """Yield failures for which no channel is alerted."""
    notify_node = loaded.root.find(("jobs", name, "notify"))
    if job.schedule and not (job.notify.run_failed or job.notify.caught):
        yield "warning", "", "no channel is alerted when a run fails", "add `notify: CHANNEL`"
    if job.late is not None and not job.notify.late:
        yield "warning", "late", "no channel is alerted when a run is late", "add notify: {late: CHANNEL}"
    if job.late is None and "late" in notify_node.mapping():
        yield "warning", "notify", "`notify.late` has no effect without `late`", "add `late: 1h`"
    if job.workflow is not None and job.notify.caught:
        what = "after a `caught` alert the run ends in a Fail state, so `redrive` cannot continue a step"
        yield "info", "notify", what, f"start a new run (lamplighter run {name}), or write run-failed instead of caught"
    if needs_failure_check(job):
        what = "failures that a run cannot catch, such as its deadline, are alerted without the last log lines"
        yield "info", "notify", what, "write run-failed: CHANNEL as well, to choose the channel for them"
    notified = dict.fromkeys(each for pattern, channels in job.notify if pattern != "recovered" for each in channels)
    pagers = [each for each in notified if loaded.project.channels[each].pagerduty is not None]
    if unresolved := [each for each in pagers if each not in job.notify.recovered]:
        what = f"nothing resolves the incidents that the channel {unresolved[0]} opens"
        yield "warning", "notify", what, f"add recovered: {unresolved[0]}"
    if job.workflow is not None and job.notify.attempt_failed:
        what = "`attempt-failed` has no effect for a workflow"
        yield "warning", "notify", what, "write attempt-failed for the jobs that are its steps"


def _permission_problems(loaded: LoadedJobFile) -> Iterator[Problem]:
    """Yield calls of workflows that no permission allows, and roles that are too large."""
    workflow_jobs = [name for name, job in loaded.project.jobs.items() if job.workflow and not job.roles.machine]
    if not workflow_jobs:
        return
    stack = check_roles.deployed_stack(loaded.project)
    context = check_roles.call_context(stack)
    for name in workflow_jobs:
        position = loaded.position_of("jobs", name, "workflow", key=True)
        for each in check_roles.missing_job_permissions(stack, name, context):
            given = dumps({"actions": each.call.action, "resources": resource_pattern(each.call)})
            yield Problem(
                position, f"{name}: the role does not allow {each.call.action}", f"add permissions: [{given}]"
            )
        size = check_roles.policy_size(stack, name)
        if size > check_roles.MAX_POLICY_CHARACTERS:
            limit = check_roles.MAX_POLICY_CHARACTERS
            what = f"{name}: the policy of its role has {size} characters, and IAM allows {limit}"
            yield Problem(position, what, "split the workflow in two, or use your own role: roles: {machine: ARN}")


def _quota_problems(loaded: LoadedJobFile) -> Iterator[Problem]:
    """Yield the quotas of AWS that the stack reaches as `deploy` makes it; this engine has none."""
    project, position = loaded.project, loaded.position_of("jobs", key=True)
    images = {each.parameter: IMAGE_NAME.format(each.repository(project)) for each in built_images(project)}
    for severity, what, instead in quota_findings(write_images(build_template(project), images)):
        yield Problem(position, what, instead, severity)


def _channel_problems(loaded: LoadedJobFile, target: DeployTarget | None) -> Iterator[Problem]:
    """Yield channels that no job uses, and that links in alerts may lead to nothing."""
    name = leaving_channel(loaded.project)
    if name is not None and loaded.project.box.url is None and target != "aws":
        what = "alerts link to the engine at http://127.0.0.1:…, which only this machine can open"
        yield Problem(loaded.position_of("channels", name, key=True), what, LINK_ADVICE, "info")
    jobs = loaded.project.jobs.values()
    used = {each for job in jobs for _, channels in job.notify for each in channels}
    for name in loaded.project.channels:
        if name not in used:
            position = loaded.position_of("channels", name, key=True)
            yield Problem(position, f"no job uses the channel {name}", "name it in a `notify:`", "info")
