#!/usr/bin/env python3
"""Mails as they are met, and what is sent of them.

usage: test_mails.py BUILD_DIR

cases/ has a mail for each way of writing one that has lost something somewhere. The property tests make mails of random
parts from a fixed seed; Python's email package says what is in them. Where the two differ on purpose, it is said beside.
"""
import base64
import email
import email.header
import email.message
import email.policy
import email.utils
import json
import os
import random
import subprocess
import sys
import unittest

PRINT = os.path.join(sys.argv[1], "formats_print")
CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")
ROUNDS = 80


def read(mail):
    """(object, None) or (None, reason)"""
    done = subprocess.run([PRINT, "read"], input=mail, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        return None, done.stderr.decode()
    return json.loads(done.stdout), None


def case(name):
    with open(os.path.join(CASES, name), "rb") as file:
        return file.read()


class Cases(unittest.TestCase):
    def is_read(self, name, **members):
        sent, reason = read(case(name))
        self.assertIsNotNone(sent, reason)
        for member, right in members.items():
            self.assertEqual(sent.get(member), right, name)
        return sent

    def attached(self, name, **members):
        return [(a["Name"], base64.b64decode(a["ContentBytes"])) for a in self.is_read(name, **members)["Attachments"]]

    def test_every_address_of_a_list(self):
        both = "pat@contoso.example;kim@contoso.example"
        self.is_read("semicolons.eml", To=both + ";lee@contoso.example")
        self.is_read("mailto.eml", To=both)
        self.is_read("no-angle.eml", To=both)

    def test_a_word_is_no_recipient(self):
        sent, reason = read(case("comma-in-name.eml"))
        self.assertIsNone(sent)
        self.assertIn("Doe", reason)

    def test_a_mark_before_the_first_header(self):
        self.is_read("cc-first.eml", Cc="kim@contoso.example", To="pat@contoso.example")
        self.is_read("from-first.eml", From="robin@contoso.example")
        self.is_read("to-first.eml", To="pat@contoso.example")

    def test_padded_encoded_words(self):
        self.is_read("two-words.eml", Subject="Hallo Welt")

    def test_attachments_among_alternatives(self):
        right = [("r.pdf", b"%PDF-1.4\n")]
        self.assertEqual(self.attached("html-and-pdf.eml", Body="<p>Report attached.</p>", IsHtml=True), right)
        self.assertEqual(self.attached("plain-branch.eml", Body="<p>T</p>", IsHtml=True), right)

    def test_an_invitation_among_alternatives(self):
        ((name, data),) = self.attached("invite.eml", Body="<p>See you.</p>", IsHtml=True)
        self.assertTrue(name.endswith(".ics"))
        invitation = email.message_from_bytes(case("invite.eml")).get_payload(2)
        self.assertEqual(data, invitation.get_payload(decode=True))

    def test_a_type_that_cannot_be_read_is_text(self):
        self.is_read("empty.eml", Body="Hi\n", IsHtml=False, Attachments=None)
        self.is_read("text.eml", Body="Hi\n", IsHtml=False, Attachments=None)
        self.assertIn("Text", self.is_read("no-boundary.eml")["Body"])

    def test_html_that_says_nothing(self):
        self.is_read("empty-html.eml", Body="The text", IsHtml=False)

    def test_soft_line_ends(self):
        self.is_read("flowed.eml", Body="One paragraph that was wrapped by the mailer.\nFrom the start\n")
        self.is_read("delsp.eml", Body="https://example.com/a/very/long/path/to?x=1\n")

    def test_headers_without_an_end(self):
        self.is_read("no-blank-line.eml", Subject="something", Body="the text follows without an empty line\n")
        self.assertEqual(read(case("no-blank-line.eml").replace(b"\n", b"\r"))[0], read(case("no-blank-line.eml"))[0])

    def test_a_body_with_a_name(self):
        self.is_read("alternative.eml", Body="<b>Body</b>", IsHtml=True, Attachments=None)
        self.is_read("single.eml", Body="The only text\n", Attachments=None)
        self.assertEqual(self.attached("inline.eml", Body="<b>Body</b>", IsHtml=True), [("r.pdf", b"X")])

    def test_one_bad_byte(self):
        self.is_read("footer.eml", Body="Grüße aus Köln — 日本語\nb\ufffdh\n")

    def test_charsets_are_what_browsers_take_them_for(self):
        self.is_read("quoted.eml", Body="“Price” € 100 – it’s fine…\n")
        self.is_read("shift_jis.eml", Body="①髙橋\n")
        self.is_read("iso-2022-jp.eml", Body="①高橋\n")
        for label, codec, text in (("ks_c_5601-1987", "cp949", "뷁똠"), ("gb2312", "gbk", "镕囍"), ("us-ascii", "cp1252", "“it’s”"),
                                   ("iso-8859-9", "cp1254", "€ ğ"), ("big5", "big5hkscs", "啫"), ("euc-kr", "cp949", "뷁")):
            head = b"To: a@b.example\nSubject: =?%s?B?%s?=\nContent-Type: text/plain; charset=%s\n\n" % (
                label.encode(), base64.b64encode(text.encode(codec)), label.encode())
            sent, _ = read(head + text.encode(codec))
            self.assertEqual((sent["Subject"], sent["Body"]), (text, text), label)
        for label in ("gbk", "gb2312", "gb18030"):
            self.assertEqual(read(b"To: a@b.example\nContent-Type: text/plain; charset=%s\n\n\x80 5" % label.encode())[0]["Body"], "€ 5")

    def test_base64_as_programs_write_it(self):
        """In lines of any length, without padding, joined of pieces that are padded each; with a footer that nobody encoded."""
        rand = random.Random(6)
        for _ in range(ROUNDS):
            data = rand.randbytes(rand.randint(1, 200)) if rand.random() < 0.5 else ("Größe %d " % rand.randint(0, 99) * 9).encode()
            cut = rand.choice([len(data), rand.randint(1, len(data))])
            text = base64.b64encode(data[:cut]).decode() + base64.b64encode(data[cut:]).decode()
            if rand.random() < 0.5:
                text = text.rstrip("=")
            width = rand.choice([4, 7, 60, 76, 999])
            lines = rand.choice(["\n", "\r\n", " \n"]).join(text[i:i + width] for i in range(0, len(text), width))
            head = "To: a@b.example\nContent-Type: application/x\nContent-Transfer-Encoding: base64\n\n"
            sent, reason = read((head + lines).encode())
            self.assertIsNotNone(sent, reason)
            self.assertEqual(base64.b64decode(sent["Attachments"][0]["ContentBytes"]), data)
        head = "To: a@b.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        for body, right in (("SGFsbG8gV2VsdA==\n\n-- \nThe list's footer\n", "Hallo Welt\n-- \nThe list's footer\n"),
                            ("This was never encoded!\n", "This was never encoded!\n")):
            self.assertEqual(read((head + body).encode())[0]["Body"], right)

    def test_text_of_a_kind_nobody_knows(self):
        """RFC 2046, 4.1.4. XHTML is HTML."""
        for kind, html in (("text/x-log", False), ("text/troff; charset=utf-8", False), ("application/xhtml+xml", True)):
            sent, _ = read(("To: a@b.example\nContent-Type: %s\n\n<p>Hi\n" % kind).encode())
            self.assertEqual((sent["Body"], sent["IsHtml"], sent.get("Attachments")), ("<p>Hi\n", html, None), kind)
        sent, _ = read(b"To: a@b.example\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n")
        self.assertEqual((sent["Body"], sent["Attachments"][0]["Name"]), ("", "part-1.ics"))

    def test_a_slash_in_a_file_name(self):
        self.assertEqual(self.attached("slash.eml", Body="T"), [("Invoice 03_2026.pdf", b"X")])


