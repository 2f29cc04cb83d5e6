"""What the pages need to know, asked through a port."""
