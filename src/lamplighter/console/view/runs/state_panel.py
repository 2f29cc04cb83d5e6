"""Build the panel beside the graph: a state with its visits, inputs and outputs, or the run as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.console.view.runs.graph import is_distributed, map_processor
from lamplighter.console.view.runs.map_panel import MapPanel, build_map_panel
from lamplighter.runs.failures.failure_words import attempt_failure, run_deadline
from lamplighter.runs.history.map_items import only_items
from lamplighter.runs.history.state_status import state_statuses, visit_status
from lamplighter.runs.history.story import Attempt, Story, Visit

PAGE_SIZE = 20
"""The most visits on a page, newest first."""
UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED", "CAUGHT", "RETRYING")
MAX_SHOWN_LENGTH = 8_000
"""The most characters of a document that are shown."""


@dataclass(frozen=True, slots=True)
class PanelDocument:
    """An input, output or set of parameters."""

    title: str
    text: str
    document_query: str
    """The value of the query parameter `of` of `/runs/…/document`, which returns the complete document."""

    @property
    def is_cut(self) -> bool:
        """Whether the text is too long to be shown completely."""
        return len(self.text) > MAX_SHOWN_LENGTH


@dataclass(frozen=True, slots=True)
class StateVisit:
    """One visit of a state."""

    visit: Visit
    status: str
    documents: Sequence[PanelDocument]
    attempts: Sequence[tuple[Attempt, str]]
    """The attempts, each with the reason why it did not succeed."""
    seconds: float | None
    """How long the visit took, or None if it has not ended."""


@dataclass(frozen=True, slots=True)
class PanelDetail:
    """The contents of the panel."""

    state: str | None
    """The name of the state, or None for the run as a whole."""
    visits: Sequence[StateVisit]
    documents: Sequence[PanelDocument]
    error: str | None = None
    cause: str | None = None
    visit_count: int = 0
    unsuccessful_count: int = 0
    """The number of visits that did not succeed."""
    only: str = "all"
    """The visits that are shown: all or failed."""
    earlier: int | None = None
    """The `before` of the next page: its visits have smaller event IDs."""
    map_panel: MapPanel | None = None
    """The items of an inline Map."""
    map_state: str | None = None
    """The distributed Map that the state is, or in which it is: its items are runs of their own."""
    map_runs: Sequence[str] = ()
    """The ARNs of the Map Runs of that Map, the latest first."""


def build_panel(
    page: Page, events: Sequence[Json], whole: Story, about: Json, definition: Json, steps: Sequence[str] = ()
) -> PanelDetail:
    """Build the panel for the state in the page's query, or for the whole run.

    Of Maps in `steps`, only the chosen items are shown, such as `Files[3]`.
    """
    story, deadline = only_items(whole, steps), run_deadline(definition)
    state = page.query("state")
    if state is None:
        documents = [
            PanelDocument(name.capitalize(), about[name], name) for name in ("input", "output") if about.get(name)
        ]
        return PanelDetail(None, (), documents, about.get("error"), about.get("cause"))
    visits = [visit for visit in story.visits if visit.state == state]
    unsuccessful = [visit for visit in visits if visit_status(story, visit) in UNSUCCESSFUL]
    # If the graph shows the state as failed, show the visits that explain the failure first.
    is_unsuccessful = state_statuses(story)[state].status in UNSUCCESSFUL if visits else False
    only = page.query("only") or ("failed" if is_unsuccessful and unsuccessful else "all")
    selected = unsuccessful if only == "failed" else visits
    before = page.query_number("before")
    found = [visit for visit in selected if before is None or visit.event < before]
    by_number = {event["id"]: event for event in events}
    shown_visits = [
        StateVisit(
            visit,
            visit_status(story, visit),
            _documents(story, visit, by_number),
            [(each, attempt_failure(story, each, deadline)) for each in story.attempts_of(visit)],
            None if visit.left is None else story.running_time(visit.entered, visit.left) / 1000,
        )
        for visit in reversed(found[-PAGE_SIZE:])
    ]
    map_state = _distributed_map(definition, state)
    earlier = shown_visits[-1].visit.event if len(found) > PAGE_SIZE else None
    return PanelDetail(
        state,
        shown_visits,
        (),
        visit_count=len(visits),
        unsuccessful_count=len(unsuccessful),
        earlier=earlier,
        only=only,
        map_panel=build_map_panel(page, by_number, whole, definition, steps),
        map_state=map_state,
        map_runs=_map_runs(story, map_state),
    )


def _distributed_map(definition: Json, name: str) -> str | None:
    """Return the outermost distributed Map that has this name, or a state with this name inside of it."""
    for outer, state in walk_states(definition):
        if is_distributed(state) and name in (outer, *(each for each, _ in walk_states(map_processor(state)))):
            return outer
    return None


def _map_runs(story: Story, state: str | None) -> Sequence[str]:
    """Return the Map Runs that a state started, the latest first."""
    started = (each.map_run for each in reversed(story.attempts) if each.state == state and each.map_run is not None)
    return list(dict.fromkeys(started))


def _documents(story: Story, visit: Visit, events: Mapping[int, Json]) -> Sequence[PanelDocument]:
    attempts = story.attempts_of(visit)
    found = [_document("Input", events.get(visit.event), "stateEnteredEventDetails", "input")]
    if attempts:
        found.append(_document("Parameters", events.get(attempts[-1].event), "taskScheduledEventDetails", "parameters"))
    if visit.exit is not None:
        found.append(_document("Output", events.get(visit.exit), "stateExitedEventDetails", "output"))
    return [each for each in found if each is not None]


def _document(title: str, event: Json, details: str, field: str) -> PanelDocument | None:
    text = (event or {}).get(details, {}).get(field)
    return None if text is None else PanelDocument(title, text, str(event["id"]))
