"""Results of boots that repeat exactly, by the hash of all that goes in: what is known is not done again."""
