"""Pictures to viewers: WHEP, ICE, DTLS-SRTP, RTP fan-out, grants as data. Knows no incident or database."""
