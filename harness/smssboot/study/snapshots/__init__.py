"""Boots that were saved at an event, and the runs that go on from there."""
