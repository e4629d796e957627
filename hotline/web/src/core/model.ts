// The shapes of the control API, as the server sends them. Types only: no behaviour, no requests.
// Times are ISO 8601 in UTC, coordinates WGS84 degrees, bearings degrees clockwise from true north.

export interface Named {
  readonly code: string;
  readonly ko: string;
  readonly en: string;
}

export interface LegalBasis extends Named {
  readonly article: string;
}

export type Role = "administrator" | "operator" | "dispatcher" | "crew";
export type UnitKind = "control_room" | "vehicle";

export interface Unit {
  readonly id: string;
  readonly name_ko: string;
  readonly name_en: string;
  readonly kind: UnitKind;
  readonly call_sign?: string | null;
}

export interface User {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly role: Role;
  readonly unit: Unit | null;
}

export interface Session {
  readonly user: User;
  readonly csrf: string;
}

export interface Place {
  readonly name_ko: string;
  readonly name_en: string;
  readonly latitude: number;
  readonly longitude: number;
}

export interface City {
  readonly name_ko: string;
  readonly name_en: string;
  readonly center: { readonly latitude: number; readonly longitude: number };
  readonly radius_km: number;
  readonly places: readonly Place[];
  readonly map: { readonly tiles: string | null };
}

export interface Camera {
  readonly id: string;
  readonly name_ko: string;
  readonly name_en: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly heading: number | null;
}

export interface InventoryCamera extends Camera {
  readonly site: string;
  readonly purpose: string;
  readonly field_of_view: number | null;
  readonly masked: boolean;
}

export type Readiness = "ready" | "needs_transcode" | "slow" | "dead";

/** What a check of one stream found. */
export interface StreamReading {
  readonly result: Named & { readonly code: Readiness };
  readonly reason: Named | null;
  readonly findings: readonly Named[];
  readonly codec: string | null;
  readonly profile: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly frames_per_second: number | null;
  readonly first_picture_s: number | null;
  readonly keyframe_interval_s: number | null;
}

/** What a check of a camera found: of its main stream, and of the small one where it has one. */
export interface Reading extends StreamReading {
  readonly camera: string;
  readonly at: string;
  readonly sub: StreamReading | null;
}

/** A check of cameras that somebody commanded. */
export interface Sweep {
  readonly id: string;
  readonly total: number;
  readonly done: number;
  /** In use, so that they were left alone. */
  readonly skipped: number;
  readonly results: Readonly<Record<Readiness, number>>;
  readonly ended_at: string | null;
}

export interface ReadinessOfAll {
  readonly cameras: readonly { readonly camera: string; readonly reading: Reading | null }[];
  readonly sweep: Sweep | null;
}

export interface Candidate {
  readonly rank: number;
  readonly camera: InventoryCamera;
  readonly distance_m: number;
  readonly bearing_deg: number;
  readonly direction_ko: string;
  readonly direction_en: string;
  readonly faces: boolean | null;
  readonly reason_ko: string;
  readonly reason_en: string;
  readonly readiness: Reading | null;
}

export interface IncidentSummary {
  readonly id: string;
  readonly number: string;
  readonly kind: Named;
  readonly latitude: number;
  readonly longitude: number;
  readonly address: string | null;
}

export interface Incident extends IncidentSummary {
  readonly summary: string | null;
  readonly reported_at: string;
  readonly closed_at: string | null;
  readonly candidates?: readonly Candidate[];
}

export interface SharedCamera extends Camera {
  readonly distance_m: number;
  readonly direction_ko: string;
  readonly direction_en: string;
}

export type ShareState = "running" | "ended" | "expired";

export interface Share {
  readonly id: string;
  readonly state: ShareState;
  readonly incident: IncidentSummary;
  readonly cameras: readonly SharedCamera[];
  readonly units: readonly Unit[];
  readonly purpose: Named;
  readonly legal_basis: LegalBasis;
  readonly opened_by: unknown;
  readonly opened_at: string;
  readonly ends_at: string;
  readonly ended_at: string | null;
  readonly end_reason: unknown;
}

export interface IssuedToken {
  readonly token: string;
  readonly expires_at: string;
}

export interface Preview extends IssuedToken {
  readonly share: string;
}

export type FeedState = "connecting" | "live" | "stalled" | "offline";

/** What is wrong with a picture that arrives, since when. */
export interface PictureFinding extends Named {
  readonly since: string;
}

/** What the service says of one camera: its state, and the RTP time (90 kHz, 32 bits) of its newest picture. */
export interface Feed {
  readonly state: FeedState;
  readonly since: string;
  readonly reason: Named | null;
  readonly next_attempt_at: string | null;
  readonly newest_rtp: number | null;
  readonly newest_at: string | null;
  readonly limit_ms: number;
  /** The weightiest first; empty where nothing is wrong. */
  readonly picture: readonly PictureFinding[];
}

export interface FeedsEvent {
  readonly now: string;
  readonly feeds: Readonly<Record<string, Feed>>;
}

export interface SnapshotEvent {
  readonly server_time: string;
  readonly shares: readonly Share[];
  readonly incidents?: readonly Incident[];
}

/** Whether this account may turn cameras, what for, and which may have a head that turns. */
export interface PtzPolicy {
  readonly allowed: boolean;
  readonly purposes: readonly Named[];
  readonly cameras: readonly string[];
}

export interface PtzLease {
  readonly id: string;
  readonly camera: string;
  readonly holder: string;
  readonly mine: boolean;
  readonly ends_at: string;
  readonly latest_at: string;
  readonly presets: readonly { readonly token: string; readonly name: string }[];
}

export interface PtzState {
  readonly lease: PtzLease | null;
}

/** A lease of ours that ends. */
export interface PtzEvent {
  readonly lease: { readonly id: string; readonly camera: string };
  readonly reason: Named;
}

/** A camera was checked, or a sweep came on. */
export interface ReadinessEvent {
  readonly sweep: Sweep | null;
  readonly reading: Reading | null;
}

/** How fast, each -1 to 1. */
export interface PtzMove {
  readonly pan?: number;
  readonly tilt?: number;
  readonly zoom?: number;
}

export interface FieldError {
  readonly field: string;
  readonly message: string;
  readonly message_ko: string;
}

/** RFC 9457, with the words in Korean beside those in English. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly title_ko?: string;
  readonly detail_ko?: string;
  readonly errors?: readonly FieldError[];
}
