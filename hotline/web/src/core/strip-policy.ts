// Which small pictures a vehicle receives besides the large one. Pure.
// Nine small streams are 2.5 Mbit/s: nothing to good LTE, too much for a bad cell, where the large picture
// comes first. Then only the neighbours are kept, so that a swipe still shows its picture at once.

export interface Link {
  /** NetworkInformation.effectiveType; null where the browser does not tell. */
  readonly effectiveType: string | null;
  readonly saveData: boolean;
}

/** Whether camera `index` of `count` is received while `selected` is the large one. */
export function received(index: number, selected: number, count: number, link: Link): boolean {
  const good = !link.saveData && (link.effectiveType === null || link.effectiveType === "4g");
  if (good || count <= 3) return true;
  const apart = Math.abs(index - selected);
  return Math.min(apart, count - apart) <= 1;
}

interface NetworkInformation {
  readonly effectiveType?: string;
  readonly saveData?: boolean;
}

/** What this browser says of its link. */
export function currentLink(): Link {
  const { connection }: { connection?: NetworkInformation } = navigator as Navigator & {
    connection?: NetworkInformation;
  };
  return { effectiveType: connection?.effectiveType ?? null, saveData: connection?.saveData ?? false };
}
