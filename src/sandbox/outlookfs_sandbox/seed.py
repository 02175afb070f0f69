"""Chance that is none: the same seed gives the same mailbox, with the same ids."""
from collections import namedtuple

from . import words
from .times import SECOND

EPOCH = 1795420800  # 2026-11-23T08:00:00Z, in seconds: what the dates of an invented mailbox hang on
MIDNIGHT = EPOCH - EPOCH % 86400
MASK = 2**64 - 1

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
