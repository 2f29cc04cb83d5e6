"""The parts of `lamplighter up`: it reads a source, applies its stacks and keeps them applied."""
