"""Build the states that run one job: `ecs:runTask.sync`, and its retries.

Guarantees one of two forms, and in both the run fails with the error of its last attempt:

- If the error's name decides (the simple form, and `timeout`), the state has Retry.
- In both forms, a start that AWS throttles, refuses or has no capacity for is repeated, unless `retry` has limits for
  it. That counts as no attempt, because no task was started.
- If the cause has to be read, a Catch leads to a state that classifies the failure. A Choice checks how many retries
  the class has left, and a Wait leads back. This form handles exit codes, start failures, Spot and `infra`, which
  includes tasks without a network interface.

Step Functions fails a state when any container of its task exits with a code other than 0, even a container that was
stopped because the job had ended. A job with sidecars therefore takes the second form, too: it succeeded if its own
container did. See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job
from lamplighter.jobs.file.retry import RetryLimits
from lamplighter.jobs.machine import expressions
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.integrations import RUN_TASK
from lamplighter.jobs.names import placeholder
from lamplighter.runs.history.retry_rules import REFUSED_ERRORS, UNSTARTED_ERRORS
from lamplighter.runs.jobs.job_machine import ENDED_WELL

SAME_INPUT = expression("$states.input")
FAILURE = expression("$states.errorOutput")
WAIT_SECONDS = expression("$pause")
"""The seconds that a generated Wait state waits."""
FAIL_STATE: Json = {
    "Type": "Fail",
    "Error": expression("$failure.Error"),
    "Cause": expression("$exists($failure.Cause) ? $string($failure.Cause) : ''"),
}
"""The last state of a failed run: it fails with the error of the failure."""
UNSTARTED_LIMITS = RetryLimits.model_validate({"attempts": 9, "interval": "5s", "jitter": True, "max-interval": "3m"})
"""The retries of a start that did not happen: for 14 minutes at most."""
REFUSED_LIMITS = RetryLimits.model_validate({"attempts": 3, "interval": "10s", "backoff": 3, "jitter": True})
"""The retries of a refused start, which may always be refused: for two minutes at most."""


@dataclass(frozen=True, slots=True)
class StateGroup:
    """States and the name of the first one. A state that ends successfully has `End`. Names are unique in the group."""

    start: str
    states: dict[str, Json]


def prefix_states(prefix: str, given: StateGroup) -> StateGroup:
    """Return the states with prefixed names, because each name must be unique in the whole machine."""

    def flow(state: Json) -> Json:
        changed = {key: prefix + state[key] for key in ("Next", "Default", "StartAt") if key in state}
        for key in ("Catch", "Choices"):
            if key in state:
                changed[key] = [flow(each) for each in state[key]]
        if "ItemProcessor" in state:
            changed["ItemProcessor"] = {
                **flow(state["ItemProcessor"]),
                "States": all_of(state["ItemProcessor"]["States"]),
            }
        return {**state, **changed}

    def all_of(states: dict[str, Json]) -> dict[str, Json]:
        return {prefix + name: flow(state) for name, state in states.items()}

    return StateGroup(prefix + given.start, all_of(given.states))


def run_task_state(name: str, job: Job, attempt: str, given: str) -> Json:
    """Return the state that runs one attempt of a job and waits for it."""
    state: Json = {
        "Type": "Task",
        "Resource": RUN_TASK,
        "Arguments": {
            **_launch_settings(job),
            "PlatformVersion": "LATEST",
            "Cluster": job.cluster or placeholder(names.SHARED_CLUSTER),
            "TaskDefinition": placeholder(names.task_definition_id(name)),
            "PropagateTags": "TASK_DEFINITION",
            "NetworkConfiguration": {"AwsvpcConfiguration": _network_settings(job)},
            "Overrides": {"ContainerOverrides": expressions.container_overrides(attempt, given)},
        },
    }
    return state if job.timeout is None else {**state, "TimeoutSeconds": job.timeout}


def _launch_settings(job: Job) -> Json:
    if job.launch == "fargate":
        return {"LaunchType": "FARGATE"}
    provider = expression("$provider") if job.falls_back else "FARGATE_SPOT"
    return {"CapacityProviderStrategy": [{"CapacityProvider": provider, "Weight": 1}]}


def _network_settings(job: Job) -> Json:
    if job.network is None:
        return {
            "Subnets": _list_expression(names.SUBNETS),
            "SecurityGroups": _list_expression(names.SECURITY_GROUPS),
            "AssignPublicIp": placeholder(names.PUBLIC_IP),
        }
    groups = {"SecurityGroups": list(job.network.security_groups)} if job.network.security_groups else {}
    address = "ENABLED" if job.network.public_ip else "DISABLED"
    return {"Subnets": list(job.network.subnets), **groups, "AssignPublicIp": address}


def _list_expression(name: str) -> str:
    """Return an expression for a list: the template inserts one text with commas between the items; it may be empty."""
    return expression(f"[$split('{placeholder(name)}', ',')[$ != '']]")


def attempt_states(name: str, job: Job, *, caught: str | None = None, given: str = expressions.INPUT) -> StateGroup:
    """Return the states for all attempts of a job; `caught` names the state that follows when no retry is left."""
    if not needs_cause(job):
        return StateGroup("Run", {"Run": {**native_retry_state(name, job, given), **_catch(job, caught), "End": True}})
    policies = job.retry.limits_by_class
    essential = [name for name, sidecar in job.sidecars.items() if sidecar.essential]
    provider = {"provider": "FARGATE_SPOT"} if job.falls_back else {}
    begin = {"Type": "Pass", "Assign": {"attempt": 1, "retries": dict.fromkeys(policies, 0), **provider}, "Next": "Run"}
    success_choices = [{"Condition": expressions.job_succeeded(essential), "Next": ENDED_WELL}] if job.sidecars else []
    retry_choices = [{"Condition": _has_retries_left(policies), "Next": "Count"}] if policies else []
    run_end = {"Catch": catch_all("Judge"), "End": True}
    states: dict[str, Json] = {
        "Begin": begin,
        "Run": {**_with_retry(run_task_state(name, job, "$attempt", given), _start_retriers(job)), **run_end},
        "Judge": {"Type": "Pass", "Assign": {"kind": _failure_class(job)}, "Next": "Again?"},
        "Again?": {"Type": "Choice", "Choices": [*success_choices, *retry_choices], "Default": caught or "Failed"},
        **({ENDED_WELL: {"Type": "Pass", "Output": expressions.FAILED_TASK, "End": True}} if success_choices else {}),
        **(_wait_states(job, policies) if retry_choices else {}),
    }
    return StateGroup("Begin", states if caught else {**states, "Failed": FAIL_STATE})


def needs_cause(job: Job) -> bool:
    """Return whether a failure's cause must be read to decide what follows."""
    return job.retry.needs_cause or bool(job.sidecars)


