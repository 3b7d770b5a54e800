"""CloudWatch Logs: what moto's backend lacks."""
