"""moto's IAM with the policies that AWS manages."""
