"""moto's Secrets Manager with rotation by functions that run."""
