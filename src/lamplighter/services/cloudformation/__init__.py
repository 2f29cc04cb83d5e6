"""CloudFormation: templates become resources of our own services, one after another, and go as they came.

Promises that a stack that was accepted comes to its end whatever is killed: each resource is made, changed or deleted
in the transaction that records it. Types that mean nothing on one box (networks, roles, functions) are recorded, given
plausible names and attributes, and shown as not simulated; no stack fails because of them.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html.
"""
