"""The Pulumi program: reads the stack's configuration, builds what it describes, exports what others read."""

import pulumi

from stacks import config, environment
from stacks.factory import FactoryConfig

stack = pulumi.get_stack()
found = config.load(stack)
if isinstance(found, FactoryConfig):
    # Imported here: an environment needs nothing of it, and starts without.
    from stacks import images

    outputs = images.build(stack, found)
else:
    outputs = environment.build(stack, found)
for name, value in outputs.items():
    pulumi.export(name, value)
