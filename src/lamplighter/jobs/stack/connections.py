"""Build the connection with which EventBridge calls a service on the web.

A connection needs some authorization: a header that says who asks is one that every service ignores.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack.resources import Resource, properties


def connection(logical_id: str, project: Project, http_parameters: Json = None) -> Resource:
    """Return a connection; `http_parameters` go with each call."""
    header = properties(ApiKeyName="X-Lamplighter", ApiKeyValue=project.prefix)
    return Resource(
        logical_id,
        "AWS::Events::Connection",
        properties(
            AuthorizationType="API_KEY",
            AuthParameters=properties(ApiKeyAuthParameters=header, InvocationHttpParameters=http_parameters),
        ),
    )
