"""The JSONata that machines of jobs are written in.

Promises expressions that always have a value: Step Functions fails a state whose field comes to nothing. Each reads the
input of an execution, which has one place that is ours:

    {"lamplighter": {"environment": {"NAME": "value"}, "command": ["words"], "scheduled": "2026-11-25T03:00:00Z"}}

`environment` and `command` override those of the job, `scheduled` is when the schedule meant the run to begin. A
container finds the rest of its state's input in LAMPLIGHTER_INPUT, as JSON.
"""

import re

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.names import CONSOLE, OPTIONS, placeholder
from lamplighter.runs.job_machine import LAMPLIGHTER_KEY, MAIN_CONTAINER

INFRA = (
    "AmazonECS.Unknown", "ECS.AmazonECSException", "ECS.ServerException", "ECS.ThrottlingException",
    "ECS.SdkClientException", "ECS.ServiceUnavailableException",
)  # fmt: skip
"""Errors of RunTask that another try may mend; AmazonECS.Unknown is an answer with failures. Their case matters."""
THROTTLED = "/throttl|rate exceeded|too ?many ?requests|request ?limit ?exceeded|slow ?down/i"
"""How services say that they are asked too often, in whatever an integration wraps it: ECS.ThrottlingException,
ECS.AmazonECSException, ECS.ClientException or InvalidParameterException with "Rate exceeded", States.TaskFailed.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html."""
_INFRA_REASON = "/network interface|capacity|throttl|rate exceeded|toomanyrequests|service unavailable|internal error/i"
"""Why a task did not start, where neither its image nor its definition is to blame."""
_EXPRESSION = re.compile(r"^\{%(.*)%\}$", re.DOTALL)

INPUT = f"""$type($states.input) = 'object'
    ? $merge([$sift($states.input, function($v, $k) {{ $k != '{LAMPLIGHTER_KEY}' }})])
    : $states.input"""
"""What a job reads: its state's input without what is ours."""
NATIVE_ATTEMPT = "$states.context.State.RetryCount + 1"
"""Which attempt this is, where Step Functions itself counts them."""
TASK = r"""$cause := $failure.Error = 'States.TaskFailed' ? $string($failure.Cause);
  $outside := $replace($cause, /"(?:[^\\"]|\\.)*"/, '');
  $task := $contains($cause, '"TaskArn"') and $contains($outside, /^\{[^"]*\}$/) and
    $length($replace($outside, /[^\{]/, '')) = $length($replace($outside, /[^\}]/, '')) ? $parse($cause) : {};"""
"""The task that failed, if the error's cause is one: "Cause" is the text of what DescribeTasks says of it.

Step Functions cuts a cause off after 32,768 characters, and `$parse` of what is cut off ends the run where nothing can
catch that. The beginning of an object is whole where, outside of its strings, as many braces are closed as opened.
Each regular expression has balanced brackets, the escaped ones apart: JSONata looks for its end by counting them.
"""


def expression(text: str) -> str:
    """Text that Step Functions evaluates."""
    return f"{{% {text} %}}"


