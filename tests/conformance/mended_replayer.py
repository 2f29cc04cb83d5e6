"""Mend how the replayer plays what the extract of a recording lost, and compares what the original test changed.

- A binary value is in the case as `{"__b64__": …}`, and in the expected answer as Python's text for bytes.
- A spelled-out URL or ARN names an account of the extraction; here it names the account that plays the case.
- A receipt handle of SQS that is not a reference was made when the case was extracted. Here each stands for the next
  message that its queue has brought.
- The original test adds `_normalized` to an error: the message without the place in a text that it quotes. The test
  compares that instead of the message, because the place reads otherwise in newer recordings.
- A call whose answer the original test awaited is repeated. It has been awaited as soon as it is the answer of AWS; if
  the recording has none, as soon as it has an item, and no stack that still changes; or, if messages are received until
  they are dead, no item. The last call of a case awaits nothing if nothing is compared with its answer.
"""

import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

from lamplighter.base.json_text import Json

SPELLED_ACCOUNT = re.compile("(?<=[/:])(000000000000|123456789012)(?=[/:])")
BINARY, NORMALIZED, PLACE = "__b64__", "_normalized", "\n at [Source"
ENDING = frozenset({"GetExecutionHistory", "DescribeExecution"})
"""Operations whose answer shows whether an execution has ended."""
EXTRACTED = "AQEB"
"""How the handles begin that this engine made when the cases were extracted."""


@dataclass(slots=True)
class Handles:
    """The receipt handles of one queue in one case."""

    received: set[str] = field(default_factory=set)
    latest: dict[str, str] = field(default_factory=dict)
    """The latest handle of each message, in the order in which the messages came."""
    extracted: list[str] = field(default_factory=list)
    """The handles from the extraction that were used, in their order."""

    def own(self, handle: str) -> str:
        """Return the handle to use for one of the case; one that is not from the extraction stays as it is."""
        if handle in self.received or not handle.startswith(EXTRACTED):
            return handle
        if handle not in self.extracted:
            self.extracted.append(handle)
        own = [*self.latest.values()][self.extracted.index(handle) :]
        return own[0] if own else handle


def mend(replay: ModuleType) -> None:
    """Change the loaded replayer."""
    replay.Player.resolve = _resolving_bytes_and_accounts(replay.Player.resolve)
    replay.Player.call = _calling_with_own_handles(replay.Player.call)
    replay.Player.settled = _awaiting_the_answer(replay, replay.Player.settled)
    replay.Unify.run = _comparing_as_the_test(replay.Unify.run)


def _resolving_bytes_and_accounts(resolve: Callable[[Json, Json], Json]) -> Callable[[Json, Json], Json]:
    def resolve_also(player: Json, node: Json) -> Json:
        if isinstance(node, dict) and node.keys() == {BINARY}:
            return b64decode(node[BINARY])
        found = resolve(player, node)
        return SPELLED_ACCOUNT.sub(player.account, found) if isinstance(found, str) else found

    return resolve_also


def _calling_with_own_handles(call: Callable[..., Json]) -> Callable[..., Json]:
    def call_with_own_handles(player: Json, operation: str, params: Json, *where: Json) -> Json:
        queues = player.__dict__.setdefault("own_handles", {})
        queue = queues.setdefault(params.get("QueueUrl"), Handles())
        if operation == "DeleteMessage":
            params = params | {"ReceiptHandle": queue.own(params["ReceiptHandle"])}
        answer = call(player, operation, params, *where)
        for message in answer[0].get("Messages", []) if operation == "ReceiveMessage" else ():
            queue.received.add(message["ReceiptHandle"])
            queue.latest[message["MessageId"]] = message["ReceiptHandle"]
        return answer

    return call_with_own_handles


def _awaiting_the_answer(replay: ModuleType, has_ended: Callable[[str, Json], bool]) -> Callable[..., bool]:
    def is_awaited(player: Json, operation: str, answer: Json) -> bool:
        at, calls = len(player.responses), player.case["calls"]
        if compared := [each for each in player.case["matches"] if each.get("call") == at]:
            return has_ended(operation, answer) or all(_agrees(replay, player, each, answer) for each in compared)
        if operation in ENDING:
            return has_ended(operation, answer)
        items: list[Json] = [each for value in answer.values() if isinstance(value, list) for each in value]
        if calls[at]["params"].get("VisibilityTimeout") == 0:
            return not items
        found = bool(items) and not any("_IN_PROGRESS" in str(each.get("StackStatus")) for each in items)
        return found or at + 1 == len(calls)

    return is_awaited


def _agrees(replay: ModuleType, player: Json, match: Json, answer: Json) -> bool:
    for part in match.get("path") or []:
        answer = answer.get(part) if isinstance(answer, dict) else None
    unify = replay.Unify(player.case, player.account, player.region)
    agrees: bool = unify.run(player.case["expected"].get(match["key"]), answer, match["key"])
    return agrees


def _comparing_as_the_test(run: Callable[..., Json]) -> Callable[..., Json]:
    def compare(unify: Json, expected: Json, found: Json, path: str) -> Json:
        if isinstance(found, bytes):
            found = str(found)
        if isinstance(expected, dict) and NORMALIZED in expected and isinstance(found, dict) and "Message" in found:
            found = found | {NORMALIZED: found["Message"].split(PLACE)[0], "Message": expected["Message"]}
        return run(unify, expected, found, path)

    return compare
