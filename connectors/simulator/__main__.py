"""`python -m connectors.simulator`."""

from connectors.simulator.server import main

main()
