"""The settings of a process, as its environment gives them: ``WATCHGLASS_DATA`` and so on.

``Settings`` is a plain value that can be handed on; pydantic, which costs a third of a second to
load, is loaded only by ``read_settings``, and so only where an environment is read.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from watchglass.base.errors import ConfigError
from watchglass.base.fence import FenceMode
from watchglass.base.secret import Secret

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_settings import BaseSettings

PREFIX = "WATCHGLASS_"
KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
TIB = 1024 * GIB

_SYSTEM_DATA = Path("/var/lib/watchglass")
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_SHOWN_MOST = 60
_LONGEST_MODEL = 120
E = TypeVar("E", bound=StrEnum)


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _number(default: int, least: int, most: int) -> int:
    """A whole number within bounds; one whose name ends in ``_bytes`` may be said as ``64MiB``."""
    stated: int = field(default=default, metadata={"ge": least, "le": most})
    return stated


@dataclass(frozen=True, slots=True)
class Settings:
    """What one process is told. All paths are absolute; read by ``read_settings``."""

    data: Path
    """Folder of all the recorder's own files."""
    media: Path
    """Folder of the default volume; ``data``/media unless set apart."""
    sources: Path | None = None
    """Folder from which media files may be played as cameras (``file://``); none unless set."""
    models_dir: Path | None = None
    """Folder of models that name what is seen; ``data``/models unless set apart."""
    model: str = ""
    """The model in use: a name, with ``@`` and the hash of its manifest where it is a user's own,
    or ``off``; empty: the one that is recommended, if it is there."""
    analysis: bool = True
    """Whether pictures are understood at all: what moves, what it is, where it goes."""
    log_level: LogLevel = LogLevel.INFO
    log_json: bool = False
    """One JSON object a line, not text for people."""
    fences: FenceMode = FenceMode.AUTO
    """Whether processes are fenced in, where the kernel can (Landlock, seccomp)."""
    ping_url: Secret | None = None
    """Asked for while recording lives, so that somebody else notices when it does not. A secret may
    be in it."""
    page: bool = True
    """Whether a page is served at all; without it nothing listens, the commands are the way, and
    notices have no pictures."""
    lan: bool = False
    """Whether the page is served in the network too, and then only encrypted."""
    hosts: frozenset[str] = frozenset()
    """Names by which browsers reach the page, beside this machine's own names and addresses."""
    certificate: Path | None = None
    """Of the page in the network, in PEM; the recorder's own unless set."""
    certificate_key: Path | None = None
    allow: frozenset[str] = frozenset()
    """Hosts and IP addresses that a camera's URL may name although they are refused by default."""
    egress_syslog: tuple[tuple[str, int], ...] = ()
    """Addresses and ports at which log lines of firewalls and name servers are taken, by UDP and
    TCP: what cameras sent is kept of them. None unless set; a port alone is on loopback."""
    egress_flows: tuple[tuple[str, int], ...] = ()
    """The same for NetFlow and IPFIX, by UDP."""
    fragment_ms: int = _number(400, 100, 2_000)
    """A fragment ends with the first frame past this length."""
    file_s: int = _number(300, 10, 3_600)
    """A media file ends with the first key frame past this length."""
    sync_ms: int = _number(1_000, 100, 60_000)
    """The longest time between two syncs of a volume, while its disk can."""
    head_s: int = _number(60, 1, 3_600)
    """Time between two signed heads of a ledger."""
    port: int = _number(8420, 0, 65_535)
    """Of the page and its API; 0 takes a free one."""
    ping_s: int = _number(60, 1, 86_400)
    """Time between two pings."""
    stuck_s: int = _number(20, 2, 600)
    """A part of the recorder that says nothing for that long is stuck; a disk, for three times."""
    cameras_per_worker: int = _number(8, 1, 64)
    queue_bytes: int = _number(16 * MIB, 1 * MIB, 1 * GIB)
    """What may wait for the disk, for each stream."""
    floor_bytes: int = _number(1 * GIB, 64 * MIB, 64 * TIB)
    """Free space that is kept on each volume, at the least: the keeper keeps more where 60 s of all
    cameras need more."""
    ballast_bytes: int = _number(64 * MIB, 1 * MIB, 16 * GIB)
    """A file for each volume and the state folder that is given up to write on a full disk."""

    @property
    def models(self) -> Path:
        """Folder of models; it need not be there."""
        return self.models_dir or self.data / "models"

    @property
    def beat_s(self) -> float:
        """How often a process says that it is at work."""
        return self.stuck_s / 4

    @property
    def state(self) -> Path:
        """Folder of ledgers, keys and databases."""
        return self.data / "state"


