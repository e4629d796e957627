"""Who may see what, when and why: incidents, shares, units, users, audit, API, pages, command line."""
