"""Search the runs of all jobs for words, as the operation SearchRuns, which AWS does not have.

Guarantees that a secret finds no run: the words must be in the input and the cause as the console shows them, with
their secrets masked (`base/masking.py`). An answer examines a limited number of runs, so that other requests do not
wait for it; `Before` continues the search.
"""

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.base.masking import mask_text
from lamplighter.bus import Caller
from lamplighter.runs.failures.failure_reasons import searched_cause
from lamplighter.runs.word_search import FoundText, find_words, write_places
from lamplighter.services.states.executions.list_runs import describe_run
from lamplighter.services.states.tables import execution_search
from lamplighter.services.states.tables.execution_search import LAST_ID, Candidate, SearchCriteria
from lamplighter.store.db import Reader

MAX_FOUND, DEFAULT_LIMIT = 100, 50
"""The most runs in an answer, and their number if the request states none."""
JOB = "job"
"""The field with the name of the job. It is the last one: a run has a word of its own, besides the job's name."""


def search_runs(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle SearchRuns: return the newest runs of a place that have all `Words` in their texts.

    `Statuses`, `Since` (milliseconds) and `Machine` select runs. The answer has at most `Limit` runs, each with
    `found`: the fields with the words, and excerpts. `Oldest` is the start of the oldest run that was examined, in
    milliseconds, or None. If there are more, the answer has `Before`, which is a parameter of the next request.
    """
    words, limit, before = params.get("Words", ()), params.get("Limit", DEFAULT_LIMIT), params.get("Before", LAST_ID)
    if not 0 < limit <= MAX_FOUND or not 0 < before <= LAST_ID:
        raise ValidationError(f"Limit is at most {MAX_FOUND}; Before is from the answer to an earlier request")
    criteria = SearchCriteria(words, params.get("Statuses") or (), params.get("Since"), params.get("Machine"))
    block = execution_search.next_block(reader, caller.account, caller.region, before, criteria.since)
    candidates = execution_search.find_in_block(reader, caller.account, caller.region, block, criteria, limit)
    runs = [
        describe_run(each.listed, each.name, each.error, each.cause) | {"found": write_places(found)}
        for each in candidates
        if (found := _find(criteria, each)) is not None
    ]
    if len(candidates) == limit:
        last = candidates[-1].listed
        return {"Runs": runs, "Oldest": last.start, "Before": last.id}
    return {"Runs": runs, "Oldest": block.oldest, **({} if block.is_last else {"Before": block.first})}


def _find(criteria: SearchCriteria, run: Candidate) -> list[FoundText] | None:
    """Return where a run has the words; None if it does not, or only in the name of its job."""
    fields = {
        "name": run.name,
        "error": run.error or "",
        "cause": searched_cause(run.cause),
        "input": mask_text(run.input),
        JOB: run.listed.machine.rpartition(":")[2],
    }
    found = find_words(criteria.words, fields)
    return None if found is None or [each.field for each in found] == [JOB] else list(found)
