"""The served API answers any request to any operation without a fault; each operation can succeed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.fuzz.campaign import Report, run_campaign, served_targets
from tests.fuzz.fuzzed_engine import FuzzedEngine
from tests.fuzz.random_values import Memory
from tests.fuzz.serialized_requests import Target
from tests.fuzz.valid_requests import BEGIN, END, ORDER
from tests.property_settings import examples

CAMPAIGNS = range(20)
REQUESTS = 5_000
"""The requests of each campaign: 100,000 together. `make fuzz` sends a million, with other seeds."""

WITHOUT_SUCCESS = {
    "cloudformation:CancelUpdateStack": "an update ends before the next request",
    "cloudformation:ContinueUpdateRollback": "needs a rollback that failed",
    "cloudformation:ListImports": "needs a stack that imports a value",
    "cloudformation:RollbackStack": "needs a stack whose update failed without a rollback",
    "cloudformation:SignalResource": "no resource here waits for signals",
    "ecs:ExecuteCommand": "no agent for commands runs here",
    "events:CancelReplay": "a replay ends before the next request",
    "sns:ConfirmSubscription": "the token is in the message to the endpoint",
    "ecr:PutImage": "needs an image of Docker",
    "s3:GetBucketReplication": "replication is refused",
    "s3:GetBucketWebsite": "websites are refused",
    "s3:GetObjectLockConfiguration": "object lock is refused",
    "sts:AssumeRoleWithWebIdentity": "an engine has no identity providers",
    "sts:DecodeAuthorizationMessage": "an engine encodes no messages",
}
"""Operations for which no request of one list can succeed, with the reason."""
STACK_SET = re.compile("cloudformation:.*(StackSet|StackInstance)")
"""The operations on stack sets answer as in an account that has none."""


@pytest.mark.parametrize("seed", CAMPAIGNS)
def test_random_requests_find_no_fault(tmp_path: Path, seed: int) -> None:
    report = run_campaign(tmp_path / "data", seed, examples(REQUESTS))
    assert not report.faults, "\n".join(map(str, report.faults.values()))
    assert sum(report.successes.values()) > report.requests / 20


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FuzzedEngine]:
    with FuzzedEngine.recorded(tmp_path / "data") as (engine, _):
        yield engine


def test_every_operation_has_a_valid_request_or_a_reason(engine: FuzzedEngine) -> None:
    served = {each.name for each in served_targets(engine)}
    listed = {f"{service}:{operation}" for service in ORDER for operation, _ in [*BEGIN[service], *END[service]]}
    assert listed <= served
    without = {each for each in served - listed if not STACK_SET.match(each)}
    assert without == WITHOUT_SUCCESS.keys(), (
        "add a request to tests/fuzz/valid_requests, or a reason to WITHOUT_SUCCESS"
    )


def test_every_valid_request_succeeds(engine: FuzzedEngine) -> None:
    protocols: dict[str, Target] = {}
    for each in served_targets(engine):
        protocols.setdefault(each.name, each)
    memory = {service: Memory() for service in ORDER}
    for requests in (BEGIN, END):
        for service in ORDER:
            for operation, params in requests[service]:
                target = protocols[f"{service}:{operation}"]
                answer = send(engine, target, memory[service].fill(params))
                memory[service].remember(answer)
                engine.settle()


def send(engine: FuzzedEngine, target: Target, params: Json) -> Json:
    """Send a request that must succeed; return the parsed answer."""
    answer = engine.request(target.serialize(params))
    assert 200 <= answer.status < 300, f"{target.name} {params}: {answer.body!r}"
    parsed = target.read_answer(answer)
    parsed.pop("ResponseMetadata")
    return parsed


def test_a_fault_of_the_engine_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("lamplighter.services.sqs.queues.queues.Queues.list", fail)
    report: Report = run_campaign(tmp_path / "data", 1, 10)
    kinds = {(target, reason[:7]) for target, reason in report.faults}
    assert {("sqs:ListQueues", "500: b'"), ("sqs:ListQueues", "KeyErro")} <= kinds
