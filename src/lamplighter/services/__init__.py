"""Implement the AWS services, one package for each.

Guarantees that each service answers as AWS does, keeps what it accepted, and continues after a crash. No service
imports another: services call each other over the bus only.
"""
