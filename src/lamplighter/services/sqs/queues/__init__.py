"""Manage queues: attributes, permissions, dead-letter queues and message move tasks."""
