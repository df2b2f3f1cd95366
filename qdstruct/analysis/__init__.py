"""From finished calculations to the statement in the paper."""
