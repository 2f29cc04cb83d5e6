"""Find out which secrets of a job file the engine in this process stores; no value is read."""

from collections.abc import Iterable

from lamplighter.base.errors import AwsError
from lamplighter.bus import Bus, Caller
from lamplighter.jobs.lint.stored_secrets import ask_store


async def find_stored_secrets(bus: Bus, caller: Caller, references: Iterable[str]) -> frozenset[str]:
    """Return the references whose secrets the engine's Parameter Store or Secrets Manager has."""
    return frozenset([each for each in dict.fromkeys(references) if await _is_stored(bus, caller, each)])


async def _is_stored(bus: Bus, caller: Caller, reference: str) -> bool:
    question = ask_store(reference)
    if not bus.serves_any(question.service):
        return False  # it is elsewhere, and the engine reads no secrets there
    try:
        return question.is_stored(await bus.call(caller, question.service, question.operation, question.params))
    except AwsError:
        return False
