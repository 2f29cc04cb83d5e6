"""Refuse calls of RunTask on Fargate that come faster than AWS allows, if the engine has AWS's limits.

"The rate quota for calling the Amazon ECS RunTask API is 20 calls per second (burst and sustained)", for each account
and region: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html. The bucket is in memory only:
the next engine begins with a full one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from lamplighter.bus import Caller
from lamplighter.services.ecs.errors import Throttling
from lamplighter.store.db import Tx

BURST = 20
TOKEN_MILLISECONDS = 50
"""Milliseconds after which a token returns to the bucket."""


@dataclass(frozen=True, slots=True)
class RequestRate:
    """The token buckets of all accounts and regions; `monotonic` is the clock."""

    monotonic: Callable[[], int]
    full_at: dict[tuple[str, str], int] = field(default_factory=dict)
    """When each bucket would be full again, on the clock."""

    def take_token(self, tx: Tx, caller: Caller) -> None:
        """Take a token for a call, and give it back if the call is undone. Raises `Throttling` if there is none."""
        key, now = (caller.account, caller.region), self.monotonic()
        full_at = max(self.full_at.get(key, now), now) + TOKEN_MILLISECONDS
        if full_at - now > BURST * TOKEN_MILLISECONDS:
            raise Throttling
        self.full_at[key] = full_at
        tx.after_undo.append(partial(self._give_back, key))

    def _give_back(self, key: tuple[str, str]) -> None:
        self.full_at[key] -= TOKEN_MILLISECONDS
