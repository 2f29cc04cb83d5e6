"""The cases recorded on AWS, which lie beside the project; play one of them against an engine."""

import importlib.util
import json
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import boto3
from botocore.loaders import Loader

from lamplighter.base.json_text import Json
from tests.conformance.mended_replayer import mend
from tests.served_engine import REGION, EngineAccount

SHARED = Path(__file__).parents[3] / "shared" / "conformance"
FAILING = Path(__file__).with_name("failing.txt")

SERVED = frozenset({"cloudformation", "cloudwatch", "events", "logs", "scheduler", "sns", "sqs", "states"})
"""The services that the engine has: a case that needs no other is played."""

TIMEOUT, FAILING_TIMEOUT = 60.0, 3.0
"""The most seconds for which a call is repeated; fewer in a case that is expected to fail, because most take all."""

LATER_FIELDS = frozenset({"LastOperations", "OperationId", "ResourceIdentifiers"})
"""Fields that AWS added to CloudFormation's answers after the older recordings; the replayer knows others."""

KNOWN_DIFFERENCES = (
    # The requests of these tests had no capabilities when they were recorded; AWS returns those that it is given, as
    # the recording of 2026 (test_fn_find_in_map_with_nested_ref_change_mapping) and its documentation show.
    re.compile(r"describe-change-set-\S*Capabilities\.length: AWS has 0, we have 3"),
    # AWS gave an added resource a Replacement until May 2025; the recordings since then have none.
    re.compile(r"describe-change-set-\S*ResourceChange\.Replacement: AWS has True, we have <absent>"),
    # The recorded template had no parameters; the one that is played has one.
    re.compile(r"template-summary\.Parameters\.length: AWS has 0, we have 1"),
    # The case compares both errors with the second call.
    re.compile(r"non-existent-stack-set-name: AWS has .*StackSet non-existent-stack-set-id not found"),
    # This engine sends mails without a confirmation.
    re.compile(r"(initial|new)-topic-attributes\S*\.SubscriptionsConfirmed: AWS has 0, we have 1"),
)
"""Differences that a newer recording or the way of playing explains; they are ignored, so that the rest counts."""

PROTOCOL: ContextVar[str | None] = ContextVar("PROTOCOL", default=None)
"""The protocol in which the case that this thread plays was recorded; None if it is boto3's own choice."""


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded case."""

    path: Path

    @property
    def name(self) -> str:
        """The name in the list of failing cases: area/case."""
        return f"{self.path.parent.name}/{self.path.stem}"

    def read(self) -> Json:
        """Return the recording."""
        return json.loads(self.path.read_bytes())

    @property
    def protocol(self) -> str | None:
        """The protocol in which the case was recorded, if its name says so; CloudWatch's errors depend on it."""
        found = re.search(r"\[(query|json|smithy-rpc-v2-cbor)\b", self.read()["test"])
        return found[1] if found is not None else None


def recorded_cases() -> list[Case]:
    """Return all cases that need only the engine's services; none if the recordings are missing."""
    found = sorted(SHARED.glob("cases*/*/*.json"))
    return [case for case in map(Case, found) if SERVED.issuperset(case.read()["needs"])]


def read_failing_cases() -> Mapping[str, str]:
    """Return the cases that do not pass yet, with the reasons; a line of the file is `area/case: reason`."""
    lines = [line for line in FAILING.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split(": ", 1) for line in lines)


def load_replayer() -> ModuleType:
    """Load the program that plays cases; it belongs to the recordings."""
    spec = importlib.util.spec_from_file_location("replay", SHARED / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    mend(module)
    module.boto3 = SimpleNamespace(session=SimpleNamespace(Session=_make_session))  # type: ignore[attr-defined]
    module.__dict__["LATER_FIELDS"].update(LATER_FIELDS)
    return module


class _OneProtocolLoader(Loader):  # type: ignore[misc]
    """A loader of service models whose clients use the case's protocol."""

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Json:
        """Return a model whose only protocol is the one of the case, if the service has it."""
        model: Json = super().load_service_model(service_name, type_name, api_version)
        metadata, protocol = model.get("metadata", {}), PROTOCOL.get()
        if protocol not in metadata.get("protocols", ()):
            return model
        return {**model, "metadata": {**metadata, "protocol": protocol, "protocols": [protocol]}}


def _make_session() -> boto3.session.Session:
    session = boto3.session.Session()
    session._session.register_component("data_loader", _OneProtocolLoader())
    return session


def play_case(replay: ModuleType, case: Case, account: EngineAccount, timeout: float = TIMEOUT) -> list[str]:
    """Play a case in an account that has nothing yet; return the differences from AWS's answers.

    A case of CloudWatch that differs is played again in another account, because a period may end between two calls.
    """
    differences = _play_once(replay, case, account, timeout)
    if differences and case.path.parent.name.startswith("cloudwatch"):
        another = f"9{account.account_id[1:]}"
        return _play_once(replay, case, EngineAccount(account.port, another, key=another), timeout)
    return differences


def _play_once(replay: ModuleType, case: Case, account: EngineAccount, timeout: float) -> list[str]:
    options = SimpleNamespace(
        endpoint=account.url,
        account=account.account_id,
        region=REGION,
        access_key=account.key,
        exact=False,
        lenient=False,
        timeout=timeout,
        cases=str(SHARED),
    )
    PROTOCOL.set(case.protocol)
    result: Json = replay.run_case(str(case.path), options)
    differences = [f"{place}: AWS has {told}, we have {ours}" for place, told, ours in result["diffs"]]
    if result["outcome"] == "error":
        return [result["message"]]
    return [each for each in differences if not any(pattern.match(each) for pattern in KNOWN_DIFFERENCES)]