def to_jsonata(value: Json) -> str:
    """A value of a definition, in which there may be expressions, as one expression."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{dumps(name)}: {to_jsonata(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_jsonata, value)) + "]"
    found = _EXPRESSION.match(value) if isinstance(value, str) else None
    return f"({found[1].strip()})" if found else dumps(value)


ATTEMPT_AT, RUN_ARN_AT = 1, 2
"""Where in Environment an alert about an attempt finds which one it was, and of which run."""


def container_overrides(attempt: str, given: str = INPUT) -> str:
    """ContainerOverrides: what the run was started with, and what the job may want to know of it."""
    return expression(f"""(
  $own := $states.context.Execution.Input.{LAMPLIGHTER_KEY};
  $input := {given};
  [$merge([
    {{
      'Name': '{MAIN_CONTAINER}',
      'Environment': $append([
        {{'Name': 'LAMPLIGHTER_RUN', 'Value': $states.context.Execution.Name}},
        {{'Name': 'LAMPLIGHTER_ATTEMPT', 'Value': $string({attempt})}},
        {{'Name': 'LAMPLIGHTER_RUN_ARN', 'Value': $states.context.Execution.Id}},
        {{'Name': 'LAMPLIGHTER_SCHEDULED', 'Value': $exists($own.scheduled) ? $string($own.scheduled) : ''}},
        {{'Name': 'LAMPLIGHTER_INPUT', 'Value': $string($input)}}
      ], $each($own.environment, function($v, $k) {{ {{'Name': $k, 'Value': $string($v)}} }}))
    }},
    $exists($own.command) ? {{'Command': $own.command}} : {{}}
  ])]
)""")


def failure_class(classes: list[str], codes: dict[str, tuple[int, ...]]) -> str:
    """Which of these classes a failure belongs to; empty text for none."""
    tests = {
        "timeout": ["$failure.Error = 'States.Timeout'"],
        "infra": [
            f"$failure.Error in {dumps(list(INFRA))}",
            f"$contains($failure.Error, {THROTTLED})",
            # A cause that is an object is a task, which says itself why it stopped, or what is left of one.
            f"$substring($failure.Cause, 0, 1) != '{{' and $contains($failure.Cause, {THROTTLED})",
            "$task.StopCode = 'InfrastructureHealth'",
            f"$task.StopCode = 'TaskFailedToStart' and $contains($reason, {_INFRA_REASON})",
        ],
        "spot": [
            "$task.StopCode in ['SpotInterruption', 'TerminationNotice']",
            "$contains($reason, /spot task was interrupted/i)",
        ],
        "start-failure": ["$task.StopCode = 'TaskFailedToStart'"],
    }  # fmt: skip
    tests |= {name: [f"$code in {dumps(list(each))}"] for name, each in codes.items()}
    chosen = [f"({test}) ? '{name}'" for name in classes for test in tests.get(name, ())]
    rest = "'any'" if "any" in classes else "''"
    body = "\n    : ".join([*chosen, rest])
    return expression(f"""(
  {TASK}
  $reason := $string($task.StoppedReason) & ' ' & $join([$task.Containers.Reason], ' ');
  $code := $task.Containers[Name = '{MAIN_CONTAINER}'].ExitCode;
  {body}
)""")


KILLED = (137, 143)
"""Exit codes of a container that was told to go because another has ended: SIGKILL, SIGTERM."""
FAILED_TASK = expression("$parse($failure.Cause)")
"""The task that failed, as it would have been the result of one that did not."""


def ended_well(essential: list[str]) -> str:
    """Whether the job itself ended well, whatever became of those beside it; of the essential ones none may fail."""
    beside = (
        ""
        if not essential
        else f"""
    and $count($task.Containers[Name in {dumps(essential)} and $not(ExitCode in {dumps([0, *KILLED])})]) = 0"""
    )
    return expression(f"""(
  {TASK}
  $task.StopCode = 'EssentialContainerExited' and $task.Containers[Name = '{MAIN_CONTAINER}'].ExitCode = 0{beside}
)""")


def retry_wait(policies: dict[str, dict[str, Json]]) -> str:
    """How long to wait before the next attempt, in whole seconds."""
    return expression(f"""(
  $policy := $lookup({dumps(policies)}, $kind);
  $full := $min([$policy.interval * $power($policy.backoff, $lookup($retries, $kind)), $policy.most]);
  $max([1, $ceil($policy.jitter ? $random() * $full : $full)])
)""")


def _failed_job(prefix: str) -> str:
    """The job whose task failed, by the task's group: family:PREFIX-JOB."""
    return f"""(
  {TASK}
  $job := $substringAfter($task.Group, 'family:{prefix}-');"""


