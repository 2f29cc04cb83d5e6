"""Define the supporting machine RECOVERY_CHECK: it receives each successful run of a job that has `notify: {recovered:
…}` on AWS, and alerts if the runs before it failed, or if it was late. It also receives the alarm for runs that did not
start when its state is OK again.

A channel that was alerted about failed attempts of the run itself (`retried`) is alerted, too. Guarantees the rules of
`runs/recovery.py`, and the words. A skipped run succeeded, to Step Functions. A job with
`overlap: skip` never has two runs at once, so a run that began while an older one was running was skipped. The list of
runs is "eventually consistent", but the runs before are older than that.
See https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html.
"""

from collections.abc import Iterator, Mapping, Sequence

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.machine.alert_expressions import DEFINE_DURATION, DEFINE_SUBJECT, time_lines
from lamplighter.jobs.machine.alert_states import topic_arn
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.integrations import LIST_EXECUTIONS, READ_HISTORY
from lamplighter.jobs.machine.job_table import find_job_states
from lamplighter.jobs.machine.local_times import define_local_time, zone_document
from lamplighter.jobs.machine.overlap_states import read_state
from lamplighter.jobs.machine.supporting_machines import (
    LAST_EVENTS_OF_RUN,
    choose,
    machine_definition,
    publish_to_topics,
)
from lamplighter.runs.failures.repetition import MAX_FIRST_LENGTH

RUNS_READ = 100
LOCAL_MINUTE_LENGTH = len("Fri 2026-01-02 01:00")
FAILURES = """(
  $own := $states.input;
  $all := $states.result.Executions;
  $skipped := function($arn, $began) {
    $own.skips and $count($all[
      ExecutionArn != $arn and $toMillis(StartDate) < $began
      and ($exists(StopDate) ? $toMillis(StopDate) > $began : true)
    ]) > 0
  };
  $ended := $all[ExecutionArn != $own.run and Status in ['SUCCEEDED', 'FAILED', 'TIMED_OUT']];
  $before := $ended[
    $toMillis(StopDate) < $own.ended or ($toMillis(StopDate) = $own.ended and ExecutionArn < $own.run)
  ];
  $newest_first := $sort([$before], function($one, $other) {
    $toMillis($one.StopDate) < $toMillis($other.StopDate)
      or ($one.StopDate = $other.StopDate and $one.ExecutionArn < $other.ExecutionArn)
  });
  $redriven := $count($all[ExecutionArn = $own.run and RedriveCount > 0]) > 0;
  $first := function($arn) {(
    $name := $replace($split($arn, ':')[7], /--again-[1-9][0-9]{0,6}$/, '');
    $length($name) > MAX_FIRST_LENGTH ? $substring($hash($name, 'SHA-256'), 0, 32) : $name
  )};
  $found := $reduce($newest_first, function($sum, $run) {
    $sum.over or ($run.Status = 'SUCCEEDED' and $skipped($run.ExecutionArn, $toMillis($run.StartDate))) ? $sum
      : $run.Status = 'SUCCEEDED' ? $merge([$sum, {'over': true}])
      : {'over': false, 'firsts': $append($sum.firsts, $first($run.ExecutionArn)), 'since': $toMillis($run.StartDate)}
  }, {'over': false, 'firsts': $redriven ? [$first($own.run)] : [], 'since': $own.began});
  $late := $own.late > 0 and $not($redriven) and $own.ended - $own.began > $own.late * 1000;
  $skipped($own.run, $own.began) ? {'runs': 0, 'since': 0, 'late': false}
    : {'runs': $count($distinct($found.firsts)), 'since': $found.since, 'late': $late}
)""".replace("MAX_FIRST_LENGTH", str(MAX_FIRST_LENGTH))
_FAILED_ATTEMPTS = """$count($states.result.Events[
  TaskFailedEventDetails.ResourceType = 'ecs' or TaskTimedOutEventDetails.ResourceType = 'ecs'
  or TaskSubmitFailedEventDetails.ResourceType = 'ecs' or TaskStartFailedEventDetails.ResourceType = 'ecs'
])"""
"""The number of failed attempts in the end of a run's history."""
_REDRIVE = "[$states.result.Executions[ExecutionArn = $states.input.run].RedriveDate, ''][0]"
"""When the run was last redriven; empty if it was not."""
_HEADLINE = f"""(
  {define_local_time("$states.input.zone")}
  {DEFINE_DURATION}
  $states.input.job & ($failures.runs > 0
    ? ' works again: succeeded after ' & $failures.runs & ' failure' & ($failures.runs > 1 ? 's' : '')
      & ' (since ' & $substring($local($failures.since), 0, {LOCAL_MINUTE_LENGTH}) & ')'
    : $attempts > 0 ? ' works again: succeeded in attempt ' & $string($attempts + 1)
    : ' succeeded late: it took ' & $duration($states.input.ended - $states.input.began))
)"""
_TEXT = f"""(
  {define_local_time("$states.input.zone")}
  {DEFINE_DURATION}
  {_HEADLINE} & '\\n\\n' &
  {time_lines("$states.input.began", "$states.input.ended")} &
  'Project:   ' & $states.input.project & '\\n' &
  'Look at:   {names.placeholder(names.CONSOLE)}' & $states.input.run & '\\n'
)"""
_STARTS_AGAIN = "$states.input.job & ' starts again: a run has begun'"
_STARTS_TEXT = f"""(
  {define_local_time("$states.input.zone")}
  {_STARTS_AGAIN} & '\\n\\n' &
  'Time:      ' & $local($toMillis($states.input.time)) & '\\n' &
  'Project:   ' & $states.input.project & '\\n'
)"""


