"""A `pulumi` command that is not Pulumi's, over the embedded engine: what stands in for it on a laptop."""
