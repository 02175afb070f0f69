"""$filter, $orderby, $search and $select over documents.

    test = read_filter("isRead eq false and contains(subject,'x')", members)      # test.fits(document), test.paths
    orders = read_orderby("receivedDateTime desc", members)                        # [("receivedDateTime", True)]
    check_together(test, orders)                                                   # InefficientFilter
    sort(documents, orders)

`members` are the names the entity has. Whatever else is asked for is refused: Graph answers 400 to most of it, and a client that relies
on the rest relies on luck. The one lambda is that of contacts' emailAddresses.
"""
import functools
import re

from .. import times
from ..exchange import Refusal

TOKEN = re.compile(r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<time>\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:Z|[+-]\d\d:\d\d)?)?)|(?P<number>-?\d+(?:\.\d+)?)"
                   r"|(?P<name>[A-Za-z_][\w.]*(?:/[A-Za-z_]\w*)*)|(?P<sign>[(),:]))")
COMPARISONS = {"eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
               "lt": lambda a, b: a < b, "le": lambda a, b: a <= b}
FUNCTIONS = {"contains": lambda a, b: b in a, "startswith": lambda a, b: a.startswith(b), "endswith": lambda a, b: a.endswith(b)}
CONSTANTS = {"true": True, "false": False, "null": None}
LAMBDAS = {"emailAddresses"}
UNSEARCHABLE = {"toRecipients", "ccRecipients", "bccRecipients", "replyTo", "attendees"}
SEARCH_MAX = 250
SEARCHED = {"from": ("from",), "to": ("toRecipients",), "cc": ("ccRecipients",), "bcc": ("bccRecipients",), "subject": ("subject",),
            "body": ("body",), "participants": ("from", "toRecipients", "ccRecipients", "bccRecipients"),
            "recipients": ("toRecipients", "ccRecipients", "bccRecipients"), "importance": ("importance",)}


def invalid(message):
    return Refusal(400, "BadRequest", message)


