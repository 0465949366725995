"""A record decoded: the event, who acted, and the one Arrow schema."""
