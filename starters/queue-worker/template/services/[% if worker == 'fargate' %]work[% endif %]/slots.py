"""What the container and the infrastructure must agree on."""

SLOTS = 4
"""Orders that one container works on at a time."""
