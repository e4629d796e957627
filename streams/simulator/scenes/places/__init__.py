"""The places of the city, each as its cameras see it: `build(backdrop)` draws it and says what moves."""
