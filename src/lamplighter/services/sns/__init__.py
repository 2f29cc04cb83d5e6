"""Implement SNS: topics, subscriptions, and the delivery of messages to them.

Guarantees that an accepted message is either delivered, or reported as failed and sent to the subscription's
dead-letter queue, even if the engine is killed at any moment. Queues get the message in the transaction that accepts
it, exactly once; all other endpoints get it at least once. Text messages (`sms`), mobile push (`application`) and
`firehose` are not delivered: AWS's operations on them store and return what they should, and each message for them is
reported as failed.
See https://docs.aws.amazon.com/sns/latest/dg/welcome.html.
"""
