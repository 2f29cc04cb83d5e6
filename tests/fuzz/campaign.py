"""A campaign: a number of random requests to one engine, which find its faults.

A fault is a status of 500 or more (but for S3's NotImplemented), an answer that an SDK cannot read, an error without
code or message, a request that hangs, or an error that the engine reports about itself. The seed repeats a campaign.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from botocore.parsers import ResponseParserError

from lamplighter.base.json_text import Json, dumps
from lamplighter.wire.models.service_models import SERVICES
from tests.fuzz.fuzzed_engine import CALLER_GONE, ErrorRecords, FuzzedEngine, Hang
from tests.fuzz.random_values import Memory, RandomValues, break_one
from tests.fuzz.serialized_requests import FuzzAnswer, FuzzRequest, Target, all_targets, damage_request
from tests.fuzz.valid_requests import BEGIN, END

ADVANCES = (0, 1_000, 1_000, 30_000, 60_000, 3_600_000)
"""The milliseconds by which the clock moves now and then."""
ADVANCE_PERCENT = 2.0
VALID: Mapping[str, Sequence[Json]] = {
    f"{service}:{operation}": [params for each, params in [*BEGIN[service], *END[service]] if each == operation]
    for service in BEGIN
    for operation, _ in [*BEGIN[service], *END[service]]
}
VALID_PERCENT = 30.0
BROKEN_PERCENT = 15.0
DAMAGED_PERCENT = 5.0
UNKNOWN_SHARE = 20
"""One of so many operations of AWS is called, too; the engine does not have most of them."""
MAX_FAULTS = 20
"""After so many faults, a campaign ends."""

EMPTY_MESSAGES = frozenset({("monitoring:SetAlarmState", "ResourceNotFound")})
"""The errors that have no message on AWS either."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an answer."""

    target: str
    params: str
    reason: str

    @property
    def kind(self) -> tuple[str, str]:
        """The operation and the end of the reason; faults of one kind are reported once."""
        return self.target, self.reason.rpartition("\n")[2][-80:] if "Traceback" in self.reason else self.reason[:20]

    def __str__(self) -> str:
        return f"{self.target} {self.params[:2000]}\n    {self.reason[-3000:]}"


@dataclass(slots=True)
class Report:
    """What a campaign has found."""

    served: frozenset[str] = frozenset()
    """The operations that the engine has."""
    requests: int = 0
    successes: Counter[str] = field(default_factory=Counter)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)

    def add_fault(self, fault: Fault) -> None:
        """Add a fault, unless there is one of its kind."""
        self.faults.setdefault(fault.kind, fault)

    def add(self, other: "Report") -> None:
        """Add what another campaign has found."""
        self.served |= other.served
        self.requests += other.requests
        self.successes += other.successes
        self.errors += other.errors
        self.faults = other.faults | self.faults

    @property
    def never_successful(self) -> list[str]:
        """The operations of the engine that no request reached with success."""
        return sorted(self.served - self.successes.keys())


def run_campaign(directory: Path, seed: int, requests: int, targets: Sequence[Target] = ()) -> Report:
    """Send random requests to an engine on a new data directory, restart it, and return what was found."""
    with FuzzedEngine.recorded(directory) as (engine, records):
        served = served_targets(engine)
        campaign = _Campaign(engine, records, seed, targets or [*served, *all_targets()[::UNKNOWN_SHARE]])
        campaign.report.served = frozenset(each.name for each in served)
        campaign.prepare()
        while campaign.report.requests < requests and len(campaign.report.faults) < MAX_FAULTS:
            campaign.step()
        engine.restart()
        campaign.check_records("restart", "")
    return campaign.report


def served_targets(engine: FuzzedEngine) -> list[Target]:
    """Return the operations that the engine has, in each protocol."""
    services = engine.engine.services
    names = {name: services[name].operations.keys() for name in SERVICES}
    return [each for each in all_targets() if each.operation in names[each.service]]


