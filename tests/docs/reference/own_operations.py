"""Make the page about the operations that AWS does not have: the seam between the product and what it emulates."""

import inspect
import re
from collections.abc import Mapping
from functools import partial

from lamplighter.base.aws.service_model import read_definition
from lamplighter.bus import Operation
from lamplighter.wire.models.service_models import SERVICES
from tests.docs.reference.served_operations import operations_on_bus

HEAD = """# Operations that AWS does not have

<!-- Made by `make reference` from the program. Do not edit this page. -->

The console, the command line and the services ask each other over the bus. Where AWS has no operation for what they
need, the engine has one of its own. Requests of AWS's APIs cannot call it; `/_lamplighter/call` can call those that
read. This page lists all of them, by the service's name on the bus.
"""
PREFIX = re.compile(r"^(Handle )?\w+( \{[\w, ]*\})?[:,] ")
"""What a docstring says before the sentence: the operation's name, and its parameters."""


def page_text() -> str:
    """Return the page."""
    found = {name: own_operations(name, each) for name, each in operations_on_bus().items()}
    return HEAD + "".join(_section(name, own) for name, own in found.items() if own)


def own_operations(service: str, operations: Mapping[str, Operation]) -> dict[str, Operation]:
    """Return those of a service's operations that AWS's model of the service does not have."""
    known = read_definition(SERVICES[service].model)["operations"] if service in SERVICES else {}
    return {name: each for name, each in sorted(operations.items()) if name not in known}


def sentence(operation: Operation) -> str:
    """Return what an operation does: the first paragraph of its function's docstring, without its name."""
    function = operation.write or operation.read
    while isinstance(function, partial):
        function = function.func
    text = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")
    text = PREFIX.sub("", text)
    return text[:1].upper() + text[1:]


def _section(service: str, own: dict[str, Operation]) -> str:
    rows = "".join(
        f"| {name} | {'writes' if each.write else 'reads'} | {sentence(each).replace('|', chr(92) + '|')} |\n"
        for name, each in own.items()
    )
    return f"\n## {service}\n\n| operation | | what it does |\n|---|---|---|\n{rows}"
