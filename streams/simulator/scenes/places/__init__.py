"""The places of the city, each as its cameras see it: `build(kind, ...)` gives a backdrop with its furnishing."""
