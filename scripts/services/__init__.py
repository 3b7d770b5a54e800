"""What `scripts/new-service` does: a new service, written into the files of a project."""
