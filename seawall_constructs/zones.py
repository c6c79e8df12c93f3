"""How many zones things are spread over."""

ZONES = 3
"""Spread over three, the loss of one takes a third of what runs instead of half, and nearly every region has them."""
