"""`python -m aperture` is the command `aperture`."""

from aperture.cli import main

main()
