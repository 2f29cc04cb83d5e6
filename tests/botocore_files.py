"""Let botocore read each of its files once in a process.

Each of its sessions reads its models, endpoints and list of services anew, which takes most of the time in which a
command or a test makes a client: 45 ms of processor time.
"""

import functools
from collections.abc import Callable

from botocore.loaders import JSONFileLoader, Loader

from lamplighter.base.json_text import Json

SERVICES = ("cloudformation", "cloudwatch", "ecs", "events", "iam", "logs", "scheduler", "sns", "sqs", "stepfunctions")
"""The services that most commands call."""


def share_files() -> None:
    """Share what botocore reads between all its sessions, which write the same values into it."""
    read_file: Callable[[str], Json] = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _, path: read_file(path)
    list_services = Loader.list_available_services
    lists: dict[tuple[str, ...], Json] = {}

    def list_once(loader: Loader, type_name: str) -> Json:
        key = (type_name, *loader.search_paths)
        if key not in lists:
            lists[key] = list_services(loader, type_name)
        return lists[key]

    Loader.list_available_services = list_once
