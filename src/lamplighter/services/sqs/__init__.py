"""Amazon SQS: queues whose messages are rows.

Promises that a message that was accepted is received until it is deleted, expires or goes to its dead-letter queue,
whatever is killed and whenever. Refuses to judge permissions and to encrypt: policies and keys are kept and shown.
See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html.
"""
