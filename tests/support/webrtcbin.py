"""A program on the system's own Python: GStreamer's webrtcbin watches. `gst_viewer.py` starts it.

It prints JSON lines (its offer, then each picture it decoded) and reads one, the answer; it ends when its
standard input closes. Arguments: RTP encoding names to offer, the most wanted first.
"""

from __future__ import annotations

import json
import sys
from typing import Any

REPORT_NS = 500_000_000  # between two receiver reports, as browsers have it; its own way is 5 s
FIRST = 96  # payload type of the first codec
SPOT = (0.45, 0.4)  # the place in the picture whose brightness is told, as shares of width and height


def _watch(codecs: list[str]) -> None:
    import gi  # type: ignore[import-not-found]  # of the system's Python only

    gi.require_version("Gst", "1.0")
    gi.require_version("GstSdp", "1.0")
    gi.require_version("GstWebRTC", "1.0")
    from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # type: ignore[import-not-found]

    Gst.init(None)
    pipeline = Gst.Pipeline.new("viewer")
    web = Gst.ElementFactory.make("webrtcbin", "web")
    web.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    pipeline.add(web)
    caps = Gst.Caps.new_empty()
    for number, codec in enumerate(codecs, FIRST):
        more = ",packetization-mode=(string)1,profile-level-id=(string)42e01f" if codec == "H264" else ""
        caps.append(
            Gst.Caps.from_string(
                f"application/x-rtp,media=video,encoding-name={codec},clock-rate=90000,payload={number},"
                f"rtcp-fb-nack=(boolean)true,rtcp-fb-nack-pli=(boolean)true{more}"
            )
        )
    transceiver = web.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, caps)
    transceiver.set_property("do-nack", True)  # what gets lost is asked for again
    loop = GLib.MainLoop()

    def tell(**what: object) -> None:
        print(json.dumps(what), flush=True)

    def gathered(*_: object) -> None:
        if web.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            tell(offer=web.get_property("local-description").sdp.as_text())

    def offered(promise: Any) -> None:
        reply = promise.get_reply()  # the offer is part of it and lives as long
        web.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

    def decoded(pad: Any, probe: Any, codec: str) -> Any:
        size = pad.get_current_caps().get_structure(0)
        width, height = size.get_value("width"), size.get_value("height")
        spot = int(height * SPOT[1]) * ((width + 3) // 4 * 4) + int(width * SPOT[0])
        luma = probe.get_buffer().extract_dup(spot, 1)[0]
        tell(codec=codec, width=width, height=height, luma=luma)
        return Gst.PadProbeReturn.OK

    def arrived(_: object, pad: Any) -> None:
        session = web.get_by_name("rtpbin").emit("get-internal-session", 0)
        session.set_property("rtcp-min-interval", REPORT_NS)
        # One pad for all that comes: what it carries changes with the payload type of the moment.
        demux = Gst.ElementFactory.make("rtpptdemux")
        demux.connect("request-pt-map", mapped)
        demux.connect("pad-added", begun)
        pipeline.add(demux)
        demux.sync_state_with_parent()
        pad.link(demux.get_static_pad("sink"))

    def mapped(_: object, number: int) -> Any:
        codec = codecs[number - FIRST]
        return Gst.Caps.from_string(
            f"application/x-rtp,media=video,encoding-name={codec},clock-rate=90000,payload={number}"
        )

    def begun(_: object, pad: Any) -> None:
        codec = pad.get_current_caps().get_structure(0).get_value("encoding-name")
        name = codec.lower()
        line = f"rtp{name}depay ! {name}parse ! avdec_{name} ! videoconvert ! video/x-raw,format=GRAY8 "
        line += "! fakesink name=end sync=false"
        part = Gst.parse_bin_from_description(line, True)
        part.get_by_name("end").get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, decoded, codec)
        pipeline.add(part)
        part.sync_state_with_parent()
        pad.link(part.get_static_pad("sink"))

    def answered(*_: object) -> bool:
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        _, sdp = GstSdp.SDPMessage.new_from_text(json.loads(line)["answer"])
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        web.emit("set-remote-description", answer, Gst.Promise.new())
        return True

    web.connect("pad-added", arrived)
    web.connect("notify::ice-gathering-state", gathered)
    web.connect(
        "on-negotiation-needed",
        lambda _: web.emit("create-offer", None, Gst.Promise.new_with_change_func(offered)),
    )
    GLib.io_add_watch(
        sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, answered
    )
    pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    _watch(sys.argv[1:])
