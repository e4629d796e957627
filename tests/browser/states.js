// Notes each change of a <camera-tile>'s published state (data-state), with the time: what a person would have seen.
"use strict";
(() => {
  const log = [];
  const known = new WeakMap();

  function* tiles(root) {
    for (const element of root.querySelectorAll("*")) {
      if (element.localName === "camera-tile") yield element;
      else if (element.shadowRoot) yield* tiles(element.shadowRoot);
    }
  }

  function look() {
    for (const tile of tiles(document)) {
      const { camera, state, cause } = tile.dataset;
      if (state === undefined || known.get(tile) === state) continue;
      known.set(tile, state);
      log.push({ at: performance.timeOrigin + performance.now(), camera, state, cause });
    }
  }

  setInterval(look, 25);
  window.tileStates = {
    log: (since = 0) => log.filter(({ at }) => at >= since),
    now: () => {
      look();
      return [...tiles(document)].map(({ dataset: { camera, state } }) => ({ camera, state }));
    },
  };
})();
