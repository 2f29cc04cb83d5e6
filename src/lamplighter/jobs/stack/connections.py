"""Build the connection with which EventBridge calls a service on the web.

A connection needs some authorization: a header that says who asks is one that every service ignores.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html.
"""

from troposphere import events

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack import console_links


def connection(title: str, project: Project, **parameters: Json) -> events.Connection:
    """Return a connection that exists on AWS only; `parameters` are further ones of `AuthParameters`."""
    header = events.ApiKeyAuthParameters(ApiKeyName="X-Lamplighter", ApiKeyValue=project.prefix)
    return events.Connection(
        title,
        AuthorizationType="API_KEY",
        AuthParameters=events.AuthParameters(ApiKeyAuthParameters=header, **parameters),
        Condition=console_links.ON_AWS,
    )