class Addresses(unittest.TestCase):
    """What goes in comes out, or the one that cannot is named."""

    LOCALS = ["pat", "kim.lee", "o'neil", "a+tag", "x_y", "jörg", "päť", "a..b", "dot.", "=x", "1"]
    HOSTS = ["contoso.example", "sub.contoso.example", "bücher.example", "[192.0.2.1]", "x"]
    NAMES = ["Pat", "Pat Doe", "J. R. Doe", '"Doe, Pat"', '"a@b; c"', "=?utf-8?q?Doe=2C_J=C3=B6rg?=", "Jörg",
             "=?utf-8?q?Doe,_Pat?=", "Pat [Sales]", '"q\\"uote"', "(c@d.example) Pat", "Pat (home, (x) <y>)"]
    SEPARATORS = [",", ", ", ",\r\n ", ",\n\t", ", ,"]
    LENIENT = [";", "; ", ";;"]

    def setUp(self):
        self.random = random.Random(1)

    def address(self):
        return self.random.choice(self.LOCALS) + "@" + self.random.choice(self.HOSTS)

    def written(self, address, lenient):
        name = self.random.choice(self.NAMES)
        forms = ["%s" % address, "<%s>" % address, "%s <%s>" % (name, address), "%s (comment)" % address]
        if lenient:
            forms += ["<mailto:%s>" % address, "mailto:%s" % address, "Pat Doe %s" % address, "Pat [mailto:%s]" % address,
                      "%s <%s>" % (address, address), "Pat <%s" % address, "SMTP:%s" % address, "<<%s>>" % address]
        return self.random.choice(forms)

    def lists(self, lenient):
        separators = self.SEPARATORS + (self.LENIENT if lenient else [])
        for _ in range(ROUNDS):
            addresses = list(dict.fromkeys(self.address() for _ in range(self.random.randint(1, 6))))
            text = ""
            for i, address in enumerate(addresses):
                text += (self.random.choice(separators) if i else "") + self.written(address, lenient)
            if self.random.random() < 0.2:
                text = "Team: %s;" % text
            yield addresses, text

    def check(self, addresses, text, header="To"):
        mail = ("%s: %s\nX-After: 1\n%s\n" % (header, text, "" if header == "To" else "To: z@z.example\n")).encode()
        sent, reason = read(mail + b"\nx")
        self.assertIsNotNone(sent, "%s: %s" % (text, reason))
        member = header.replace("-", "")
        self.assertEqual(sent[member].lower().split(";"), [a.lower() for a in addresses], text)

    def test_lists_as_they_should_be(self):
        for addresses, text in self.lists(False):
            plain = text.isascii() and ".." not in text and ".@" not in text and "[" not in text and "=?" not in text
            if plain and "Team:" not in text and ", ," not in text and "(" not in text:
                self.assertEqual([a for _, a in email.utils.getaddresses([text.replace("\r\n", "").replace("\n", "")])], addresses)
            self.check(addresses, text)

    def test_lists_as_they_are(self):
        for addresses, text in self.lists(True):
            self.check(addresses, text)
            self.check(addresses, text, "Reply-To")
            self.check(addresses, text, "From")

    def test_marks_around_an_address_are_no_part_of_it(self):
        """Quotation marks that Outlook and word processors put there, and what nobody sees."""
        both = ["pat@contoso.example", "kim@contoso.example"]
        for text in ("'%s' <%s>, '%s'", "\u201c%s\u201d <%s>; \u2018%s\u2019", "%s <mailto:%s>, <'%s'>", "%s<mailto:%s>;\u200b%s",
                     "\ufeff%s\u00a0<%s>\u00a0,\u2060%s\u200e", "'%s' [mailto:%s]; \u202a%s\u202c"):
            self.check(both, text % (both[0], both[0], both[1]))
        self.check(["o'neil@x.example", "'@x.example"], "o'neil@x.example, '@x.example")

    def test_random_punctuation_loses_nobody(self):
        """Every word with an '@' comes out, or the mail is refused."""
        for _ in range(ROUNDS * 2):
            text = "".join(self.random.choice(["a@b.example", "c@d.example", "Pat", " ", ",", ";", "<", ">", "(", ")", '"', ":",
                                               "[", "]", "\\", "@", "mailto:"]) for _ in range(self.random.randint(1, 9)))
            sent, _ = read(("Cc: %s\nTo: z@z.example\n\nx" % text).encode())
            if sent is None or any(c in text for c in '("\\'):  # what is in quotes or a comment is not an address
                continue
            got = set(sent.get("Cc", "").split(";"))
            for address in ("a@b.example", "c@d.example"):
                if address in text:
                    self.assertTrue(any(address in g for g in got), text)

    def test_hostile_lists_take_no_time(self):
        """Each reader looks at each byte a few times: 1 MB is read at once or refused."""
        for value in ("=?a?q?" * 100000, "@[" * 300000, "(" * 500000, "<" * 500000, 'a@b <a@b> ' * 2000):
            subprocess.run([PRINT, "read"], input=("To: a@b.example\nSubject: %s\nCc: %s\n\nx" % (value, value)).encode(),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30, check=False)

    def test_a_hundred_thousand_recipients(self):
        """Looking each up among all the others would take hours."""
        people = ["p%d@contoso.example" % i for i in range(100000)]
        text = ("To: %s\nReply-To: %s\n\nx" % (",\n ".join(people), ",".join(people))).encode()
        for arguments in ([], ["P%d@CONTOSO.example" % i for i in range(50000)]):
            done = subprocess.run([PRINT, "read", *arguments], input=text, stdout=subprocess.PIPE, timeout=60, check=True)
            self.assertEqual(len(json.loads(done.stdout)["To"].split(";")), len(arguments) or len(people))

    def test_what_is_refused_is_named(self):
        for text, named in (("Pat Doe, kim@x.example", "Pat Doe"), ("a@x.example (open, b@x.example", "open"),
                            ('"open <a@x.example>, b@x.example', "open"), ("<a@x.example, b@x.example>", "b@x.example"),
                            ("@x.example, b@x.example", "@x.example"), ('"j d"@x.example', "j d"), ("root", "root"),
                            ("a@x.example <b@x.example>", "a@x.example"), ("a@x.example?subject=x", "subject"),
                            ("a@x.example/b", "x.example/b"), ('"/O=ORG/CN=X":;, b@x.example', "/O=ORG/CN=X")):
            sent, reason = read(("To: %s\n\nx" % text).encode())
            self.assertIsNone(sent, text)
            self.assertIn(named, reason)

    def test_blanks_in_an_address(self):
        """RFC 5322, 4.4. A name in front of which a dot stands alone is no name."""
        for text in ("pat@contoso . example", "pat@contoso .example", "Pat pat@contoso . example", "pat @ contoso.example",
                     "pat@contoso\n . example"):
            self.check(["pat@contoso.example"], text)
        self.check(["pat@contoso.example", "kim@x"], "pat@contoso . example, kim@x Jr.")
        self.check(["pat@contoso.example"], "Doe Jr. pat@contoso.example")
        for text in ("pat . doe@contoso.example", "pat .doe@contoso.example"):
            self.assertIn("doe@contoso.example", read(("To: %s\n\nx" % text).encode())[1])


