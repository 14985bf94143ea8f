"""The bundled plugins, each against its real or small peer."""
