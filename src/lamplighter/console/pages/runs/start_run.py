"""Start a run: with the job's default input by one click, or with another input.

The input is checked before the run starts, and the form reports the errors. Environment and command can be overridden
for machines that read them from their input, as those of job files do (`jobs/machine/expressions.py`). A command would
apply to every step, so the form omits the command if there are several steps.

The console waits for an EXPRESS execution and shows its result, because such executions cannot be read later.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from lamplighter.base.errors import AwsError, ServiceError
from lamplighter.base.json_text import MAX_DEPTH, Json, JsonError, dumps, loads, loads_or, nesting_depth
from lamplighter.base.masking import MASK, mask_secrets
from lamplighter.console.data import stack_metadata
from lamplighter.console.data.jobs import job_schedules
from lamplighter.console.data.machine_tags import read_tags
from lamplighter.console.data.runs.start_execution import start_execution
from lamplighter.console.data.tasks import container_defaults
from lamplighter.console.page import NotAllowed, Page, form_route, page_route
from lamplighter.console.view.templates import format_json
from lamplighter.console.view.unmasking import UnresolvedMask, restore_secrets
from lamplighter.runs.default_input import default_input
from lamplighter.runs.jobs.job_machine import LAMPLIGHTER_KEY, container_states, own_settings
from lamplighter.wire.access.roles import Role

OVERRIDES_MARKER = f"Execution.Input.{LAMPLIGHTER_KEY}"
"""Text in the definitions of machines whose input can override environment and command."""


class InvalidField(ValueError):
    """A field is invalid. The message says what to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


FIELDS_BY_ERROR = {"ExecutionAlreadyExists": "name", "InvalidName": "name", "InvalidExecutionInput": "input"}
"""The field that an error of StartExecution is about. An error that is about no field is shown above the form."""


class RunOfAnotherJob(
    ServiceError,
    code="Run of another job",
    template="{} is a run of {}, so it has no input for {}. Start {} instead, or start this job without `from`.",
):
    """The query names a run of another state machine."""


@dataclass(frozen=True, slots=True)
class StartForm:
    """The fields of the form."""

    input: str
    environment: str = ""
    command: str = ""
    name: str = ""


async def show(page: Page) -> Response:
    """Show the form."""
    about = await page.call("states", "DescribeStateMachine", stateMachineArn=page.arn)
    return await _render_form(page, about, fill_form(mask_secrets(await read_default_input(page))), None)


async def read_default_input(page: Page) -> Json:
    """Return the input of the run that the query's `from` names, or else the job's default input; {} if unreadable.

    Raises RunOfAnotherJob: the input of another job may have its secrets, and a command that this visitor may not set.
    """
    if (earlier := page.query("from")) is not None:
        found = await page.at(earlier).call("states", "DescribeExecution", executionArn=earlier)
        machine, of = page.arn.split(":")[:7], found["stateMachineArn"].split(":")[:7]
        if machine != of:
            raise RunOfAnotherJob(found["name"], of[6], machine[6], of[6])
        return loads_or(found.get("input", "{}"), {})
    metadata = await stack_metadata.read_machine_metadata(page, await read_tags(page, page.arn))
    schedules, rules = await job_schedules.job_targets(page, page.arn)
    return default_input(metadata, schedules, rules)


def fill_form(document: Json) -> StartForm:
    """Fill the form with an input; environment and command move from the input to their own fields.

    A user can write anything into an input. What the fields cannot hold stays in the input.
    """
    single_field = StartForm(format_json(document))
    own = document.get(LAMPLIGHTER_KEY) if isinstance(document, dict) else None
    if not isinstance(own, dict):
        return single_field
    rest = {key: value for key, value in document.items() if key != LAMPLIGHTER_KEY}
    overrides = {name: own[name] for name in ("environment", "command") if own.get(name)}
    environment, command = overrides.get("environment", {}), overrides.get("command", [])
    if not isinstance(environment, dict) or not isinstance(command, list):
        return single_field
    lines = "\n".join(f"{name}={value}" for name, value in environment.items())
    fields = StartForm(format_json(rest), lines, shlex.join(map(str, command)))
    try:
        return fields if _overrides(fields) == overrides else single_field
    except InvalidField:
        return single_field


