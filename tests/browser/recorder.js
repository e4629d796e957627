// Writes down every picture that a <video> with a MediaStream shows: which one, when, and the time code in it.
//
// Put into a page before its own scripts run. It does not know the page: it notices each element that is given
// a srcObject, wherever in the page (or in a shadow root) it stands. Needs readTimecode (timecode.js).
"use strict";
(() => {
  const LIMIT = 20_000; // pictures kept per element; the oldest go first
  const records = [];
  const known = new WeakMap();

  function watch(video) {
    const record = { video, frames: [], since: performance.timeOrigin + performance.now() };
    known.set(video, record);
    records.push(record);
    const next = (_now, metadata) => {
      const shownAt = performance.timeOrigin + performance.now();
      const frame = {
        rtp: metadata.rtpTimestamp ?? null,
        shownAt,
        presentedAt: performance.timeOrigin + metadata.presentationTime,
        expectedAt: performance.timeOrigin + metadata.expectedDisplayTime,
        receivedAt: metadata.receiveTime === undefined ? null : performance.timeOrigin + metadata.receiveTime,
        presented: metadata.presentedFrames,
        width: metadata.width,
        height: metadata.height,
        seen: Number(getComputedStyle(video).opacity) > 0.5,
        timecode: null,
      };
      record.frames.push(frame);
      if (record.frames.length > LIMIT) record.frames.shift();
      if (window.readTimecodes !== false) {
        record.reading = readPicture(video).then(
          (timecode) => { frame.timecode = timecode; },
          // The element has no picture to give at this instant (its stream was just set or taken): none was read.
          (error) => { if (error.name !== "InvalidStateError") frame.error = String(error); },
        );
      }
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  // The rows of the time code alone, as luma, straight from the decoded picture.
  async function readPicture(video) {
    const picture = new VideoFrame(video);
    try {
      const { width, height } = picture.visibleRect;
      const cell = Math.max(2, Math.floor(width / 64));
      const top = (height - cell) & ~1;
      const rect = { x: picture.visibleRect.x, y: picture.visibleRect.y + top, width: width & ~1, height: (height - top) & ~1 };
      const bytes = new Uint8Array(picture.allocationSize({ rect }));
      const [luma] = await picture.copyTo(bytes, { rect });
      if (!["I420", "NV12", "I420A"].includes(picture.format)) throw new Error(`luma of ${picture.format}?`);
      return readTimecode(bytes.subarray(luma.offset), rect.width, rect.height, luma.stride);
    } finally {
      picture.close();
    }
  }

  const described = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
  Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
    ...described,
    set(value) {
      described.set.call(this, value);
      if (value && this instanceof HTMLVideoElement && !known.has(this)) watch(this);
    },
  });

  const pictureOf = (frame) => frame.rtp ?? frame.presented;

  // Up through shadow roots: the first ancestor with this attribute says whose picture it is.
  function attribute(element, name) {
    for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
      if (at.getAttribute?.(name)) return at.getAttribute(name);
    }
    return null;
  }

  window.recorder = {
    count: () => records.length,
    videos: () => records.map((record) => ({
      connected: record.video.isConnected,
      since: record.since,
      shown: record.frames.length,
      width: record.video.videoWidth,
      height: record.video.videoHeight,
    })),
    frames: async (index, from = 0) => {
      const record = records[index];
      if (!record) return [];
      await record.reading;
      return record.frames.slice(from);
    },
    // When the first picture younger than `limit` (ms) was shown; waits for it, at most `patience` ms.
    live: async (index, limit, patience) => {
      const end = performance.now() + patience;
      for (;;) {
        await records[index]?.reading;
        const found = records[index]?.frames.find(({ timecode, shownAt }) => timecode && shownAt - timecode < limit);
        if (found) return found.shownAt;
        if (performance.now() > end) throw new Error(`no picture younger than ${limit} ms within ${patience} ms`);
        await new Promise((later) => setTimeout(later, 20));
      }
    },
    // Elements in the page that have shown at least two different pictures since `since` (Unix ms): moving.
    moving: (since) => records.filter((record) => {
      if (!record.video.isConnected) return false;
      const recent = record.frames.filter((frame) => frame.shownAt >= since);
      return new Set(recent.map(pictureOf)).size >= 2;
    }).length,
    // When the second picture after `since` was shown, per element that is in the page; null where not yet.
    movingAt: (since) => records.filter((record) => record.video.isConnected).map((record) => {
      const seen = new Set();
      for (const frame of record.frames) {
        if (frame.shownAt < since) continue;
        seen.add(pictureOf(frame));
        if (seen.size === 2) return frame.shownAt;
      }
      return null;
    }),
    lastShown: () => Math.max(0, ...records.map(({ frames }) => frames.at(-1)?.shownAt ?? 0)),
    // When the video of the tile with this camera last showed a picture.
    lastShownOf: (camera) => {
      const record = records.findLast(({ video }) => video.isConnected && attribute(video, "data-camera") === camera);
      return record?.frames.at(-1)?.shownAt ?? null;
    },
    whose: (index, name) => attribute(records[index].video, name),
    clear: () => { for (const record of records) record.frames.length = 0; },
  };
})();
