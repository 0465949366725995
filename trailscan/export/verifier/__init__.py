"""Checks packages with the standard library of Python 3.9 or newer; `verify.py` is made of it."""
