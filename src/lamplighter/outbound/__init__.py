"""Call AWS services outside this engine, send mail and HTTP requests, and run programs.

Guarantees that an answer is the service's own, or an `AwsError` with the service's message. A failed delivery raises
`DeliveryFailed` with its reason. This package does not retry, and knows nothing of the reason for a call.
"""
