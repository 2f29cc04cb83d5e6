"""Rules: event patterns and schedules."""
