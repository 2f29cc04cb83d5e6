"""Implement metric alarms and composite alarms: settings, evaluation and actions."""
