"""Parse, transform and plan the templates of stacks."""
