"""Build the states that alert when a second run in a row is skipped because an older run still runs.

Only for jobs with `overlap: skip` whose runs nothing ends (neither `timeout` nor `deadline`) and no `late` alert
reports: otherwise a run that hangs would stop such a job for ever, in silence. The channels are those for `late`;
without any, those for runs that did not start, and then those for failed runs. Guarantees that the alert never changes
how the run ends, and that it is sent once for each run that hangs: the list of executions has one run between the
second that is skipped and the one that runs.
"""

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.machine.alert_states import has_late_alert, topic_arn
from lamplighter.jobs.machine.attempt_states import SAME_INPUT, catch_each
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.integrations import LIST_EXECUTIONS
from lamplighter.jobs.machine.local_times import define_local_time, zone_document
from lamplighter.jobs.machine.overlap_states import read_state
from lamplighter.jobs.machine.supporting_machines import choose, publish_to_topics
from lamplighter.jobs.names import CONSOLE, OPTIONS, placeholder
from lamplighter.runs.jobs.job_machine import SKIPPED_STATE
from lamplighter.runs.printable_text import to_subject

FIRST_STATE, ALERT_STATE = "Earlier skips", "Tell of skips"
LISTED_RUNS = 3
"""This run, the one that was skipped before, and the one that runs."""
_OTHERS = """$others := $filter($states.result.Executions, function($run) {
    $run.ExecutionArn != $states.context.Execution.Id
  });"""
_IS_SECOND = (
    f"({_OTHERS} $count($others) > 1 and $not($others[0].ExecutionArn in $older) and $others[1].ExecutionArn in $older)"
)
_SINCE = f"({_OTHERS} $count($others) > 1 ? $others[1].StartDate : '')"


def skip_channels(job: Job) -> tuple[str, ...]:
    """Return the channels that are alerted of the second skip in a row; none if something else reports a hang."""
    if job.overlap != "skip" or job.timeout is not None or job.deadline is not None or has_late_alert(job):
        return ()
    return job.notify.late or job.notify.did_not_start or job.notify.run_failed or job.notify.caught


def skip_alert_states(project: Project, name: str) -> dict[str, Json]:
    """Return the states that a run enters before it is skipped."""
    machine = {"StateMachineArn": expression("$states.context.StateMachine.Id"), "MaxResults": LISTED_RUNS}
    assigned = {"second": expression(_IS_SECOND), "since": expression(_SINCE)}
    always = {"Output": SAME_INPUT, "Next": SKIPPED_STATE}
    topics = [topic_arn(project, channel) for channel in skip_channels(project.jobs[name])]
    headline = f"{name}: 2 runs were skipped, because an earlier run still runs"
    publish = publish_to_topics(_text(project, name, headline), dumps(to_subject(headline)), dumps(topics))
    del publish["End"]
    return {
        FIRST_STATE: read_state(LIST_EXECUTIONS, machine, assigned, "Second skip?", Catch=catch_each(**always)),
        "Second skip?": choose("$second", ALERT_STATE, SKIPPED_STATE),
        ALERT_STATE: {**publish, "Catch": catch_each(**always), **always},
    }


def _text(project: Project, name: str, headline: str) -> str:
    job = project.jobs[name]
    return f"""(
  {define_local_time(dumps(zone_document(job.timezone)))}
  {dumps(headline)} & '\\n\\n' &
  'Running:   since ' & $local($toMillis($since)) & '\\n' &
  'Project:   {project.prefix}\\n' &
  'Look at:   {placeholder(CONSOLE)}' & $older[0] & '\\n' &
  'Stop it:   lamplighter stop {project.prefix}-{name}{placeholder(OPTIONS)}\\n\\n' &
  'Later runs are skipped, too, without another alert. Write `timeout:`, and a run that hangs ends.\\n'
)"""
