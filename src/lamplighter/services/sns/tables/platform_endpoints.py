"""Store the endpoints of mobile applications."""

from dataclasses import dataclass

from lamplighter.services.sns.tables.topics import read_map
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class PlatformEndpoint:
    """A device of a mobile application."""

    arn: str
    application: str
    """The ARN of the application."""
    token: str
    attributes: dict[str, str]
    """Token, Enabled and CustomUserData, by AWS's names."""


ENDPOINTS = Table("platform_endpoints", PlatformEndpoint, json={"attributes": read_map})


get = ENDPOINTS.find_by("arn")
"""Return an endpoint by its ARN, or None."""
find_by_token = ENDPOINTS.find_by("application", "token")
"""Return the endpoint of an application that has a token, or None."""
page = ENDPOINTS.page_by("application", "arn")
"""Return an application's endpoints with ARNs after `after`, in order."""
put = ENDPOINTS.replace
"""Store an endpoint, new or changed."""
delete = ENDPOINTS.delete_by("arn")
"""Delete an endpoint."""
delete_of_application = ENDPOINTS.delete_by("application")
"""Delete all endpoints of an application."""
