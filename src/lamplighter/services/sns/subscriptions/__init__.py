"""Subscriptions: created, confirmed, filtered and ended."""
