"""What happened during a boot: items, the wire's decoder and encoder, JSON Lines.  Pure: opens nothing."""
