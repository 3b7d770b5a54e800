"""`python -m scripts.accounts`, which `scripts/bootstrap` runs."""

import sys

from scripts.accounts.cli import main

if __name__ == "__main__":
    sys.exit(main())
