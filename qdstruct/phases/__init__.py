"""Named, cited crystals, and any structure file."""
