"""The cases recorded on AWS that lie beside the project, and how one of them is played against an engine."""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

from lamplighter.base.json_text import Json
from tests.served_engine import ACCOUNT, REGION

SHARED = Path(__file__).parents[3] / "shared" / "conformance"
FAILING = Path(__file__).with_name("failing.txt")

SERVED = frozenset({"events", "logs", "scheduler", "sns", "sqs", "states"})
"""The services that the engine has: a case that needs no other is played."""

ZEROS = "000000000000"
"""The account of the cases that spell out the URL of a queue."""

ENDING = frozenset({"GetExecutionHistory", "DescribeExecution"})
"""Operations whose answer tells when an execution has ended: the replayer repeats them until then."""


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded case."""

    path: Path

    @property
    def name(self) -> str:
        """As the list of failing cases calls it: area/case."""
        return f"{self.path.parent.name}/{self.path.stem}"

    def read(self) -> Json:
        """What was recorded."""
        return json.loads(self.path.read_bytes())

    @property
    def zeros(self) -> bool:
        """Whether it is to be played as the account that its queues' URLs name."""
        return f"/{ZEROS}/".encode() in self.path.read_bytes()

    @property
    def shares(self) -> bool:
        """Whether it changes what all cases have: what the default event bus permits."""
        permitting = [call for call in self.read()["calls"] if call["op"] in ("PutPermission", "RemovePermission")]
        return any(call["params"].get("EventBusName", "default") == "default" for call in permitting)

    @property
    def patience(self) -> Sequence[float]:
        """How many seconds a call is repeated at most; one whose answer has no end is repeated as long as that.

        Several: whether it was long enough is seen by the answer, and a busy machine needs longer.
        """
        repeated = {call["op"] for call in self.read()["calls"] if call.get("poll")}
        return (60.0,) if repeated <= ENDING else (1.0, 10.0, 60.0)


def cases() -> list[Case]:
    """All cases that need only what is served; none where the recordings are not there."""
    found = sorted([*SHARED.glob("cases/*/*.json"), *SHARED.glob("cases_integration/*/*.json")])
    return [case for case in map(Case, found) if SERVED.issuperset(case.read()["needs"])]


def failing() -> Mapping[str, str]:
    """The cases that do not pass yet, and why: `area/case: reason`, one a line."""
    lines = [line for line in FAILING.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split(": ", 1) for line in lines)


def replayer() -> ModuleType:
    """The program that plays cases; it belongs to the recordings."""
    spec = importlib.util.spec_from_file_location("replay", SHARED / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def play(replay: ModuleType, case: Case, endpoint: str) -> list[str]:
    """Play a case, with more patience as long as it differs; every difference from what AWS answered.

    Each try is in an account of its own, where nothing is left of the one before.
    """
    differences: list[str] = []
    for number, patience in enumerate(case.patience):
        differences = _play(replay, case, endpoint, patience, str(int(ACCOUNT) + number))
        if not differences:
            break
    return differences


def _play(replay: ModuleType, case: Case, endpoint: str, patience: float, account: str) -> list[str]:
    key = "test" if account == ACCOUNT else account
    options = SimpleNamespace(
        endpoint=endpoint,
        account=ZEROS if case.zeros else account,
        region=REGION,
        access_key=ZEROS if case.zeros else key,
        exact=False,
        lenient=False,
        timeout=patience,
        cases=str(SHARED),
    )
    result: Json = replay.run_case(str(case.path), options)
    differences = [f"{place}: AWS has {told}, we have {ours}" for place, told, ours in result["diffs"]]
    return differences if result["outcome"] != "error" else [result["message"]]
