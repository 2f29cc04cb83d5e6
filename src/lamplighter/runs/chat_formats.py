"""Format an alert as the documents that Slack, Microsoft Teams, Discord and PagerDuty accept, and as plain JSON.

Reads the text of an alert (`services/alerts/alert_text.py`): a headline, lines `Name:      value`, and the last lines
of the log. Any other text works, too, with what it has. Guarantees documents within the services' limits: of a long log
the end is kept. `jobs/machine/chat_machine.py` makes the same documents on AWS. Pure. See:

- https://api.slack.com/reference/block-kit/blocks and https://api.slack.com/reference/surfaces/formatting#escaping
- https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using: Workflows
  accept Adaptive Cards only; the connectors before them are retired
- https://discord.com/developers/docs/resources/message#embed-object-embed-limits
- https://developer.pagerduty.com/docs/events-api-v2-overview
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from lamplighter.base.chat_services import DISCORD, PAGERDUTY, POST, SLACK, TEAMS
from lamplighter.base.json_text import Json

MAX_HEADLINE = 250
"""Discord allows 256 characters of a title."""
MAX_SLACK_HEADER, MAX_SLACK_SECTION = 150, 2_900
"""Slack allows 150 characters of a header, and 3,000 of a section."""
MAX_DISCORD_PART = 1_900
"""Discord allows 4,096 characters of a description, which has two parts."""
MAX_TEAMS_PART = 3_500
"""Teams allows 28 KB of a card, which has two parts; a character has up to three bytes."""
MAX_PAGERDUTY_TEXT = 20_000
"""PagerDuty allows 512 KB of an event."""
MAX_KEY = 255
GREEN, RED = 0x2EB67D, 0xE01E5A
LOG_HEADING = "\n\nLast lines:\n"
RESOLVED = re.compile(r" (works?|starts|answers|is applied) again| succeeded late")
"""Matches the headline of an alert that reports the end of a problem."""
WARNING = re.compile(r" is late|: (an )?attempt |: no room on the machine|: no engine ran ")
"""Matches the headline of an alert about something that may still turn out well."""
DOCKER = re.compile(r"Docker (does not answer|answers again)")
WHITE_SPACE = " \t\r\n"
"""The characters around a text that do not count."""
EMPTY_FACT = re.compile("[A-Z][a-z ]*: *")
"""Matches a line of an alert whose fact has no value, because AWS's event had none."""
QUOTED_LINE = re.compile('"(.*)"')
"""Matches a line as EventBridge's input templates leave it."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """The parts of an alert; a `post` channel gets them as they are."""

    headline: str
    details: str
    log: str
    link: str | None
    key: str
    """What the alert is about, always the same for the same job, so that a later alert can resolve an incident."""
    project: str
    resolved: bool
    severity: str
    text: str


def parse_message(text: str, project: str) -> ChatMessage:
    """Split the text of an alert into its parts. `project` counts if the text names none."""
    plain = "\n".join(_unquote(line) for line in text.strip(WHITE_SPACE).split("\n"))
    headline, _, rest = plain.partition("\n")
    details, _, log = f"\n{rest}".partition(LOG_HEADING)
    link, named = re.search(r"Look at: +(https?://[^ \n]+)", details), re.search(r"Project: +([^ \n]+)", details)
    owner = named[1] if named else project
    subject = headline.split(" ")[0].removesuffix(":")
    return ChatMessage(
        headline,
        "\n".join(each for each in details.split("\n") if not EMPTY_FACT.fullmatch(each)).strip("\n"),
        log,
        link[1] if link else None,
        ("docker" if DOCKER.search(headline) else f"{owner}-{subject}")[:MAX_KEY],
        owner,
        RESOLVED.search(headline) is not None,
        "warning" if WARNING.search(headline) else "error",
        plain,
    )


def _unquote(line: str) -> str:
    found = QUOTED_LINE.fullmatch(line)
    return found[1].replace('\\"', '"') if found else line


def format_for(service: str, text: str, project: str) -> Json:
    """Return the document with an alert for a service."""
    return _FORMATS[service](parse_message(text, project))


def _slack(message: ChatMessage) -> Json:
    def section(text: str) -> Json:
        return {"type": "section", "text": {"type": "mrkdwn", "text": text}}

    headline = _escape_slack(message.headline)
    header = {"type": "plain_text", "text": headline[:MAX_SLACK_HEADER], "emoji": False}
    details, log = _escape_slack(message.details), _escape_slack(_code(message.log))
    blocks = [
        {"type": "header", "text": header},
        *([section(details[:MAX_SLACK_SECTION])] if details else []),
        *([section(f"```\n{log[-MAX_SLACK_SECTION:]}\n```")] if log else []),
    ]
    return {"text": headline[:MAX_SLACK_SECTION], "blocks": blocks}


def _escape_slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    """Return a text that does not end a block of code."""
    return text.replace("```", "'''")


def _teams(message: ChatMessage) -> Json:
    def line(text: str, **more: Json) -> Json:
        return {"type": "TextBlock", "text": text, "wrap": True, "spacing": "None", **more}

    headline = line(message.headline[:MAX_HEADLINE], weight="Bolder", size="Medium")
    details, log = message.details[:MAX_TEAMS_PART], message.log[-MAX_TEAMS_PART:]
    lines = [line(each) for each in details.split("\n") if each]
    log_lines = [line(each, fontType="Monospace") for each in log.split("\n") if each]
    content: Json = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [headline, *lines, *log_lines],
    }
    if message.link is not None:
        content["actions"] = [{"type": "Action.OpenUrl", "title": "Look at it", "url": message.link}]
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    return {"type": "message", "attachments": [card]}


def _discord(message: ChatMessage) -> Json:
    log = f"\n```\n{_code(message.log)[-MAX_DISCORD_PART:]}\n```" if message.log else ""
    embed = {
        "title": message.headline[:MAX_HEADLINE],
        "description": message.details[:MAX_DISCORD_PART] + log,
        "color": GREEN if message.resolved else RED,
        **({} if message.link is None else {"url": message.link}),
    }
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _pagerduty(message: ChatMessage) -> Json:
    payload = {
        "summary": message.headline[:MAX_HEADLINE],
        "source": message.project,
        "severity": message.severity,
        "custom_details": {"alert": message.text[:MAX_PAGERDUTY_TEXT]},
    }
    links = [] if message.link is None else [{"href": message.link, "text": "Look at it"}]
    action = "resolve" if message.resolved else "trigger"
    return {"event_action": action, "dedup_key": message.key, "payload": payload, "links": links}


_FORMATS: Mapping[str, Callable[[ChatMessage], Json]] = {
    SLACK: _slack, TEAMS: _teams, DISCORD: _discord, PAGERDUTY: _pagerduty, POST: asdict,
}  # fmt: skip
