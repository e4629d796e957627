"""A network with faults on demand, in user space: seeded, exact, no privileges.

`link` decides (pure, virtual time), `udp` and `tcp` carry (thin asyncio shells on loopback), `sdp` puts a
shell between a viewer and the relay by rewriting the candidates of the answer.
"""
