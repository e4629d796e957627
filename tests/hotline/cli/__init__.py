"""Tests of hotline/cli/ and of what it runs: the service, the simulated city, the demo."""
