"""Check a workflow against the Amazon States Language, in the definition that Step Functions gets.

`cross_checks.py` loads this module with the first workflow, because the machine's compiler takes 25 ms to load and most
job files have no workflow. See https://states-language.net/spec.html.
"""

import re
from collections.abc import Iterator

from lamplighter.asl.definition.parse import InvalidDefinition, parse_definition
from lamplighter.base.json_text import JsonError, dumps
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.parsing.yaml_document import Path
from lamplighter.jobs.machine import workflow
from lamplighter.jobs.machine.integrations import resolve_calls
from lamplighter.jobs.machine.state_machine import build_definition


def check_language(project: Project, name: str, job: Job) -> Iterator[tuple[Path, str, str]]:
    """Yield what Step Functions rejects: first in the workflow, then in the state machine made around it."""
    file = job.workflow or ""
    try:
        for definition in (workflow.expand_workflow(project, project.workflows[file]), build_definition(project, name)):
            parse_definition(resolve_calls(dumps(definition)))
    except InvalidDefinition as error:
        for fault in error.diagnostics:
            advice = f"mend {fault.location}" if fault.location else "see https://states-language.net/spec.html"
            yield ("workflow", file, *_parse_location(fault.location or "")), fault.message, advice
    except (JsonError, KeyError, TypeError, AttributeError) as error:
        yield ("workflow", file), f"this is no workflow: {error}", "begin with StartAt: and States:"


def _parse_location(location: str) -> Path:
    """Return the path that a diagnostic's location means: /States/A/Retry[0]/ErrorEquals."""
    steps: list[str | int] = []
    for part in location.strip("/").split("/"):
        found = re.fullmatch(r"(.*)\[([0-9]+)\]", part)
        steps += [found[1], int(found[2])] if found else [part] if part else []
    return tuple(steps)
