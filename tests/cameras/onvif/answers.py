"""What the device says, as cameras say it: SOAP 1.2 with the prefixes and the order of real answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from tests.cameras.onvif.device import Profile

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"

_NAMES = (
    'xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:tt="http://www.onvif.org/ver10/schema" '
    f'xmlns:tds="{DEVICE}" xmlns:trt="{MEDIA}" xmlns:tr2="{MEDIA2}" xmlns:tptz="{PTZ}" '
    'xmlns:ter="http://www.onvif.org/ver10/error"'
)


def envelope(body: str) -> bytes:
    """A whole answer."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<SOAP-ENV:Envelope {_NAMES}><SOAP-ENV:Header/>"
        f"<SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode()


def fault(subcode: str, text: str, *, whose: str = "Sender") -> bytes:
    """A refusal (SOAP 1.2 §5.4, ONVIF Core §5.8.2)."""
    return envelope(
        f"<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:{whose}</SOAP-ENV:Value>"
        f"<SOAP-ENV:Subcode><SOAP-ENV:Value>ter:{subcode}</SOAP-ENV:Value></SOAP-ENV:Subcode>"
        f'</SOAP-ENV:Code><SOAP-ENV:Reason><SOAP-ENV:Text xml:lang="en">{escape(text)}</SOAP-ENV:Text>'
        "</SOAP-ENV:Reason></SOAP-ENV:Fault>"
    )


