"""Where a verb's calls go: to the engine of this folder, to an engine somewhere else, or to AWS.

Promises the same verbs for all three: whoever has a `Target` has boto3 clients and needs to know no more. An engine of
this folder is found by the address that `up` leaves in its data directory, where its credentials are too if it has any.
"""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import boto3
import typer
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from lamplighter.base.json_text import Json
from lamplighter.cli.engine_address import ADDRESS
from lamplighter.engine import credentials
from lamplighter.engine.credentials import CREDENTIALS
from lamplighter.wire.access.credentials import Credentials, CredentialsUnreadable

DEFAULT_DATA = Path(".lamplighter")
DEFAULT_REGION = "us-east-1"
URL = re.compile(r"https?://[^/]")
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired")
"""How AWS says that credentials were good until a while ago."""
ANY_CREDENTIALS = {"aws_access_key_id": "lamplighter", "aws_secret_access_key": "lamplighter"}

EndpointUrlOption = Annotated[
    str | None, typer.Option("--endpoint-url", help="An engine's URL, instead of the engine of this folder.")
]
AwsOption = Annotated[bool, typer.Option("--aws", help="The AWS account of your credentials.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="A profile of your AWS configuration.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="An AWS region.")]
DataOption = Annotated[Path, typer.Option("--data", help="The data directory of this folder's engine.")]


@dataclass(frozen=True)
class Target:
    """One account and region, behind AWS's own address or an engine's."""

    endpoint: str | None
    """An engine's URL; None for AWS."""
    region: str
    profile: str | None = None
    credentials: Credentials | None = None
    """Who calls the engine of this folder, where it asks."""

    @cached_property
    def _session(self) -> Json:
        if self.credentials is not None and self.profile is None:
            keys = {"aws_access_key_id": self.credentials.access_key, "aws_secret_access_key": self.credentials.secret}
            return boto3.Session(region_name=self.region, **keys)
        session = boto3.Session(profile_name=self.profile, region_name=self.region)
        if self.endpoint is not None and session.get_credentials() is None:
            return boto3.Session(region_name=self.region, **ANY_CREDENTIALS)
        return session

    def client(self, service: str) -> Json:
        """A boto3 client."""
        # boto3 would put a prefix before an engine's host for some operations: sync-127.0.0.1.
        config = Config(inject_host_prefix=self.endpoint is None, retries={"mode": "standard", "total_max_attempts": 5})
        return self._session.client(service, endpoint_url=self.endpoint, config=config)

    def __str__(self) -> str:
        aws = f"AWS in {self.region}" if self.region else "AWS"
        return aws if self.endpoint is None else f"the engine at {self.endpoint}"


def find_target(
    *,
    endpoint_url: str | None = None,
    aws: bool = False,
    profile: str | None = None,
    region: str | None = None,
    data: Path = DEFAULT_DATA,
) -> Target:
    """What the options of a verb mean; ends the verb with 1 where no engine can be found, with 2 where they clash."""
    if aws and endpoint_url:
        raise typer.BadParameter("say --aws or --endpoint-url, not both")
    if endpoint_url is not None and not URL.match(endpoint_url):
        raise typer.BadParameter(f"--endpoint-url {endpoint_url}: say a URL such as http://127.0.0.1:4566")
    where = region or default_region(profile)
    if aws:
        return Target(None, where, profile)
    if endpoint_url:
        return Target(endpoint_url.rstrip("/"), where, profile)
    return Target(read_address(data), where, profile, _holder(data))


def default_region(profile: str | None = None) -> str:
    """The region of who says none: that of the environment, or of the AWS configuration."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or boto3.Session(profile_name=profile).region_name or DEFAULT_REGION


def read_address(data: Path) -> str:
    """Where the engine on a data directory listens."""
    try:
        return (data / ADDRESS).read_text().strip()
    except OSError:
        typer.echo(
            f"lamplighter: no engine has run on {data}: start one with `lamplighter up`, "
            "or say --endpoint-url URL or --aws",
            err=True,
        )
        raise typer.Exit(1) from None


def _holder(data: Path) -> Credentials | None:
    """Who may come in to the engine on a data directory, if it has its own file that says so."""
    file = data / CREDENTIALS
    try:
        return next(iter(credentials.load_credentials(file).values())) if file.exists() else None
    except CredentialsUnreadable as error:
        typer.echo(f"lamplighter: {error}", err=True)
        raise typer.Exit(1) from None


CALL_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""What boto3 raises where a call comes to nothing."""


def explain_error(error: BotoCoreError | ClientError | ResponseParserError, where: Target) -> str:
    """What went wrong with a call, and what to do about it where that is known."""
    if isinstance(error, ResponseParserError):
        hint = "is a proxy in between?" if where.endpoint is None else "is it an engine's URL?"
        return f"{where} gives an answer that is none of AWS's: {hint}"
    if isinstance(error, EndpointConnectionError):
        hint = "is `lamplighter up` running?" if where.endpoint is not None else "is there a network?"
        return f"{where} does not answer: {hint}"
    if has_expired(error):
        return f"the credentials for {where} have expired: sign in again (`aws sso login`), or get new ones"
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error.response['Error'].get('Message') or error.response['Error']['Code']}"
    if isinstance(error, NoCredentialsError):
        return f"there are no credentials for {where}: say --profile, or `aws configure`; `lamplighter doctor` looks"
    return str(error)


def has_expired(error: Exception) -> bool:
    """Whether somebody was signed in, and is no longer."""
    if isinstance(error, ClientError):
        return error.response["Error"].get("Code") in EXPIRED
    return isinstance(error, (UnauthorizedSSOTokenError, TokenRetrievalError))
