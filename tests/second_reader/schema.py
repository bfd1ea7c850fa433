"""Fields of ledger lines: sections 3 to 3.3, as tables."""

import re
from collections.abc import Callable

_DECIMAL = re.compile(r"0|-?[1-9][0-9]*")
_HEX = re.compile(r"[0-9a-f]+")


def is_hex(value: object, length: int) -> bool:
    return isinstance(value, str) and len(value) == length and bool(_HEX.fullmatch(value))


def is_decimal(value: object) -> bool:
    return (
        isinstance(value, str)
        and bool(_DECIMAL.fullmatch(value))
        and -(2**63) <= int(value) < 2**64
    )


def _number(value: object) -> bool:
    return type(value) is int


def _streams(value: object) -> bool:
    return isinstance(value, list) and all(one in ("main", "sub") for one in value)


def _tombstones(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, list)
        and len(one) == 3
        and is_hex(one[0], 32)
        and _number(one[1])
        and (one[2] == "" or is_hex(one[2], 64))
        for one in value
    )


def _erased_files(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, list)
        and len(one) == 4
        and is_hex(one[0], 32)
        and _number(one[1])
        and is_decimal(one[2])
        and isinstance(one[3], list)
        and all(isinstance(pair, list) and len(pair) == 2 and 0 < pair[0] <= pair[1]
                for pair in one[3])
        for one in value
    )  # fmt: skip


def _changed(value: object) -> bool:
    of = ("name", "address", "login", "transport", "volume", "statement", "schedule")
    return isinstance(value, list) and bool(value) and all(one in of for one in value)


def one_of(*names: str) -> Callable[[object], bool]:
    return lambda value: value in names


_FORMS: dict[str, Callable[[object], bool]] = {
    "id": lambda value: is_hex(value, 32),
    "hash": lambda value: is_hex(value, 64),
    "signature": lambda value: is_hex(value, 128),
    "keyid": lambda value: is_hex(value, 16),
    "decimal": is_decimal,
    "decimals": lambda value: isinstance(value, list) and all(map(is_decimal, value)),
    "number": _number,
    "bool": lambda value: isinstance(value, bool),
    "text": lambda value: isinstance(value, str),
    "streams": _streams,
    "stream": one_of("main", "sub"),
    "ledger": lambda value: value == "site" or is_hex(value, 32),
    "algorithm": one_of("ed25519"),
    "codec": one_of("h264", "h265", "mjpeg"),
    "sound": one_of("aac", "pcm_alaw", "pcm_mulaw", ""),
    "what": one_of("stopped", "late", "changed"),
    "kept": one_of("continuous", "events"),
    "how": one_of("live", "playback", "clip", "evidence"),
    "deleted": one_of("retention", "erased", "media_missing", "restored"),
    "changed": _changed,
    "time_from": one_of("person", "name", "metadata"),
    "tombstones": _tombstones,
    "erased_files": _erased_files,
    "statement": one_of("erasure", "request", "redacted"),
}