async def start_run(page: Page, given: Mapping[str, str]) -> Response:
    """Start a run with the form's input, or with the default one if the form has none."""
    about = await page.call("states", "DescribeStateMachine", stateMachineArn=page.arn)
    original = await read_default_input(page)
    if "input" not in given:
        return await _start_execution(page, about, original, given, "")
    fields = StartForm(*(given.get(name, "") for name in ("input", "environment", "command", "name")))
    try:
        document = _restore_secrets(read_form(fields), original)
        if own_settings(document) != own_settings(original):
            page.require(Role.CHANGE)  # who chooses the command or the environment can run anything
        return await _start_execution(page, about, document, given, fields.name.strip())
    except InvalidField as wrong:
        return await _render_form(page, about, fields, wrong)
    except NotAllowed:
        raise
    except AwsError as error:
        return await _render_form(page, about, fields, _refusal(error, fields))


def _refusal(error: AwsError, fields: StartForm) -> InvalidField:
    """Return what StartExecution refused, in the words for the form."""
    field = FIELDS_BY_ERROR.get(error.code, "")
    if error.code == "ExecutionAlreadyExists":
        return InvalidField(field, f"A run of this job already has the name {fields.name.strip()}. Choose another name")
    if error.code == "ValidationException":
        field = "name" if "'name'" in error.message else "input" if "'input'" in error.message else ""
    return InvalidField(field, f"{error.code}: {error.message}")


def _restore_secrets(document: Json, original: Json) -> Json:
    try:
        return restore_secrets(document, original)
    except UnresolvedMask as mask:
        own = mask.path[:2] in ((LAMPLIGHTER_KEY, "environment"), (LAMPLIGHTER_KEY, "command"))
        field, path = (str(mask.path[1]), mask.path[2:]) if own else ("input", mask.path)
        where = f" at {'/'.join(map(str, path))}" if path else ""
        raise InvalidField(field, f"No value is known for {MASK}{where}. Write the value itself") from None


def read_form(fields: StartForm) -> Json:
    """Return the input from the form's fields. Raises InvalidField."""
    try:
        document = loads(fields.input or "{}")
    except JsonError as error:
        raise InvalidField("input", f"This is not JSON: {error}") from None
    if nesting_depth(document) > MAX_DEPTH:
        raise InvalidField("input", f"This is nested more than {MAX_DEPTH} deep")
    own = _overrides(fields)
    if not own:
        return document
    if not isinstance(document, dict):
        raise InvalidField("input", "If you set environment or command, the input must be a JSON object")
    return {**document, LAMPLIGHTER_KEY: own}


def _overrides(fields: StartForm) -> dict[str, Json]:
    own: dict[str, Json] = {}
    if fields.environment.strip():
        own["environment"] = dict(
            _variable(line) for line in fields.environment.replace("\r\n", "\n").split("\n") if line.strip()
        )
    if fields.command.strip():
        own["command"] = _words(fields.command)
    return own


def _variable(line: str) -> tuple[str, str]:
    name, sign, value = line.partition("=")
    if not sign or not name.strip():
        raise InvalidField("environment", f"Write NAME=value on each line, not '{line.strip()}'")
    return name.strip(), value


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise InvalidField("command", f"This is not a valid command: {error}") from None


async def _render_form(page: Page, about: Json, fields: StartForm, error: InvalidField | None) -> Response:
    overrides = OVERRIDES_MARKER in about["definition"]
    several = len(container_states(loads_or(about["definition"], {}))) > 1
    return await page.render(
        "start.html",
        status=200 if error is None else 422,
        about=about,
        fields=fields,
        wrong=error,
        overrides=overrides,
        several=several,
        defaults=await container_defaults.read_defaults(page, about["definition"])
        if overrides and not several
        else None,
        origin=page.query("from"),
    )


async def _start_execution(page: Page, about: Json, document: Json, given: Mapping[str, str], name: str) -> Response:
    if about["type"] == "EXPRESS":  # EXPRESS executions cannot be read later
        params = {"stateMachineArn": page.arn, "input": dumps(document)} | ({"name": name} if name else {})
        result = await page.call("states", "StartSyncExecution", **params)
        return await page.render("express.html", about=about, result=result)
    started = await start_execution(page, page.arn, dumps(document), given, name)
    return page.redirect(page.console.templates.run_path(started))


ROUTES = (
    page_route("/jobs/{arn:path}/start", show, needs=Role.RUN),
    form_route("/jobs/{arn:path}/start", start_run, needs=Role.RUN),
)
