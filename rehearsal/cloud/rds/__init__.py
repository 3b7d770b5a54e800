"""moto's RDS with instances that take time, versions that exist, and AWS's refusals."""