def inefficient():
    return Refusal(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.")


def value_at(document, path):
    for name in path.split("/"):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def comparable(value):
    """Times compare as times, texts without regard to case, as Exchange does."""
    if isinstance(value, str):
        when = times.parse(value) if times.TIME.fullmatch(value) else None
        return value.lower() if when is None else when
    if isinstance(value, dict) and "dateTime" in value:
        return times.parse(value["dateTime"])
    return value


class Filter:
    def __init__(self, fits, paths):
        self.fits, self.paths = fits, paths


def read_filter(text, members):
    parser = _Parser(text, members)
    test = parser.either()
    if parser.kind is not None:
        raise invalid("Syntax error at position %d in '%s'." % (parser.at, text))
    return Filter(test, parser.paths)


class _Parser:
    """Each method reads one rung of OData's grammar and returns a function of a document."""

    def __init__(self, text, members):
        self.text, self.members, self.at, self.paths, self.variable = text, members, 0, [], None
        self.advance()

    def advance(self):
        match = TOKEN.match(self.text, self.at)
        if match is None:
            if self.text[self.at:].strip():
                raise invalid("Syntax error at position %d in '%s'." % (self.at, self.text))
            self.kind, self.word = None, ""
            return
        self.kind, self.word, self.at = match.lastgroup, match[match.lastgroup], match.end()

    def take(self, word):
        if self.word != word:
            raise invalid("Syntax error: '%s' expected at position %d in '%s'." % (word, self.at, self.text))
        self.advance()

    def either(self):
        left = self.both()
        while self.word == "or":
            self.advance()
            left = functools.partial(lambda a, b, doc: a(doc) or b(doc), left, self.both())
        return left

    def both(self):
        left = self.negation()
        while self.word == "and":
            self.advance()
            left = functools.partial(lambda a, b, doc: a(doc) and b(doc), left, self.negation())
        return left

    def negation(self):
        if self.word == "not":
            self.advance()
            inner = self.negation()
            return lambda doc: not inner(doc)
        if self.word == "(":
            self.advance()
            inner = self.either()
            self.take(")")
            return inner
        if self.kind == "name" and self.word in FUNCTIONS:
            return self.function()
        if self.kind == "name" and self.word.endswith("/any"):
            return self.any()
        return self.comparison()

    def function(self):
        test = FUNCTIONS[self.word]
        self.advance()
        self.take("(")
        left = self.operand()
        self.take(",")
        right = self.operand()
        self.take(")")
        return lambda doc: isinstance(left(doc), str) and isinstance(right(doc), str) and test(left(doc), right(doc))

    def any(self):
        """emailAddresses/any(a:a/address eq 'x')"""
        path = self.word[:-len("/any")]
        if path not in LAMBDAS or path not in self.members:
            raise Refusal(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
        self.paths.append(path)
        self.advance()
        self.take("(")
        self.variable, outer = self.word, self.variable
        self.advance()
        self.take(":")
        inner = self.comparison()
        self.take(")")
        self.variable = outer
        return lambda doc: any(inner(one) for one in value_at(doc, path) or ())

    def comparison(self):
        left, sign = self.operand(), self.word
        if sign not in COMPARISONS:
            raise invalid("Syntax error: an operator is expected at position %d in '%s'." % (self.at, self.text))
        self.advance()
        right = self.operand()

        def fits(doc):
            a, b = left(doc), right(doc)
            if sign not in ("eq", "ne") and (a is None or b is None or type(a) is not type(b)):
                return False
            return COMPARISONS[sign](a, b)
        return fits

    def operand(self):
        kind, word = self.kind, self.word
        self.advance()
        if kind == "string":
            text = comparable(word[1:-1].replace("''", "'"))
            return lambda doc: text
        if kind == "time":
            when = times.parse(word)
            if when is None:
                raise invalid("'%s' is no date." % word)
            return lambda doc: when
        if kind == "number":
            return lambda doc: float(word)
        if kind == "name" and word in CONSTANTS:
            return lambda doc: CONSTANTS[word]
        if kind == "name" and word in ("tolower", "toupper") and self.word == "(":
            self.advance()
            inner = self.operand()
            self.take(")")
            return inner
        if kind == "name":
            return self.path(word)
        raise invalid("Syntax error at position %d in '%s'." % (self.at, self.text))

    def path(self, word):
        if self.variable:
            head, _, rest = word.partition("/")
            if head != self.variable:
                raise invalid("Could not find the range variable '%s'." % head)
            return lambda doc: comparable(value_at(doc, rest))
        head = word.split("/")[0]
        if head not in self.members:
            raise invalid("Could not find a property named '%s'." % head)
        if head in UNSEARCHABLE:
            raise Refusal(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
        if word not in self.paths:
            self.paths.append(word)
        return lambda doc: comparable(value_at(doc, word))


def read_orderby(text, members):
    """[(path, descending)]"""
    orders = []
    for part in text.split(","):
        words = part.split()
        if not words or len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
            raise invalid("Syntax error in $orderby '%s'." % text)
        if words[0].split("/")[0] not in members:
            raise invalid("Could not find a property named '%s'." % words[0])
        orders.append((words[0], len(words) == 2 and words[1].lower() == "desc"))
    return orders


def check_together(test, orders):
    """Every property of $orderby must be in $filter, in the same order, before any other."""
    if test and orders and test.paths[:len(orders)] != [path for path, _ in orders]:
        raise inefficient()


def sort(documents, orders, key=lambda document: document):
    for path, descending in reversed(orders):
        documents.sort(key=lambda one, path=path: (comparable(value_at(key(one), path)) is not None,
                                                   _ordered(comparable(value_at(key(one), path)))), reverse=descending)


def _ordered(value):
    return (1, value) if isinstance(value, str) else (0, value or 0)


def read_select(text, members):
    """The names; a subtype's member loses its type. Unknown ones are refused."""
    names = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name = part.rpartition("/")[2] if part.startswith("microsoft.graph.") else part.split("/")[0]
        if name not in members:
            raise invalid("Could not find a property named '%s' on the type asked for." % part)
        names.append(name)
    return names


# --- $search: KQL, as much of it as mail programs send

TERM = re.compile(r'\s*(?:(?P<property>\w+)\s*(?P<sign>:|=|>=|<=|>|<)\s*)?(?:\\?"(?P<phrase>(?:[^"\\]|\\(?!"))*)\\?"|(?P<word>[^\s"()]+))')


def read_search(text):
    """A function of a document: all words, or those around OR; NOT and '-' exclude."""
    text = text.strip()
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise invalid("Syntax error: the value of $search must be in double quotes.")
    groups, exclude, at, text = [[]], False, 0, text[1:-1]
    while text[at:].strip(" ()"):
        match = TERM.match(text, at)
        if match is None:
            at += 1
            continue
        at = match.end()
        word = match["phrase"] if match["phrase"] is not None else match["word"]
        if word in ("AND", "OR", "NOT") and not match["property"]:
            groups += [[]] * (word == "OR")
            exclude = word == "NOT"
            continue
        groups[-1].append((_term((match["property"] or "").lower(), match["sign"], word), exclude))
        exclude = False
    return lambda doc: any(group and all(term(doc) != no for term, no in group) for group in groups)


def _term(name, sign, word):
    wanted = word.lower().rstrip("*")
    if name == "hasattachments" or name == "hasattachment":
        return lambda doc: doc["hasAttachments"] == (wanted == "true")
    if name in ("received", "sent"):
        return _dated(name + "DateTime", sign, word)
    if name and name not in SEARCHED:
        raise invalid("Syntax error: '%s' cannot be searched." % name)
    members = SEARCHED.get(name, ("from", "subject", "body"))
    return lambda doc: any(wanted in _text(doc.get(member)).lower() for member in members)


def _dated(member, sign, word):
    when = times.parse(word)
    if when is None:
        raise invalid("'%s' is no date." % word)

    def fits(doc):
        day = times.parse(doc[member] or "") or 0
        if sign in (":", "="):
            return when <= day < when + times.DAY
        return {">": day >= when + times.DAY, ">=": day >= when, "<": day < when, "<=": day < when + times.DAY}[sign]
    return fits


def _text(value):
    if isinstance(value, dict):
        return " ".join(_text(one) for one in value.values())
    if isinstance(value, list):
        return " ".join(map(_text, value))
    return value if isinstance(value, str) else ""
