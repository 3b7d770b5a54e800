"""What a person runs: see each file's first lines."""
