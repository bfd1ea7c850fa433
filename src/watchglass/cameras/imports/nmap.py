"""Reads nmap's XML (``-oX``): hosts, open ports, what its tables and its scripts made of them."""

import re
from collections.abc import Callable
from xml.parsers import expat

from watchglass.cameras.imports.row import MOST_ROWS, Imported, ImportFailedError, Row
from watchglass.cameras.survey.seen import Fact, facts

_MOST_DEPTH = 24
_MOST_FACTS = 200
_CHUNK = 1 << 16
_REALM = re.compile(r"realm=(\S.*?)(?:\s*$|\s+\w+=)", re.MULTILINE)
_MD5 = re.compile(r"MD5: ([0-9A-Fa-f]{32})")
_SHORT = {"commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU",
          "countryName": "C", "localityName": "L", "stateOrProvinceName": "ST"}  # fmt: skip


def read_nmap(data: bytes) -> Imported:
    """Every host that is up. ImportFailedError."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.EntityDeclHandler = reader.entity
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        for at in range(0, len(data), _CHUNK):
            parser.Parse(data[at : at + _CHUNK], False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise ImportFailedError(f"This is no XML of nmap, or it is cut off ({error}).") from None
    if not reader.is_nmap:
        raise ImportFailedError("This XML is not nmap's: write it with 'nmap -oX FILE'.")
    return Imported(tuple(reader.rows), reader.passed_over)


class _Reader:
    """Keeps one host at a time."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.passed_over = 0
        self.is_nmap = False
        self._path: list[str] = []
        self._facts: dict[Fact, int] = {}
        self._address = self._mac = ""
        self._up = True
        self._port = 0
        self._open = False
        self._script = ""
        self._keys: list[str] = []
        self._subject: list[str] = []
        self._words = ""
        self._begins: dict[str, Callable[[dict[str, str]], None]] = {
            "host": self._begin_host, "status": self._take_status, "address": self._take_address,
            "hostname": lambda told: self._add(facts(host_name=told.get("name"))),
            "port": self._begin_port, "state": self._take_state, "service": self._take_service,
            "script": self._take_script,
        }  # fmt: skip

    # --- what is refused --------------------------------------------------------------------

    def doctype(self, name: str, system: str | None, public: str | None, inside: bool) -> None:
        """nmap writes one that declares nothing."""
        if name != "nmaprun" or system or public or inside:
            raise ImportFailedError("This XML has a DTD of its own, which nmap's has not.")

    def entity(self, *_: object) -> None:
        raise ImportFailedError("This XML declares entities, which nmap's does not.")

    # --- elements ---------------------------------------------------------------------------

    def start(self, name: str, told: dict[str, str]) -> None:
        if len(self._path) >= _MOST_DEPTH:
            raise ImportFailedError("This XML is deeper than nmap's.")
        self._path.append(name)
        self.is_nmap = self.is_nmap or (name == "nmaprun" and len(self._path) == 1)
        self._words = ""
        if name in ("table", "elem"):
            self._keys.append(told.get("key", ""))
        begin = self._begins.get(name)
        if begin is not None:
            begin(told)

    def end(self, name: str) -> None:
        self._path.pop()
        match name:
            case "elem" | "table":
                self._take_element(self._keys.pop() if self._keys else "", name)
            case "script":
                self._script = ""
            case "port":
                self._port, self._open = 0, False
            case "host":
                self._end_host()

    def text(self, words: str) -> None:
        if len(self._words) < 2048:
            self._words += words

    # --- what they say ----------------------------------------------------------------------

    def _begin_host(self, _: dict[str, str]) -> None:
        self._facts, self._address, self._mac, self._up = {}, "", "", True
        self._port = 0

    def _begin_port(self, told: dict[str, str]) -> None:
        number = told.get("portid", "")
        self._port = int(number) if re.fullmatch("[0-9]{1,5}", number) else 0
        self._open = False

    def _take_status(self, told: dict[str, str]) -> None:
        self._up = told.get("state") == "up"

    def _take_state(self, told: dict[str, str]) -> None:
        self._open = told.get("state") == "open"
        if self._open:
            self._add([Fact("open_port", f"{self._port}/tcp")])

    def _end_host(self) -> None:
        if len(self.rows) >= MOST_ROWS:
            raise ImportFailedError(f"At most {MOST_ROWS} hosts are read from one file.")
        if not self._facts:
            self.passed_over += 1  # with -Pn it tells of hosts of which it knows nothing
        elif self._up and (self._address or self._mac):
            self.rows.append(Row(tuple(self._facts), self._address, self._mac, dict(self._facts)))

    def _take_address(self, told: dict[str, str]) -> None:
        match told.get("addrtype"):
            case "mac":
                self._mac = told.get("addr", "")
                self._add(facts(mac=self._mac))
            case "ipv4" | "ipv6" if not self._address:
                self._address = told.get("addr", "")

    def _take_service(self, told: dict[str, str]) -> None:
        if not self._open:
            return
        words = [told.get("product"), told.get("version")]
        if told.get("extrainfo"):
            words.append(f"({told['extrainfo']})")
        if told.get("devicetype"):
            words.append(f"[{told['devicetype']}]")
        self._add(facts(service=" ".join(word for word in words if word)))

    def _take_script(self, told: dict[str, str]) -> None:
        self._script, output = told.get("id", ""), told.get("output", "")
        match self._script:
            case "http-server-header":
                self._add(facts(server=output.strip()))
            case "http-auth":
                for realm in _REALM.findall(output)[:4]:
                    self._add(facts(realm=realm.strip()))
            case "http-favicon":
                found = _MD5.search(output)
                self._add(facts(favicon_md5=found.group(1).lower() if found else None))
            case "banner":
                self._add(facts(banner=output.strip()))

    def _take_element(self, key: str, kind: str) -> None:
        if self._script == "http-title" and key == "title":
            self._add(facts(title=self._words))
        elif self._script == "ssl-cert" and "subject" in self._keys and kind == "elem":
            self._subject.append(f"{_SHORT.get(key, key)}={self._words.strip()}")
        elif self._script == "ssl-cert" and key == "subject":
            self._add(facts(tls_subject=",".join(self._subject)))
            self._subject = []
        self._words = ""

    def _add(self, found: list[Fact]) -> None:
        for fact in found:
            if len(self._facts) < _MOST_FACTS:
                self._facts.setdefault(fact, self._port)
