"""Bakes on this machine: an image from a recipe's documents, without AWS, and its tests on a booted copy."""
