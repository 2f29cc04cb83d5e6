"""Metric alarms and composite alarms: settings, evaluation and actions."""
