"""Code that runs in Lambda, each file by itself: it imports nothing of this project."""
