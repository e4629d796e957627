"""HTTP: parse, call a use case, render. No rule lives here; whatever is refused is refused further in."""
