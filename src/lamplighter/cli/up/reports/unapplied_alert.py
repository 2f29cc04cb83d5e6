"""Report that the jobs differ from the file: in the engine's health and metrics, and to the file's notify channels.

Guarantees one message when the difference begins and one when it ends, however many attempts there are and even if the
engine is killed: the message is recorded in the transaction that sends it. A file may be wrong for a moment while it is
edited, so the channels are notified after two minutes. If the engine refuses a part of the file, they are notified
immediately.
"""

from collections.abc import Iterable
from pathlib import Path

from lamplighter.base import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.cli.up.merge_templates import ALARM
from lamplighter.engine.engine import Engine
from lamplighter.runs.printable_text import to_subject
from lamplighter.store import unapplied_files
from lamplighter.store.db import Tx

ALERT_DELAY_MILLISECONDS = 120_000
"""Milliseconds until the channels are notified of a difference that may be temporary."""
RULE, TOPIC = "AWS::Events::Rule", "AWS::SNS::Topic"


class UnappliedAlert:
    """The record of whether one file is applied, and the alerts about it."""

    def __init__(self, engine: Engine, caller: Caller, file: str) -> None:
        self._engine = engine
        self._caller = caller
        self._file = file
        self._name = Path(file).name

    async def set_unapplied(self, reason: str, topics: Iterable[str], *, immediate: bool) -> None:
        """Record that the file is not applied; notify the topics, immediately if `immediate`, else after two
        minutes.
        """
        topic_arns = tuple(topics)
        await self._engine.store.write(lambda tx: self._record(tx, reason, topic_arns, immediate=immediate))

    def is_unapplied(self) -> bool:
        """Return whether it is recorded that the file is not applied."""
        return unapplied_files.get(self._engine.store.reader, self._file) is not None

    async def set_applied(self, topics: Iterable[str]) -> None:
        """Record that the file is applied, and notify the topics if they were notified of the difference."""
        topic_arns = tuple(topics)
        if self.is_unapplied():
            await self._engine.store.write(lambda tx: self._clear(tx, topic_arns))

    def _record(self, tx: Tx, reason: str, topics: tuple[str, ...], *, immediate: bool) -> None:
        now = self._engine.world.now()
        unapplied_files.set_unapplied(tx, self._file, reason, now)
        found = unapplied_files.get(tx, self._file)
        assert found is not None
        if found.alerted is None and (immediate or now - found.since >= ALERT_DELAY_MILLISECONDS):
            text = (
                f"The jobs do not agree with {self._file}:\n\n{reason}\n\n"
                "The valid parts are applied; the rest is unchanged. lamplighter keeps trying."
            )
            self._publish(tx, topics, f"{self._name} is not applied", text)
            unapplied_files.set_alerted(tx, self._file, now)

    def _clear(self, tx: Tx, topics: tuple[str, ...]) -> None:
        found = unapplied_files.get(tx, self._file)
        unapplied_files.set_applied(tx, self._file)
        if found is not None and found.alerted is not None:
            self._publish(tx, topics, f"{self._name} is applied again", f"The jobs agree with {self._file} again.")

    def _publish(self, tx: Tx, topics: tuple[str, ...], subject: str, text: str) -> None:
        for topic in topics:
            given: Json = {"TopicArn": topic, "Subject": to_subject(subject), "Message": text}
            try:
                with tx.nested():
                    self._engine.bus.invoke(tx, self._caller, "sns", "Publish", given)
            except AwsError:
                # The topic is elsewhere or deleted; the log and the health report the difference, too.
                continue


def alert_topics(document: Json, caller: Caller) -> list[str]:
    """Return the ARNs of the topics that a template's rules and alarms notify; if there are none, of all its topics."""
    resources = document.get("Resources", {})
    own_arns = {title: _topic_arn(each, caller) for title, each in resources.items() if each["Type"] == TOPIC}
    targets = [where for each in resources.values() for where in _notified_topics(each)]
    arns = [own_arns.get(where.get("Ref", ""), "") if isinstance(where, dict) else str(where) for where in targets]
    return list(dict.fromkeys(each for each in arns or own_arns.values() if each))


def _topic_arn(topic: Json, caller: Caller) -> str:
    return arn.build("sns", caller.region, caller.account, str(topic["Properties"]["TopicName"]))


def _notified_topics(resource: Json) -> list[Json]:
    properties = resource.get("Properties", {})
    if resource["Type"] == RULE:
        return [target["Arn"] for target in _flatten_if(properties.get("Targets", []))]
    return _flatten_if(properties.get("AlarmActions", [])) if resource["Type"] == ALARM else []


def _flatten_if(items: Json) -> list[Json]:
    """Return a list, or both lists of an Fn::If."""
    if isinstance(items, dict):
        _, yes, no = items["Fn::If"]
        return [*_flatten_if(yes), *_flatten_if(no)]
    return list(items)
