"""Define STS's errors, in STS's own words.

See https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html.
"""

from lamplighter.base.errors import service_error

AccessDenied = service_error("AccessDenied", status=403)
ValidationFailed = service_error("ValidationError")
InvalidParameterValue = service_error("InvalidParameterValue")
MalformedPolicyDocument = service_error("MalformedPolicyDocumentException")
InvalidIdentityToken = service_error("InvalidIdentityTokenException")
InvalidAuthorizationMessage = service_error("InvalidAuthorizationMessageException", "Message is not valid")
PackedPolicyTooLarge = service_error("PackedPolicyTooLargeException")
