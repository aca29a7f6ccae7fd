"""Draws all of the shop that is the same for everyone into a folder, for an edge to serve."""