class _Campaign:
    def __init__(self, engine: FuzzedEngine, records: ErrorRecords, seed: int, targets: Sequence[Target]) -> None:
        self.report = Report()
        self._engine = engine
        self._records = records
        self._random = Random(seed)
        self._targets = targets
        self._memory = {each.service: Memory() for each in targets}
        self._values = {name: RandomValues(self._random, memory) for name, memory in self._memory.items()}

    def prepare(self) -> None:
        """Create what most requests need."""
        targets = {each.name: each for each in self._targets}
        for service, requests in BEGIN.items():
            for operation, params in requests:
                target = targets.get(f"{service}:{operation}")
                if target is not None:
                    self._send(target, target.serialize(self._memory[service].fill(params)), repr(params))

    def step(self) -> None:
        """Send one request and check its answer; now and then, let time pass."""
        target = self._random.choice(self._targets)
        values = self._values[target.service]
        valid = VALID.get(target.name, ()) if values.chance(VALID_PERCENT) else ()
        params = (
            self._memory[target.service].fill(self._random.choice(valid))
            if valid
            else values.parameters(target.model.input_shape)
        )
        broken = values.chance(BROKEN_PERCENT)
        if broken:
            params = break_one(params, self._random)
        try:
            request = target.serialize(params)
        except Exception:  # noqa: BLE001 - the protocol cannot write such parameters
            return
        damaged = values.chance(DAMAGED_PERCENT)
        if damaged:
            request = damage_request(request, self._random)
        shown = repr(params) if not damaged else repr(request)
        self.report.requests += 1
        self._send(target, request, shown, damaged=damaged or target.names_another(params))
        if values.chance(ADVANCE_PERCENT):
            self._engine.advance(self._random.choice(ADVANCES))
            self.check_records(f"time after {target.name}", shown)

    def _send(self, target: Target, request: FuzzRequest, shown: str, *, damaged: bool = False) -> None:
        try:
            answer = self._engine.request(request)
            reason = self._check(target, answer, damaged=damaged)
        except Hang as error:
            reason = str(error)
        if reason:
            self.report.add_fault(Fault(target.name, shown, reason))
        self.check_records(target.name, shown)

    def _check(self, target: Target, answer: FuzzAnswer, *, damaged: bool) -> str:
        """Return what is wrong with an answer; empty if nothing is."""
        if answer is CALLER_GONE:
            self.report.successes[target.name] += 1
            return ""
        if answer.status >= 500 and not (answer.status == 501 and b"<Code>NotImplemented</Code>" in answer.body):
            return f"{answer.status}: {answer.body!r}"
        if damaged:  # it may have become a request of another protocol
            return ""
        try:
            parsed = target.read_answer(answer)
        except ResponseParserError as error:
            return f"{answer.status}: an SDK cannot read {answer.body!r}: {error}"
        if answer.status < 300:
            self.report.successes[target.name] += 1
            self._memory[target.service].remember(
                {name: each for name, each in parsed.items() if name != "ResponseMetadata"}
            )
            return ""
        refusal = parsed.get("Error", {})
        self.report.errors[target.name, str(refusal.get("Code"))] += 1
        needed = ("Code",) if (target.name, refusal.get("Code")) in EMPTY_MESSAGES else ("Code", "Message")
        missing = [name for name in needed if not refusal.get(name)]
        return f"{answer.status} without {missing}: {answer.body!r}" if missing else ""

    def check_records(self, name: str, shown: str) -> None:
        """Make a fault of each error that the engine has reported about itself."""
        for each in self._records.texts:
            self.report.add_fault(Fault(name, shown, each))
        self._records.texts.clear()


def summarize(report: Report) -> str:
    """Return a report as text: the operations without success, with their most frequent errors, and numbers."""
    lines = []
    for name in report.never_successful:
        errors = Counter({code: number for (target, code), number in report.errors.items() if target == name})
        lines.append(f"never successful: {name} {dumps(dict(errors.most_common(3)))}")
    answered = sum(report.successes.values())
    lines.append(f"{report.requests} requests, {answered} successful, {len(report.faults)} faults")
    return "\n".join(lines)
