"""Make the pages of the manual that describe what the program itself defines."""
