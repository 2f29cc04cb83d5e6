"""The tables of EventBridge Scheduler."""
