"""What each figure of ``doctor`` means, what is normal, and what to do otherwise."""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Explained:
    """One sentence each."""

    means: str
    normal: str
    otherwise: str


_DISK = "Look at the disk: its health, its mount, and what else writes to it."

_FIGURES = {
    "Python": Explained(
        "The version of Python that runs this.", "3.11 or newer.",
        "Install a newer one, and Watchglass anew in an environment of it.",
    ),
    "Watchglass": Explained(
        "The version that is installed, and the packages that matter most.",
        "The newest that was released.", "Update it; the recordings stay as they are.",
    ),
    "Recordings at rest": Explained(
        "Closed files are hashed again, half-way through the time they are kept.",
        "All are as they were recorded.",
        "The disk has lost or changed bytes, or does not read them: look at it, and at the gaps in"
        " the timeline.",
    ),
    "*, room": Explained(
        "Room on the file system, and how much of it is never used for recordings.",
        "More than what is kept free; a full volume stays just above it.",
        "Only held footage is left or something else fills the disk: free space, lift a hold, or"
        " add a volume.",
    ),
    "*, sync": Explained(
        "Whether what was written can be made sure to be on the disk, tried just now.",
        "It works, on a file system of this machine.",
        "Put recordings and state on a local disk, such as ext4 or xfs.",
    ),
    "*, ballast": Explained(
        "A file of no use but its size: it is given up so that the account of a full disk can be"
        " written.", "It is there.", "Free some space: it is made anew.",
    ),
    "*, forecast": Explained(
        "For how many days of recordings the volume will do, at the rate of the last day.",
        "More than recordings are to be kept.",
        "Add a volume, shorten retention, or lower the cameras' bit rate.",
    ),
    "State folder": Explained(
        "Where ledgers, keys and databases lie.", "It can be written.",
        "Give it to the account that the recorder runs under.",
    ),
    "Volume": Explained(
        "Where recordings lie; it is known by an id, so that a wrong disk is not written to.",
        "It is there, and can be written.", "Mount the disk, or give it to the recorder's account.",
    ),
    "File locks": Explained(
        "Whether a lock can belong to an open file, and so ends with its writer.", "Yes.",
        "Put the state folder on a local file system.",
    ),
    "Landlock": Explained(
        "Whether the kernel can keep a process from files that are not its own.",
        "A version of 1 or higher.", "Recording works without; Linux 5.13 and newer have it.",
    ),
    "Clock": Explained(
        "What time this machine believes it is.",
        "Later than all that was recorded, and right to the second.",
        "Set it; recordings made meanwhile are placed when it is right.",
    ),
    "Clock is kept right": Explained(
        "Whether the kernel says that something such as NTP keeps the clock right.", "Yes.",
        "Switch on systemd-timesyncd or chrony.",
    ),
    "Set-up": Explained(
        "Whether anything was set up in this folder yet.", "A camera is.",
        "Add one, or name the right folder with --data.",
    ),
    "Retention": Explained(
        "For how long recordings are kept, then erased, unless one camera has a time of its own.",
        "What your rules ask for: 72 hours in the EEA, unless there is a reason for longer.",
        "State the country with 'watchglass retention --country DE', or the time with --keep.",
    ),
    "Recorder": Explained(
        "Whether a recorder runs on this folder, and since when.",
        "Since you last started or updated it.", "See its log for why it ended.",
    ),
    "Recording": Explained(
        "Whether recording lives: every part of the recorder does its work.",
        "ok: as many cameras recorded as there are.", "See to what is named below.",
    ),
    "Health": Explained(
        "One thing that is not as it should be.", "There is none.", "Do what its sentence says.",
    ),
    "Process *": Explained(
        "One process of the recorder: its number, last start and cameras, and what fences it in.",
        "It runs since the recorder does; Landlock and seccomp are on.",
        "Its log says why it died; report it if it was not for memory.",
    ),
    "Cameras": Explained(
        "How many cameras are being recorded at this moment.", "All that are not paused.",
        "Each that is not is named, with its cause.",
    ),
    "Camera *": Explained(
        "A camera of which nothing is recorded now, since when, and the cause.", "There is none.",
        "Do what its sentence says; docs/glossary.md explains each cause.",
    ),
    "Anchors": Explained(
        "Whether somebody outside stamps what the recorder has signed, so that it cannot be made"
        " anew later by whoever has its key.", "At least one authority does.",
        "Add one with 'watchglass anchor add', or take heads away with 'watchglass anchor save'.",
    ),
    "Anchors by *": Explained(
        "When this authority has stamped what was signed, as it says itself.",
        "Not longer ago than twice the time between two stamps.",
        "See 'watchglass anchor list', and try 'watchglass anchor now'.",
    ),
    "Queue of a stream": Explained(
        "How much of one stream may wait for the disk: some seconds to half a minute.",
        "16 MiB; more for cameras above 8 Mb/s.",
        "Set WATCHGLASS_QUEUE_BYTES, if gaps say 'overload' while the disk is only slow at times.",
    ),
    "Model": Explained(
        "What names the things in a picture, known by its hash, which stands in every event.",
        "yolox_nano, or one that you chose.",
        "Get one with 'watchglass models pull', or name a folder in WATCHGLASS_MODELS_DIR.",
    ),
    "Model, speed": Explained(
        "How long it takes to look at one picture, measured just now, beside all else that runs.",
        "10 to 50 ms; twice a second of each camera on which something moves.",
        "Take a smaller model, or expect the rate to fall first where much moves at once.",
    ),
    "Site": Explained(
        "What was set up; it could not be read.", "It can be read.", _DISK,
    ),
    "Healthiness": Explained(
        "Whether recording lives; it could not be found out.", "It can.",
        "See whether a recorder of this version runs.",
    ),
}  # fmt: skip


def explained(about: str) -> Explained | None:
    """The figure of that name; None for one that is not explained, which a test finds."""
    found = _FIGURES.get(about)
    if found is not None:
        return found
    patterns = (name for name in _FIGURES if "*" in name and fnmatchcase(about, name))
    return next((_FIGURES[name] for name in patterns), None)
