"""Act on several runs of the night: first say what an action will do to how many, then do it and report each.

A script sends the runs one by one and shows a bar (`static/night.js`). Without scripts, one form acts on all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from lamplighter.base.count_text import format_count
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.console.data.action_subject import is_missed, is_task
from lamplighter.console.data.runs.run_actions import (
    ACKNOWLEDGE,
    ACTIONS,
    AGAIN,
    REDRIVE,
    STOP,
    ActionRequest,
    PlannedAction,
    act,
    plan_actions,
)
from lamplighter.console.page import Page, form_route
from lamplighter.console.pages.night import MAX_RUNS
from lamplighter.console.ports.port import place_of_arn
from lamplighter.console.view.links import local_path, resource_path
from lamplighter.wire.access.roles import Role


@dataclass(frozen=True, slots=True)
class ActionWords:
    """What an action is called on its page."""

    question: str
    effect: str
    button: str
    refused: str


def describe_action(action: str, can: int, cannot: int) -> ActionWords:
    """Return the words for an action on so many runs."""
    runs = format_count(can, "run")
    words = {
        AGAIN: (f"Run {runs} again?", "Each starts a new run of its job with the same input.", f"Run {can} again"),
        REDRIVE: (f"Redrive {runs}?", "Each continues in the state that failed.", f"Redrive {can}"),
        STOP: (f"Stop {runs}?", "Their containers are stopped. This cannot be undone.", f"Stop {can}"),
        ACKNOWLEDGE: (
            f"Acknowledge {format_count(can, 'failure')}?",
            "They leave the count of failures. A later success of the job does the same by itself.",
            f"Acknowledge {can}",
        ),
    }  # fmt: skip
    question, effect, button = words[action]
    if not can:
        question, effect = question.replace("?", ""), "None of these runs can be chosen for this."
    return ActionWords(question, effect, button, f"{format_count(cannot, 'run')} left out:" if can else "Why not:")


async def confirm(page: Page, given: Mapping[str, str]) -> Response:
    """Say what an action will do to the ticked runs, and ask."""
    action, runs = _read_request(given)
    planned = await plan_actions(page, action, runs)
    shown = [
        _name_run(page, each) | {"possible": each.possible, "effect": each.words(page.clock.brief)} for each in planned
    ]
    can, cannot = [each for each in shown if each["possible"]], [each for each in shown if not each["possible"]]
    return await page.render(
        "night_confirm.html",
        action=action,
        can=can,
        cannot=cannot,
        words=describe_action(action, len(can), len(cannot)),
        note="",
        back=local_path(given.get("back", "/")),
    )


async def act_on_runs(page: Page, given: Mapping[str, str]) -> Response:
    """Act on the runs, one after the other, and report each."""
    action, runs = _read_request(given)
    who = page.person.name if page.person is not None else ""
    request = ActionRequest(action, who, given.get("note", ""))
    results: list[Json] = []
    for each in runs:
        result = await act(page, request, each)
        new_url = None if result.started is None else resource_path(result.started)
        text = result.text(page.clock.brief)
        results.append(_name_run(page, result.planned) | {"done": result.done, "words": text, "new_url": new_url})
    done = sum(each["done"] for each in results)
    title = f"{done} of {len(results)} done"
    return await page.render("night_report.html", results=results, title=title, back=local_path(given.get("back", "/")))


def _read_request(given: Mapping[str, str]) -> tuple[str, Sequence[str]]:
    """Return the action and the runs. Raises ValidationError."""
    action = given.get("action", "")
    runs = list(dict.fromkeys(filter(None, given.get("run", "").split("\n"))))
    if action not in ACTIONS:
        raise ValidationError(f"The action is one of {', '.join(ACTIONS)}")
    if not runs or len(runs) > MAX_RUNS:
        raise ValidationError(f"Tick at least one run and at most {MAX_RUNS}")
    if wrong := next((each for each in runs if place_of_arn(each) is None), None):
        raise ValidationError(f"'{wrong[:100]}' is not a run")
    return action, runs


def _name_run(page: Page, planned: PlannedAction) -> Json:
    """Return the title and the page of a run."""
    arn, moment = planned.arn, "" if planned.moment is None else f", {page.clock.brief(planned.moment)}"
    if is_missed(arn):
        return {"arn": arn, "title": f"{arn.rpartition('@')[0].rpartition('/')[2]}{moment}", "url": "/calendar"}
    name = arn.rpartition("/")[2] if is_task(arn) else page.names.of(arn)
    return {"arn": arn, "title": f"{name}{moment}", "url": resource_path(arn) or "/"}


ROUTES = (
    form_route("/night/confirm", confirm, needs=Role.RUN),
    form_route("/night/act", act_on_runs, needs=Role.RUN),
)
