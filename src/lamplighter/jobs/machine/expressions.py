"""Build the JSONata expressions of the generated state machines.

Guarantees expressions that always have a value, because Step Functions fails a state whose field evaluates to nothing.
Each expression reads the input of an execution, in which one key is reserved:

    {"lamplighter": {"environment": {"NAME": "value"}, "command": ["words"], "scheduled": "2026-11-25T03:00:00Z"}}

`environment` and `command` override those of the job; `scheduled` is the slot of the run. A container receives the rest
of its state's input in LAMPLIGHTER_INPUT, as JSON.
"""

import re

from lamplighter.base.json_text import Json, dumps
from lamplighter.runs.jobs.job_machine import LAMPLIGHTER_KEY, MAIN_CONTAINER
from lamplighter.runs.tasks.ecs_tasks import KILLED_EXIT_CODES

INFRA_ERRORS = (
    "AmazonECS.Unknown", "ECS.AmazonECSException", "ECS.ServerException", "ECS.ThrottlingException",
    "ECS.SdkClientException", "ECS.ServiceUnavailableException",
)  # fmt: skip
"""RunTask's errors after which a retry may succeed; case matters. AmazonECS.Unknown: the answer lists failures."""
THROTTLING_PATTERN = "/throttl|rate exceeded|too ?many ?requests|request ?limit ?exceeded|slow ?down/i"
"""The pattern of throttling errors, however an integration wraps them.

Services report throttling as ECS.ThrottlingException, ECS.AmazonECSException, ECS.ClientException or
InvalidParameterException with "Rate exceeded", or States.TaskFailed.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html.
"""
_INFRA_REASON = "/network interface|capacity|throttl|rate exceeded|toomanyrequests|service unavailable|internal error/i"
"""The pattern of the reasons of a task that did not start although its image and its definition are right."""
_NO_CAPACITY = (
    "$failure.Error = 'ECS.AmazonECSException' and $contains($failure.Cause, /capacity/i)",
    "$task.StopCode = 'TaskFailedToStart' and $contains($reason, /capacity/i)",
)
_EXPRESSION = re.compile(r"^\{%(.*)%\}$", re.DOTALL)

INPUT = f"""$type($states.input) = 'object'
    ? $merge([$sift($states.input, function($v, $k) {{ $k != '{LAMPLIGHTER_KEY}' }})])
    : $states.input"""
"""A job's input: its state's input without the reserved key."""
NATIVE_ATTEMPT = "$states.context.State.RetryCount + 1"
"""The number of the attempt if Step Functions itself retries the state."""
FAILED_TASK_VARIABLE = r"""$cause := $failure.Error = 'States.TaskFailed' ? $string($failure.Cause);
  $outside := $replace($cause, /"(?:[^\\"]|\\.)*"/, '');
  $task := $contains($cause, '"TaskArn"') and $contains($outside, /^\{[^"]*\}$/) and
    $length($replace($outside, /[^\{]/, '')) = $length($replace($outside, /[^\}]/, '')) ? $parse($cause) : {};"""
"""JSONata that defines `$task`: the failed task if the error's cause is one, otherwise an empty object.

The cause is then the JSON text with which DescribeTasks describes the task. Step Functions truncates a cause after
32,768 characters. `$parse` of truncated text would end the run with an error that nothing can catch. So `$parse` runs
only if, outside of strings, the text closes as many braces as it opens. Each regular expression has balanced brackets,
apart from the escaped ones, because JSONata finds the end of a regular expression by counting brackets.
"""


def expression(text: str) -> str:
    """Return the text as an expression that Step Functions evaluates."""
    return f"{{% {text} %}}"


def to_jsonata(value: Json) -> str:
    """Return a value of a definition, which may contain expressions, as one JSONata expression."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{dumps(name)}: {to_jsonata(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_jsonata, value)) + "]"
    found = _EXPRESSION.match(value) if isinstance(value, str) else None
    return f"({found[1].strip()})" if found else dumps(value)


ATTEMPT_INDEX, RUN_ARN_INDEX, SCHEDULED_INDEX = 1, 2, 3
"""The indices of the attempt's number, the run's ARN and its slot in the Environment of a container override."""


def container_overrides(attempt: str, given: str) -> str:
    """Return ContainerOverrides: what the run's input overrides, and variables that describe the run to the job."""
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