def date_and_time(now: datetime) -> str:
    """GetSystemDateAndTime, UTC; a local time beside it that must not be taken for it."""

    def moment(name: str, at: datetime, hours: int = 0) -> str:
        return (
            f"<tt:{name}><tt:Time><tt:Hour>{(at.hour + hours) % 24}</tt:Hour>"
            f"<tt:Minute>{at.minute}</tt:Minute><tt:Second>{at.second}</tt:Second></tt:Time><tt:Date><tt:Year>{at.year}</tt:Year>"
            f"<tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day></tt:Date></tt:{name}>"
        )

    return (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType>"
        "<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>KST-9</tt:TZ></tt:TimeZone>"
        f"{moment('UTCDateTime', now)}{moment('LocalDateTime', now, 9)}"
        "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


def services(addresses: Mapping[str, str]) -> str:
    """GetServices: a namespace and an address each."""
    return (
        "<tds:GetServicesResponse>"
        + "".join(
            f"<tds:Service><tds:Namespace>{name}</tds:Namespace><tds:XAddr>{escape(address)}</tds:XAddr>"
            "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
            for name, address in addresses.items()
        )
        + "</tds:GetServicesResponse>"
    )


def capabilities(addresses: Mapping[str, str]) -> str:
    """GetCapabilities, which knows nothing of Media2."""
    labels = {DEVICE: "Device", MEDIA: "Media", PTZ: "PTZ"}
    return (
        "<tds:GetCapabilitiesResponse><tds:Capabilities>"
        + "".join(
            f"<tt:{labels[name]}><tt:XAddr>{escape(address)}</tt:XAddr></tt:{labels[name]}>"
            for name, address in addresses.items()
            if name in labels
        )
        + "</tds:Capabilities></tds:GetCapabilitiesResponse>"
    )


def information(maker: str, model: str, firmware: str, serial: str) -> str:
    """GetDeviceInformation."""
    return (
        f"<tds:GetDeviceInformationResponse><tds:Manufacturer>{escape(maker)}</tds:Manufacturer>"
        f"<tds:Model>{escape(model)}</tds:Model><tds:FirmwareVersion>{escape(firmware)}</tds:FirmwareVersion>"
        f"<tds:SerialNumber>{escape(serial)}</tds:SerialNumber><tds:HardwareId>1.0</tds:HardwareId>"
        "</tds:GetDeviceInformationResponse>"
    )


def profiles(found: Iterable[Profile], *, media2: bool, ptz: bool) -> str:
    """GetProfiles; Media2 calls the parts by other names and gives the GOP as an attribute."""
    prefix = "tr2" if media2 else "trt"
    items = "".join(_profile(each, prefix, media2=media2, ptz=ptz) for each in found)
    return f"<{prefix}:GetProfilesResponse>{items}</{prefix}:GetProfilesResponse>"


def _profile(profile: Profile, prefix: str, *, media2: bool, ptz: bool) -> str:
    size = (
        f"<tt:Resolution><tt:Width>{profile.width}</tt:Width><tt:Height>{profile.height}</tt:Height>"
        "</tt:Resolution>"
    )
    rate = (
        f"<tt:FrameRateLimit>{profile.rate}</tt:FrameRateLimit>"
        + ("" if media2 else "<tt:EncodingInterval>1</tt:EncodingInterval>")
        + f"<tt:BitrateLimit>{profile.kilobits}</tt:BitrateLimit>"
    )
    source = (
        "<tt:Name>source</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>VideoSource_1</tt:SourceToken>"
    )
    encoder = (
        f"<tt:Name>encoder</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>{profile.codec}</tt:Encoding>"
        f"{size}<tt:RateControl>{rate}</tt:RateControl>"
    )
    head = "<tt:Name>ptz</tt:Name><tt:UseCount>2</tt:UseCount><tt:NodeToken>node</tt:NodeToken>"
    token = quoteattr(profile.token)
    if media2:
        turning = f'<tr2:PTZ token="ptz">{head}</tr2:PTZ>' if ptz else ""
        parts = (
            f'<tr2:Configurations><tr2:VideoSource token="vs">{source}</tr2:VideoSource>'
            f'<tr2:VideoEncoder token="ve" GovLength="{profile.gop}">{encoder}</tr2:VideoEncoder>{turning}'
            "</tr2:Configurations>"
        )
    else:
        turning = f'<tt:PTZConfiguration token="ptz">{head}</tt:PTZConfiguration>' if ptz else ""
        gop = f"<tt:GovLength>{profile.gop}</tt:GovLength>"
        detail = f"<tt:H264>{gop}<tt:H264Profile>High</tt:H264Profile></tt:H264>"
        parts = (
            f'<tt:VideoSourceConfiguration token="vs">{source}</tt:VideoSourceConfiguration>'
            f'<tt:VideoEncoderConfiguration token="ve">{encoder}{detail}</tt:VideoEncoderConfiguration>'
            f"{turning}"
        )
    name = f"<{'tr2' if media2 else 'tt'}:Name>{escape(profile.name)}</{'tr2' if media2 else 'tt'}:Name>"
    return f'<{prefix}:Profiles token={token} fixed="true">{name}{parts}</{prefix}:Profiles>'


def uri(operation: str, address: str, *, media2: bool) -> str:
    """GetStreamUri or GetSnapshotUri."""
    if media2:
        return f"<tr2:{operation}Response><tr2:Uri>{escape(address)}</tr2:Uri></tr2:{operation}Response>"
    return (
        f"<trt:{operation}Response><trt:MediaUri><tt:Uri>{escape(address)}</tt:Uri>"
        "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false"
        f"</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:{operation}Response>"
    )


def presets(names: Mapping[str, str]) -> str:
    """GetPresets: token and name."""
    return (
        "<tptz:GetPresetsResponse>"
        + "".join(
            f"<tptz:Preset token={quoteattr(token)}><tt:Name>{escape(name)}</tt:Name></tptz:Preset>"
            for token, name in names.items()
        )
        + "</tptz:GetPresetsResponse>"
    )


def done(prefix: str, operation: str, inner: str = "") -> str:
    """An answer that says only that it was done."""
    return f"<{prefix}:{operation}Response>{inner}</{prefix}:{operation}Response>"


def probe_match(relates_to: str, reference: str, scopes: Iterable[str], addresses: Iterable[str]) -> bytes:
    """WS-Discovery's ProbeMatches (2005/04 §5.3)."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        f'xmlns:d="{DISCOVERY}" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">'
        f"<SOAP-ENV:Header><wsa:RelatesTo>{escape(relates_to)}</wsa:RelatesTo>"
        f"<wsa:Action>{DISCOVERY}/ProbeMatches</wsa:Action></SOAP-ENV:Header><SOAP-ENV:Body><d:ProbeMatches>"
        f"<d:ProbeMatch><wsa:EndpointReference><wsa:Address>{escape(reference)}</wsa:Address>"
        "</wsa:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>"
        f"<d:Scopes>{escape(' '.join(scopes))}</d:Scopes><d:XAddrs>{escape(' '.join(addresses))}</d:XAddrs>"
        "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></SOAP-ENV:Body>"
        "</SOAP-ENV:Envelope>"
    ).encode()
