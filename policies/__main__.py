"""The policy pack, as Pulumi starts it: `pulumi preview --policy-pack policies`."""

import sys
from pathlib import Path

# Pulumi runs this folder as a program, which puts the folder itself on the path: its modules would stand
# before others of the same names.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from policies import pack  # noqa: E402

pack.serve()
