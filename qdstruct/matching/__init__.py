"""How two crystals can fit: spacings, coincidence cells, orientation."""
