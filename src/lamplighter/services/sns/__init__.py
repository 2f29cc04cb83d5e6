"""SNS: topics, who is subscribed to them, and bringing messages there.

Promises that a message that was taken is delivered, or told as failed and laid into the subscription's dead-letter
queue, whatever is killed and whenever. Queues get it in the transaction that takes it, exactly once; all others at
least once. Texts to phones (`sms`), mobile pushes (`application`) and `firehose` mean nothing on one box: such
subscriptions are accepted, kept and shown, and a line of the log says that they get nothing.
See https://docs.aws.amazon.com/sns/latest/dg/welcome.html.
"""
