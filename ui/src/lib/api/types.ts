/** Short names for what the recorder says. Times (`*_ms`) are whole milliseconds UTC. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Camera = Schemas["CameraInfo"];
export type CameraNow = Schemas["CameraNow"];
export type CameraTimeline = Schemas["CameraTimeline"];
export type GapCause = Schemas["GapCause"];
export type LogCheck = Schemas["LogCheck"];
export type LogKeeping = Schemas["LogKeeping"];
export type LogLine = Schemas["LogLine"];
export type LogState = Schemas["LogState"];
export type Problem = Schemas["Problem"];
export type Session = Schemas["SessionInfo"];
export type SetupState = Schemas["SetupState"];
export type Span = Schemas["TimelineSpan"];
export type StreamInfo = Schemas["StreamInfo"];
export type StreamName = Schemas["StreamName"];
export type Timeline = Schemas["Timeline"];
export type Because = Schemas["Because"];
export type DeviceRow = Schemas["FleetRow"];
export type DeviceView = Schemas["DeviceView"];
export type Fleet = Schemas["FleetView"];
export type Action = Schemas["Action"];
export type Mask = Schemas["MaskInfo"];
export type NewMask = Schemas["DrawBody"];
/** As the camera coded it, or made anew by the recorder. */
export type Moving = Schemas["Form"];
export type NewCamera = Schemas["AddBody"];
export type Keeping = Schemas["KeepingInfo"];
export type KeepingWanted = Schemas["KeepingBody"];
export type MakerPaths = Schemas["PathsOfMaker"];
export type Profile = Schemas["Profile"];
export type Purchase = Schemas["PurchaseBody"];
export type Scan = Schemas["ScanInfo"];
export type ScanList = Schemas["ScanList"];
export type ScanOrder = Schemas["ScanBody"];
export type Clip = Schemas["ClipMade"];
export type ClipOrder = Schemas["ClipOrder"];
export type ClipProgress = Schemas["ClipProgress"];
