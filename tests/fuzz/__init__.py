"""What cameras may send, fuzzed: any bytes give a result or a `ProtocolError`, in bounded time and memory."""
