"""For each service, requests that succeed in this order on a new engine: every operation that can succeed has one.

In a text, `${name}` stands for the last value that an answer of the service had under that name. The operation "" lets
so many milliseconds pass.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module

from lamplighter.base.json_text import Json
from lamplighter.wire.models.service_models import SERVICES

Requests = Sequence[tuple[str, Json]]

FIRST = ("sqs", "sns", "logs", "ecs")
"""The services whose resources those of the others name."""
ORDER = (*FIRST, *(name for name in SERVICES if name not in FIRST))
_MODULES = {name: import_module(f"{__name__}.{name}") for name in ORDER}
BEGIN: Mapping[str, Requests] = {name: module.BEGIN for name, module in _MODULES.items()}
END: Mapping[str, Requests] = {name: module.END for name, module in _MODULES.items()}
"""The requests that remove things."""