def read_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings of this process: ``overrides`` by field name, then environment, then defaults.

    An empty variable counts as not set. ConfigError with one sentence for what cannot be.
    """
    from pydantic import ValidationError

    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    unknown = given.keys() - {each.name for each in fields(Settings)}
    if unknown:
        raise TypeError(f"no such setting: {', '.join(sorted(unknown))}")
    try:
        found = _environment_model()(**given).model_dump()
    except ValidationError as error:
        raise ConfigError(_sentence(error)) from error
    data = _folder("data", found.pop("data") or _default_data())
    media = _folder("media", found.pop("media") or data / "media")
    stated = found.pop("sources")
    models = found.pop("models_dir")
    settings = Settings(
        data=data,
        media=media,
        sources=_folder("sources", stated) if stated else None,
        models_dir=_folder("models_dir", models) if models else None,
        model=_model(found.pop("model")),
        log_level=_one_of(LogLevel, "LOG_LEVEL", found.pop("log_level")),
        log_json=found.pop("log_json"),
        analysis=found.pop("analysis"),
        fences=_one_of(FenceMode, "FENCES", found.pop("fences")),
        allow=_allowed(found.pop("allow")),
        page=found.pop("page"),
        lan=found.pop("lan"),
        hosts=_allowed(found.pop("hosts")),
        egress_syslog=_places("EGRESS_SYSLOG", found.pop("egress_syslog")),
        egress_flows=_places("EGRESS_FLOWS", found.pop("egress_flows")),
        certificate=_file(found.pop("certificate")),
        certificate_key=_file(found.pop("certificate_key")),
        ping_url=_ping_url(found.pop("ping_url")),
        **{name: int(number) for name, number in found.items()},
    )
    if settings.media == settings.state or settings.state in settings.media.parents:
        raise ConfigError(
            f"{PREFIX}MEDIA cannot be {str(media)!r}, inside the state folder: media are purged "
            "there by age, so give them a folder of their own."
        )
    _keep_apart(settings)
    if settings.lan and not settings.page:
        raise ConfigError(
            f"{PREFIX}LAN asks for a page in the network, and {PREFIX}PAGE for none: set one of "
            "them otherwise."
        )
    if (settings.certificate is None) != (settings.certificate_key is None):
        raise ConfigError(
            f"{PREFIX}CERTIFICATE and {PREFIX}CERTIFICATE_KEY go together: name both, or neither "
            "for the recorder's own."
        )
    return settings


def _keep_apart(settings: Settings) -> None:
    """Files that are played are open to the processes that read cameras: nothing else may be."""
    if settings.sources is None:
        return
    sources = settings.sources.resolve()
    for path, what in ((settings.state, "keys and ledgers"), (settings.media, "recordings")):
        kept = path.resolve()
        if kept == sources or sources in kept.parents or kept in sources.parents:
            raise ConfigError(
                f"{PREFIX}SOURCES cannot be {str(settings.sources)!r}: it and {path} lie one in "
                f"the other, so that {what} would be open to the processes that read cameras. Give "
                "the files to play a folder of their own."
            )


def _environment_model() -> "Callable[..., BaseSettings]":
    """``Settings`` as pydantic reads it: made here, so that importing this module stays cheap."""
    from pydantic import ByteSize, Field, create_model
    from pydantic_settings import BaseSettings, SettingsConfigDict

    class Environment(BaseSettings):
        model_config = SettingsConfigDict(
            env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True
        )

        data: Path | None = None
        media: Path | None = None
        sources: Path | None = None
        models_dir: Path | None = None
        model: str = ""
        analysis: bool = True
        log_level: str = LogLevel.INFO.value
        log_json: bool = False
        fences: str = FenceMode.AUTO.value
        allow: str = ""
        page: bool = True
        lan: bool = False
        hosts: str = ""
        egress_syslog: str = ""
        egress_flows: str = ""
        certificate: str = ""
        certificate_key: str = ""
        ping_url: str = ""

    numbers: dict[str, Any] = {}
    for each in fields(Settings):
        if each.metadata:
            kind = ByteSize if each.name.endswith("_bytes") else int
            numbers[each.name] = (kind, Field(default=each.default, **each.metadata))
    return create_model("Environment", __base__=Environment, **numbers)


def _sentence(error: "ValidationError") -> str:
    """The first thing that is wrong, and how many more there are."""
    first, *others = error.errors(include_url=False)
    name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
    shown = repr(str(first["input"]))[:_SHOWN_MOST]
    wrong = first["msg"].replace("Input should", "it should")
    more = f" ({len(others)} more settings are wrong too)" if others else ""
    return f"{name} cannot be {shown}: {wrong}{more}."


def _default_data() -> Path:
    if os.geteuid() == 0 and _SYSTEM_DATA.is_dir():
        return _SYSTEM_DATA
    stated = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification: a path that is not absolute is to be ignored.
    base = Path(stated) if stated.startswith("/") else Path("~/.local/share")
    return base / "watchglass"


def _folder(name: str, path: Path) -> Path:
    """The absolute path of a folder that need not exist yet; a file is not one."""
    sentence = f"{PREFIX}{name.upper()} cannot be {str(path)!r}: "
    if not str(path).isprintable():
        raise ConfigError(sentence + "it holds a character that cannot be printed.")
    try:
        # Not resolved: a link may be turned to another disk, and messages name what was stated.
        absolute = Path(os.path.abspath(path.expanduser()))
    except RuntimeError:
        raise ConfigError(sentence + "no home folder is known; give an absolute path.") from None
    try:
        is_other = absolute.exists() and not absolute.is_dir()
    except OSError as error:  # a name that is too long, or a loop of links
        raise ConfigError(f"{sentence}{error.strerror or error}.") from error
    if is_other:
        raise ConfigError(sentence + "it is not a folder.")
    return absolute


def _file(text: str) -> Path | None:
    return Path(os.path.abspath(Path(text).expanduser())) if text else None


def _model(text: str) -> str:
    text = text.strip()
    if len(text) > _LONGEST_MODEL or not (text.isascii() and text.isprintable()):
        raise ConfigError(
            f"{PREFIX}MODEL cannot be {text[:_SHOWN_MOST]!r}: give the name of a model, as"
            " 'watchglass models list' shows it."
        )
    return text


def _one_of(kind: type[E], name: str, text: str) -> E:
    try:
        return kind(text.strip().lower())
    except ValueError:
        raise ConfigError(
            f"{PREFIX}{name} cannot be {text[:_SHOWN_MOST]!r}: it is one of {', '.join(kind)}."
        ) from None


def _ping_url(text: str) -> Secret | None:
    """None where none is stated. What was stated is not shown: it may be a secret."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    else:
        good = good and "@" not in parts.netloc and not parts.fragment
    if not (good and text.isascii() and text.isprintable() and " " not in text):
        raise ConfigError(
            f"{PREFIX}PING_URL is no address that can be asked for: give http:// or https://, a "
            "host, and a path, without user name, spaces or '#'."
        )
    return Secret(text)


