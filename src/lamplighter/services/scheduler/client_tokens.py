"""Make requests idempotent by their client tokens: a repeated request is not executed again and gets the same answer.

"Unique, case-sensitive identifier you provide to ensure the idempotency of the request." See
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html.
"""

import hashlib
from collections.abc import Callable

from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from lamplighter.services.scheduler.errors import Conflict
from lamplighter.services.scheduler.tables import client_tokens
from lamplighter.store.db import Tx

Write = Callable[[Tx, Caller, Json], Json]

DAY = 24 * 60 * 60 * 1000


def idempotent(name: str, write: Write) -> Write:
    """Return an operation that honours client tokens for a day and raises `Conflict` for one of another request."""

    def run(tx: Tx, caller: Caller, params: Json) -> Json:
        token = params.get("ClientToken")
        if token is None:
            return write(tx, caller, params)
        owner = f"{caller.account}/{caller.region}"
        given = sorted((key, value) for key, value in params.items() if key != "ClientToken")
        request = hashlib.sha256(dumps([name, given]).encode()).hexdigest()
        known = client_tokens.get(tx, owner, token)
        if known is None:
            answer = write(tx, caller, params)
            client_tokens.delete_older(tx, tx.now - DAY)
            client_tokens.put(tx, owner, token, request, answer, tx.now)
            return answer
        if known[0] != request:
            raise Conflict(f"The ClientToken {token} was used for another request.")
        return known[1]

    return run
