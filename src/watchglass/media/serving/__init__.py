"""What a server of RTSP needs: requests taken apart, pictures cut into RTP packets."""
