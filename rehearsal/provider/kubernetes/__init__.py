"""A Pulumi resource provider for `kubernetes:*` types: any object of any cluster on this machine.

It behaves as Pulumi's own provider does, in server-side apply mode, so that what a rehearsal shows is what a
real `pulumi up` would do to a real cluster.
"""
