"""Write the file of variables that systemd gives to the engine: what would be visible to everybody in the unit.

Guarantees that only the file's owner can read it, from the first moment on. Variables that the file has for other
reasons, such as a person's own lines, stay as they are.
See https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=.
"""

import re
from collections.abc import Mapping

CARRIED_VARIABLES = (
    "AWS_CONFIG_FILE", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_REGION", "AWS_SHARED_CREDENTIALS_FILE",
    "DOCKER_CERT_PATH", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST", "DOCKER_TLS_VERIFY",
    "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy",
    "PATH", "SSL_CERT_FILE", "TZ",
)  # fmt: skip
"""The variables of the shell on which it depends what `up` does; another region, for example, would move all jobs."""
CARRIED_PREFIX = "LAMPLIGHTER_"


def carried_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a shell that the service gets, too."""
    names = [name for name in environment if name in CARRIED_VARIABLES or name.startswith(CARRIED_PREFIX)]
    return {name: environment[name] for name in sorted(names) if environment[name]}


def set_variables(text: str, variables: Mapping[str, str]) -> str:
    """Return the text of a file of variables in which these have these values."""
    missing = dict(variables)
    lines = []
    for line in text.splitlines():
        name = line.split("=", 1)[0].strip()
        lines.append(_line(name, missing.pop(name)) if name in missing else line)
    lines += [_line(name, value) for name, value in missing.items()]
    return "".join(f"{line}\n" for line in lines)


def changed_variables(before: str, after: str) -> list[str]:
    """Return the names of the variables whose lines differ between two texts."""
    old = set(before.splitlines())
    return [line.split("=", 1)[0] for line in after.splitlines() if line not in old]


def _line(name: str, value: str) -> str:
    """Return the line of a variable, quoted as systemd unquotes it."""
    if re.fullmatch(r"[\w@%+=:,./-]*", value, re.ASCII):
        return f"{name}={value}"
    escaped = re.sub(r'(["\\`$])', r"\\\1", value)
    return f'{name}="{escaped}"'
