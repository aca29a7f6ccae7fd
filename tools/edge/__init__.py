"""The shop in its shape for the edge, on this machine: container and Worker together."""
