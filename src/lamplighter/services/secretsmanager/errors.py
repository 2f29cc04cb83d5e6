"""Define the errors of Secrets Manager, with AWS's codes and messages.

See https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html.
"""

from lamplighter.base.errors import service_error
from lamplighter.operations.pages import Pages

NotFound = service_error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
ValueNotFound = service_error(
    "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for {}: {}"
)
Exists = service_error("ResourceExistsException", "{}")
InvalidParameter = service_error("InvalidParameterException", "{}")
InvalidRequest = service_error("InvalidRequestException", "{}")
InvalidNextToken = service_error("InvalidNextTokenException", "Invalid NextToken.")
PAGES = Pages(InvalidNextToken)
"""How lists of Secrets Manager have pages."""
MalformedPolicy = service_error("MalformedPolicyDocumentException", "This resource policy contains invalid Json.")
PublicPolicy = service_error(
    "PublicPolicyException", "The resource policy grants broad access to the secret, and BlockPublicPolicy is set."
)
TooManyLabels = service_error("LimitExceededException", "A version of a secret can have at most {} staging labels.")
MARKED = "You can't perform this operation on the secret because it was marked for deletion."
