"""Reusable component resources. They know nothing of stacks, config files or where they run."""
