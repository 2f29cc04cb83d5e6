"""Check this machine: Docker, the data directory, the engine of this folder, and the mail server."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from lamplighter import __version__
from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.doctor import alerts
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.doctor.mail_server import check_mail_server
from lamplighter.cli.engine_address import ADDRESS
from lamplighter.cli.engine_health import read_health
from lamplighter.runtime.docker import daemon
from lamplighter.runtime.port import RuntimeUnavailable
from lamplighter.store.db import database_damaged

PATIENCE = 10
"""Seconds to wait for Docker and for the database."""
SCARCE = 1024**3
"""Free bytes on the disk below which `doctor` warns: the database and the output of containers need room."""
PROCESSES = "jobs with an image need it; jobs without one run as plain processes"


def check_local_machine(data: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Report on everything that belongs to this machine."""
    yield check_docker()
    if shutil.which("docker") is None:
        yield doubtful(
            "docker command", "the command is not installed", "install it where `lamplighter deploy` builds images"
        )
    yield from check_directory(data)
    url = _address(data)
    said = None if url is None else read_health(url)
    yield check_engine(url, said)
    if said is not None and said.get("denied"):
        yield good("denied", f"tasks may not use {', '.join(said['denied'])} (--deny)")
    if said is not None and said["status"] == "degraded":
        # The health only counts the alerts; the findings about alerts say more.
        yield from (bad("engine", each["reason"]) for each in said["conditions"] if each["name"] != "alerts")
    yield from alerts.check_waiting_alerts(data)
    yield from alerts.check_lost_alerts(data, real_world().now())
    yield check_mail_server(environment, said, alerts.mail_recipients(data))


def check_docker() -> Finding:
    """Report whether Docker answers."""
    try:
        version = asyncio.run(_version())
    except (RuntimeUnavailable, LamplighterError) as error:
        return bad("Docker", str(error), PROCESSES)
    except TimeoutError:
        return bad("Docker", f"it does not answer within {PATIENCE} seconds", PROCESSES)
    return good("Docker", f"{version} answers")


async def _version() -> str:
    client = daemon.connect(None)
    try:
        with daemon.docker_errors():
            async with asyncio.timeout(PATIENCE):
                version: str = (await client.version())["Version"]
                return version
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
    broken = _broken(data / "lamplighter.db")
    if broken is not None:
        yield bad("data directory", str(broken))
        return
    free = shutil.disk_usage(data).free
    told = f"{data} is writable, {free / SCARCE:,.1f} GiB are free"
    scarce = "an engine without disk space refuses calls: free some space"
    yield good("data directory", told) if free >= SCARCE else doubtful("data directory", told, scarce)


def _broken(file: Path) -> LamplighterError | None:
    """Return why an engine would refuse to open a database, or None if it would open it or there is none."""
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        return database_damaged(file, error)
    return None


def _address(data: Path) -> str | None:
    """Return the URL that the engine of a data directory recorded, or None."""
    try:
        return (data / ADDRESS).read_text().strip()
    except OSError:
        return None


def check_engine(url: str | None, found: Json) -> Finding:
    """Report whether the engine of this folder is up and healthy; `found` is its health document."""
    if url is None:
        return doubtful("engine", "no engine is running in this folder", "`lamplighter up` starts one")
    if found is None:
        return bad("engine", f"its address is {url}, but it does not answer", "start it again: `lamplighter up`")
    if found["status"] not in ("ok", "degraded"):
        why = found.get("reason", found["status"])
        return bad("engine", f"the engine at {url} is not healthy: {why}", "it refuses calls until this is fixed")
    if found["version"] != __version__:
        told = f"the engine at {url} has version {found['version']}, and this command has {__version__}"
        return doubtful("engine", told, "restart the engine")
    well = "is up and healthy" if found["status"] == "ok" else "is up"
    return good("engine", f"lamplighter {found['version']} {well} at {url}")
