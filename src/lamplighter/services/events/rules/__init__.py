"""Handle rules: event patterns and schedules."""
