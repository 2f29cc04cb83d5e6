"""Search what the containers of the last days wrote, in parts: the engine searches for two seconds at a time.

AWS has no such search: there, CloudWatch Logs Insights searches one or several log groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data.jobs.job_names import read_job_names
from lamplighter.console.view.links import resource_path
from lamplighter.console.view.search_hits import Hit
from lamplighter.runs.jobs.job_names import JobNames
from lamplighter.runs.printable_text import printable_line
from lamplighter.runs.word_search import FoundText, quote_around


@dataclass(frozen=True, slots=True)
class FoundOutput:
    """The lines that one search found."""

    hits: Sequence[Hit] = ()
    searched: int = 0
    """The bytes that were searched, also by the parts before."""
    size: int = 0
    """The bytes of all output of the time; 0 if there was no search."""
    next: str | None = None
    """Where the next part begins; None if all was searched."""


NO_OUTPUT = FoundOutput()


async def find_output(calls: Calls, words: Sequence[str], since: int, start: str | None, searched: int) -> FoundOutput:
    """Search the output since a time in milliseconds; `start` and `searched` are those of the part before."""
    try:
        answer = await calls.call_internal("ecs", "SearchOutput", Words=list(words), Since=since, Next=start)
    except AwsError:  # a link that was changed by hand
        return NO_OUTPUT
    if answer is None:
        return NO_OUTPUT
    names = await read_job_names(calls)
    hits = [_hit(words, each, names) for each in answer["Matches"]]
    return FoundOutput(hits, searched + answer["Searched"], answer["Size"], answer["Next"])


def _hit(words: Sequence[str], match: Json, names: JobNames) -> Hit:
    container, line = match["Container"], match["Line"]
    where = f"{container}, line {line}" if container != "main" else f"line {line}"
    found = (FoundText("output", quote_around(printable_line(match["text"]), words)),)
    path = f"{resource_path(match['TaskArn'])}?{urlencode({'container': container, 'line': line})}"
    return Hit("output", names.of(match["Family"]), path, found, where, "", match["time"] / 1000)
