"""The release commands: an image moves from one environment's config to the next, one line at a time."""
