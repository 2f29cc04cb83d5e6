"""Executions: started, driven forward, logged, redriven and described."""