class Words(unittest.TestCase):
    """Encoded words of any charset, cut anywhere, read as the text they were made of."""

    TEXTS = ["Hallo Welt", "Grüße aus Köln", "日本語のメール", "Привет", "😀 ok 😀", "a_b = c?", "ÄÖÜ"]
    CHARSETS = {"utf-8": TEXTS, "iso-8859-1": [TEXTS[0], TEXTS[1], TEXTS[6]], "iso-2022-jp": [TEXTS[2]], "shift_jis": [TEXTS[2]],
                "koi8-r": [TEXTS[3]], "gbk": [TEXTS[2]], "utf-16be": [TEXTS[1]]}

    def test_words_cut_between_and_within_characters(self):
        rand = random.Random(2)
        for _ in range(ROUNDS):
            charset = rand.choice(list(self.CHARSETS))
            text = rand.choice(self.CHARSETS[charset])
            raw, words = text.encode(charset), []
            while raw:
                if charset == "iso-2022-jp":  # each word begins and ends in ASCII
                    n = rand.randint(1, 5)
                    piece = raw.decode(charset)[:n].encode(charset)
                    raw = raw.decode(charset)[n:].encode(charset)
                else:
                    n = rand.randint(1, 12)
                    piece, raw = raw[:n], raw[n:]
                if rand.random() < 0.5:
                    word = "=?%s?B?%s?=" % (charset, base64.b64encode(piece).decode())
                else:
                    word = "=?%s?q?%s?=" % (charset.upper(), "".join("=%02X" % b for b in piece))
                words.append(word)
            value = rand.choice([" ", "\r\n ", "\n\t"]).join(words)
            self.assertEqual(str(email.header.make_header(email.header.decode_header(value.replace("\r\n", "").replace("\n", "")))), text)
            sent, reason = read(("To: a@b.example\nSubject: %s\n\nx" % value).encode())
            self.assertEqual(sent and sent["Subject"], text, reason)
            name = "x.bin" if charset == "utf-16be" else text
            part = 'Content-Disposition: attachment; filename="%s"\n' % (value if name == text else name)
            sent, _ = read(("To: a@b.example\nContent-Type: application/x\n" + part + "\nx").encode())
            self.assertEqual(sent["Attachments"][0]["Name"], name)

    def test_text_between_words(self):
        for value, right in (("a =?utf-8?q?b?= c", "a b c"), ("=?utf-8?q?b?= c =?utf-8?q?d?=", "b c d"), ("=?utf-8?q?b?=c", "bc"),
                             ("=?utf-8?q?b_?= =?iso-8859-1?q?=E4?=", "b ä"), ("=?utf-8*de?q?b?=", "b"), ("=?utf-8?q?b", "=?utf-8?q?b"),
                             ("=?utf-8?b?SGFs=bG8=?=", "Hallo"), ("=?nonesuch?q?=E4?=", "ä"), ("\tx\r\n y", "x y"), ("=?utf-8?q??=x", "x")):
            self.assertEqual(read(("To: a@b.example\nSubject: %s\n\nx" % value).encode())[0]["Subject"], right, value)

    def test_file_names_of_rfc_2231(self):
        rand = random.Random(3)
        for _ in range(ROUNDS):
            text = rand.choice(self.TEXTS) + ".pdf"
            mail = email.message.EmailMessage(policy=email.policy.SMTP.clone(max_line_length=rand.choice([40, 78, 200])))
            mail["To"] = "a@b.example"
            mail.set_content("x")
            mail.add_attachment(b"1", maintype="application", subtype="pdf", filename=text * rand.randint(1, 4))
            (part,) = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default).iter_attachments()
            sent, _ = read(mail.as_bytes())
            self.assertEqual(sent["Attachments"][0]["Name"], part.get_filename().replace("/", "_"))
        for value, right in (("filename*=shift_jis''%87%40", "①"), ("filename*0*=utf-8'de'a%20; filename*1*=b", "a b"),
                             ("filename*0=a; filename*1=b; filename*3=d", "ab"), ("filename=a b.txt", "a b.txt"),
                             ('filename="a\\"b"', 'a"b'), ("filename*=%C3%A4; filename=x", "ä"), ("FileName = x ; y", "x"),
                             ('filename="C:\\dir\\b.txt"', "C:\\dir\\b.txt"), ('filename="C:\\\\dir\\\\b.txt"', "C:\\dir\\b.txt")):
            mail = "To: a@b.example\nContent-Type: application/x\nContent-Disposition: attachment; %s\n\nx" % value
            self.assertEqual(read(mail.encode())[0]["Attachments"][0]["Name"], right, value)


