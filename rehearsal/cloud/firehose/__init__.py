"""Firehose: what moto's backend lacks."""
