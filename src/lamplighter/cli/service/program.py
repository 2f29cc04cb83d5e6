"""Find the program that a service runs: this installation of lamplighter, unless it may disappear.

Guarantees absolute paths, and that no file of the folder of the jobs can be taken for a module (`python -P`).
"""

import os
import pwd
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lamplighter.base.errors import LamplighterError

CACHE_FOLDER = re.compile(r"\.?cache|Caches|(archive|builds|environments|wheels)-v\d+")
"""The names of folders in which uvx and `pipx run` keep installations for a time."""
CHECK_SECONDS = 60


class UnusableProgram(LamplighterError):
    """A service cannot run this installation of lamplighter."""


def service_program() -> tuple[str, ...]:
    """Return the command line that runs this installation."""
    return (sys.executable, "-P", "-m", "lamplighter")


def check_permanent(prefix: Path, environment: Mapping[str, str]) -> None:
    """Raise `UnusableProgram` if an installation is one of those that uvx or `pipx run` delete again."""
    cache = environment.get("UV_CACHE_DIR")
    in_cache = any(CACHE_FOLDER.fullmatch(part) for part in prefix.parts)
    if in_cache or (cache and prefix.is_relative_to(cache)):
        raise UnusableProgram(
            f"lamplighter runs from a cache here ({prefix}), which may be emptied: install it first "
            "(`pipx install lamplighter` or `uv tool install lamplighter`), then run this command again"
        )


def check_runnable(account: pwd.struct_passwd) -> None:
    """Raise `UnusableProgram` if an account cannot run this installation; only root can find out for others."""
    if os.geteuid() != 0 or account.pw_uid == 0:
        return
    groups = os.getgrouplist(account.pw_name, account.pw_gid)
    try:
        done = subprocess.run(
            [*service_program(), "version"],
            cwd="/",
            env={"HOME": account.pw_dir, "PATH": os.defpath},
            capture_output=True,
            text=True,
            timeout=CHECK_SECONDS,
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=groups,
            check=False,
        )
        problem = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it fails"])[-1]
    except (OSError, subprocess.SubprocessError) as error:
        problem = str(error)
    if problem:
        raise UnusableProgram(
            f"the account {account.pw_name} cannot run {sys.executable} ({problem}): install lamplighter where every "
            "account can run it, for example with `sudo pipx install --global lamplighter`"
        )
