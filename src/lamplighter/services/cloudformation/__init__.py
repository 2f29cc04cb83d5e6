"""Implement CloudFormation: create, update and delete the resources of templates in the engine's own services.

Guarantees that the engine completes every accepted stack operation, even if a process is killed at any moment: one
transaction changes a resource and records the change. Types without a meaning on one machine (networks, roles,
functions) are recorded with plausible names and attributes, and shown as not simulated. No stack fails because of them.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html.
"""
