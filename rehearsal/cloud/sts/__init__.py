"""moto's STS, where a role is taken by a token that its trust lets in."""
