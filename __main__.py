"""The Pulumi program: reads the stack's configuration, builds what it describes, exports what others read."""

import atexit
import gc
from importlib import import_module

import pulumi

from stacks import config

atexit.register(gc.freeze)  # Python would take everything apart again, for a third of a preview's time.
stack = pulumi.get_stack()
found = config.load(stack)
# Each kind of stack starts without the modules of the others.
for name, value in import_module(found.composition).build(stack, found).items():
    pulumi.export(name, value)