def _wait_states(job: Job, policies: dict[str, RetryLimits]) -> dict[str, Json]:
    """Return the states that wait and lead back to another attempt, which may use Fargate in place of Spot."""
    provider = {"provider": expression("$kind = 'spot' ? 'FARGATE' : $provider")} if job.falls_back else {}
    return {
        "Count": {
            "Type": "Pass",
            "Assign": {
                "attempt": expression("$attempt + 1"),
                "pause": expressions.retry_wait({each: _wait_settings(policy) for each, policy in policies.items()}),
                "retries": expression("$merge([$retries, {$kind: $lookup($retries, $kind) + 1}])"),
                **provider,
            },
            "Next": "Pause",
        },
        "Pause": {"Type": "Wait", "Seconds": WAIT_SECONDS, "Next": "Run"},
    }


def native_retry_state(name: str, job: Job, given: str) -> Json:
    """Return the state of a job that Step Functions itself retries."""
    retriers = _start_retriers(job)
    if job.retry.timeout is not None:
        retriers.append(_retrier(["States.Timeout"], job.retry.timeout))
    if job.retry.simple is not None:
        retriers.append(_retrier(["States.ALL"], job.retry.simple))
    return _with_retry(run_task_state(name, job, _native_attempt(job), given), retriers)


def _native_attempt(job: Job) -> str:
    """Return the number of the attempt if Step Functions retries the state; starts that did not happen are none."""
    counted = expressions.NATIVE_ATTEMPT
    return f"$min([{counted}, {job.retry.max_retries + 1}])" if _start_retriers(job) else counted


def _with_retry(state: Json, retriers: list[Json]) -> Json:
    return {**state, "Retry": retriers} if retriers else state


def _start_retriers(job: Job) -> list[Json]:
    """Return the retriers for starts that did not happen.

    A job that falls back needs Fargate as soon as Spot has no capacity.
    """
    if job.retry.simple is not None or job.retry.infra is not None:
        return []
    unstarted = UNSTARTED_ERRORS[:1] if job.falls_back else UNSTARTED_ERRORS
    return [
        _retrier(unstarted, UNSTARTED_LIMITS),
        _retrier(REFUSED_ERRORS, REFUSED_LIMITS),
    ]


def _retrier(errors: Sequence[str], limits: RetryLimits) -> Json:
    longest = {} if limits.max_interval is None else {"MaxDelaySeconds": limits.max_interval}
    return {
        "ErrorEquals": list(errors),
        "BackoffRate": int(limits.backoff) if limits.backoff == int(limits.backoff) else limits.backoff,
        "IntervalSeconds": limits.interval,
        "MaxAttempts": limits.attempts,
        **longest,
        **({"JitterStrategy": "FULL"} if limits.jitter else {}),
    }


def _catch(job: Job, caught: str | None) -> Json:
    if caught is None:
        return {}
    return {"Catch": catch_all(caught, attempt=expression(_native_attempt(job)))}


DATA_LIMIT = "States.DataLimitExceeded"
ALL_ERRORS = (DATA_LIMIT, "States.ALL")
"""All errors that can be caught, because States.ALL "can't catch the States.DataLimitExceeded terminal error"."""


def catch_all(follower: str, **assigned: Json) -> list[Json]:
    """Return a Catch for every error; it stores the failure in a variable and keeps the input."""
    return catch_each(Assign={"failure": FAILURE, **assigned}, Output=SAME_INPUT, Next=follower)


def catch_each(**fields: Json) -> list[Json]:
    """Return a Catch with these fields for every error."""
    return [{"ErrorEquals": [error], **fields} for error in ALL_ERRORS]


def _failure_class(job: Job) -> str:
    classes = list(job.retry.limits_by_class)
    exit_classes = [name for name in classes if name.startswith("exit")]
    codes = {name: each.codes for name, each in zip(exit_classes, job.retry.exit, strict=True)}
    return expressions.failure_class(classes, codes, falls_back=job.falls_back)


def _has_retries_left(policies: dict[str, RetryLimits]) -> str:
    budgets = expressions.to_jsonata({name: policy.attempts for name, policy in policies.items()})
    return expression(f"$kind = '' ? false : $lookup($retries, $kind) < $lookup({budgets}, $kind)")


def _wait_settings(policy: RetryLimits) -> Json:
    return {
        "interval": policy.interval,
        "backoff": policy.backoff,
        "most": policy.max_interval or 86_400 * 365,
        "jitter": policy.jitter,
    }
