"""Store mobile applications."""

from dataclasses import dataclass

from lamplighter.services.sns.tables.topics import read_map
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class PlatformApplication:
    """A mobile application, whose devices are endpoints."""

    arn: str
    account: str
    region: str
    platform: str
    """The push service, such as `APNS` or `GCM`."""
    name: str
    attributes: dict[str, str]
    """The settings by AWS's names, without credentials."""


APPLICATIONS = Table("platform_applications", PlatformApplication, json={"attributes": read_map})


get = APPLICATIONS.find_by("arn")
"""Return an application by its ARN, or None."""
page = APPLICATIONS.page_by("account", "region", "arn")
"""Return an account's applications in a region with ARNs after `after`, in order."""
put = APPLICATIONS.replace
"""Store an application, new or changed."""
delete = APPLICATIONS.delete_by("arn")
"""Delete an application."""
