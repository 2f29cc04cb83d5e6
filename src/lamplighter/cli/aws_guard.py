"""Guard the choice of an AWS account and a region: no region is chosen silently, and no place against the job file.

See https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
"""

from collections.abc import Callable
from contextlib import suppress

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import CALL_ERRORS
from lamplighter.cli.engine_client.find_region import named_region
from lamplighter.jobs.file.aws_settings import AwsSettings


class RegionMissing(LamplighterError):
    """Nothing says in which region of AWS a command works."""


class WrongPlace(LamplighterError):
    """An option or the credentials contradict the job file."""


def choose_region(option: str | None, profile: str | None, settings: AwsSettings) -> str:
    """Return the region of the option, else of the job file, else of the environment, else of the profile."""
    if option and settings.region and option != settings.region:
        raise WrongPlace(f"--region {option} contradicts the job file, which belongs to {settings.region} (`aws:`)")
    if region := option or settings.region or named_region(profile):
        return region
    raise RegionMissing(
        "no region of AWS is chosen: use --region, write `aws: {region: …}` in the job file, set AWS_REGION, or run "
        "`aws configure`"
    )


def check_account(client: Callable[[str], Json], settings: AwsSettings) -> None:
    """Raise `WrongPlace` if the credentials belong to another account than the job file."""
    if settings.account and (found := read_account(client)) != settings.account:
        raise WrongPlace(
            f"your credentials are for the AWS account {found}, and the job file belongs to {settings.account} "
            "(`aws:`): use --profile"
        )


def read_account(client: Callable[[str], Json]) -> str:
    """Return the number of the account of the credentials."""
    return str(client("sts").get_caller_identity()["Account"])


def describe_account(client: Callable[[str], Json]) -> str:
    """Return the account's number and its alias, if it has one that may be read."""
    number, aliases = read_account(client), []
    with suppress(*CALL_ERRORS):
        aliases = client("iam").list_account_aliases()["AccountAliases"]
    return f"{number} ({aliases[0]})" if aliases else number
