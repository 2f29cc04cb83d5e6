"""Check this machine: Docker, the data directory, the engine of this folder, and the mail server."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from lamplighter import __version__
from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.doctor import alerts
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.doctor.mail_server import check_mail_server
from lamplighter.cli.engine_address import read_address
from lamplighter.cli.engine_health import read_health
from lamplighter.runtime.docker import daemon
from lamplighter.runtime.port import RuntimeUnavailable
from lamplighter.store.backups.database_copy import connect_read_only
from lamplighter.store.data_directory import DATABASE, explain_missing_database, has_lost_database
from lamplighter.store.db import damaged_database_error

TIMEOUT_SECONDS = 10
"""Seconds to wait for Docker."""
MIN_FREE_BYTES = 1024**3
"""Free bytes on the disk below which `doctor` warns: the database and the output of containers need room."""
DOCKER_ADVICE = "jobs with an image need it; jobs without one run as plain processes"


def check_local_machine(data: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Report on everything that belongs to this machine."""
    yield check_docker()
    if shutil.which("docker") is None:
        yield doubtful(
            "docker command", "the command is not installed", "install it where `lamplighter deploy` builds images"
        )
    yield from check_directory(data)
    address = read_address(data)
    url = None if address is None else address.local
    health = None if url is None else read_health(url)
    yield check_engine(url, health)
    if health is not None and health.get("denied"):
        yield good("denied", f"tasks may not use {', '.join(health['denied'])} (--deny)")
    if health is not None and health.get("processes"):
        limits = health["processes"]
        yield (good if limits["limited"] else doubtful)("processes", limits["summary"])
    if health is not None and health["status"] == "degraded":
        # The health only counts the alerts; the findings about alerts say more.
        yield from (bad("engine", each["reason"]) for each in health["conditions"] if each["name"] != "alerts")
    yield from alerts.check_waiting_alerts(data)
    yield from alerts.check_lost_alerts(data, real_world().now())
    yield with_refusal(check_mail_server(environment, health, alerts.mail_recipients(data)), alerts.mail_failure(data))


def with_refusal(mail: Finding, refusal: str | None) -> Finding:
    """Return the finding about the mail server, which is bad if it refuses mails: the check sends none."""
    is_known = refusal is None or mail.state == "bad"
    return mail if is_known else bad("mail", f"{mail.says}, but mails are refused: {refusal}", mail.advice)


def check_docker() -> Finding:
    """Report whether Docker answers."""
    try:
        version = asyncio.run(_docker_version())
    except (RuntimeUnavailable, LamplighterError) as error:
        return bad("Docker", str(error), DOCKER_ADVICE)
    except TimeoutError:
        return bad("Docker", f"it does not answer within {TIMEOUT_SECONDS} seconds", DOCKER_ADVICE)
    return good("Docker", f"{version} answers")


async def _docker_version() -> str:
    client = daemon.connect(None)
    try:
        with daemon.docker_errors():
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return str((await client.version())["Version"])
    finally:
        await client.close()


def check_directory(data: Path) -> Iterator[Finding]:
    """Report whether the data directory is writable, has an intact database and has free disk space."""
    if not data.exists():
        yield doubtful("data directory", f"{data} does not exist", "`lamplighter up` creates it")
        return
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield bad("data directory", f"you cannot write to {data}", "change its owner to the user that runs the engine")
        return
    if has_lost_database(data):
        yield bad("data directory", explain_missing_database(data))
        return
    try:
        if (data / DATABASE).exists():
            connect_read_only(data / DATABASE).close()
    except sqlite3.DatabaseError as error:
        yield bad("data directory", str(damaged_database_error(data / DATABASE, error)))
        return
    free = shutil.disk_usage(data).free
    message = f"{data} is writable, {free / 1024**3:,.1f} GiB are free"
    advice = "an engine without disk space refuses calls: free some space"
    yield good("data directory", message) if free >= MIN_FREE_BYTES else doubtful("data directory", message, advice)


def check_engine(url: str | None, health: Json) -> Finding:
    """Report whether the engine of this folder is up and healthy; `health` is its health document."""
    if url is None:
        return doubtful("engine", "no engine is running in this folder", "`lamplighter up` starts one")
    if health is None:
        return bad("engine", f"its address is {url}, but it does not answer", "start it again: `lamplighter up`")
    if health["status"] not in ("ok", "degraded"):
        worst = health["conditions"][0]
        return bad("engine", f"the engine at {url} is not healthy: {worst['reason']}", worst["advice"])
    if health["version"] != __version__:
        message = f"the engine at {url} has version {health['version']}, and this command has {__version__}"
        return doubtful("engine", message, "restart the engine")
    state = "is up and healthy" if health["status"] == "ok" else "is up"
    return good("engine", f"lamplighter {health['version']} {state} at {url}")
