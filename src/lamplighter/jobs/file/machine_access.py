"""Define the formats of what a job may reach on its machine, apart from volumes: host names and GPUs.

Guarantees that each host has an IP address, or `host-gateway`, which is Docker's name for the machine itself. Host
names may be in a mapping, or in a list as Compose has it (`db.local:10.0.0.5`).
See https://docs.docker.com/reference/cli/docker/container/run/#add-host.
"""

import re
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.parsing.invalid_value import InvalidValue
from lamplighter.jobs.file.text_formats import HostName
from lamplighter.jobs.file.values import format_value

HOST_GATEWAY = "host-gateway"
ALL_GPUS = "all"


def _parse_address(value: Json) -> Json:
    text = value.removeprefix("[").removesuffix("]") if isinstance(value, str) else value
    try:
        return text if text == HOST_GATEWAY else str(ip_address(text if isinstance(text, str) else ""))
    except ValueError:
        advice = f"write one such as 10.0.0.5, or {HOST_GATEWAY} for this machine"
        raise InvalidValue(f"{format_value(value)} is not an IP address", advice) from None


def _expand_hosts(value: Json) -> Json:
    """Return a mapping for a list such as Compose has it: `db.local:10.0.0.5` or `db.local=10.0.0.5`."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return value
    split = [re.split("[:=]", each, maxsplit=1) for each in value]
    return {name: "".join(address) for name, *address in split}


def _parse_gpus(value: Json) -> Json:
    if value == ALL_GPUS:
        return value
    if re.fullmatch("[1-9][0-9]{0,3}", str(value)) and not isinstance(value, bool):
        return int(value)
    raise InvalidValue(f"{format_value(value)} is not a number of GPUs", f"write one such as 1, or {ALL_GPUS}")


HostAddress = Annotated[str, BeforeValidator(_parse_address), WithJsonSchema({"type": "string"})]
ExtraHosts = Annotated[dict[HostName, HostAddress], BeforeValidator(_expand_hosts)]
Gpus = Annotated[
    int | Literal["all"],
    BeforeValidator(_parse_gpus),
    WithJsonSchema({"type": ["integer", "string"], "pattern": "^(all|[1-9][0-9]*)$", "minimum": 1}),
]
