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
    """Share what botocore reads between all its sessions, which write the same values into it.

    Only the model of S3 is read anew: the first client of S3 changes the paths of its operations.
    """
    read_anew: Callable[[str], Json] = functools.partial(JSONFileLoader.load_file, JSONFileLoader())
    read_once = functools.cache(read_anew)
    JSONFileLoader.load_file = lambda _, path: (read_anew if "/s3/" in path else read_once)(path)
    list_services = Loader.list_available_services
    lists: dict[tuple[str, ...], Json] = {}

    def list_once(loader: Loader, type_name: str) -> Json:
        key = (type_name, *loader.search_paths)
        if key not in lists:
            lists[key] = list_services(loader, type_name)
        return lists[key]

    Loader.list_available_services = list_once
