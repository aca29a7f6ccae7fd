"""What we can draw: a partial, its props, its samples and its style a component."""
