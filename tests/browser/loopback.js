// Two peer connections in one page: a canvas with the time code, encoded, sent, received and shown. It stands in
// for a camera and a relay where only the recorder itself is on trial.
"use strict";

globalThis.drawn = [];

function drawTimecode(canvas, unixMs) {
  drawn.push(unixMs);
  const context = canvas.getContext("2d");
  const cell = canvas.width / 64;
  const bytes = [0b10101100];
  for (let place = 4; place >= 0; place--) bytes.push(Math.floor(unixMs / 2 ** (8 * place)) % 256);
  let crc = 0xffff;
  for (const byte of bytes.slice(1)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  bytes.push(crc >> 8, crc & 255);
  context.fillStyle = "#507090";
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (let index = 0; index < 64; index++) {
    context.fillStyle = (bytes[index >> 3] >> (7 - (index & 7))) & 1 ? "#fff" : "#000";
    context.fillRect(index * cell, canvas.height - cell, cell, cell);
  }
}

async function loopback() {
  const canvas = document.createElement("canvas");
  canvas.width = 1280;
  canvas.height = 720;
  drawTimecode(canvas, Date.now());
  setInterval(() => drawTimecode(canvas, Date.now()), 100);
  const [from, to] = [new RTCPeerConnection(), new RTCPeerConnection()];
  from.onicecandidate = ({ candidate }) => to.addIceCandidate(candidate);
  to.onicecandidate = ({ candidate }) => from.addIceCandidate(candidate);
  to.ontrack = ({ streams }) => { document.querySelector("video").srcObject = streams[0]; };
  const stream = canvas.captureStream(10);
  from.addTrack(stream.getVideoTracks()[0], stream);
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription);
}
