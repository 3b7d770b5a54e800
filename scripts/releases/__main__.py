"""`python -m scripts.releases`, which `scripts/release` runs."""

from scripts.releases.cli import app

if __name__ == "__main__":
    app(prog_name="scripts/release")
