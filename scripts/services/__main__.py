"""`python -m scripts.services`, which `scripts/new-service` runs."""

from scripts.services.cli import main

if __name__ == "__main__":
    main()
