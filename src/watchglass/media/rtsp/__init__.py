"""RTSP and RTP of our own: from a camera's URL to access units. docs/adr/0004 says why."""

from watchglass.media.rtsp.source import RtspSource

__all__ = ["RtspSource"]
