"""Define the errors of the Parameter Store, with AWS's codes and messages.

See https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html and each operation's page.
"""

from lamplighter.base.errors import ServiceError, service_error

AlreadyExists = service_error(
    "ParameterAlreadyExists",
    "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
)
NotFound = service_error("ParameterNotFound", "Parameter {} not found.")
VersionNotFound = service_error(
    "ParameterVersionNotFound", "Systems Manager could not find version {} of {}. Verify the version and try again."
)
TypeMismatch = service_error(
    "HierarchyTypeMismatchException",
    "The parameter {} has the type {}; a parameter's type cannot be changed to {}.",
)
LevelLimit = service_error("HierarchyLevelLimitExceededException", "A hierarchy can have a maximum of 15 levels.")
PatternMismatch = service_error(
    "ParameterPatternMismatchException",
    "Parameter value, cannot be validated against allowedPattern: {}",
)
InvalidPattern = service_error("InvalidAllowedPatternException", "The regular expression is not valid: {}")
MaxVersions = service_error(
    "ParameterMaxVersionLimitExceeded",
    "You attempted to create a new version of {} by calling the PutParameter API with the overwrite flag. Version {}, "
    "the oldest version, can't be deleted because it has a label associated with it. Move the label to another version "
    "of the parameter, and try again.",
)
LabelLimit = service_error(
    "ParameterVersionLabelLimitExceeded",
    "An error occurred (ParameterVersionLabelLimitExceeded) when calling the LabelParameterVersion operation: A "
    "parameter version can have maximum 10 labels. Move one or more labels to another version and try again.",
)
InvalidFilterKey = service_error("InvalidFilterKey", "{}")
InvalidFilterOption = service_error("InvalidFilterOption", "{}")
InvalidFilterValue = service_error("InvalidFilterValue", "{}")
InvalidNextToken = service_error("InvalidNextToken", "The specified token isn't valid.")
InvalidResourceType = service_error("InvalidResourceType", "The resource type isn't valid.")
InvalidResourceId = service_error(
    "InvalidResourceId", "The resource ID isn't valid. Verify that you entered the correct ID and try again."
)
TooManyTags = service_error("TooManyTagsError", "The number of tags exceeds the limit of 50.")


class InvalidParameter(ServiceError, code="ValidationException"):
    """A parameter of the request is not valid."""
