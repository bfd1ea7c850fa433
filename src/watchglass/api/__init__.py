"""HTTP and WebSocket: what the browser asks, and the built pages it is asked from."""