def log_group(prefix: str) -> str:
    """The log group of the job whose task failed; one that is not there, if no task did."""
    return expression(f"""{_failed_job(prefix)}
  '/lamplighter/{prefix}/' & ($exists($task.Group) ? $job : '-')
)""")


def log_stream(prefix: str) -> str:
    """The log stream of the task that failed."""
    return expression(f"""{_failed_job(prefix)}
  $exists($task.TaskArn) ? $job & '/{MAIN_CONTAINER}/' & $split($task.TaskArn, '/')[-1] : '-'
)""")


LINES = expression("[$states.result.Events.($substring(Message, 0, 500))]")
"""The lines of a page of a log, short enough for an alert: SNS takes 256 KiB."""


HAS_LOGGED = expression(f"({TASK} $exists($task.TaskArn) and $task.StopCode != 'TaskFailedToStart')")
"""Whether the error's cause names a task, and one whose container has run."""
ATTEMPTS = """'Attempts:  ' & $string($attempt) & '\\n'"""
"""How many there were, as the end of a run tells it."""


def failed_step(prefix: str) -> str:
    """Which job of a workflow failed and in which attempt, as far as the error's cause tells it."""
    return f"""(
    $tried := $task.Overrides.ContainerOverrides.Environment[Name = 'LAMPLIGHTER_ATTEMPT'].Value;
    $exists($task.Group)
      ? 'Step:      job ' & $substringAfter($task.Group, 'family:{prefix}-')
        & ($exists($tried) ? ', attempt ' & $tried[0] : '') & '\\n'
      : ''
  )"""


def failure_text(headline: str, machine: str, *, what: str, slow: str) -> str:
    """An alert that says why, in which attempt, where to look and what to type; `slow`: why a timeout came."""
    return expression(f"""(
  {TASK}
  $code := $task.Containers[Name = '{MAIN_CONTAINER}'].ExitCode;
  $reason := $exists($task.StoppedReason)
    ? $join($distinct([$task.StoppedReason, $task.Containers.Reason]), '; ')
    : $failure.Error = 'States.Timeout' ? {dumps(slow)}
    : $exists($failure.Cause) ? $substring($failure.Cause, 0, 2000) : 'no cause is known';
  {dumps(headline + chr(10) + chr(10))} &
  'Error:     ' & $failure.Error & '\\n' &
  'Reason:    ' & $reason & '\\n' &
  ($exists($code) ? 'Exit code: ' & $join([$code.$string()], ', ') & '\\n' : '') &
  {what} &
  'Run:       ' & $states.context.Execution.Id & '\\n' &
  'Look at:   {placeholder(CONSOLE)}' & $states.context.Execution.Id & '\\n' &
  'Run again: lamplighter run {machine}{placeholder(OPTIONS)}\\n' &
  ($count($lines) > 0 ? '\\nLast lines:\\n' & $join($lines.('  ' & $ & '\\n')) : '')
)""")


_MINE = "$filter([0..$count($runs) - 1], function($at) { $runs[$at].ExecutionArn = $states.context.Execution.Id })"
"""Where this run is among those of a page: "results are sorted by time", youngest first."""


def older_runs(seen: str) -> str:
    """The runs on a page that began before this one and still go on; `seen`: whether this one was on a page before."""
    return expression(f"""(
  $runs := $states.result.Executions;
  $mine := {_MINE};
  $began := $toMillis($states.context.Execution.StartTime);
  [$filter($runs, function($run, $at) {{
    {seen} ? true : $exists($mine) ? $at > $mine : $toMillis($run.StartDate) < $began
  }}).ExecutionArn]
)""")


def run_was_listed(before: str) -> str:
    """Whether this run was on this page, or on one before."""
    return expression(f"($runs := $states.result.Executions; {before} or $exists({_MINE}))")


NEXT_PAGE = expression("$exists($states.result.NextToken) ? $states.result.NextToken : ''")
"""What asks for the next page."""
