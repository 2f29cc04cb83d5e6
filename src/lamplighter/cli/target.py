"""Decide where a command sends its calls: to this folder's engine, to an engine elsewhere, or to AWS.

Guarantees that commands work the same for all three: a `Target` returns clients of botocore, and its callers need
nothing else. The engine of this folder is found by the address that `up` writes into its data directory, which also
holds the engine's credentials if there are any. Commands that only read also work while that engine does not run
(`stopped_engine.py`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

import typer

from lamplighter.base.errors import MissingLibrary
from lamplighter.base.json_text import Json
from lamplighter.base.modules import is_installed, load_object
from lamplighter.cli import engine_address
from lamplighter.cli.aws_guard import check_account, choose_region
from lamplighter.cli.call_errors import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ResponseParserError,
    SSLError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from lamplighter.cli.engine_address import EngineAddress
from lamplighter.cli.engine_client.client import SIGNING_NAMES, EngineClient
from lamplighter.cli.engine_client.find_keys import PLACEHOLDER_KEYS, find_keys
from lamplighter.cli.engine_client.find_region import DEFAULT_REGION, default_region
from lamplighter.cli.engine_client.signed_request import SigningKeys, send_over_http
from lamplighter.cli.read_url import Answer
from lamplighter.cli.site_options import DEFAULT_SITE, SiteOptions
from lamplighter.engine import credentials
from lamplighter.engine.credentials import CREDENTIALS_FILE
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.store.data_directory import DATABASE, explain_missing_database, has_lost_database
from lamplighter.store.lock import is_locked
from lamplighter.wire.access.credentials import Credentials, InvalidCredentialsFile

DEFAULT_URL = "http://127.0.0.1:4566"
"""The address of an engine that was started without --port."""
URL_PATTERN = re.compile(r"https?://[^/]")
EXPIRED_CODES = ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired")
"""Error codes of AWS for credentials that have expired."""
UNKNOWN_KEY_CODES = ("UnrecognizedClientException", "InvalidClientTokenId")
"""Error codes for an access key that the other side does not know."""


class StoppedEngine(Protocol):
    """Answers from the data directory of an engine that does not run: `stopped_engine.py` loads the whole engine."""

    @property
    def written(self) -> int:
        """When the engine last wrote, in milliseconds since the epoch."""

    @property
    def restored_from(self) -> int | None:
        """The time of the backup from which the data was restored, if no engine has run since; else None."""

    @property
    def region(self) -> str | None:
        """The region of the engine's jobs; None if it has none."""

    def get(self, path: str) -> bytes:
        """Return the answer to a GET request without a signature."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request instead of sending it."""

    def close(self) -> None:
        """Close the files."""


@dataclass(frozen=True)
class Target:
    """An account and region, reached at AWS's own address or at an engine's URL."""

    endpoint: str | None
    """The engine's URL; None for AWS."""
    region: str
    profile: str | None = None
    credentials: Credentials | None = None
    """The credentials for the engine of this folder; None if it requires none."""
    stopped: StoppedEngine | None = None
    """What answers instead of the engine of this folder, if that does not run."""
    public_url: str | None = None
    """The URL of the engine of this folder in links; None for other targets."""
    options: SiteOptions = DEFAULT_SITE
    """The options that chose it."""

    @cached_property
    def _session(self) -> Json:
        require_botocore("a call of AWS" if self.endpoint is None else "this call of an engine")
        session = load_object("botocore.session:Session")(profile=self.profile)
        if self.credentials is not None and self.profile is None:
            session.set_credentials(self.credentials.access_key, self.credentials.secret)
        elif self.endpoint is not None and session.get_credentials() is None:
            session.set_credentials(PLACEHOLDER_KEYS.access_key, PLACEHOLDER_KEYS.secret)
        return session

    @cached_property
    def signing_keys(self) -> SigningKeys:
        """What signs requests to an engine."""
        if self.credentials is not None and self.profile is None:
            return SigningKeys(self.credentials.access_key, self.credentials.secret)
        return find_keys(self.profile)

    def client(self, service: str) -> Json:
        """Return a client of a service. Raises `MissingLibrary` if it needs botocore, which is not installed."""
        if self.endpoint is not None and service in SIGNING_NAMES:
            send = send_over_http if self.stopped is None else self.stopped.send
            return EngineClient(service, self.region or DEFAULT_REGION, self.endpoint, self.signing_keys, send)
        session = self._session
        # Without this, botocore adds a prefix to the engine's host name for some operations, such as sync-127.0.0.1.
        config = load_object("botocore.config:Config")(
            inject_host_prefix=self.endpoint is None, retries={"mode": "standard", "total_max_attempts": 5}
        )
        return session.create_client(service, self.region or None, endpoint_url=self.endpoint, config=config)

    def __str__(self) -> str:
        aws = f"AWS in {self.region}" if self.region else "AWS"
        return aws if self.endpoint is None else f"the engine at {self.endpoint}"


