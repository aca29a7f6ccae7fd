"""The shop beside what others are built with: the same model's stream, the same page."""
