"""What one rendition has received and refused, counted. One writer (its source), many readers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Totals since the rendition was made. Every picture or packet that is not passed on is in here."""

    packets: int = 0  # RTP packets of the video track
    bytes: int = 0  # their size, RTP header included
    lost_packets: int = 0  # by gaps in the sequence numbers
    late_packets: int = 0  # out of order or repeated, dropped
    foreign_packets: int = 0  # other payload type or another SSRC
    bad_packets: int = 0  # not RTP, or cut short
    unread_packets: int = 0  # thrown away: the demuxer's process did not keep up
    bad_nal_units: int = 0  # empty, forbidden, reserved, too large
    ignored_nal_units: int = 0  # delimiters, filler, SEI, layers no browser needs
    in_band_sets: int = 0  # parameter sets that came among the pictures
    pictures: int = 0  # passed on
    dropped_pictures: int = 0  # damaged, or referring to one that was
    transcoded: int = 0  # pictures encoded here
    undecodable: int = 0  # pictures that the decoder here could not take
    stale_pictures: int = 0  # not decoded or not encoded here: too old by the time it was their turn
    lost_markers: int = 0  # pictures ended by a change of the time stamp only
    resyncs: int = 0  # interleaved framing lost and found again
    time_jumps: int = 0  # RTP time stamps that could not be true
    sender_reports: int = 0  # RTCP SR taken
    attempts: int = 0  # RTSP connections tried
    losses: int = 0  # times the camera went from given to gone
    refusals: int = 0  # times it refused the password
