"""Implement CloudFormation: create, update and delete the resources of templates in the engine's own services.

Guarantees that an accepted stack operation comes to its end, whichever process is killed at any time: each resource is
created, updated or deleted in the transaction that records it. Types without a meaning on one machine (networks, roles,
functions) are recorded with plausible names and attributes, and shown as not simulated. No stack fails because of them.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html.
"""
