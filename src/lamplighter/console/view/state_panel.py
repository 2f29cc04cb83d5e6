"""The panel beside the graph: one state with its visits, what went in and what came out, or the run as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.console.view import failure_reason, state_status
from lamplighter.console.view.state_status import visit_status
from lamplighter.runs.story import Attempt, Story, Visit

MOST = 20
"""Visits of a page, the latest first."""
TROUBLE = ("FAILED", "TIMED_OUT", "ABORTED", "CAUGHT", "RETRYING")
SHOWN = 8_000
"""Characters of a document."""


@dataclass(frozen=True, slots=True)
class PanelDocument:
    """An input or output."""

    title: str
    text: str
    whole: str
    """Where all of it is: what `/runs/…/document?of=` asks for."""

    @property
    def cut(self) -> bool:
        """Whether it is too long to be shown here."""
        return len(self.text) > SHOWN


@dataclass(frozen=True, slots=True)
class StateVisit:
    """One visit."""

    visit: Visit
    status: str
    documents: Sequence[PanelDocument]
    attempts: Sequence[tuple[Attempt, str]]
    """Each with why it did not succeed."""
    seconds: float | None
    """How long it took."""


@dataclass(frozen=True, slots=True)
class PanelDetail:
    """What the panel shows."""

    state: str | None
    """None: the run as a whole."""
    stays: Sequence[StateVisit]
    documents: Sequence[PanelDocument]
    error: str | None = None
    cause: str | None = None
    visits: int = 0
    troubled: int = 0
    """How many of the visits did not go well."""
    only: str = "all"
    """Which visits are shown: all, or those that failed."""
    earlier: int | None = None
    """The number of the event before which the next page of visits ends."""


def panel_detail(
    page: Page, events: Sequence[Json], story: Story, about: Json, deadline: int | None = None
) -> PanelDetail:
    """The state that the page is asked for, or all of the run; `deadline` is its own."""
    state = page.query("state")
    if state is None:
        documents = [
            PanelDocument(name.capitalize(), about[name], name) for name in ("input", "output") if about.get(name)
        ]
        return PanelDetail(None, (), documents, about.get("error"), about.get("cause"))
    visits = [visit for visit in story.visits if visit.state == state]
    broken = state_status.caught_exits(events)
    troubled = [visit for visit in visits if visit_status(story, visit, broken) in TROUBLE]
    # Where a state is shown as one that did not go well, the visits that say why come first.
    worst = state_status.state_statuses(story, broken)[state].status in TROUBLE if visits else False
    only = page.query("only") or ("failed" if worst and troubled else "all")
    wanted = troubled if only == "failed" else visits
    before = page.query_number("before")
    found = [visit for visit in wanted if before is None or visit.event < before]
    by_number = {event["id"]: event for event in events}
    stays = [
        StateVisit(
            visit,
            visit_status(story, visit, broken),
            _documents(story, visit, by_number),
            [(each, failure_reason.attempt_failure(story, each, deadline)) for each in _attempts(story, visit)],
            None if visit.left is None else story.running_time(visit.entered, visit.left) / 1000,
        )
        for visit in reversed(found[-MOST:])
    ]
    earlier = stays[-1].visit.event if len(found) > MOST else None
    return PanelDetail(state, stays, (), visits=len(visits), troubled=len(troubled), earlier=earlier, only=only)


def _attempts(story: Story, visit: Visit) -> Sequence[Attempt]:
    return [story.attempts[at] for at in visit.attempts]


def _documents(story: Story, visit: Visit, events: Mapping[int, Json]) -> Sequence[PanelDocument]:
    attempts = _attempts(story, visit)
    found = [_document("Input", events.get(visit.event), "stateEnteredEventDetails", "input")]
    if attempts:
        found.append(_document("Parameters", events.get(attempts[-1].event), "taskScheduledEventDetails", "parameters"))
    if visit.exit is not None:
        found.append(_document("Output", events.get(visit.exit), "stateExitedEventDetails", "output"))
    return [each for each in found if each is not None]


def _document(title: str, event: Json, details: str, field: str) -> PanelDocument | None:
    text = (event or {}).get(details, {}).get(field)
    return None if text is None else PanelDocument(title, text, str(event["id"]))
