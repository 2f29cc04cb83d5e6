"""Read from a definition when a state is tried again: after which failures, how often, and how long it waits. Pure.

A state has Retry, or the states that a job file generates around it classify the failure and count the retries of each
class (`jobs/machine/attempt_states.py`). Guarantees an answer for any definition: rules that cannot be read are left
out. See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads_or
from lamplighter.runs.history.durations import format_limit

RUN_STATE, JUDGE_STATE, AGAIN_STATE, COUNT_STATE = "Run", "Judge", "Again?", "Count"
"""The generated states that run an attempt, classify its failure, check whether a retry is left, and count it."""
MAX_RETRIES_DEFAULT, INTERVAL_DEFAULT, BACKOFF_DEFAULT = 3, 1, 2
"""What Step Functions assumes for what a retrier does not state."""
NO_LIMIT_SECONDS = 86_400 * 365
"""The longest wait that a generated state has if its job file states none."""
CLASS_WORDS: Mapping[str, str] = {
    "spot": "Spot took the capacity back",
    "infra": "AWS could not start the task",
    "start-failure": "the container did not start",
    "timeout": "the attempt took too long",
    "any": "any failure",
}
"""The words for each class of failures of a job file."""
UNSTARTED_ERRORS = ("ECS.ThrottlingException", "ECS.AmazonECSException")
"""RunTask's errors after which no task was started and a later call may succeed: throttling, and no capacity.

