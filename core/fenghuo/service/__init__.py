"""What turns the engine into a service: settings, the desk, the web port, the control socket, watchdog and metrics."""
