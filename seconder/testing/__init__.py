"""Real stand-ins for the services that a session needs: for tests, for the demo, for one machine."""
