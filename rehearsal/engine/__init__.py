"""Runs a Pulumi program without the `pulumi` command, against the cloud on a laptop."""
