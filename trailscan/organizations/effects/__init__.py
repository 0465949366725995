"""What each operation does to the state: one pure function an operation.

A function takes from an event that succeeded what it tells, and leaves the rest of the state as it
was; each must bear any shape of event. Which function is which operation's: `replay.TRANSITIONS`.
"""
