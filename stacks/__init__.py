"""What a stack is made of: its configuration, read and checked, and the composition built from it."""
