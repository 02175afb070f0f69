"""Chance that is none: the same seed gives the same mailbox, with the same ids. What is invented is in Graph's words."""
import html
from collections import namedtuple

from . import words
from .text import HTML_HEAD
from .times import SECOND

EPOCH = 1795420800  # 2026-11-23T08:00:00Z, in seconds: what the dates of an invented mailbox hang on
MIDNIGHT = EPOCH - EPOCH % 86400
MASK = 2**64 - 1
FILES = {1: (words.IMAGE_A, words.IMAGE_B, words.LOGO), 4: (words.NOTES, words.FIGURES), 9: (words.SCAN,), 14: (words.LOGO,)}  # of every 25 mails

Person = namedtuple("Person", "given surname yomi_given yomi_surname address company locale")


class Seed:
    """splitmix64."""

    def __init__(self):
        self.state = EPOCH

    def below(self, n):
        self.state = z = (self.state + 0x9e3779b97f4a7c15) & MASK
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & MASK
        z = (z ^ z >> 27) * 0x94d049bb133111eb & MASK
        return (z ^ z >> 31) % n

    def chance(self, percent):
        return self.below(100) < percent

    def word(self, words):
        return words[self.below(len(words))]

    def digits(self, pattern):
        """A pattern with its '#' made digits."""
        return "".join(str(self.below(10)) if c == "#" else c for c in pattern)

    def person(self):
        surname, given = self.below(8), self.below(8)
        locale, (company, domain) = self.word(words.LOCALES), self.word(words.COMPANIES)
        yomi_given, yomi_surnames = locale.get("yomi_given"), locale.get("yomi_surnames")
        return Person(locale["given"][given], locale["surnames"][surname], yomi_given and yomi_given[given],
                      yomi_surnames and yomi_surnames[surname],
                      "%s.%s@%s" % (locale["login_given"][given], locale["login_surnames"][surname], domain), company, locale)

    def moment(self, clock, age):
        """The clock stands `age` seconds before the epoch, give or take a fraction."""
        clock.pretended = (EPOCH - age) * SECOND + self.below(10_000_000) * 100

    # --- what mailboxes are made of

    def contact(self):
        person = self.person()
        contact = {"givenName": person.given, "surname": person.surname}
        if person.yomi_given:
            contact.update(yomiGivenName=person.yomi_given, yomiSurname=person.yomi_surname)
        if self.chance(85):
            contact["emailAddresses"] = [{"name": person.address, "address": person.address}]
        if self.chance(80):
            contact.update(companyName=person.company, jobTitle=self.word(words.JOBS), department=self.word(words.DEPARTMENTS),
                           businessAddress=self.address(person.locale))
        if self.chance(30):
            contact["birthday"] = "%04d-%02d-%02dT00:00:00Z" % (1948 + self.below(60), 1 + self.below(12), 1 + self.below(28))
        if self.chance(25):
            contact["homeAddress"] = self.address(person.locale)
        if self.chance(70):
            contact["mobilePhone"] = self.digits(person.locale["mobile"])
        if self.chance(10):
            contact["nickName"] = person.given
        for name, percent in (("homePhones", 25), ("businessPhones", 60)):
            contact[name] = [self.digits(person.locale["phone"])] if self.chance(percent) else []
        if self.chance(20):
            contact["categories"] = [self.word(words.CATEGORIES)]
        return contact

    def address(self, locale):
        address = {"street": self.digits(self.word(locale["streets"])), "city": self.word(locale["cities"]), "state": locale.get("state"),
                   "countryOrRegion": locale["country"], "postalCode": self.digits(locale["postal"])}
        return {name: value for name, value in address.items() if value}

    def attendees(self, count):
        people = [self.person() for _ in range(count)]
        return [{"type": ("required", "optional", "resource")[0 if i < 2 else i % 3],
                 "emailAddress": {"name": "%s %s" % (person.given, person.surname), "address": person.address}} for i, person in enumerate(people)]

    def sentences(self):
        return "%s\r\n\r\n%s\r\n" % (self.word(words.SENTENCES), self.word(words.SENTENCES))

    def page(self, i):
        paragraphs = []
        for _ in range(250 if i % 16 == 5 else 1 + self.below(8)):
            sentences = [html.escape(self.word(words.SENTENCES), quote=False) for _ in range(1 + self.below(4))]
            paragraphs.append('<p class="MsoNormal">%s </p>\r\n' % " ".join(sentences))
        logo = '<img src="cid:logo@contoso.com" alt="logo">\r\n' if i % 25 == 1 else ""
        return (HTML_HEAD + '<style>p.MsoNormal {margin:0cm; font-family:"Calibri"}</style></head>\r\n<body lang="EN-US">'
                '<div class="WordSection1">\r\n%s%s</div></body></html>\r\n' % ("".join(paragraphs), logo))
