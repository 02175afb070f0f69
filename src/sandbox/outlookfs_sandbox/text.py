"""Bodies and lists of addresses as the services write them."""
import html
import re

PREVIEW_CHARACTERS = 255
HTML_HEAD = '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
UNREAD = re.compile(r"<!--.*?(?:-->|$)|<(style|head|script)\b.*?(?:</\1>|$)|<[^>]*(?:>|$)", re.S | re.I)
ADDRESS = re.compile(r"[^@\s,<>]+@[^@\s,<>]+")
TYPES = {"txt": "text/plain", "csv": "text/csv", "png": "image/png", "jpg": "image/jpeg", "pdf": "application/pdf",
         "html": "text/html", "json": "application/json", "ics": "text/calendar"}


def escape(plain):
    """Text in HTML, its lines kept."""
    return html.escape(plain.replace("\r", ""), quote=False).replace("\n", "<br>\r\n")


def html_of_plain(plain):
    """The page the service makes of a text."""
    return (HTML_HEAD + '\r\n<meta name="Generator" content="Microsoft Exchange Server">\r\n<!-- converted from text -->'
            "<style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: #800000 2px solid; } --></style></head>\r\n"
            '<body>\r\n<font size="2"><span style="font-size:11pt;"><div class="PlainText">%s</div></span></font>\r\n</body>\r\n'
            "</html>\r\n" % (escape(plain) or "&nbsp;"))


def html_page(fragment):
    """A whole page stays, anything else is wrapped into one."""
    page = fragment.lstrip(" \r\n\t")
    if page.lower().startswith(("<html", "<!doctype")):
        return page
    return HTML_HEAD + "</head><body>%s</body></html>" % page


def preview(body, is_html):
    """The first characters of what a reader sees."""
    if is_html:
        # Tags are many, the preview is short: the first tenth of a long page is enough.
        body = html.unescape(UNREAD.sub("", body[:65536])).replace("\u00a0", " ")
    return body.strip(" \r\n\t")[:PREVIEW_CHARACTERS].strip(" \r\n\t")


def addresses(text):
    """["a@b", "c@d"] of "a@b; c@d;"."""
    return [one.strip() for one in (text or "").split(";") if one.strip()]


def are_addresses(text):
    return all(ADDRESS.fullmatch(one) for one in addresses(text))


def joined(text):
    """The list as it is answered: no blanks, null for none."""
    return ";".join(addresses(text)) or None


def media_type(name):
    """What a file of that name is."""
    return TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
