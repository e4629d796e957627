// The control API as typed functions. Each answers with a discriminated union, so that no caller can forget
// that a request may fail. No state but the CSRF token of the session; no rendering, no retries.

import type {
  Camera,
  City,
  Incident,
  InventoryCamera,
  IssuedToken,
  LegalBasis,
  Named,
  Preview,
  Problem,
  PtzLease,
  PtzMove,
  PtzPolicy,
  PtzState,
  ReadinessOfAll,
  Reading,
  Session,
  Share,
  Sweep,
  Unit,
} from "./model.js";
import type { Shapes } from "./mask-shapes.js";
import { randomId } from "./random.js";

export type Result<T> =
  | { readonly status: "success"; readonly value: T }
  | { readonly status: "problem"; readonly problem: Problem }
  | { readonly status: "unreachable" }
  | { readonly status: "aborted" };

export interface NewIncident {
  readonly kind: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly address?: string;
  readonly number?: string;
  readonly summary?: string;
}

export interface Thumbnail {
  readonly picture: Blob;
  /** When it was taken, Unix milliseconds. */
  readonly taken: number;
}

/** Masks as they are saved, and by which tag a change of them is known to be of these. */
export interface KeptMasks {
  readonly masks: Shapes;
  readonly etag: string;
}

export interface NewShare {
  readonly cameras: readonly string[];
  readonly units: readonly string[];
  readonly minutes: number;
  readonly purpose: string;
  readonly legal_basis: string;
  /** The camera's name and the time on every picture. */
  readonly overlay: boolean;
  /** The receiving unit's name on every picture. */
  readonly watermark: boolean;
}

/** No answer of the control API is worth waiting longer for, milliseconds. */
const DEADLINE = 10_000;

interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
  readonly signal?: AbortSignal | undefined;
}

export class Api {
  #csrf: string | null = null;
  readonly #fetch: typeof fetch;

  constructor(fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#fetch = fetcher;
  }

  async session(signal?: AbortSignal): Promise<Result<Session>> {
    return this.#remember(await this.#call<Session>("/api/session", { signal }));
  }

