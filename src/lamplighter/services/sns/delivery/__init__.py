"""Deliver messages to subscriptions, with retries and dead-letter queues."""
