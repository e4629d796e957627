"""The product in the system's Chromium: the harness, a WHEP player of our own, and tests of the pages."""
