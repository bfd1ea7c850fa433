"""What every command stands on: settings, the screen, and the way to the site."""

import getpass
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from watchglass.app.cli.screen import Screen
from watchglass.app.ground import Ground, ground, open_store
from watchglass.app.refusal import error_of
from watchglass.app.ways import control_client
from watchglass.base import log
from watchglass.base.errors import AlreadyRunningError, BusError, ConfigError, NotFoundError
from watchglass.base.ids import CameraId
from watchglass.bus.endpoint import answers, ipc_path
from watchglass.bus.request import ControlClient
from watchglass.config.settings import Settings, read_settings
from watchglass.model.camera import Camera
from watchglass.model.control import (
    Accepted,
    BeginExportRequest,
    NoteRequest,
    Refused,
    Reply,
    Request,
    Signature,
    SignExportRequest,
    Status,
    StatusRequest,
)
from watchglass.model.erasure import SignedStatement, SignStatementRequest, StatementRequest
from watchglass.model.export_control import ConsentRuleRequest
from watchglass.store.index import IndexStore
from watchglass.store.site import SiteStore

if TYPE_CHECKING:
    from watchglass.app.site import SiteRequest

_ORDER_S = 30.0
_STATUS_S = 5.0


@dataclass
class Shell:
    """One call of the command line. Settings are read when first needed."""

    data: Path | None = None
    verbose: bool = False
    port: int | None = None
    lan: bool | None = None
    hosts: str | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None
    screen: Screen = field(default_factory=Screen)

    @cached_property
    def settings(self) -> Settings:
        level = "debug" if self.verbose else None
        stated = {
            "data": self.data, "log_level": level, "port": self.port, "lan": self.lan,
            "hosts": self.hosts, "certificate": self.certificate and str(self.certificate),
            "certificate_key": self.certificate_key and str(self.certificate_key),
        }  # fmt: skip
        settings = read_settings(stated)
        log.configure(settings.log_level.value, json=settings.log_json)
        return settings

    @cached_property
    def ground(self) -> Ground:
        return ground(self.settings)

    @property
    def by(self) -> str:
        """Who asks, for the ledgers."""
        try:
            return f"{getpass.getuser()} (command line)"
        except (KeyError, OSError):
            return "command line"

    def command(self, words: str) -> str:
        """How to call ``watchglass words`` on this data folder."""
        data = f"--data {shlex.quote(str(self.data))} " if self.data is not None else ""
        return f"watchglass {data}{words}"

    # --- the site ----------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether a recorder runs on this state folder."""
        return answers(ipc_path(self.ground.layout.control))

    def check_folder(self) -> None:
        """ConfigError when this data folder cannot be a recorder's."""
        from watchglass.app.layout import StateLock

        if not self.is_running:
            # A recorder that starts or ends just now will be asked again.
            with suppress(AlreadyRunningError):
                StateLock(self.ground.layout, self.ground.disk).release()

    def status(self) -> Status | None:
        """The processes of the running recorder; None when none runs."""
        if not self.is_running:
            return None
        reply = self._client().call(StatusRequest(), _STATUS_S)
        return reply if isinstance(reply, Status) else None

    def ask(self, request: Request, timeout_s: float) -> Reply:
        """What the running recorder answers; raises what it refuses."""
        reply = self._client().call(request, timeout_s)
        if isinstance(reply, Refused):
            raise error_of(reply)
        return reply

    def carry_out(self, request: "SiteRequest") -> tuple[CameraId, bool]:
        """Have the running recorder do it, or do it without one: the camera, and which it was."""
        camera, running = self.order(request)
        if camera is None:
            raise BusError("The recorder answers what was not asked: is it of another version?")
        return camera, running

    def order(self, request: "SiteRequest") -> tuple[CameraId | None, bool]:
        """As ``carry_out``, for what need not be about a camera."""
        # Not above: it brings the keeper along, which who only looks does not need.
        from watchglass.app.wiring import own_site

        if not self.is_running:
            self.quiet()
            try:
                with own_site(self.ground) as site:
                    return site.carry_out(request), False
            except AlreadyRunningError:
                if not self.is_running:
                    raise
        reply = self._client().call(request, _ORDER_S)
        if isinstance(reply, Refused):
            raise error_of(reply)
        if not isinstance(reply, Accepted):
            raise BusError("The recorder answers what was not asked: is it of another version?")
        return reply.camera, True

    def order_note(self, request: NoteRequest) -> None:
        """Have the ledger told what somebody is about to do; raises where it cannot be."""
        from watchglass.app.wiring import own_site

        if not self.is_running:
            self.quiet()
            try:
                with own_site(self.ground) as site:
                    site.note_people(request)
                    return
            except AlreadyRunningError:
                if not self.is_running:
                    raise
        self.ask(request, _ORDER_S)

    def begin_export(self, request: BeginExportRequest) -> None:
        """Note, before a byte of it is read, that an evidence bundle is made."""
        self._exporting(request)

    def sign_export(self, request: SignExportRequest) -> str:
        """The recorder's signature (hex) of a manifest."""
        reply = self._exporting(request)
        assert isinstance(reply, Signature)
        return reply.signature

    def sign_statement(self, request: SignStatementRequest) -> str:
        """The recorder's signature (hex) of a document of its own."""
        reply = self._exporting(request)
        assert isinstance(reply, Signature)
        return reply.signature

    def statement(self, request: StatementRequest) -> SignedStatement:
        """A signed document of the recorder's own."""
        reply = self._exporting(request)
        assert isinstance(reply, SignedStatement)
        return reply

    def _exporting(
        self,
        request: BeginExportRequest | SignExportRequest | StatementRequest | SignStatementRequest,
    ) -> Reply:
        from watchglass.app.exporting import by_command
        from watchglass.app.wiring import own_site

        if not self.is_running:
            self.quiet()
            try:
                with own_site(self.ground) as site:
                    return by_command(self.ground, site, request)
            except AlreadyRunningError:
                if not self.is_running:
                    raise
        return self.ask(request, _ORDER_S)

    def change_consent(self, request: ConsentRuleRequest) -> None:
        """Have the site's rule changed: whether evidence takes a second person."""
        from watchglass.app.evidence.consent import change_rule
        from watchglass.app.wiring import own_site

        if not self.is_running:
            self.quiet()
            try:
                with own_site(self.ground) as site:
                    now_ns = self.ground.clock.wall_ns()
                    change_rule(
                        site.store, lambda act: site.note_people(NoteRequest((act,))), request,
                        now_ns,
                    )  # fmt: skip
                    return
            except AlreadyRunningError:
                if not self.is_running:
                    raise
        self.ask(request, _ORDER_S)

    @contextmanager
    def store(self) -> Iterator[SiteStore]:
        """The site's database, to look; NotFoundError while nothing was set up."""
        if not self.ground.layout.site_db.exists():
            raise NotFoundError(
                f"Nothing is set up in {self.settings.data} yet: add a camera with "
                f"'{self.command('camera add URL')}', or name the folder with --data."
            )
        store = open_store(self.ground)
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def index(self) -> Iterator[IndexStore]:
        """The index, to look."""
        path = self.ground.layout.index_db
        if not path.exists():
            raise ConfigError(
                f"There is no index at {path}: make it anew with "
                f"'{self.command('check --repair')}', or start the recorder."
            )
        index = IndexStore(path)
        try:
            yield index
        finally:
            index.close()

    def find_camera(self, text: str) -> Camera:
        with self.store() as store:
            return store.find_camera(text, with_credentials=False)

    def _client(self) -> ControlClient[Request, Reply]:
        return control_client(self.ground.layout)

    def quiet(self) -> None:
        """Of a keeper in this process only what is wrong is for the person at the screen."""
        if not self.verbose:
            log.configure("error", json=self.settings.log_json)


def shell(context: typer.Context) -> Shell:
    """What the global options said."""
    found = context.obj
    assert isinstance(found, Shell)
    return found
