"""Serve Amazon SQS: queues whose messages are rows.

Guarantees that an accepted message can be received until it is deleted, expires or moves to its dead-letter queue, even
if processes are killed at any time. Policies decide only if the engine enforces IAM (`services/iam/access`). Encryption
keys are stored and returned, but not applied.
See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html.
"""
