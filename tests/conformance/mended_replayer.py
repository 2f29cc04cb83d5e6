"""Mend how the replayer plays what the extract of a recording lost, and compares what the original test changed.

- A binary value is in the case as `{"__b64__": …}`, and in the expected answer as Python's text for bytes.
- A receipt handle of SQS that is not a reference was made when the case was extracted. Here each stands for the next
  message that its queue has brought.
- The original test adds `_normalized` to an error: the message without the place in a text that it quotes. The test
  compares that instead of the message, because the place reads otherwise in newer recordings.
"""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

from lamplighter.base.json_text import Json

BINARY, NORMALIZED, PLACE = "__b64__", "_normalized", "\n at [Source"
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
    replay.Player.resolve = _resolving_bytes(replay.Player.resolve)
    replay.Player.call = _calling_with_own_handles(replay.Player.call)
    replay.Unify.run = _comparing_as_the_test(replay.Unify.run)


def _resolving_bytes(resolve: Callable[[Json, Json], Json]) -> Callable[[Json, Json], Json]:
    def resolve_bytes(player: Json, node: Json) -> Json:
        if isinstance(node, dict) and node.keys() == {BINARY}:
            return b64decode(node[BINARY])
        return resolve(player, node)

    return resolve_bytes


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


def _comparing_as_the_test(run: Callable[..., Json]) -> Callable[..., Json]:
    def compare(unify: Json, expected: Json, found: Json, path: str) -> Json:
        if isinstance(found, bytes):
            found = str(found)
        if isinstance(expected, dict) and NORMALIZED in expected and isinstance(found, dict) and "Message" in found:
            found = found | {NORMALIZED: found["Message"].split(PLACE)[0], "Message": expected["Message"]}
        return run(unify, expected, found, path)

    return compare