def failure_class(classes: list[str], codes: dict[str, tuple[int, ...]], *, falls_back: bool = False) -> str:
    """Return an expression for the class of a failure among these classes; '' means none.

    If the job falls back to Fargate, a start without capacity has the class of Spot.
    """
    tests = {
        "timeout": ["$failure.Error = 'States.Timeout'"],
        "infra": [
            f"$failure.Error in {dumps(list(INFRA_ERRORS))}",
            f"$contains($failure.Error, {THROTTLING_PATTERN})",
            # A cause that begins like an object is a task, possibly truncated; its own fields state why it stopped.
            f"$substring($failure.Cause, 0, 1) != '{{' and $contains($failure.Cause, {THROTTLING_PATTERN})",
            "$task.StopCode = 'InfrastructureHealth'",
            f"$task.StopCode = 'TaskFailedToStart' and $contains($reason, {_INFRA_REASON})",
        ],
        "spot": [
            "$task.StopCode in ['SpotInterruption', 'TerminationNotice']",
            "$contains($reason, /spot task was interrupted/i)",
            *(_NO_CAPACITY if falls_back else ()),
        ],
        "start-failure": ["$task.StopCode = 'TaskFailedToStart'"],
    }  # fmt: skip
    tests |= {name: [f"$code in {dumps(list(each))}"] for name, each in codes.items()}
    chosen = [f"({test}) ? '{name}'" for name in classes for test in tests.get(name, ())]
    rest = "'any'" if "any" in classes else "''"
    body = "\n    : ".join([*chosen, rest])
    return expression(f"""(
  {FAILED_TASK_VARIABLE}
  $reason := $string($task.StoppedReason) & ' ' & $join([$task.Containers.Reason], ' ');
  $code := $task.Containers[Name = '{MAIN_CONTAINER}'].ExitCode;
  {body}
)""")


FAILED_TASK = expression("$parse($failure.Cause)")
"""The failed task, in the form that the result of a successful task has."""


def job_succeeded(essential: list[str]) -> str:
    """Return an expression for whether the job's own container succeeded and no essential sidecar failed."""
    endings = [0, *KILLED_EXIT_CODES]
    sidecars_succeeded = (
        ""
        if not essential
        else f"""
    and $count($task.Containers[Name in {dumps(essential)} and $not(ExitCode in {dumps(endings)})]) = 0"""
    )
    job_exited_0 = f"$task.Containers[Name = '{MAIN_CONTAINER}'].ExitCode = 0"
    return expression(f"""(
  {FAILED_TASK_VARIABLE}
  $task.StopCode = 'EssentialContainerExited' and {job_exited_0}{sidecars_succeeded}
)""")


def retry_wait(policies: dict[str, dict[str, Json]]) -> str:
    """Return an expression for the wait before the next attempt, in whole seconds."""
    return expression(f"""(
  $policy := $lookup({dumps(policies)}, $kind);
  $full := $min([$policy.interval * $power($policy.backoff, $lookup($retries, $kind)), $policy.most]);
  $max([1, $ceil($policy.jitter ? $random() * $full : $full)])
)""")


def _failed_job(prefix: str) -> str:
    """Begin an expression with `$job`, the job whose task failed; the task's group is family:PREFIX-JOB."""
    return f"""(
  {FAILED_TASK_VARIABLE}
  $job := $substringAfter($task.Group, 'family:{prefix}-');"""


def log_group(prefix: str) -> str:
    """Return an expression for the log group of the failed task's job, or for a missing group if no task failed."""
    return expression(f"""{_failed_job(prefix)}
  '/lamplighter/{prefix}/' & ($exists($task.Group) ? $job : '-')
)""")


def log_stream(prefix: str) -> str:
    """Return an expression for the log stream of the failed task."""
    return expression(f"""{_failed_job(prefix)}
  $exists($task.TaskArn) ? $job & '/{MAIN_CONTAINER}/' & $split($task.TaskArn, '/')[-1] : '-'
)""")


LOG_LINES = expression("[$states.result.Events.($substring(Message, 0, 500))]")
"""The lines of a page of a log, cut to 500 characters each, because an SNS message has at most 256 KiB."""


HAS_LOGGED = expression(f"({FAILED_TASK_VARIABLE} $exists($task.TaskArn) and $task.StopCode != 'TaskFailedToStart')")
"""Whether the error's cause is a task whose container has run."""


_OWN_RUN_INDEX = (
    "$filter([0..$count($runs) - 1], function($at) { $runs[$at].ExecutionArn = $states.context.Execution.Id })"
)
"""The index of this run on a page of runs: "results are sorted by time", youngest first."""


def older_runs(seen: str) -> str:
    """Return an expression for the older runs on a page; `seen` tells whether an earlier page listed this run."""
    return expression(f"""(
  $runs := $states.result.Executions;
  $mine := {_OWN_RUN_INDEX};
  $began := $toMillis($states.context.Execution.StartTime);
  [$filter($runs, function($run, $at) {{
    {seen} ? true : $exists($mine) ? $at > $mine : $toMillis($run.StartDate) < $began
  }}).ExecutionArn]
)""")


def run_was_listed(before: str) -> str:
    """Return a JSONata expression for whether this page of ListExecutions, or an earlier one, contains this run."""
    return expression(f"($runs := $states.result.Executions; {before} or $exists({_OWN_RUN_INDEX}))")


NEXT_PAGE = expression("$exists($states.result.NextToken) ? $states.result.NextToken : ''")
"""The token of the next page, or '' if there is none."""
