"""Boots that were recorded, and their replay up to an event."""