_WHO = " by?:hash reason?:hash"
_FILE = "run:id stream:stream sequence:number"
_IMPORT = (
    "import:id volume:id from:decimal to:decimal length:decimal sha256:hash original:hash"
    " time_from:time_from codec:text damaged:bool name?:hash"
)
_EVERY = {
    "ledger_started": "ledger:ledger epoch:id",
    "key": "key:keyid algorithm:algorithm public_key:hash vouch?:signature",
    "key_revoked": "key:keyid since:decimal by?:hash reason?:hash",
    "restored": "epoch:id known:decimal head?:hash by?:hash",
}
_CAMERA = _EVERY | {
    "camera_added": "streams:streams name?:hash address?:hash",
    "camera_enabled": _WHO,
    "camera_paused": "until?:decimal" + _WHO,
    "camera_disabled": _WHO,
    "camera_removed": "erase?:bool" + _WHO,
    "camera_changed": "what:changed" + _WHO,
    "sound_changed": "on:bool" + _WHO,
    "device": "identity:hash since?:decimal" + _WHO,
    "run_started": "run:id stream:stream wall:decimal",
    "run_ended": "run:id stream:stream media:decimal",
    "file_opened": _FILE + " volume:id wall:decimal media:decimal first_fragment:decimal"
    " header:hash codec:codec width:number height:number sound:sound",
    "file_closed": _FILE + " length:decimal fragments:number root:hash media:decimal"
    " recovered:bool",
    "placed": _FILE + " media:decimal wall:decimal rate_ppb:number final:bool",
    "gap_opened": "gap:id stream:stream cause:text wall:decimal run?:id media?:decimal",
    "gap_closed": "gap:id stream:stream wall:decimal run?:id media?:decimal",
    "sound_broke": "run:id stream:stream wall:decimal what:what",
    "media_damaged": "run:id stream:stream sequence:number fragments:decimals",
    "hold_set": "hold:id from:decimal to:decimal until?:decimal" + _WHO,
    "hold_lifted": "hold:id" + _WHO,
    "span_marked": "mark:id from:decimal to:decimal",
    "retention_changed": "stream?:stream kept_for:kept hours?:number" + _WHO,
    "files_deleted": "cause:deleted files:tombstones",
    "imported": _IMPORT + _WHO,
    "import_deleted": "import:id cause:deleted sha256:hash",
    "erasure_ordered": "erasure:id from:decimal to:decimal approved_by?:hash" + _WHO,
    "files_erased": "erasure:id files:erased_files",
    "erasure_done": "erasure:id files:number",
}
_SITE = _EVERY | {
    "camera_added": "camera:id" + _WHO,
    "camera_removed": "camera:id erase?:bool" + _WHO,
    "camera_disabled": "camera:id" + _WHO,
    "camera_changed": "camera:id what:changed" + _WHO,
    "camera_paused": "camera:id until?:decimal" + _WHO,
    "camera_enabled": "camera:id" + _WHO,
    "device": "camera:id since:decimal" + _WHO,
    "sound_changed": "camera:id on:bool" + _WHO,
    "clip": "camera:id stream:stream from:decimal to:decimal" + _WHO,
    "retention_changed": "camera?:id stream?:stream kept_for:kept hours?:number" + _WHO,
    "country_stated": "country?:text by?:hash",
    "imported": "camera:id " + _IMPORT + _WHO,
    "device_step": "device:id step:text document?:hash back?:bool" + _WHO,
    "export_begun": "bundle:id" + _WHO,
    "exported": "bundle:id manifest:hash by?:hash",
    "erasure_ordered": "camera:id erasure:id from:decimal to:decimal approved_by?:hash" + _WHO,
    "statement_signed": "kind:statement about:text sha256:hash by?:hash",
    "backed_up": "backup:id with_media:bool by?:hash",
    "looked": "look:id camera:id stream:stream how:how from:decimal to?:decimal by?:hash",
}
_COMMON = "v:number n:decimal t:decimal type:text more?:bool"
_HEAD = (
    "v:number ledger:ledger epoch:id t:decimal size:decimal root:hash prev:hash hour:hash key:keyid"
)


def _table(kinds: dict[str, str]) -> dict[str, dict[str, str]]:
    return {
        kind: dict(one.split(":") for one in (_COMMON + " " + fields).split())
        for kind, fields in kinds.items()
    }


CAMERA, SITE = _table(_CAMERA), _table(_SITE)


def check(data: dict[str, object], fields: dict[str, str]) -> tuple[list[str], list[str]]:
    """What is wrong, and what is there that the page does not name."""
    wrong = []
    names = {name.rstrip("?"): (form, name.endswith("?")) for name, form in fields.items()}
    for name, (form, optional) in names.items():
        if name not in data:
            if not optional:
                wrong.append(f"no field {name!r}")
        elif not _FORMS[form](data[name]):
            wrong.append(f"field {name!r} is {data[name]!r}, not of the form {form!r}")
    return wrong, sorted(set(data) - set(names))


HEAD: dict[str, str] = dict(one.split(":") for one in _HEAD.split())
