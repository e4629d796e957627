"""Which two of a camera's profiles are ours."""

from __future__ import annotations

from dataclasses import replace

from streams.camera import ProfileName
from streams.onvif.profiles import MediaProfile, choose, clean, media_profiles, moment, presets

HD = MediaProfile("hd", "main", "H264", 1920, 1080, 25, 4096, "source", False, True)
D1 = replace(HD, token="d1", width=704, height=480)
CIF = replace(HD, token="cif", width=352, height=240)
JPEG = replace(HD, token="jpeg", codec="JPEG")


def _tokens(*profiles: MediaProfile) -> list[str]:
    return [profile.token for profile in choose(profiles).values()]


def test_the_largest_is_main_and_the_largest_small_one_is_sub() -> None:
    assert _tokens(CIF, HD, D1) == ["hd", "d1"]


def test_the_codec_that_browsers_take_comes_first() -> None:
    assert _tokens(replace(HD, token="h265", codec="H265"), HD, CIF) == ["hd", "cif"]


def test_jpeg_only_where_there_is_nothing_else() -> None:
    assert _tokens(JPEG, D1) == ["d1"]
    assert _tokens(JPEG) == ["jpeg"]


def test_another_large_one_is_no_sub_and_another_channel_no_profile() -> None:
    assert _tokens(HD, replace(HD, token="hd2", width=1280, height=720)) == ["hd"]
    assert _tokens(HD, replace(CIF, source="channel 2")) == ["hd"]


def test_none_where_there_is_no_picture() -> None:
    assert choose([]) == {}
    assert choose([replace(HD, codec="AUDIO")]) == {}


def test_sub_stream_is_asked_for_by_its_name() -> None:
    assert choose([HD, D1])[ProfileName.SUB] is D1


def test_what_a_camera_says_is_one_short_printable_line() -> None:
    assert clean("한빛\x1b[31m\n카메라" + "x" * 500) == ("한빛[31m카메라" + "x" * 500)[:100]


def test_profiles_without_picture_or_token_are_left_out() -> None:
    encoder = {"encoding": "video/h.264", "width": 640, "height": 360, "fps_limit": 15}
    found = media_profiles(
        [{"token": "a"}, {"token": "", "video_encoder": encoder}, {"token": "b", "video_encoder": encoder}],
        media2=True,
    )
    assert [(each.token, each.codec, each.rate) for each in found] == [("b", "H264", 15)]


def test_presets_have_a_token_and_a_name() -> None:
    found = presets([{"token": "1", "name": ""}, {"token": "", "name": "x"}, {"token": "2", "name": "정문"}])
    assert [(each.token, each.name) for each in found] == [("1", "1"), ("2", "정문")]


def test_no_date_is_no_time() -> None:
    good = {"year": 2026, "month": 7, "day": 1, "hour": 0, "minute": 0, "second": 0}
    assert moment({"UTCDateTime": good}) == 1_782_864_000.5
    assert moment({"UTCDateTime": {**good, "month": 13}}) is None
    assert moment({"LocalDateTime": good}) is None
