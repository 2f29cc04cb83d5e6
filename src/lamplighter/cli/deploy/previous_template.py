"""Keep the template before the present one, and its parameters, in the metadata of the present one, for `rollback`.

CloudFormation keeps no earlier template of a stack. Compressed, a template has about a tenth of its size. Guarantees
that one earlier template is kept and not a chain of them, and that a template that would become too long keeps none.
"""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.jobs.stack.handover import read_handover
from lamplighter.jobs.stack.nested_stacks import split_template
from lamplighter.jobs.stack.own_metadata import read_own, with_own
from lamplighter.jobs.stack.template import to_compact_json

BEFORE = "Before"
"""The place in the metadata of a template."""


@dataclass(frozen=True, slots=True)
class PreviousTemplate:
    """A template that was deployed before."""

    template: Json
    parameters: Mapping[str, str]


def with_previous(template: Json, deployed: Json, stack: Stack | None, max_bytes: int) -> Json:
    """Return a template that holds the deployed one; the same if nothing is deployed, or if it became too long.

    A template from before a move is not kept: it would run the jobs on both sides.
    """
    if not deployed or stack is None or not is_same_side(template, deployed):
        return template
    before = {"Template": without_previous(deployed), "Parameters": dict(stack.parameters)}
    packed = base64.b64encode(zlib.compress(dumps(before).encode(), 9)).decode()
    made = with_own(template, BEFORE, packed)
    return made if len(to_compact_json(split_template(made).root)) <= max_bytes else template


def is_same_side(template: Json, deployed: Json) -> bool:
    """Return whether a template divides the slots between two sides as the deployed one does."""
    return read_handover(template) == read_handover(deployed)


def read_previous(deployed: Json) -> PreviousTemplate | None:
    """Return the template before the deployed one, or None if it holds none."""
    packed = read_own(deployed, BEFORE)
    if packed is None:
        return None
    before = loads(zlib.decompress(base64.b64decode(packed)))
    return PreviousTemplate(before["Template"], before["Parameters"])


def without_previous(template: Json) -> Json:
    """Return a template that holds no earlier one."""
    return with_own(template, BEFORE, None)
