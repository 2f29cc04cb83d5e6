"""The tables of ECS."""
