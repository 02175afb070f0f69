"""Time zones under their Windows and IANA names, and Graph's pairs of a local time and a zone.

Windows names and the zone of each in its first territory: Unicode CLDR, supplemental/windowsZones.
"""
import re
import zoneinfo
from datetime import datetime, timedelta, timezone

from ..exchange import Refusal
from ..times import EPOCH, SECOND

WINDOWS = dict(line.split("=") for line in """
UTC=Etc/UTC|Dateline Standard Time=Etc/GMT+12|Hawaiian Standard Time=Pacific/Honolulu|Alaskan Standard Time=America/Anchorage
Pacific Standard Time=America/Los_Angeles|US Mountain Standard Time=America/Phoenix|Mountain Standard Time=America/Denver
Central America Standard Time=America/Guatemala|Central Standard Time=America/Chicago|Canada Central Standard Time=America/Regina
Central Standard Time (Mexico)=America/Mexico_City|SA Pacific Standard Time=America/Bogota|Eastern Standard Time=America/New_York
US Eastern Standard Time=America/Indiana/Indianapolis|Venezuela Standard Time=America/Caracas|Atlantic Standard Time=America/Halifax
SA Western Standard Time=America/La_Paz|Pacific SA Standard Time=America/Santiago|Newfoundland Standard Time=America/St_Johns
E. South America Standard Time=America/Sao_Paulo|Argentina Standard Time=America/Argentina/Buenos_Aires
SA Eastern Standard Time=America/Cayenne|Greenland Standard Time=America/Godthab|Montevideo Standard Time=America/Montevideo
Azores Standard Time=Atlantic/Azores|Cape Verde Standard Time=Atlantic/Cape_Verde|GMT Standard Time=Europe/London
Greenwich Standard Time=Atlantic/Reykjavik|Morocco Standard Time=Africa/Casablanca|W. Europe Standard Time=Europe/Berlin
Central Europe Standard Time=Europe/Budapest|Romance Standard Time=Europe/Paris|Central European Standard Time=Europe/Warsaw
W. Central Africa Standard Time=Africa/Lagos|Jordan Standard Time=Asia/Amman|GTB Standard Time=Europe/Bucharest
Middle East Standard Time=Asia/Beirut|Egypt Standard Time=Africa/Cairo|E. Europe Standard Time=Europe/Chisinau
South Africa Standard Time=Africa/Johannesburg|FLE Standard Time=Europe/Kiev|Israel Standard Time=Asia/Jerusalem
Arabic Standard Time=Asia/Baghdad|Turkey Standard Time=Europe/Istanbul|Arab Standard Time=Asia/Riyadh
Belarus Standard Time=Europe/Minsk|Russian Standard Time=Europe/Moscow|E. Africa Standard Time=Africa/Nairobi
Iran Standard Time=Asia/Tehran|Arabian Standard Time=Asia/Dubai|Azerbaijan Standard Time=Asia/Baku|Georgian Standard Time=Asia/Tbilisi
Afghanistan Standard Time=Asia/Kabul|West Asia Standard Time=Asia/Tashkent|Ekaterinburg Standard Time=Asia/Yekaterinburg
Pakistan Standard Time=Asia/Karachi|India Standard Time=Asia/Calcutta|Sri Lanka Standard Time=Asia/Colombo
Nepal Standard Time=Asia/Katmandu|Central Asia Standard Time=Asia/Almaty|Bangladesh Standard Time=Asia/Dhaka
Myanmar Standard Time=Asia/Rangoon|SE Asia Standard Time=Asia/Bangkok|China Standard Time=Asia/Shanghai
North Asia Standard Time=Asia/Krasnoyarsk|Singapore Standard Time=Asia/Singapore|W. Australia Standard Time=Australia/Perth
Taipei Standard Time=Asia/Taipei|Ulaanbaatar Standard Time=Asia/Ulaanbaatar|Tokyo Standard Time=Asia/Tokyo
Korea Standard Time=Asia/Seoul|Cen. Australia Standard Time=Australia/Adelaide|AUS Central Standard Time=Australia/Darwin
E. Australia Standard Time=Australia/Brisbane|AUS Eastern Standard Time=Australia/Sydney|West Pacific Standard Time=Pacific/Port_Moresby
Tasmania Standard Time=Australia/Hobart|Vladivostok Standard Time=Asia/Vladivostok|Central Pacific Standard Time=Pacific/Guadalcanal
New Zealand Standard Time=Pacific/Auckland|Fiji Standard Time=Pacific/Fiji|Tonga Standard Time=Pacific/Tongatapu
Samoa Standard Time=Pacific/Apia
""".strip().replace("\n", "|").split("|"))
LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?")


def zone_of(name):
    """The tzinfo of a Windows or IANA name."""
    iana = WINDOWS.get(name, name)
    try:
        if not isinstance(iana, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+\-/]*", iana):
            raise ValueError
        return zoneinfo.ZoneInfo(iana)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise Refusal(400, "TimeZoneNotSupportedException", "A valid TimeZone value must be specified. The following TimeZone value is not "
                      "supported: '%s'." % name) from None


def read_local(text, zone):
    """An aware datetime of a text without or with an offset; None where it is neither."""
    match = LOCAL.fullmatch(text) if isinstance(text, str) else None
    try:
        if not match:
            return None
        if match[3]:
            offset = match[3].replace("Z", "+00:00")
            return datetime.fromisoformat("%sT%s%s" % (match[1], match[2] or "00:00", offset))
        return datetime.fromisoformat("%sT%s" % (match[1], match[2] or "00:00")).replace(tzinfo=zone)
    except ValueError:
        return None


def read_pair(pair):
    """The aware datetime of {"dateTime", "timeZone"}."""
    when = read_local(pair.get("dateTime"), zone_of(pair.get("timeZone") or "UTC"))
    if when is None:
        raise Refusal(400, "ErrorInvalidRequest", "The dateTime '%s' is not valid." % pair.get("dateTime"))
    return when


def pair(when, name="UTC", zone=timezone.utc):
    return {"dateTime": when.astimezone(zone or timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + ".0000000", "timeZone": name}


def ns(when):
    return int((when.astimezone(timezone.utc).replace(tzinfo=None) - EPOCH).total_seconds()) * SECOND


def utc(nanoseconds):
    return (EPOCH + timedelta(seconds=nanoseconds // SECOND)).replace(tzinfo=timezone.utc)
