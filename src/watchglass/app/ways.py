"""Which process may speak at which of the recorder's sockets, and as whom.

The supervisor makes the keys, anew at each start, and gives each child the proofs for its own name
through its standard input. Only the proof to ask at the control socket lies in a file, because
commands are started by people: no camera-worker and no media-worker can read it, by their fences.
"""

from dataclasses import dataclass, field

from watchglass.app.layout import Layout
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import ConfigError
from watchglass.base.ids import CameraId
from watchglass.bus.message import Codec
from watchglass.bus.proof import Key
from watchglass.bus.request import ControlClient, ControlServer, proof_to_ask
from watchglass.model.control import Reply, Request
from watchglass.model.order import GIVES_ORDERS
from watchglass.model.way import Stand, Way


@dataclass(frozen=True, slots=True)
class Ways:
    """Of one life of a recorder; ``alive_every_s``: how often its processes say that they live."""

    layout: Layout
    alive_every_s: float = 1.0
    _keeper: Key = field(default_factory=Key.make)
    _live: Key = field(default_factory=Key.make)
    _media: Key = field(default_factory=Key.make)
    _onvif: Key = field(default_factory=Key.make)
    _understood: Key = field(default_factory=Key.make)
    _analyst: Key = field(default_factory=Key.make)
    _relay: Key = field(default_factory=Key.make)
    _vitals: Key = field(default_factory=Key.make)

    # --- to the keeper -----------------------------------------------------------------------

    @property
    def keeper(self) -> Stand:
        """For the keeper."""
        return Stand(self.layout.keeper, self._keeper.text)

    def tell_keeper(self, worker: str) -> Way:
        """For a worker, which tells facts."""
        return Way(self.layout.keeper, self._keeper.proof(worker))

    def tell_of(self, worker: str, camera: CameraId) -> str:
        """What shows the keeper that this worker was given that camera."""
        return self._keeper.proof(worker, camera)

    def order_keeper(self) -> Way:
        """For the supervisor alone."""
        return Way(self.layout.keeper, self._keeper.proof(GIVES_ORDERS))

    # --- to the others -----------------------------------------------------------------------

    @property
    def vitals(self) -> Stand:
        """For the supervisor's ear."""
        return Stand(self.layout.vitals, self._vitals.text)

    def tell_vitals(self, name: str) -> Way:
        return Way(self.layout.vitals, self._vitals.proof(name), self.alive_every_s)

    @property
    def live(self) -> Stand:
        """For the api."""
        return Stand(self.layout.live, self._live.text)

    def show_live(self, worker: str) -> Way:
        return Way(self.layout.live, self._live.proof(worker))

    @property
    def relay(self) -> Stand:
        """For the relay-worker."""
        return Stand(self.layout.relay, self._relay.text)

    def show_relay(self, worker: str) -> Way:
        """For a camera-worker, of whose streams another system takes some."""
        return Way(self.layout.relay, self._relay.proof(worker))

    @property
    def media(self) -> Stand:
        """For the media-worker."""
        return Stand(self.layout.media, self._media.text)

    def ask_media(self) -> Way:
        """For the api."""
        return Way(self.layout.media, proof_to_ask(self._media))

    @property
    def onvif(self) -> Stand:
        """For the onvif-worker."""
        return Stand(self.layout.onvif, self._onvif.text)

    def ask_onvif(self) -> Way:
        """For the api."""
        return Way(self.layout.onvif, proof_to_ask(self._onvif))

    @property
    def understood(self) -> Stand:
        """For the events-worker."""
        return Stand(self.layout.understood, self._understood.text)

    def tell_understood(self, name: str) -> Way:
        """For the analytics-worker, which tells what it understood."""
        return Way(self.layout.understood, self._understood.proof(name))

    @property
    def analyst(self) -> Stand:
        """For the analytics-worker."""
        return Stand(self.layout.analyst, self._analyst.text)

    def show_analyst(self, worker: str) -> Way:
        """For a camera-worker, which brings what its gates let through."""
        return Way(self.layout.analyst, self._analyst.proof(worker))


def control_server(layout: Layout, disk: Disk) -> ControlServer[Request, Reply]:
    """Serve the control socket, with a new proof for whoever may read its file."""
    key = Key.make()
    # First, for who finds the socket asks at once. The caller holds the state lock.
    disk.write_whole(WriteSite.SETTINGS, layout.control_proof, proof_to_ask(key).encode(), 0o600)
    return ControlServer(layout.control, Codec[Request](Request), Codec[Reply](Reply), key=key)


def control_client(layout: Layout) -> ControlClient[Request, Reply]:
    """Ask at the control socket of the recorder that runs."""
    try:
        proof = layout.control_proof.read_text("ascii")
    except FileNotFoundError:
        proof = ""  # none runs, or one that is about to; it says so itself
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The file {layout.control_proof} cannot be read, and without it the recorder takes no "
            "request: run this as the user that the recorder runs as."
        ) from error
    return ControlClient(layout.control, Codec[Request](Request), Codec[Reply](Reply), proof=proof)
