"""Define the errors of S3's operations, with AWS's codes, statuses and messages.

See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList.
"""

from lamplighter.base.errors import AwsError, ServiceError, service_error

BucketAlreadyExists = service_error(
    "BucketAlreadyExists",
    "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please "
    "select a different name and try again.",
    status=409,
)
BucketAlreadyOwnedByYou = service_error(
    "BucketAlreadyOwnedByYou",
    "Your previous request to create the named bucket succeeded and you already own it.",
    status=409,
)
BucketNotEmpty = service_error(
    "BucketNotEmpty", "The bucket you tried to delete is not empty", status=409, details=("BucketName",)
)
AccessDenied = service_error("AccessDenied", "Access Denied", status=403)
InvalidBucketName = service_error("InvalidBucketName", "The specified bucket is not valid.", details=("BucketName",))
InvalidRequest = service_error("InvalidRequest", "{}")
BadRequest = service_error("BadRequest", "{}")
MetadataTooLarge = service_error("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
InvalidTag = service_error("InvalidTag", "{}")
InvalidRange = service_error(
    "InvalidRange", "The requested range is not satisfiable", status=416, details=("ActualObjectSize",)
)
InvalidPartOrder = service_error(
    "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number."
)
InvalidBucketOwner = service_error(
    "InvalidBucketOwnerAWSAccountID", "The value of the expected bucket owner parameter must be an AWS account ID."
)
InvalidLocation = service_error("InvalidLocationConstraint", "The specified location-constraint is not valid")
IllegalLocation = service_error(
    "IllegalLocationConstraintException",
    "The {} location constraint is incompatible for the region specific endpoint this request was sent to.",
)
MalformedXml = service_error(
    "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
)
MalformedPolicy = service_error("MalformedPolicy", "{}")
MethodNotAllowed = service_error(
    "MethodNotAllowed", "The specified method is not allowed against this resource.", status=405
)
ConditionalRequestConflict = service_error(
    "ConditionalRequestConflict",
    "The conditional request cannot succeed due to a conflicting operation against this resource.",
    status=409,
)
NotModified = service_error("NotModified", "Not Modified", status=304)
AclNotSupported = service_error("AccessControlListNotSupported", "The bucket does not allow ACLs")
KeyTooLong = service_error("KeyTooLongError", "Your key is too long", details=("Size", "MaxSizeAllowed"))
NoSuchUpload = service_error(
    "NoSuchUpload",
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted "
    "or completed.",
    status=404,
    details=("UploadId",),
)
InvalidPart = service_error(
    "InvalidPart",
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified "
    "entity tag may not match the part's entity tag.",
    details=("UploadId", "PartNumber", "ETag"),
)
EntityTooSmall = service_error(
    "EntityTooSmall",
    "Your proposed upload is smaller than the minimum allowed size",
    details=("ProposedSize", "MinSizeAllowed", "PartNumber", "ETag"),
)
NoSuchBucket = service_error("NoSuchBucket", "The specified bucket does not exist", status=404, details=("BucketName",))
NoSuchVersion = service_error(
    "NoSuchVersion", "The specified version does not exist.", status=404, details=("Key", "VersionId")
)
PreconditionFailed = service_error(
    "PreconditionFailed",
    "At least one of the pre-conditions you specified did not hold",
    status=412,
    details=("Condition",),
)


class NotImplementedHere(ServiceError, code="NotImplemented", status=501):
    """A feature that this engine does not have, so that it must not accept the request."""


class InvalidArgument(ServiceError):
    """A parameter has a value that S3 does not accept; the error names it as the request does."""

    def __init__(self, message: str, name: str = "", value: object = "") -> None:
        super().__init__(message)
        if name:
            self.details = {"ArgumentName": name, "ArgumentValue": str(value)}


class NoSuchKey(ServiceError, template="The specified key does not exist.", status=404):
    """The bucket has no such object."""

    detail_names = ("Key",)

    def __init__(self, key: str, version: str | None = None) -> None:
        """Describe the key; `version`: that of the delete marker which hides the object."""
        super().__init__(key)
        if version is not None:
            self.headers = {"x-amz-delete-marker": "true", "x-amz-version-id": version}


def no_setting(code: str, message: str, bucket: str) -> AwsError:
    """Return the error for a setting that a bucket does not have."""
    error = AwsError(message, code=code, status=404)
    error.details = {"BucketName": bucket}
    return error