  async signIn(username: string, password: string): Promise<Result<Session>> {
    return this.#remember(
      await this.#call<Session>("/api/session", { method: "POST", body: { username, password } }),
    );
  }

  async signOut(): Promise<Result<void>> {
    return this.#call("/api/session", { method: "DELETE" });
  }

  async city(): Promise<Result<City>> {
    return this.#call("/api/city");
  }

  async cameras(): Promise<Result<{ readonly cameras: readonly InventoryCamera[] }>> {
    return this.#call("/api/cameras");
  }

  async kinds(): Promise<Result<{ readonly kinds: readonly Named[] }>> {
    return this.#call("/api/kinds");
  }

  async legalBases(): Promise<
    Result<{ readonly purposes: readonly Named[]; readonly legal_bases: readonly LegalBasis[] }>
  > {
    return this.#call("/api/legal-bases");
  }

  async units(): Promise<Result<{ readonly units: readonly Unit[] }>> {
    return this.#call("/api/units");
  }

  /** `key` stays the same when the operator presses again after an answer got lost: one incident, not two. */
  async report(incident: NewIncident, key: string): Promise<Result<Incident>> {
    return this.#call("/api/incidents", { method: "POST", body: incident, idempotencyKey: key });
  }

  /** `limit`: how many cameras around it; as many as the service offers at first if not said. */
  async incident(id: string, limit?: number): Promise<Result<Incident>> {
    const query = limit === undefined ? "" : `?limit=${String(limit)}`;
    return this.#call(`/api/incidents/${encodeURIComponent(id)}${query}`);
  }

  async close(id: string): Promise<Result<Incident>> {
    return this.#call(`/api/incidents/${encodeURIComponent(id)}/close`, { method: "POST" });
  }

  /** `live`: those of the cameras that are watched; of the others there are thumbnails. */
  async preview(
    id: string,
    cameras: readonly Camera["id"][],
    live: readonly Camera["id"][],
    signal?: AbortSignal,
  ): Promise<Result<Preview>> {
    const path = `/api/incidents/${encodeURIComponent(id)}/preview`;
    return this.#call(path, { method: "POST", body: { cameras, live }, signal });
  }

  async thumbnail(camera: string, share: string, signal?: AbortSignal): Promise<Result<Thumbnail>> {
    const path = `${cameraPath(camera, "thumbnail.jpg")}?share=${encodeURIComponent(share)}`;
    return this.#call(path, { signal }, readPicture);
  }

  async masks(camera: string): Promise<Result<KeptMasks>> {
    return this.#call(cameraPath(camera, "masks"), {}, readMasks);
  }

  /** `etag`: of the masks that these are a change of. */
  async setMasks(camera: string, masks: Shapes, etag: string): Promise<Result<KeptMasks>> {
    return this.#call(
      cameraPath(camera, "masks"),
      { method: "PUT", body: { masks }, ifMatch: etag },
      readMasks,
    );
  }

  /** The newest picture to draw masks on; each is on record. */
  async maskStill(camera: string, signal?: AbortSignal): Promise<Result<Thumbnail>> {
    return this.#call(cameraPath(camera, "masks/still.jpg"), { signal }, readPicture);
  }

  async readiness(): Promise<Result<ReadinessOfAll>> {
    return this.#call("/api/readiness");
  }

  /** The newest first. */
  async readings(camera: string, limit: number): Promise<Result<{ readonly readings: readonly Reading[] }>> {
    return this.#call(`${cameraPath(camera, "readiness")}?limit=${String(limit)}`);
  }

  /** `cameras`: null for all of them. */
  async sweep(cameras: readonly string[] | null): Promise<Result<Sweep>> {
    return this.#call("/api/readiness/sweep", { method: "POST", body: { cameras } });
  }

  /** What the camera sees now is how it should be. */
  async acceptView(camera: string): Promise<Result<unknown>> {
    return this.#call(`/api/picture-watch/${encodeURIComponent(camera)}/reference-view`, { method: "POST" });
  }

  async share(incident: string, share: NewShare, key: string): Promise<Result<Share>> {
    const path = `/api/incidents/${encodeURIComponent(incident)}/shares`;
    return this.#call(path, { method: "POST", body: share, idempotencyKey: key });
  }

  async extend(share: string, minutes: number): Promise<Result<Share>> {
    const path = `/api/shares/${encodeURIComponent(share)}/extend`;
    return this.#call(path, { method: "POST", body: { minutes }, idempotencyKey: randomId() });
  }

  async end(share: string): Promise<Result<Share>> {
    return this.#call(`/api/shares/${encodeURIComponent(share)}/end`, { method: "POST" });
  }

  async shareToken(share: string, signal?: AbortSignal): Promise<Result<IssuedToken>> {
    return this.#call(`/api/shares/${encodeURIComponent(share)}/token`, { method: "POST", signal });
  }

  async ptz(): Promise<Result<PtzPolicy>> {
    return this.#call("/api/ptz");
  }

  async ptzState(camera: string): Promise<Result<PtzState>> {
    return this.#call(cameraPath(camera, "ptz/lease"));
  }

  async ptzLease(camera: string, purpose: string, incident: string | null): Promise<Result<PtzLease>> {
    return this.#call(cameraPath(camera, "ptz/lease"), { method: "POST", body: { purpose, incident } });
  }

  async ptzEnd(camera: string): Promise<Result<{ readonly returned: boolean | null }>> {
    return this.#call(cameraPath(camera, "ptz/lease"), { method: "DELETE" });
  }

  async ptzMove(camera: string, move: PtzMove): Promise<Result<PtzLease>> {
    return this.#call(cameraPath(camera, "ptz/move"), { method: "POST", body: move });
  }

  async ptzStop(camera: string): Promise<Result<PtzLease>> {
    return this.#call(cameraPath(camera, "ptz/stop"), { method: "POST" });
  }

  async ptzPreset(camera: string, preset: string): Promise<Result<PtzLease>> {
    return this.#call(cameraPath(camera, "ptz/preset"), { method: "POST", body: { preset } });
  }

  #remember(result: Result<Session>): Result<Session> {
    if (result.status === "success") this.#csrf = result.value.csrf;
    return result;
  }

  async #call<T>(
    path: string,
    { method = "GET", body, idempotencyKey, ifMatch, signal }: Call = {},
    read: (response: Response) => Promise<unknown> = async (response) => response.json(),
  ): Promise<Result<T>> {
    const headers = new Headers({ Accept: "application/json, image/jpeg" });
    if (body !== undefined) headers.set("Content-Type", "application/json");
    if (method !== "GET" && this.#csrf !== null) headers.set("X-CSRF-Token", this.#csrf);
    if (idempotencyKey !== undefined) headers.set("Idempotency-Key", idempotencyKey);
    if (ifMatch !== undefined) headers.set("If-Match", ifMatch);
    const deadline = AbortSignal.timeout(DEADLINE);
    try {
      const response = await this.#fetch(path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        credentials: "same-origin",
        cache: "no-store",
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      });
      if (!response.ok) return { status: "problem", problem: await readProblem(response) };
      const value: unknown = response.status === 204 ? undefined : await read(response);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own service; model.ts is its contract
      return { status: "success", value: value as T };
    } catch {
      // fetch() rejects for a dead network, a dead deadline and an answer cut short alike.
      return signal?.aborted === true ? { status: "aborted" } : { status: "unreachable" };
    }
  }
}

function cameraPath(camera: string, what: string): string {
  return `/api/cameras/${encodeURIComponent(camera)}/${what}`;
}

async function readPicture(response: Response): Promise<Thumbnail> {
  const taken = Date.parse(response.headers.get("Picture-Taken") ?? "");
  return { picture: await response.blob(), taken };
}

async function readMasks(response: Response): Promise<unknown> {
  const { masks }: { masks: Shapes } = await response.json();
  return { masks, etag: response.headers.get("ETag") ?? "" };
}

async function readProblem(response: Response): Promise<Problem> {
  const fallback: Problem = {
    type: "about:blank",
    title: response.statusText || `HTTP ${String(response.status)}`,
    status: response.status,
  };
  if (!(response.headers.get("Content-Type") ?? "").includes("json")) return fallback;
  try {
    const body: unknown = await response.json();
    if (typeof body !== "object" || body === null) return fallback;
    return { ...fallback, ...body };
  } catch {
    return fallback; // the answer broke off; its status still says what happened
  }
}