class Trees(unittest.TestCase):
    """Random trees of parts. On purpose otherwise than Python's get_body(): a blank HTML form does not win; a text with a name is
    a body where nothing else can be; blank text without a name is not attached."""

    def setUp(self):
        self.random = random.Random(4)
        self.number = 0

    def leaf(self):
        self.number += 1
        kind = self.random.choice(["plain", "html", "pdf", "calendar", "named"])
        part = email.message.EmailMessage()
        if kind == "plain":
            part.set_content("text %d grün\n" % self.number)
        elif kind == "html":
            part.set_content("<p>html %d grün</p>\n" % self.number, subtype="html", cte=self.random.choice(["base64", "quoted-printable"]))
        elif kind == "calendar":
            part.set_content("BEGIN:VCALENDAR %d\n" % self.number, subtype="calendar")
        elif kind == "named":
            part.set_content("file %d\n" % self.number, disposition="attachment", filename="f%d.txt" % self.number)
        else:
            part.set_content(b"%%PDF %d" % self.number, maintype="application", subtype="pdf", filename="f%d.pdf" % self.number)
        return part

    def tree(self, depth):
        if depth == 0 or self.random.random() < 0.3:
            return self.leaf()
        part = email.message.EmailMessage()
        part["Content-Type"] = "multipart/" + self.random.choice(["mixed", "alternative", "related"])
        part.set_payload([self.tree(depth - 1) for _ in range(self.random.randint(1, 4))])
        return part

    @staticmethod
    def is_text(part):
        return part.get_content_type() in ("text/plain", "text/html") and part.get_content_disposition() != "attachment"

    def body(self, part, dropped):
        """The rule, a second time: the body that a part offers; what it replaces goes into `dropped`."""
        if not part.is_multipart():
            return part if self.is_text(part) else None
        best = None
        for child in part.iter_parts() if part.get_content_type() != "multipart/related" else part.get_payload():
            offered = self.body(child, dropped)
            if best is None or offered is None:
                best = best or offered
            elif part.get_content_type() == "multipart/alternative":
                if best.get_content_subtype() == "html" and offered.get_content_subtype() == "plain":
                    dropped.append(offered)
                else:
                    dropped.append(best)
                    best = offered
        return best

    def test_nothing_is_lost_in_any_tree(self):
        for _ in range(ROUNDS):
            self.number = 0
            mail = self.tree(3)
            mail["To"] = "a@b.example"
            mail = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)
            dropped = []
            body = self.body(mail, dropped)
            leaves = [p for p in mail.walk() if not p.is_multipart()]
            attached = [p.get_payload(decode=True) for p in leaves if p is not body and not any(p is d for d in dropped)]
            sent, reason = read(mail.as_bytes())
            self.assertIsNotNone(sent, reason)
            self.assertEqual(sent["Body"].rstrip("\n"), body.get_content().rstrip("\n") if body else "")
            self.assertEqual([base64.b64decode(a["ContentBytes"]) for a in sent.get("Attachments", [])], attached)
            names = [p.get_filename() for p in leaves if p.get_filename()]
            self.assertEqual([a["Name"] for a in sent.get("Attachments", []) if a["Name"].startswith("f")], names)

    def test_a_mail_in_the_mail_that_cannot_be_read_is_refused(self):
        sent, reason = read(b"To: a@b.example\nContent-Type: message/rfc822\n\nno mail")
        self.assertIsNone(sent)
        self.assertIn("part 1", reason)

    def test_parts_whose_headers_do_not_end(self):
        """Python's reader, too, takes the first line that is no header for the beginning of the text."""
        frame = ("To: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nouter\n--x\n%s\n--x--\n")
        carried = "Content-Type: message/rfc822\n\n"
        for part in ("Content-Type: text/plain\nat once\nmore", "at once\nmore", "Content-Type: text/plain;\n charset=utf-8\nat once more"):
            sent, reason = read((frame % part).encode())
            self.assertIsNotNone(sent, reason)
            texts = sent["Body"] + "".join("\n" + base64.b64decode(a["ContentBytes"]).decode() for a in sent["Attachments"])
            self.assertEqual(texts.split(), ["outer", "at", "once", "more"], part)
        for mail in ("Subject: in\nFrom: a@b\nat once\nmore", "From a@b Mon Jan  1 00:00:00 2026\nSubject: in\nat once\nmore",
                     "Subject: in\nContent-Type: message/rfc822\n\nSubject: deeper\nat once\nmore",
                     "Subject: in\nContent-Type: multipart/mixed; boundary=y\n\n--y\nContent-Type: text/plain\nat once\nmore\n--y--"):
            sent, reason = read((frame % (carried + mail)).encode())
            self.assertIsNotNone(sent, reason)
            inner = email.message_from_bytes(base64.b64decode(sent["Attachments"][0]["ContentBytes"]), policy=email.policy.default)
            self.assertEqual(inner["Subject"], "in")
            leaf = [part for part in inner.walk() if not part.is_multipart()][0]
            self.assertEqual(leaf.get_content().split(), ["at", "once", "more"], mail)

    def test_text_in_an_odd_frame(self):
        frame = "To: a@b.example\nContent-Type: %s\n\n%s"
        for kind, text, right in (
                ("multipart/mixed; boundary=x", "no such boundary\n", "no such boundary\n"),
                ("multipart/alternative", "text", "text"), ("multipart/mixed; boundary=x", "--x\n--x--\nbehind", "behind"),
                ('"text/plain"', "text", "text"), ("TEXT/PLAIN; CHARSET=utf-8; broken", "text", "text"), ("text/markdown", "# a", "# a"),
                ("text/plain\nContent-Transfer-Encoding: base64", "not base64, really", "not base64, really"),
                ("text/plain\nContent-Transfer-Encoding: odd", "text", "text"),
                ("multipart/mixed; boundary=x", "--x\n\n\n--x\nContent-Type: text/html\n\n<b>a</b>\n--x--", "<b>a</b>"),
                ("multipart/alternative; boundary=x", "--x\n\nt\n--x\nContent-Type: text/html\n\n<p>&nbsp;<br></p>\n--x--", "t"),
                ("multipart/alternative; boundary=x", "--x\n\nt\n--x\nContent-Type: text/html\n\n<img src=a>\n--x--", "<img src=a>")):
            sent, reason = read((frame % (kind, text)).encode())
            self.assertIsNotNone(sent, reason)
            self.assertEqual((sent["Body"], sent.get("Attachments")), (right, None), (kind, text))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
