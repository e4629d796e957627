// What the operator's page needs before anything can be done on it.

import type { Api, Result } from "./api.js";
import type { City, InventoryCamera, LegalBasis, Named, PtzPolicy, Unit } from "./model.js";

export interface Lists {
  readonly city: City;
  readonly cameras: readonly InventoryCamera[];
  readonly kinds: readonly Named[];
  readonly purposes: readonly Named[];
  readonly legalBases: readonly LegalBasis[];
  readonly units: readonly Unit[];
  readonly ptz: PtzPolicy;
}

/** All of it, or the first thing that went wrong. */
export async function loadLists(api: Api): Promise<Result<Lists>> {
  const [city, cameras, kinds, law, units, ptz] = await Promise.all([
    api.city(),
    api.cameras(),
    api.kinds(),
    api.legalBases(),
    api.units(),
    api.ptz(),
  ]);
  if (city.status !== "success") return city;
  if (cameras.status !== "success") return cameras;
  if (kinds.status !== "success") return kinds;
  if (law.status !== "success") return law;
  if (units.status !== "success") return units;
  if (ptz.status !== "success") return ptz;
  return {
    status: "success",
    value: {
      city: city.value,
      cameras: cameras.value.cameras,
      kinds: kinds.value.kinds,
      purposes: law.value.purposes,
      legalBases: law.value.legal_bases,
      units: units.value.units,
      ptz: ptz.value,
    },
  };
}
