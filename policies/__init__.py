"""The guardrails: what no stack of this project may hold, as a Pulumi policy pack of plain functions."""
