"""Store the data of EventBridge Scheduler, a module for each table."""
