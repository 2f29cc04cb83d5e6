"""Define the errors of Secrets Manager, with AWS's codes and messages.

See https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html.
"""

from lamplighter.base.errors import service_error

NotFound = service_error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
ValueNotFound = service_error(
    "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for {}: {}"
)
Exists = service_error("ResourceExistsException", "{}")
InvalidParameter = service_error("InvalidParameterException", "{}")
InvalidRequest = service_error("InvalidRequestException", "{}")
InvalidNextToken = service_error("InvalidNextTokenException", "Invalid NextToken.")
MalformedPolicy = service_error("MalformedPolicyDocumentException", "This resource policy contains invalid Json.")
MARKED = "You can't perform this operation on the secret because it was marked for deletion."
