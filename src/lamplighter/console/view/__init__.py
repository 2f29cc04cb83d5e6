"""Turn values into the texts, charts and tables of the pages."""
