"""Distribute tasks among the capacity providers of a strategy, and check strategies; pure.

"The base value designates how many tasks, at a minimum, to run on the specified capacity provider. … The weight value
is taken into consideration after the base value, if defined, is satisfied."
See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html.
"""

from collections.abc import Callable, Collection

from lamplighter.base.json_text import Json
from lamplighter.services.ecs.errors import InvalidParameter

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
MAX_ITEMS = 20
MAX_WEIGHT, MAX_BASE = 1000, 100_000
ProviderType = Callable[[str], str | None]
"""A function that returns FARGATE, EC2 or MANAGED_INSTANCES for a capacity provider's name; None if none has it."""


def check_strategy(strategy: Json, associated: Collection[str], provider_type: ProviderType) -> None:
    """Raise InvalidParameter if a strategy breaks a rule; `associated` are the providers of the cluster."""
    if len(strategy) > MAX_ITEMS:
        raise InvalidParameter(f"A capacity provider strategy can contain a maximum of {MAX_ITEMS} capacity providers.")
    names = [item["capacityProvider"] for item in strategy]
    if len(set(names)) < len(names):
        raise InvalidParameter("A capacity provider strategy cannot contain duplicate capacity providers.")
    for item in strategy:
        if not 0 <= item.get("weight", 0) <= MAX_WEIGHT:
            raise InvalidParameter(f"The weight value must be between 0 and {MAX_WEIGHT}.")
        if not 0 <= item.get("base", 0) <= MAX_BASE:
            raise InvalidParameter(f"The base value must be between 0 and {MAX_BASE}.")
    if sum(item.get("base", 0) > 0 for item in strategy) > 1:
        raise InvalidParameter("Only one capacity provider in a capacity provider strategy can have a base defined.")
    if not all(name in associated for name in names):
        raise InvalidParameter(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with "
            "the cluster. Associate the capacity provider with the cluster or specify a valid capacity provider and "
            "try again."
        )
    if len({provider_type(name) == "FARGATE" for name in names}) > 1:
        raise InvalidParameter(
            "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and "
            "Fargate providers. Specify one or the other and try again."
        )


def check_weights(strategy: Json, *, is_default: bool) -> None:
    """Raise InvalidParameter if no provider of a strategy that is to be used has a weight."""
    if all(item.get("weight", 0) == 0 for item in strategy) and len(strategy) > 1:
        which = "default" if is_default else "specified"
        remedy = "Update the cluster's default capacity provider strategy or specify" if is_default else "Specify"
        raise InvalidParameter(
            f"There are no capacity providers with a weight value greater than zero defined in the {which} capacity "
            "provider strategy. At least one capacity provider must have a weight value greater than zero specified. "
            f"{remedy} a valid capacity provider strategy and try again."
        )


def distribute(strategy: Json, count: int) -> list[str]:
    """Return the provider of each of `count` tasks: first the base, then those that lag behind their weight most."""
    chosen = [item["capacityProvider"] for item in strategy for _ in range(min(item.get("base", 0), count))][:count]
    weights = {item["capacityProvider"]: item.get("weight", 0) for item in strategy}
    if len(strategy) == 1 or not any(weights.values()):
        return [*chosen, *([strategy[0]["capacityProvider"]] * (count - len(chosen)))]
    placed = dict.fromkeys(weights, 0)
    while len(chosen) < count:
        name = max((each for each in weights if weights[each]), key=lambda each: weights[each] / (placed[each] + 1))
        placed[name] += 1
        chosen.append(name)
    return chosen
