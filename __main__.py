"""The Pulumi program: reads the stack's configuration, builds the environment, exports what others read."""

import pulumi

from stacks import config, environment

stack = pulumi.get_stack()
for name, value in environment.build(stack, config.load(stack)).items():
    pulumi.export(name, value)
