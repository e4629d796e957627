"""The demo: a simulated city, an incident, a share, and the way from the one to the other walked once.

Belongs here: what `hotline demo` puts together and plays through, over the API, as people do. The city's data
is in `config/demo_city.py`, its cameras are `streams/simulator/`.
"""
