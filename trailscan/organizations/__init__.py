"""What an Organizations event means: the catalogue of operations, and changes in words."""
