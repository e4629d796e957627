// A WHEP player (draft-ietf-wish-whep) of a hundred lines, written without a look at the product's pages: whoever
// keeps to the draft must get a picture. It posts its offer at once, or (as older players do) complete with candidates.
"use strict";

class PlainWhep {
  constructor(video) {
    this.video = video;
    this.peer = null;
    this.resource = null;
    this.times = {};
  }

  // Resolves with the times (Unix ms) once the first picture is shown; rejects with the status of a refusal.
  async play(url, token, { gather = false } = {}) {
    const now = () => performance.timeOrigin + performance.now();
    this.times = { clicked: now() };
    const peer = (this.peer = new RTCPeerConnection());
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.addEventListener("connectionstatechange", () => {
      if (peer.connectionState === "connected") this.times.connected ??= now();
    });
    const first = new Promise((shown) => {
      peer.addEventListener("track", ({ track, streams }) => {
        this.video.requestVideoFrameCallback(() => {
          this.times.shown = now();
          shown();
        });
        this.video.srcObject = streams[0] ?? new MediaStream([track]);
      });
    });
    await peer.setLocalDescription();
    if (gather) await new Promise((done) => {
      if (peer.iceGatheringState === "complete") return done();
      peer.addEventListener("icecandidate", ({ candidate }) => candidate || done());
      setTimeout(done, 1000);
    });
    this.times.posted = now();
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${token}` },
      body: peer.localDescription.sdp,
    });
    if (response.status !== 201) {
      peer.close();
      throw new Error(`refused: ${response.status}`);
    }
    this.resource = new URL(response.headers.get("Location"), new URL(url, location.href)).href;
    this.times.answered = now();
    await peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
    await first;
    return this.times;
  }

  // Ends by DELETE; the status of the answer.
  async stop() {
    const response = await fetch(this.resource, { method: "DELETE" });
    this.peer.close();
    this.video.srcObject = null;
    return response.status;
  }

  // What the browser counted of the video it received.
  async received() {
    for (const report of (await this.peer.getStats()).values()) {
      if (report.type === "inbound-rtp" && report.kind === "video") return report;
    }
    return null;
  }
}

window.player = new PlainWhep(document.querySelector("video"));