Others may have started one, such as ECS.ServerException, or AmazonECS.Unknown (apache/airflow#16150). See
https://repost.aws/knowledge-center/ecs-fargate-runtask-capacity.
"""
REFUSED_ERRORS = ("ECS.ClientException", "ECS.InvalidParameterException")
"""RunTask's errors that started no task either: throttling ("Rate exceeded"), or a request that is always refused. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html.
"""
ERROR_WORDS: Mapping[str, str] = {
    "States.ALL": "any failure",
    "States.Timeout": "the attempt took too long",
    "States.HeartbeatTimeout": "no heartbeat came",
    "States.TaskFailed": "the task failed",
}
"""The words for errors of Step Functions."""
_BUDGETS = re.compile(r"\$lookup\(\$retries, \$kind\) < \$lookup\((\{[^{}]*\}), \$kind\)")
_POLICIES = re.compile(r"\$policy := \$lookup\((\{.*?\}\}), \$kind\);", re.DOTALL)
_EXIT_CODES = re.compile(r"\$code in (\[[0-9, ]*\])\) \? '([a-z0-9-]+)'")


@dataclass(frozen=True, slots=True)
class RetryRule:
    """After which failures a state is tried again, how often, and after how long."""

    failures: str
    """The failures in words, such as "exit code 75 or 76"."""
    retries: int
    """The most retries after the first attempt."""
    interval: float
    """Seconds before the first retry."""
    backoff: float = 1
    """The factor by which the wait grows."""
    longest: float | None = None
    """The longest wait in seconds."""
    jitter: bool = False
    """Whether the wait is random, between zero and the full wait."""

    @property
    def words(self) -> str:
        """How often, and how long between: "3 times, after 10 s, 20 s and 40 s"."""
        if self.retries == 0:
            return "never"
        times = {1: "once", 2: "twice"}.get(self.retries, f"{self.retries} times")
        return f"{times}, after {'up to ' if self.jitter else ''}{_join_waits(self._waits())}"

    def _waits(self) -> Sequence[str]:
        waits = [self._wait(at) for at in range(min(self.retries, MAX_NAMED_WAITS))]
        if len(set(waits)) == 1:
            return [f"{waits[0]} each" if self.retries > 1 else waits[0]]
        return waits if self.retries <= MAX_NAMED_WAITS else [*waits, "…"]

    def _wait(self, at: int) -> str:
        full = self.interval * self.backoff**at
        return format_limit(round(full if self.longest is None else min(full, self.longest)))


MAX_NAMED_WAITS = 4
"""The most waits that are listed one by one."""


def _join_waits(waits: Sequence[str]) -> str:
    if len(waits) == 1 or waits[-1] == "…":
        return ", ".join(waits)
    return f"{', '.join(waits[:-1])} and {waits[-1]}"


def read_retry_rules(name: str, state: Json, siblings: Mapping[str, Json]) -> Sequence[RetryRule]:
    """Return the rules of a state; `siblings` are the states of its block, itself included.

    Repeated starts that did not happen are no retries of a job.
    """
    retriers = (each for each in _objects(state.get("Retry")) if not _is_about_starts(each))
    own = [rule for each in retriers if (rule := _from_retrier(each)) is not None]
    rules = [*own, *_from_generated_states(name.removesuffix(RUN_STATE), siblings)]
    return [_after_others(each) if at else each for at, each in enumerate(rules)]


def repeats_attempts(state: Json) -> bool:
    """Return whether a state may run its work several times: Retry is not only for starts that did not happen."""
    return "Catch" in state or not all(map(_is_about_starts, _objects(state.get("Retry"))))


def _is_about_starts(retrier: Json) -> bool:
    errors = retrier.get("ErrorEquals")
    return isinstance(errors, list) and set(map(str, errors)) <= {*UNSTARTED_ERRORS, *REFUSED_ERRORS}


def _after_others(rule: RetryRule) -> RetryRule:
    if rule.failures != "any failure":
        return rule
    return RetryRule("any other failure", rule.retries, rule.interval, rule.backoff, rule.longest, rule.jitter)


def _objects(value: Json) -> Sequence[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else ()


def _from_retrier(retrier: Json) -> RetryRule | None:
    errors = retrier.get("ErrorEquals")
    names = [str(each) for each in errors] if isinstance(errors, list) else []
    try:
        return RetryRule(
            join_words(list(dict.fromkeys(ERROR_WORDS.get(each, f"`{each}`") for each in names))),
            int(retrier.get("MaxAttempts", MAX_RETRIES_DEFAULT)),
            float(retrier.get("IntervalSeconds", INTERVAL_DEFAULT)),
            float(retrier.get("BackoffRate", BACKOFF_DEFAULT)),
            retrier.get("MaxDelaySeconds"),
            retrier.get("JitterStrategy") == "FULL",
        )
    except (TypeError, ValueError):
        return None


def _from_generated_states(prefix: str, siblings: Mapping[str, Json]) -> Iterator[RetryRule]:
    """Yield the rules that the generated states around a job's attempt contain, each class in their order."""
    judge, again, count = (_text(siblings.get(f"{prefix}{each}")) for each in (JUDGE_STATE, AGAIN_STATE, COUNT_STATE))
    budgets, policies = _document(_BUDGETS.search(again)), _document(_POLICIES.search(count))
    codes = {kind: loads_or(text, []) for text, kind in _EXIT_CODES.findall(judge)}
    for kind, retries in budgets.items():
        failures = _describe_codes(codes[kind]) if kind in codes else CLASS_WORDS.get(kind, kind)
        rule = _from_policy(failures, retries, policies.get(kind))
        if rule is not None:
            yield rule


def _from_policy(failures: str, retries: int, policy: Json) -> RetryRule | None:
    try:
        longest = None if policy["most"] == NO_LIMIT_SECONDS else policy["most"]
        return RetryRule(failures, retries, policy["interval"], policy["backoff"], longest, policy["jitter"])
    except (KeyError, TypeError):
        return None


def _text(value: Json) -> str:
    """Return all texts in a state, which are its expressions among others."""
    if isinstance(value, dict | list):
        return "\n".join(_text(each) for each in (value.values() if isinstance(value, dict) else value))
    return value if isinstance(value, str) else ""


def _document(found: re.Match[str] | None) -> dict[str, Json]:
    document = loads_or(found[1], {}) if found else {}
    return document if isinstance(document, dict) else {}


def _describe_codes(codes: Sequence[int]) -> str:
    return f"exit code {join_words([str(each) for each in codes])}"


def join_words(words: Sequence[str]) -> str:
    """Return words as a list in a sentence, with "or" before the last one."""
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)
