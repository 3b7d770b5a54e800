"""What goes into an image, as data, and the rules that an image must pass."""
