"""Lambda whose functions run: each in a Python process of its own, which sees only the emulated cloud."""
