"""What the simulated cameras see.

Belongs here: drawing a place as it looks at an instant, into luma and chroma planes. Text, time code and
encoding come after.
"""
