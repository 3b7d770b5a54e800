"""What an AWS account needs before the first stack: a place for Pulumi's state."""
