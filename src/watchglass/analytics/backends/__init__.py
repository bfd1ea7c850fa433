"""Inference runtimes: the only package that imports one."""

import os

# ONNX Runtime reports to its maker from 1.29 on, unless this is set when it is imported. What is
# locked does not; somebody may install another.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
