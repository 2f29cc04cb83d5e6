"""Implement dashboards, and the tags of alarms and dashboards."""
