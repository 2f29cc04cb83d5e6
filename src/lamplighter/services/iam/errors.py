"""Define IAM's errors, in IAM's own words.

See https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and each operation's page.
"""

from lamplighter.base.errors import service_error

NoSuchEntity = service_error("NoSuchEntityException")
EntityAlreadyExists = service_error("EntityAlreadyExistsException")
DeleteConflict = service_error("DeleteConflictException")
MalformedPolicyDocument = service_error("MalformedPolicyDocumentException")
LimitExceeded = service_error("LimitExceededException")
InvalidInput = service_error("InvalidInputException")
UnmodifiableEntity = service_error("UnmodifiableEntityException")
