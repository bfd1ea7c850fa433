"""Devices that were found: what kinds there are."""

from enum import StrEnum


class DeviceKind(StrEnum):
    """What a device is for."""

    CAMERA = "camera"
    RECORDER = "recorder"
    ENCODER = "encoder"
    DOOR_STATION = "door_station"
    ACCESS_TERMINAL = "access_terminal"
    UNKNOWN = "unknown"
