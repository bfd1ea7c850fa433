"""A second RTSP server, none of our code in it: GStreamer's, which many cameras are built on.

Runs under the system's Python (gi, GstRtspServer 1.0), not under the project's:

    /usr/bin/python3 gst_server.py main=loop.mp4 other=loop.mkv

With ``--udp`` it refuses RTP on the RTSP connection, with ``--tls FILE`` (key and certificate in
one PEM file) it speaks rtsps://. Tunnels through HTTP are answered on the same port.

Each file, H.264 or H.265 in MP4 or Matroska, is played round and round at
rtsp://127.0.0.1:PORT/NAME with timestamps that run on over the seam. In place of a file,
``jpeg:WIDTHxHEIGHT`` is a moving test picture as MJPEG.
One JSON line on stdout when it listens:
``{"port": …, "urls": {NAME: URL}}``. Ends at the end of stdin or on SIGTERM.
"""

import argparse
import json
import signal
import sys
import threading
import time
from fractions import Fraction

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import (  # type: ignore[import-not-found]  # noqa: E402
    Gio,
    GLib,
    Gst,
    GstApp,
    GstRtsp,
    GstRtspServer,
)

THREADS = 4


class LoopFile:
    """Access units of a file, in byte-stream form, held in memory."""

    def __init__(self, path: str) -> None:
        demuxer = "qtdemux" if path.endswith(".mp4") else "matroskademux"
        self.codec, self.fps, self.buffers = "", Fraction(15), []
        pipeline = Gst.parse_launch(
            f'filesrc location="{path}" ! {demuxer} name=demuxer '
            "appsink name=out sync=false max-buffers=50"
        )
        sink = pipeline.get_by_name("out")
        sink.set_property(
            "caps",
            Gst.Caps.from_string(
                "video/x-h264,stream-format=byte-stream,alignment=au;"
                "video/x-h265,stream-format=byte-stream,alignment=au"
            ),
        )

        def link(_: object, pad: "Gst.Pad") -> None:
            codec = pad.get_current_caps().get_structure(0).get_name().removeprefix("video/x-")
            parser = Gst.ElementFactory.make(f"{codec}parse")
            if parser is not None:
                pipeline.add(parser)
                parser.link(sink)
                parser.sync_state_with_parent()
                pad.link(parser.get_static_pad("sink"))

        pipeline.get_by_name("demuxer").connect("pad-added", link)
        pipeline.set_state(Gst.State.PLAYING)
        while (sample := sink.emit("try-pull-sample", 10 * Gst.SECOND)) is not None:
            structure = sample.get_caps().get_structure(0)
            self.codec = structure.get_name().removeprefix("video/x-")
            known, numerator, denominator = structure.get_fraction("framerate")
            if known and numerator:
                self.fps = Fraction(numerator, denominator)
            self.buffers.append(sample.get_buffer())
        pipeline.set_state(Gst.State.NULL)
        if not self.buffers:
            raise SystemExit(f"{path}: no H.264 or H.265 in it")


class Feed:
    """Pushes a file's frames into one media's appsrc, each when it is due."""

    def __init__(self, file: LoopFile, source: "GstApp.AppSrc") -> None:
        self._file, self._source = file, source
        self._stopped = threading.Event()
        source.connect("need-data", self._start_once)
        self._thread: threading.Thread | None = None

    def _start_once(self, source: "GstApp.AppSrc", length: int) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def stop(self, *_: object) -> None:
        self._stopped.set()

    def _run(self) -> None:
        duration_ns = Gst.SECOND * self._file.fps.denominator // self._file.fps.numerator
        begin_ns = self._source.get_current_running_time()
        begin_s = time.monotonic()
        number = 0
        while not self._stopped.wait(begin_s + number / float(self._file.fps) - time.monotonic()):
            # A shallow copy: the bytes are shared, the timestamps are not.
            buffer = self._file.buffers[number % len(self._file.buffers)].copy()
            buffer.pts = buffer.dts = (
                begin_ns
                + number * Gst.SECOND * self._file.fps.denominator // self._file.fps.numerator
            )
            buffer.duration = duration_ns
            if self._source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return
            number += 1


def mount(server: "GstRtspServer.RTSPServer", name: str, file: LoopFile, *, udp: bool) -> None:
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        "( appsrc name=source is-live=true format=time block=false max-bytes=20000000 "
        f"caps=video/x-{file.codec},stream-format=byte-stream,alignment=au ! "
        f"{file.codec}parse ! rtp{file.codec}pay name=pay0 pt=96 config-interval=-1 )"
    )
    factory.set_shared(True)
    factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP if udp else GstRtsp.RTSPLowerTrans.TCP)

    open_to_all = GstRtspServer.RTSPPermissions()
    for what in ("access", "construct"):
        open_to_all.add_permission_for_role("anonymous", f"media.factory.{what}", True)
    factory.set_permissions(open_to_all)

    def configure(_: object, media: "GstRtspServer.RTSPMedia") -> None:
        feed = Feed(file, media.get_element().get_by_name("source"))
        media.connect("unprepared", feed.stop)

    factory.connect("media-configure", configure)
    server.get_mount_points().add_factory(f"/{name}", factory)


def mount_jpeg(server: "GstRtspServer.RTSPServer", name: str, size: str) -> None:
    width, height = map(int, size.split("x"))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        "( videotestsrc is-live=true pattern=ball ! "
        f"video/x-raw,format=I420,width={width},height={height},framerate=10/1 ! "
        "jpegenc ! rtpjpegpay name=pay0 pt=26 )"
    )
    factory.set_shared(True)
    factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
    server.get_mount_points().add_factory(f"/{name}", factory)


def end_with_stdin(loop: "GLib.MainLoop") -> None:
    sys.stdin.read()
    GLib.idle_add(loop.quit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--port", default="0")
    parser.add_argument("--udp", action="store_true")
    parser.add_argument("--tls")
    options = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    if options.tls:
        auth = GstRtspServer.RTSPAuth()
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(options.tls))
        role = GstRtspServer.RTSPToken()
        role.set_string("media.factory.role", "anonymous")
        auth.set_default_token(role)
        server.set_auth(auth)
    pool = GstRtspServer.RTSPThreadPool()
    pool.set_max_threads(THREADS)
    server.set_thread_pool(pool)
    paths = dict(argument.split("=", 1) for argument in options.files)
    files = {path: LoopFile(path) for path in set(paths.values()) if not path.startswith("jpeg:")}
    for name, path in paths.items():
        if path in files:
            mount(server, name, files[path], udp=options.udp)
        else:
            mount_jpeg(server, name, path.removeprefix("jpeg:"))
    if server.attach(None) == 0:
        raise SystemExit("cannot listen")
    port = server.get_bound_port()
    scheme = "rtsps" if options.tls else "rtsp"
    urls = {name: f"{scheme}://127.0.0.1:{port}/{name}" for name in paths}
    sys.stdout.write(json.dumps({"port": port, "urls": urls}) + "\n")
    sys.stdout.flush()
    loop = GLib.MainLoop()
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
    threading.Thread(target=end_with_stdin, args=(loop,), daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
