"""Store the capacity providers of ECS; FARGATE and FARGATE_SPOT exist without a row."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class CapacityProvider:
    """One capacity provider; an INACTIVE one was deleted and can still be described."""

    arn: str
    owner: str
    """The account and the region, as account/region."""
    name: str
    body: Json
    """Its settings and its status, in the API's form."""
    tags: Json

    @property
    def is_active(self) -> bool:
        """False if it was deleted."""
        return bool(self.body["status"] == "ACTIVE")


CAPACITY_PROVIDERS = Table("capacity_providers", CapacityProvider, json={"body": loads, "tags": loads})


get = CAPACITY_PROVIDERS.find_by("arn")
"""Return a capacity provider by its ARN, or None."""
of_owner = CAPACITY_PROVIDERS.select_by("owner", order="name")
"""Return the capacity providers of an account and region by name."""
put = CAPACITY_PROVIDERS.replace
"""Store a new or changed capacity provider."""
