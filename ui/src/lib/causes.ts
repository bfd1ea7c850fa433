/** Causes of a gap in words. A cause that this page does not know is shown by its name. */

const CAUSES: Record<string, string> = {
  camera_unreachable: "Nothing answered at the camera's address.",
  auth_failed: "The camera refused the user name or the password.",
  certificate_untrusted: "The camera showed another key than the one that is trusted.",
  stalled: "The connection stayed open and no media came.",
  stream_invalid: "What came could not be read as a stream.",
  codec_unsupported: "The camera sent a codec that is not recorded.",
  waiting_key_frame: "Waiting for the next whole picture.",
  camera_dropped: "The camera left pictures out.",
  recorder_stopped: "The recorder was stopped in good order.",
  recorder_crashed: "The recorder, or a part of it, had died. It started again by itself.",
  machine_off: "The machine was off.",
  quarantined: "Set apart: it had made its worker crash again and again.",
  overload: "The machine could not keep up.",
  disk_full: "The disk was full, and nothing on it may be deleted.",
  volume_missing: "The disk for the recordings was not there.",
  write_failed: "The disk refused to write.",
  media_missing: "It was recorded, and the file is gone.",
  media_damaged: "It was recorded, and the file is damaged.",
  clock_step: "The machine's clock was set forward; no time went by.",
  paused: "Somebody paused the camera.",
  disabled: "Somebody switched recording off.",
  retention: "It was recorded, and deleted when its time was up.",
  erased: "It was recorded, and erased on somebody's decision.",
  restored: "The backup this was restored from does not have it.",
};

const REMEDIES: Record<string, string> = {
  camera_unreachable: "Check its power, its cable and its address.",
  auth_failed: "Add the camera again with the right password.",
  certificate_untrusted: "If it was replaced or reset, trust its new key: watchglass camera trust.",
  stalled: "Restart the camera.",
  stream_invalid: "Restart the camera, and see that its address is that of a stream.",
  codec_unsupported: "Set the camera to H.264 or H.265.",
  recorder_stopped: "Start the recorder.",
  recorder_crashed: "It is being started again. If this stays, restart the recorder.",
  quarantined: "Update the camera's firmware.",
  overload: "Record fewer streams, or use a faster machine or disk.",
  disk_full: "Free some space, or shorten how long recordings are kept.",
  volume_missing: "Connect the disk.",
  write_failed: "Check the disk.",
};

/** How a span without media is drawn: a fault, somebody's wish, or gone because its time was up. */
export type Look = "gap" | "paused" | "gone";

export function look(cause: string | null): Look {
  if (cause === "paused" || cause === "disabled") return "paused";
  return cause === "retention" || cause === "erased" ? "gone" : "gap";
}

export function causeSentence(cause: string | null): string {
  if (!cause) return "The cause is not known yet.";
  return CAUSES[cause] ?? `Cause: ${cause.replaceAll("_", " ")}.`;
}

export function remedy(cause: string | null): string {
  return (cause && REMEDIES[cause]) || "";
}

/** The word before a span's times. */
export function lookWord(cause: string | null): string {
  return { gap: "Gap", paused: "Paused", gone: "Deleted" }[look(cause)];
}
