"""What policies permit: whether a change of their texts opened or closed something."""
