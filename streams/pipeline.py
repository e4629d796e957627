"""One camera's pictures through decoder, mask, scaler, text and encoders: what a worker thread does.

Belongs here: the order of the work and what is left out of it. Which pictures are due, and who gets the
result, is `transcode.py`'s. Used by one thread at a time; holds no lock and knows no loop.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import av

from streams.access_unit import AccessUnit, taken_at
from streams.decoder import Decoded, Decoder
from streams.encoders import SOFTWARE, Coded, EncoderError, Format, H264Encoder
from streams.overlay import Caption
from streams.recipe import Overlay, Recipe
from streams.scale import Scaler, Size
from streams.timeline import TICKS

_KEYFRAME_TICKS = 2 * TICKS
_RATE_CHANGED = 1.4  # pictures per second by this factor: the encoder's budget per picture is wrong


@dataclass(frozen=True, slots=True)
class Target:
    """One rendition to be made. overlay: text on it, None for none. after: media time of the newest picture
    that the rendition has already."""

    key: str
    recipe: Recipe
    overlay: Overlay | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """One encoded picture with the times of the picture it was made of."""

    key: str
    picture: Decoded
    coded: Coded
    size: Size


@dataclass(slots=True)
class Outcome:
    """What one step made and cost. CPU times in seconds of this thread."""

    made: list[Made] = field(default_factory=list)
    decode_cpu_s: float = 0.0
    decode_megapixels: float = 0.0
    encode_cpu_s: dict[str, float] = field(default_factory=dict)
    encode_megapixels: dict[str, float] = field(default_factory=dict)
    failures: int = 0  # pictures that could not be decoded
    skipped: int = 0  # decoded, but too old to be encoded
    lost_encoder: str = ""  # why another encoder than the chosen one is used from now on


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done in one step.

    gap: pictures before the first unit are missing. fresh_after: pictures that arrived before (monotonic
    seconds) are decoded only, except the newest. true_after: those before are decoded only, the newest too.
    keyframes: keys of renditions that want one.
    """

    units: Sequence[AccessUnit]
    targets: Sequence[Target]
    gap: bool = False
    fresh_after: float = float("-inf")
    true_after: float = float("-inf")
    keyframes: frozenset[str] = frozenset()
    frames_per_second: float = 25.0
    utc_of_monotonic: float = 0.0  # UTC minus monotonic seconds, for pictures without a capture time


class Pipeline:
    """Decodes once, encodes once per rendition."""

    def __init__(self, decoder: Decoder, encoder: str, camera_name: str, utc_offset_h: float) -> None:
        self._decoder = decoder
        self._encoder = encoder
        self._camera_name = camera_name
        self._utc_offset_h = utc_offset_h
        self._scaler = Scaler()
        self._benches: dict[str, _Bench] = {}

    def step(self, job: Job) -> Outcome:
        """Do one job. Raises `EncoderError` where not even the software encoder works."""
        outcome = Outcome()
        began = time.thread_time()
        if job.gap:
            self._decoder.restart()
        failures = self._decoder.failures
        decoded = [picture for unit in job.units for picture in self._decoder.decode(unit)]
        outcome.failures = self._decoder.failures - failures
        outcome.decode_cpu_s = time.thread_time() - began
        outcome.decode_megapixels = sum(p.frame.width * p.frame.height for p in decoded) / 1e6
        for key in self._benches.keys() - {target.key for target in job.targets}:
            del self._benches[key]
        for picture in decoded:
            newest = picture is decoded[-1]
            if picture.arrived >= (job.true_after if newest else job.fresh_after):
                self._encode(picture, job, outcome)
            else:
                outcome.skipped += 1
        return outcome

    def _encode(self, picture: Decoded, job: Job, outcome: Outcome) -> None:
        began = time.thread_time()
        whole = (picture.frame.width, picture.frame.height)
        sizes = {target.key: target.recipe.size(*whole) for target in job.targets}
        scaled = self._scaler.scale(picture.frame, set(sizes.values()))
        shared = (time.thread_time() - began) / max(1, len(job.targets))
        for target in job.targets:
            began = time.thread_time()
            key, size = target.key, sizes[target.key]
            frame = scaled[size]
            bench = self._benches.get(key)
            if bench is None or bench.target != target:
                bench = self._benches[key] = _Bench(
                    target,
                    Caption(target.overlay, self._camera_name, self._utc_offset_h)
                    if target.overlay
                    else None,
                    newest=target.after,
                )
            if bench.caption is not None:
                taken = taken_at(picture.captured, picture.arrived + job.utc_of_monotonic)
                frame = bench.caption.draw(_copy(frame), taken)
            try:
                coded = bench.encode(frame, picture.media_time, size, self._encoder, job)
            except EncoderError as error:
                if self._encoder == SOFTWARE:
                    raise
                outcome.lost_encoder = str(error)
                self._encoder = SOFTWARE
                bench.encoder = None
                coded = bench.encode(frame, picture.media_time, size, SOFTWARE, job)
            outcome.made += [Made(key, picture, each, size) for each in coded]
            cpu = shared + time.thread_time() - began
            outcome.encode_cpu_s[key] = outcome.encode_cpu_s.get(key, 0.0) + cpu
            pixels = size[0] * size[1] / 1e6
            outcome.encode_megapixels[key] = outcome.encode_megapixels.get(key, 0.0) + pixels


@dataclass(slots=True)
class _Bench:
    """One rendition's encoder and text."""

    target: Target
    caption: Caption | None
    encoder: H264Encoder | None = None
    newest: int | None = None  # media time

    def encode(self, frame: av.VideoFrame, media_time: int, size: Size, name: str, job: Job) -> list[Coded]:
        newest, encoder = self.newest, self.encoder
        if newest is not None and media_time <= newest:
            return []  # the camera's own line went back: the viewer's does not
        # At the same pictures in all renditions of a camera, so that a viewer can change between them.
        due = newest is None or media_time // _KEYFRAME_TICKS != newest // _KEYFRAME_TICKS
        due = due or self.target.key in job.keyframes
        fitting = encoder is not None and (encoder.format.width, encoder.format.height) == size
        if encoder is not None and fitting and due:
            ratio = job.frames_per_second / encoder.format.frames_per_second
            fitting = 1 / _RATE_CHANGED < ratio < _RATE_CHANGED
        if encoder is None or not fitting:
            rate = self.target.recipe.rate(size)
            encoder = self.encoder = H264Encoder(name, Format(*size, job.frames_per_second, rate))
            due = True
        self.newest = media_time
        return encoder.encode(frame, media_time, keyframe=due)


def sample(target: Target, encoder: str, size: Size, frames_per_second: float) -> Coded:
    """A keyframe of nothing, for its SPS: what a viewer must be told before there is a picture."""
    made = target.recipe.size(*size)
    frame = av.VideoFrame(*made, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    coder = H264Encoder(encoder, Format(*made, frames_per_second, target.recipe.rate(made)))
    return coder.encode(frame, 0, keyframe=True)[0]


def _copy(frame: av.VideoFrame) -> av.VideoFrame:
    """A frame that no other rendition shares."""
    return av.VideoFrame.from_ndarray(frame.to_ndarray(), format=frame.format.name)
