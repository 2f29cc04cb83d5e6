"""Choose the version that one start of an alias runs, by the weights of the alias's routing configuration.

See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-alias.html.
"""

from lamplighter.base.json_text import Json


def choose_version(routes: Json, random_number: float) -> str:
    """Return the ARN of one version of a routing configuration; `random_number` is in [0, 1), weights are
    percentages.
    """
    first = routes[0]
    return str((first if random_number * 100 < first["weight"] else routes[-1])["stateMachineVersionArn"])
