"""The Pulumi program: reads the stack's configuration, builds what it describes, exports what others read."""

import atexit
import gc

import pulumi

from stacks import config, environment

atexit.register(gc.freeze)  # Python would take everything apart again, for a third of a preview's time.
stack = pulumi.get_stack()
found = config.load(stack)
if isinstance(found, config.EnvironmentConfig):
    outputs = environment.build(stack, found)
else:
    from stacks import images  # An environment needs nothing of it, and starts without.

    outputs = images.build(stack, found)
for name, value in outputs.items():
    pulumi.export(name, value)
