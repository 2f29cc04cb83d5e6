"""What `doctor` looks at; each module promises findings, and never to change what it looks at."""
