/* oxlint-disable typescript/no-unsafe-type-assertion -- the events are our own service's; model.ts is their contract */
// What this browser knows of shares, incidents and feeds: a value, and how one event changes it. Pure.

import type {
  Feed,
  FeedsEvent,
  Incident,
  PtzEvent,
  Reading,
  ReadinessEvent,
  Share,
  SnapshotEvent,
  Sweep,
} from "./model.js";
import type { ServerEvent } from "./sse.js";

export interface World {
  /** The running shares we may see, by id, oldest first. */
  readonly shares: ReadonlyMap<string, Share>;
  /** The open incidents, by id; only operators are told. */
  readonly incidents: ReadonlyMap<string, Incident>;
  readonly feeds: ReadonlyMap<string, Feed>;
  /** What was told of cameras that were checked since this page listens, by id; what was before must be asked. */
  readonly readings: ReadonlyMap<string, Reading>;
  /** The newest word on a sweep that somebody commanded. */
  readonly sweep: Sweep | null;
  /** The lease of ours that ended last. */
  readonly leaseEnd: PtzEvent | null;
  /** A snapshot has been seen: an empty world is empty, not unknown. */
  readonly known: boolean;
}

export const EMPTY: World = {
  shares: new Map(),
  incidents: new Map(),
  feeds: new Map(),
  readings: new Map(),
  sweep: null,
  leaseEnd: null,
  known: false,
};

/** The world after `event`, and the server's time (Unix ms) if the event carries one. Unknown events change nothing. */
export function apply(world: World, event: ServerEvent): { world: World; serverTime: number | null } {
  switch (event.type) {
    case "snapshot": {
      const snapshot = parse(event) as SnapshotEvent | null;
      if (snapshot === null) break;
      const running = snapshot.shares.filter((share) => share.state === "running");
      return {
        world: {
          ...world,
          shares: new Map(running.toSorted(byOpening).map((share) => [share.id, share])),
          incidents: new Map((snapshot.incidents ?? []).map((incident) => [incident.id, incident])),
          known: true,
        },
        serverTime: time(snapshot.server_time),
      };
    }
    case "share": {
      const share = (parse(event) as { share: Share } | null)?.share;
      if (share === undefined) break;
      const shares = new Map(world.shares);
      if (share.state === "running") shares.set(share.id, share);
      else shares.delete(share.id);
      return { world: { ...world, shares }, serverTime: null };
    }
    case "incident": {
      const incident = (parse(event) as { incident: Incident } | null)?.incident;
      if (incident === undefined) break;
      const incidents = new Map(world.incidents);
      if (incident.closed_at === null) incidents.set(incident.id, incident);
      else incidents.delete(incident.id);
      return { world: { ...world, incidents }, serverTime: null };
    }
    case "readiness": {
      const said = parse(event) as ReadinessEvent | null;
      if (said === null) break;
      const readings = new Map(world.readings);
      if (said.reading !== null) readings.set(said.reading.camera, said.reading);
      return { world: { ...world, readings, sweep: said.sweep ?? world.sweep }, serverTime: null };
    }
    case "ptz": {
      const leaseEnd = parse(event) as PtzEvent | null;
      if (leaseEnd === null) break;
      return { world: { ...world, leaseEnd }, serverTime: null };
    }
    case "feeds": {
      const said = parse(event) as FeedsEvent | null;
      if (said === null) break;
      return { world: { ...world, feeds: new Map(Object.entries(said.feeds)) }, serverTime: time(said.now) };
    }
  }
  return { world, serverTime: null };
}

/** The world as the snapshot that makes it: what a tab that comes later is given. */
export function snapshotOf(world: World, serverTime: number): ServerEvent {
  const snapshot: SnapshotEvent = {
    server_time: new Date(serverTime).toISOString(),
    shares: [...world.shares.values()],
    incidents: [...world.incidents.values()],
  };
  return { type: "snapshot", data: JSON.stringify(snapshot), id: "" };
}

function byOpening(a: Share, b: Share): number {
  return a.opened_at.localeCompare(b.opened_at) || a.id.localeCompare(b.id);
}

function time(iso: string): number | null {
  const ms = Date.parse(iso);
  return Number.isFinite(ms) ? ms : null;
}

function parse(event: ServerEvent): unknown {
  try {
    return JSON.parse(event.data);
  } catch {
    return null; // not JSON: the watchdog sees to a stream that talks nonsense, since no feeds come of it
  }
}
