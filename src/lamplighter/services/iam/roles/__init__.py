"""Roles: their inline policies, attached policies, tags and instance profiles."""
