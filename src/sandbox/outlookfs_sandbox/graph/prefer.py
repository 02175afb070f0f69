"""The Prefer header: what Outlook's part of Graph honours. A preference holds for one request.

    prefer = Prefer(request)
    prefer.immutable, prefer.text_body, prefer.zone, prefer.page_size
    prefer.applied            for the header Preference-Applied
"""
import re

from .zones import zone_of

PREFERENCE = re.compile(r'\s*([A-Za-z.\-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,;"]+)))?\s*(?:,|$)')
KNOWN = ("idtype", "outlook.body-content-type", "outlook.timezone", "odata.maxpagesize", "outlook.allow-unsafe-html", "respond-async",
         "return", "odata.track-changes", "handling")


class Prefer:
    def __init__(self, request):
        self.immutable, self.text_body, self.zone, self.zone_name, self.page_size, self.applied = False, False, None, "UTC", None, []
        for line in request.headers.getall("Prefer", ()):
            at = 0
            while at < len(line):
                match = PREFERENCE.match(line, at)
                if not match or match.end() == at:
                    request.violates("malformed Prefer: %s" % line)
                    break
                at = match.end()
                self._take(request, match[1].lower(), match[2] if match[2] is not None else match[3] or "")

    def _take(self, request, name, value):
        if name == "idtype" and value.lower() == "immutableid":
            self.immutable = True
            self.applied.append('IdType="ImmutableId"')
        elif name == "outlook.body-content-type" and value.lower() in ("text", "html"):
            self.text_body = value.lower() == "text"
            self.applied.append('outlook.body-content-type="%s"' % value.lower())
        elif name == "outlook.timezone":
            self.zone, self.zone_name = zone_of(value), value  # a Refusal where there is none
            self.applied.append('outlook.timezone="%s"' % value)
        elif name == "odata.maxpagesize" and value.isdigit() and int(value) > 0:
            self.page_size = int(value)
            self.applied.append("odata.maxpagesize=%s" % value)
        elif name not in KNOWN or name == "idtype":
            request.violates("unknown preference %s=%s" % (name, value))
