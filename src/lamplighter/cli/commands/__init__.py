"""The commands of `lamplighter`, one module for each."""
