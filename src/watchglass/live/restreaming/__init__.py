"""A camera's stream handed on by RTSP, to an old system that runs beside the recorder."""
