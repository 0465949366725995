"""The compliance package of a day: what goes in, its manifest, its folder."""
