"""moto's Systems Manager with the sessions of Session Manager."""
