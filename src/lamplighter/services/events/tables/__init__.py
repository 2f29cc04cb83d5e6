"""The tables of EventBridge."""
