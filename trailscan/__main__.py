"""`python -m trailscan`: the same as the command `trailscan`."""

from trailscan.cli.app import main

if __name__ == "__main__":
    main()
