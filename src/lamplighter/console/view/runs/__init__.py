"""How pages show a run: its title, graph, timeline and numbers."""
