"""The histories of parameters and secrets after a storm: no hole, no strange value, and the stages of the versions."""

from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.chaos.storm.ledger import Figures, Ledger
from tests.served_engine import ServedEngine

MAX_VERSIONS = 100
"""The most versions that a parameter keeps."""


def check_parameter_histories(served: ServedEngine, ledger: Ledger, figures: Figures) -> None:
    """Check that the versions are numbered without a hole, and have the written values in their order."""
    ssm = served.client("ssm")
    for name in _names(ledger, "parameter", "securestring"):
        try:
            pages = ssm.get_paginator("get_parameter_history").paginate(Name=f"/storm/{name}", WithDecryption=True)
            history = [each for page in pages for each in page["Parameters"]]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            continue
        numbers = [each["Version"] for each in history]
        if numbers != list(range(numbers[-1] - len(numbers) + 1, numbers[-1] + 1)) or (
            numbers[0] != 1 and len(numbers) < MAX_VERSIONS
        ):
            figures.lost.append(f"{name} has a hole in its history: {numbers}")
        written = ledger.values.all_values(name)
        places = [written.index(each["Value"]) if each["Value"] in written else -1 for each in history]
        if -1 in places or places != sorted(places):
            figures.lost.append(f"{name} has versions with other values than the written ones: {places}")


def check_secret_stages(served: ServedEngine, ledger: Ledger, figures: Figures) -> None:
    """Check that one version is current, and that the one before it is the previous one."""
    client = served.client("secretsmanager")
    for name in _names(ledger, "secret"):
        try:
            versions = _list_versions(client, name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            continue
        by_stage = {stage: each["VersionId"] for each in versions for stage in each.get("VersionStages", [])}
        count = sum(len(each.get("VersionStages", [])) for each in versions)
        written = [each for each in ledger.values.all_values(name) if each in {v["VersionId"] for v in versions}]
        expected = dict(zip(("AWSCURRENT", "AWSPREVIOUS"), reversed(written), strict=False))
        if by_stage != expected or count != len(expected):
            figures.lost.append(f"{name} has the stages {by_stage} and not {expected}")


def _list_versions(client: Json, name: str) -> list[Json]:
    versions: list[Json] = []
    token: dict[str, str] = {}
    while True:
        page = client.list_secret_version_ids(SecretId=name, IncludeDeprecated=True, **token)
        versions += page["Versions"]
        if "NextToken" not in page:
            return versions
        token = {"NextToken": page["NextToken"]}


def _names(ledger: Ledger, *kinds: str) -> list[str]:
    return [name for name in ledger.values.names() if name.partition("-")[0] in kinds]
