"""Input files of one calculation and of the whole tree."""