def _places(name: str, text: str) -> tuple[tuple[str, int], ...]:
    """Addresses of this machine with ports; a port alone is on loopback."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        host, _, port = part.rpartition(":")
        try:
            address = str(ipaddress.ip_address(host.strip("[]") or "127.0.0.1"))
            if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
                raise ValueError
        except ValueError:
            raise ConfigError(
                f"{PREFIX}{name} cannot be {text[:_SHOWN_MOST]!r}: give ports, or addresses of this"
                " machine with ports, as 5514 or 192.168.1.5:5514, with commas between them."
            ) from None
        found.append((address, int(port)))
    return tuple(dict.fromkeys(found))


def _allowed(text: str) -> frozenset[str]:
    stated = (part.strip().lower() for part in text.split(","))
    return frozenset(_address(part) for part in stated if part)


def _address(text: str) -> str:
    """One host name or IP address, in the form in which addresses are compared."""
    try:
        return str(ipaddress.ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass
    # What looks like a number and is no address (127.1, 0x7f.1) is one to some resolvers.
    last = text.rstrip(".").rpartition(".")[2]
    if _HOST.fullmatch(text) and not re.match(r"[0-9]", last):
        return text.rstrip(".")
    raise ConfigError(
        f"{PREFIX}ALLOW cannot name {text[:_SHOWN_MOST]!r}: give host names or IP addresses, "
        "without scheme, port or mask, with commas between them."
    )
