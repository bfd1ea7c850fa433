"""RTSP, bitstream, mux, decode, encode: the only package that imports PyAV."""
