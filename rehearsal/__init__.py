"""The laptop cloud: an emulated AWS, the provider that drives it, and an engine that runs the program."""
