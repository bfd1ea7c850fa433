"""Our own RTSP and RTP receiver."""

from watchglass.media.rtsp_next.source import RtspSource

__all__ = ["RtspSource"]