def find_target(options: SiteOptions, *, when_stopped: bool = False, settings: AwsSettings | None = None) -> Target:
    """Return the target that a command's options select.

    `when_stopped`: if the engine of this folder does not run, read its data directory instead. `settings`: what the job
    file says about AWS. Raises `RegionMissing` and `WrongPlace`. Ends the command with exit code 1 if no engine can be
    found, and with 2 if the options contradict each other.
    """
    endpoint_url, profile, region, data = options.endpoint_url, options.profile, options.region, options.data
    if options.aws and endpoint_url:
        raise typer.BadParameter("use either --aws or --endpoint-url, not both")
    if endpoint_url is not None and not URL_PATTERN.match(endpoint_url):
        raise typer.BadParameter(f"--endpoint-url {endpoint_url}: use a URL such as http://127.0.0.1:4566")
    if options.aws:
        require_botocore("a call of AWS")
        settings = settings or AwsSettings()
        target = Target(None, choose_region(region, profile, settings), profile, options=options)
        check_account(target.client, settings)
        return target
    if endpoint_url:
        return Target(endpoint_url.rstrip("/"), region or default_region(profile), profile, options=options)
    if when_stopped and (data / DATABASE).exists() and not is_locked(data):
        return _read_stopped_engine(data, Target(None, region or "", profile, _read_credentials(data), options=options))
    address = read_address(options)
    chosen_region = region or address.region or default_region(profile)
    keys = _read_credentials(data)
    return Target(address.local, chosen_region, profile, keys, public_url=address.public, options=options)


def _read_stopped_engine(data: Path, target: Target) -> Target:
    """Return the target that reads a data directory, and report that no engine runs."""
    address = engine_address.read_address(data)
    url = DEFAULT_URL if address is None else address.public
    open_stopped: Callable[[Path, str], StoppedEngine] = load_object("lamplighter.cli.stopped_engine:StoppedEngine")
    stopped = open_stopped(data, url)
    since = "as it last wrote, at" if stopped.restored_from is None else "as restored from a backup of"
    time = datetime.fromtimestamp((stopped.restored_from or stopped.written) / 1000).astimezone()
    typer.echo(
        f"lamplighter: the engine of {data} does not run: this is its state {since} {time:%Y-%m-%d %H:%M:%S %Z}",
        err=True,
    )
    region = target.region or stopped.region or default_region(target.profile)
    return replace(target, endpoint=url, region=region, stopped=stopped)


def require_botocore(feature: str) -> None:
    """Raise `MissingLibrary` if botocore is not installed."""
    if not is_installed("botocore"):
        raise MissingLibrary(feature, "aws")


def read_address(options: SiteOptions) -> EngineAddress:
    """Return where the engine of a data directory is; end the command with exit code 1 if no address is recorded."""
    if (found := engine_address.read_address(options.data)) is not None:
        return found
    typer.echo(f"lamplighter: {_explain_missing_address(options)}", err=True)
    raise typer.Exit(1)


def _explain_missing_address(options: SiteOptions) -> str:
    data = options.data
    if has_lost_database(data):
        return explain_missing_database(data)
    start, others = options.hint("up"), "use --endpoint-url URL or --aws"
    if (data / DATABASE).exists():
        return f"the engine of {data} does not run: start it with `{start}`, or {others}"
    return f"no engine has run on {data}: start one with `{start}`, name another directory with --data, or {others}"


def _read_credentials(data: Path) -> Credentials | None:
    """Return the first credentials of a data directory's credentials file, or None if there is no such file."""
    file = data / CREDENTIALS_FILE
    try:
        return next(iter(credentials.load_credentials(file).values())) if file.exists() else None
    except InvalidCredentialsFile as error:
        typer.echo(f"lamplighter: {error}", err=True)
        raise typer.Exit(1) from None


def explain_error(error: BotoCoreError | ClientError | ResponseParserError, target: Target) -> str:
    """Return a sentence that describes a failed call and, where the cause is known, what to do."""
    if isinstance(error, ResponseParserError):
        hint = "is there a proxy in between?" if target.endpoint is None else "is this an engine's URL?"
        return f"{target} returned a response that is not AWS's: {hint}"
    if isinstance(error, EndpointConnectionError):
        hint = f"is `{target.options.hint('up')}` running?" if target.endpoint is not None else "is there a network?"
        return f"{target} does not answer: {hint}"
    if isinstance(error, SSLError) and target.endpoint is not None:
        reason = f"the certificate of {target} is not trusted"
        return f"{reason}: set AWS_CA_BUNDLE to the file of the authority that issued it ({error.kwargs.get('error')})"
    if isinstance(error, HTTPClientError):
        hint = f"look with `{target.options.hint('ps')}` whether it took effect before you call again"
        reason = str(error.kwargs.get("error", error)).strip()
        return f"the connection to {target} broke during the call ({reason}): {hint}"
    if has_expired(error):
        return f"the credentials for {target} have expired: sign in again (`aws sso login`), or get new ones"
    if isinstance(error, ClientError):
        return _explain_answer(error, target)
    if isinstance(error, NoCredentialsError):
        return (
            f"no credentials found for {target}: use --profile, or run `aws configure`; "
            f"`{target.options.hint('doctor')}` checks them"
        )
    return str(error)


def _explain_answer(error: ClientError, target: Target) -> str:
    """Return what a service answered, and which keys an engine knows if it did not know the caller's."""
    code = error.response["Error"]["Code"]
    answer = f"{error.operation_name}: {error.response['Error'].get('Message') or code}"
    if target.endpoint is None or code not in UNKNOWN_KEY_CODES:
        return answer
    advice = "set AWS_SHARED_CREDENTIALS_FILE to its credentials file, or to a copy of it"
    return f"{target} does not know your access key: {advice} ({answer})"


def has_expired(error: Exception) -> bool:
    """Return whether a call failed because the credentials have expired."""
    if isinstance(error, ClientError):
        return error.response["Error"].get("Code") in EXPIRED_CODES
    return isinstance(error, (UnauthorizedSSOTokenError, TokenRetrievalError))
