"""Report what is wrong with a job file: in the engine's health and metrics, and to the file's notify channels.

The jobs may differ from the file, or channels may reach nobody. Guarantees one message when such a fault begins, one
for each further channel that breaks, and one when the fault ends, however many attempts there are and even if the
engine is killed: the message is recorded in the transaction that sends it. A message begins with its headline, and the
headlines of the begin and the end begin with the same word, so that a pager resolves its incident. A file may be wrong
for a moment while it is edited, so the channels are notified after two minutes. If the engine refuses a part of the
file, they are notified immediately.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.cli.up.merge_templates import ALARM
from lamplighter.engine.engine import Engine
from lamplighter.runs.printable_text import to_subject
from lamplighter.store import file_faults
from lamplighter.store.db import Tx
from lamplighter.store.file_faults import FaultKind

ALERT_DELAY_MILLISECONDS = 120_000
"""Milliseconds until the channels are notified of a fault that may be temporary."""
RULE, TOPIC = "AWS::Events::Rule", "AWS::SNS::Topic"


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of the alerts about a kind of fault; `{name}` is the file's name, and `{file}` its path."""

    subject: str
    text: str
    end_subject: str
    end_text: str


WORDS: Mapping[FaultKind, _Words] = {
    FaultKind.UNAPPLIED: _Words(
        "{name} is not applied",
        "The jobs do not agree with {file}:\n\n{reason}\n\n"
        "The valid parts are applied; the rest is unchanged. lamplighter keeps trying.",
        "{name} is applied again",
        "The jobs agree with {file} again.",
    ),
    FaultKind.CHANNELS: _Words(
        "channels of {name} reach nobody",
        "Channels or heartbeats of {file} reach nobody:\n\n{reason}\n\n"
        "The jobs run, but their messages to these places are lost. lamplighter keeps checking.",
        "channels of {name} work again",
        "All channels and heartbeats of {file} can work again.",
    ),
}


class FaultAlert:
    """The record of whether one file has a fault of one kind, and the alerts about it."""

    def __init__(self, engine: Engine, caller: Caller, file: str, kind: FaultKind) -> None:
        self._engine = engine
        self._caller = caller
        self._file = file
        self._kind = kind

    async def record(
        self, reason: str, topics: Iterable[str], *, immediate: bool, subjects: Iterable[str] = ()
    ) -> None:
        """Record the fault; notify the topics, immediately if `immediate`, else after two minutes.

        `subjects` are the parts of the file that are wrong. The topics are notified of each further one.
        """
        topic_arns, wrong = tuple(topics), frozenset(subjects)
        await self._engine.store.write(lambda tx: self._record(tx, reason, wrong, topic_arns, immediate=immediate))

    def is_recorded(self) -> bool:
        """Return whether the fault is recorded."""
        return file_faults.get(self._engine.store.reader, self._file, self._kind) is not None

    async def clear(self, topics: Iterable[str]) -> None:
        """Record that the fault has ended, and notify the topics if they were notified of it."""
        topic_arns = tuple(topics)
        await self._engine.store.write(lambda tx: self._clear(tx, topic_arns))

    def _record(
        self, tx: Tx, reason: str, subjects: frozenset[str], topics: tuple[str, ...], *, immediate: bool
    ) -> None:
        now, words = self._engine.world.now(), WORDS[self._kind]
        file_faults.record(tx, self._file, self._kind, reason, now)
        found = file_faults.get(tx, self._file, self._kind)
        assert found is not None
        known = found.alerted_subjects & subjects
        is_due = immediate or now - found.since >= ALERT_DELAY_MILLISECONDS
        is_new = found.alerted is None or known != subjects
        if is_new and is_due and self._publish(tx, topics, words.subject, words.text, reason):
            file_faults.set_alerted(tx, self._file, self._kind, now, subjects)
        elif known != found.alerted_subjects:
            file_faults.set_alerted(tx, self._file, self._kind, found.alerted, known)

    def _clear(self, tx: Tx, topics: tuple[str, ...]) -> None:
        found, words = file_faults.get(tx, self._file, self._kind), WORDS[self._kind]
        file_faults.clear(tx, self._file, self._kind)
        if found is not None and found.alerted is not None:
            self._publish(tx, topics, words.end_subject, words.end_text)

    def _publish(self, tx: Tx, topics: tuple[str, ...], subject: str, text: str, reason: str = "") -> bool:
        """Return whether a topic accepted the message."""
        message, accepted = format_message(subject, text, self._file, reason), False
        headline = message.partition("\n")[0]
        for topic in topics:
            given: Json = {"TopicArn": topic, "Subject": to_subject(headline), "Message": message}
            try:
                with tx.nested():
                    self._engine.bus.invoke(tx, self._caller, "sns", "Publish", given)
                accepted = True
            except AwsError:
                # The topic is elsewhere or deleted; the log and the health report the difference, too.
                continue
        return accepted


def format_message(subject: str, text: str, file: str, reason: str) -> str:
    """Return a message, which begins with its headline."""
    return f"{subject.format(name=Path(file).name)}\n\n{text.format(file=file, reason=reason)}"


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