def recovery_definition(project: Project, jobs: Sequence[str]) -> Json:
    """Return the definition of RECOVERY_CHECK; `jobs` are those whose successes it receives.

    Its input has `run`, `began` and `ended` (milliseconds), or `alarm` and `time`.
    """
    facts = {name: _facts(project, name) for name in jobs}
    states = find_job_states(project.prefix, facts, "What happened?")
    return machine_definition("Tells of a job that works again.", {**states, **_STATES})


def _facts(project: Project, name: str) -> Mapping[str, Json]:
    job = project.jobs[name]
    return {
        "skips": job.overlap == "skip",
        "late": job.late if job.late is not None and job.notify.late else 0,
        "zone": zone_document(job.timezone),
        "topics": [topic_arn(project, channel) for channel in job.notify.recovered],
        "retried": [topic_arn(project, channel) for channel in retried_channels(job)],
    }


def retried_channels(job: Job) -> Iterator[str]:
    """Yield the channels that are alerted about failed attempts, and then about a run that succeeds nevertheless."""
    if job.workflow is None:
        yield from (each for each in job.notify.recovered if each in job.notify.attempt_failed)


_STATES: dict[str, Json] = {
    "What happened?": choose("$exists($states.input.alarm)", "Tell of starts", "Look"),
    "Tell of starts": publish_to_topics(
        _STARTS_TEXT, f"({DEFINE_SUBJECT} $subject({_STARTS_AGAIN}, ''))", publish="Publish starts"
    ),
    "Look": read_state(
        LIST_EXECUTIONS,
        {"StateMachineArn": expression("$states.input.machine"), "MaxResults": RUNS_READ},
        {"failures": expression(FAILURES), "redrive": expression(_REDRIVE), "attempts": 0},
        "Failed before?",
    ),
    "Failed before?": {
        "Type": "Choice",
        "Choices": [
            {"Condition": expression("$failures.runs > 0 or $failures.late"), "Next": "Tell"},
            {"Condition": expression("$count($states.input.retried) > 0"), "Next": "Read attempts"},
        ],
        "Default": "Worked before",
    },
    "Read attempts": read_state(
        READ_HISTORY,
        LAST_EVENTS_OF_RUN,
        {"attempts": expression(_FAILED_ATTEMPTS)},
        "Attempts failed?",
    ),
    "Attempts failed?": choose("$attempts > 0", "Tell", "Worked before"),
    "Tell": publish_to_topics(
        _TEXT,
        f"({DEFINE_SUBJECT} $subject({_HEADLINE}, ''))",
        "$attempts > 0 ? $states.input.retried : $states.input.topics",
    ),
    "Worked before": {"Type": "Succeed"},
}
