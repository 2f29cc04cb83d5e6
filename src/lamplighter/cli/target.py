"""Decide where a command sends its calls: to this folder's engine, to an engine elsewhere, or to AWS.

Guarantees that commands work the same for all three: a `Target` returns clients of botocore, and its callers need
nothing else. The engine of this folder is found by the address that `up` writes into its data directory, which also
holds the engine's credentials if there are any.
"""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    SSLError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError
from botocore.session import Session

from lamplighter.base.json_text import Json
from lamplighter.cli import engine_address
from lamplighter.cli.engine_address import EngineAddress
from lamplighter.engine import credentials
from lamplighter.engine.credentials import CREDENTIALS_FILE
from lamplighter.wire.access.credentials import Credentials, InvalidCredentialsFile

DEFAULT_DATA = Path(".lamplighter")
DEFAULT_REGION = "us-east-1"
URL_PATTERN = re.compile(r"https?://[^/]")
EXPIRED_CODES = ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired")
"""Error codes of AWS for credentials that have expired."""
PLACEHOLDER_KEYS = ("lamplighter", "lamplighter")

EndpointUrlOption = Annotated[
    str | None, typer.Option("--endpoint-url", help="URL of an engine. Default: the engine of this folder.")
]
AwsOption = Annotated[bool, typer.Option("--aws", help="Use the AWS account of your credentials.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="A profile of your AWS configuration.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="An AWS region.")]
DataOption = Annotated[Path, typer.Option("--data", help="The data directory of this folder's engine.")]


@dataclass(frozen=True)
class Target:
    """An account and region, reached at AWS's own address or at an engine's URL."""

    endpoint: str | None
    """The engine's URL; None for AWS."""
    region: str
    profile: str | None = None
    credentials: Credentials | None = None
    """The credentials for the engine of this folder; None if it requires none."""
    public_url: str | None = None
    """The URL of the engine of this folder in links; None for other targets."""

    @cached_property
    def _session(self) -> Json:
        session = Session(profile=self.profile)
        if self.credentials is not None and self.profile is None:
            session.set_credentials(self.credentials.access_key, self.credentials.secret)
        elif self.endpoint is not None and session.get_credentials() is None:
            session.set_credentials(*PLACEHOLDER_KEYS)
        return session

    def client(self, service: str) -> Json:
        """Return a client of a service."""
        # Without this, botocore adds a prefix to the engine's host name for some operations, such as sync-127.0.0.1.
        config = Config(inject_host_prefix=self.endpoint is None, retries={"mode": "standard", "total_max_attempts": 5})
        return self._session.create_client(service, self.region or None, endpoint_url=self.endpoint, config=config)

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
    """Return the target that a command's options select.

    Ends the command with exit code 1 if no engine can be found, and with 2 if the options contradict each other.
    """
    if aws and endpoint_url:
        raise typer.BadParameter("use either --aws or --endpoint-url, not both")
    if endpoint_url is not None and not URL_PATTERN.match(endpoint_url):
        raise typer.BadParameter(f"--endpoint-url {endpoint_url}: use a URL such as http://127.0.0.1:4566")
    chosen_region = region or default_region(profile)
    if aws:
        return Target(None, chosen_region, profile)
    if endpoint_url:
        return Target(endpoint_url.rstrip("/"), chosen_region, profile)
    address = read_address(data)
    return Target(address.local, chosen_region, profile, _read_credentials(data), address.public)


def default_region(profile: str | None = None) -> str:
    """Return the default region: from the environment, else from the AWS configuration, else us-east-1."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or Session(profile=profile).get_config_variable("region") or DEFAULT_REGION


def read_address(data: Path) -> EngineAddress:
    """Return where the engine of a data directory is; end the command with exit code 1 if no address is recorded."""
    if (found := engine_address.read_address(data)) is not None:
        return found
    typer.echo(
        f"lamplighter: no engine has run on {data}: start one with `lamplighter up`, "
        "or use --endpoint-url URL or --aws",
        err=True,
    )
    raise typer.Exit(1)


def _read_credentials(data: Path) -> Credentials | None:
    """Return the first credentials of a data directory's credentials file, or None if there is no such file."""
    file = data / CREDENTIALS_FILE
    try:
        return next(iter(credentials.load_credentials(file).values())) if file.exists() else None
    except InvalidCredentialsFile as error:
        typer.echo(f"lamplighter: {error}", err=True)
        raise typer.Exit(1) from None


CALL_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""The exceptions that botocore raises for a failed call."""


def explain_error(error: BotoCoreError | ClientError | ResponseParserError, target: Target) -> str:
    """Return a sentence that describes a failed call and, where the cause is known, what to do."""
    if isinstance(error, ResponseParserError):
        hint = "is there a proxy in between?" if target.endpoint is None else "is this an engine's URL?"
        return f"{target} returned a response that is not AWS's: {hint}"
    if isinstance(error, EndpointConnectionError):
        hint = "is `lamplighter up` running?" if target.endpoint is not None else "is there a network?"
        return f"{target} does not answer: {hint}"
    if isinstance(error, SSLError) and target.endpoint is not None:
        reason = f"the certificate of {target} is not trusted"
        return f"{reason}: set AWS_CA_BUNDLE to the file of the authority that issued it ({error.kwargs.get('error')})"
    if has_expired(error):
        return f"the credentials for {target} have expired: sign in again (`aws sso login`), or get new ones"
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error.response['Error'].get('Message') or error.response['Error']['Code']}"
    if isinstance(error, NoCredentialsError):
        return (
            f"no credentials found for {target}: use --profile, or run `aws configure`; "
            "`lamplighter doctor` checks them"
        )
    return str(error)


def has_expired(error: Exception) -> bool:
    """Return whether a call failed because the credentials have expired."""
    if isinstance(error, ClientError):
        return error.response["Error"].get("Code") in EXPIRED_CODES
    return isinstance(error, (UnauthorizedSSOTokenError, TokenRetrievalError))
