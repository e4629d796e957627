"""How it is set up: settings, commented defaults, the demo city, deployment files. Imports no room."""
