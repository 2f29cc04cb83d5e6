"""Define the errors of CloudWatch.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html.
"""

from lamplighter.base.errors import service_error

ResourceNotFound = service_error("ResourceNotFound", status=404)
ResourceNotFoundException = service_error("ResourceNotFoundException", status=404)
InvalidParameterValue = service_error("InvalidParameterValueException")
InvalidCombination = service_error("InvalidParameterCombinationException")
MissingParameter = service_error("MissingRequiredParameterException")
InvalidNextToken = service_error("InvalidNextToken")
InvalidFormat = service_error("InvalidFormatFault")
InvalidRequest = service_error("ValidationError")
"""The error of operations that document none for invalid parameters, such as PutMetricAlarm and GetMetricData."""
