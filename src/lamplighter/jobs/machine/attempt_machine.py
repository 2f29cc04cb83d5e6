"""Define the supporting machine ATTEMPT_CHECK: it receives the tasks that failed on AWS, and alerts about them.

That is pattern 1. ECS's event of a task is "durable". A rule matches the tasks of all jobs, so the machine applies what
differs from job to job. Sidecars are stopped when the job ends: so a job with sidecars gets no alert for an attempt
that was itself killed.
An attempt that timed out looks like one whose run was stopped: a job with a timeout gets an alert for both, because an
unreported hang is worse. See https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ecs.html.
"""

from collections.abc import Mapping, Sequence

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.alert_expressions import DEFINE_PRINTABLE, DEFINE_SUBJECT, ISO_TIME
from lamplighter.jobs.machine.alert_states import max_attempts, topic_arn
from lamplighter.jobs.machine.job_table import find_job_states
from lamplighter.jobs.machine.local_times import define_local_time, zone_document
from lamplighter.jobs.machine.supporting_machines import choose, machine_definition, publish_to_topics
from lamplighter.jobs.names import CONSOLE, OPTIONS, placeholder
from lamplighter.runs.jobs.job_machine import ATTEMPT_VARIABLE, MAIN_CONTAINER, RUN_ARN_VARIABLE, SCHEDULED_VARIABLE
from lamplighter.runs.tasks.ecs_tasks import KILLED_EXIT_CODES

_HAS_FAILED = f"""(
  $task := $states.input.task;
  $codes := $task.containers.exitCode[$not($ in ($states.input.sidecars ? {dumps([0, *KILLED_EXIT_CODES])} : [0]))];
  $task.stopCode = 'EssentialContainerExited' ? $count($codes) > 0
    : $task.stopCode = 'UserInitiated' ? $states.input.timeout : true
)"""
_DEFINE_FACTS = f"""$task := $states.input.task;
  $variable := function($name) {{
    [$task.overrides.containerOverrides[name = '{MAIN_CONTAINER}'].environment[name = $name].value, ''][0]
  }};
  $attempt := $variable('{ATTEMPT_VARIABLE}');
  $of := $attempt & ' of ' & $string($states.input.most);
  $headline := $states.input.job & ': ' & ($attempt = '' ? 'an attempt failed' : 'attempt ' & $of & ' failed');"""
_TEXT = f"""(
  {define_local_time("$states.input.zone")}
  {_DEFINE_FACTS}
  $run := $variable('{RUN_ARN_VARIABLE}');
  $slot := $variable('{SCHEDULED_VARIABLE}');
  $code := $task.containers[name = '{MAIN_CONTAINER}'].exitCode;
  {DEFINE_PRINTABLE}
  $headline & '\\n\\n' &
  ($exists($task.stoppedReason) ? 'Reason:    ' & $printable($task.stoppedReason) & '\\n' : '') &
  ($exists($code) ? 'Exit code: ' & $string($code) & '\\n' : '') &
  ($attempt = '' ? '' : 'Attempt:   ' & $of & '\\n') &
  ($contains($slot, {ISO_TIME}) ? 'Scheduled: ' & $local($toMillis($slot)) & '\\n' : '') &
  'Created:   ' & $local($toMillis($task.createdAt)) & '\\n' &
  'Ended:     ' & $local($toMillis($task.stoppedAt)) & '\\n' &
  'Stop code: ' & $task.stopCode & '\\n' &
  'Task:      ' & $task.taskArn & '\\n' &
  'Project:   ' & $states.input.project & '\\n' &
  ($run = '' ? '' : 'Look at:   {placeholder(CONSOLE)}' & $run & '\\n') &
  'Run again: lamplighter run ' & $states.input.name & '{placeholder(OPTIONS)}\\n'
)"""
_STATES: dict[str, Json] = {
    "Failed?": choose(_HAS_FAILED, "Tell", "Stopped"),
    "Tell": publish_to_topics(_TEXT, f"({_DEFINE_FACTS} {DEFINE_SUBJECT} $subject($headline, ''))"),
    "Stopped": {"Type": "Succeed"},
}


def attempt_definition(project: Project, jobs: Sequence[str]) -> Json:
    """Return the definition of ATTEMPT_CHECK; `jobs` are those whose tasks it receives.

    Its input has `group`, and `task` as ECS's event describes it.
    """
    states = find_job_states(project.prefix, {name: _facts(project, name) for name in jobs}, "Failed?")
    return machine_definition("Tells of each failed attempt.", {**states, **_STATES})


def _facts(project: Project, name: str) -> Mapping[str, Json]:
    job = project.jobs[name]
    return {
        "topics": [topic_arn(project, channel) for channel in job.notify.attempt_failed],
        "most": max_attempts(job),
        "sidecars": bool(job.sidecars),
        "timeout": job.timeout is not None,
        "zone": zone_document(job.timezone),
    }
