"""What the pages show: text, charts and tables made of values, without a call."""
