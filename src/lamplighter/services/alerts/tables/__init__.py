"""The tables of the alerts service."""
