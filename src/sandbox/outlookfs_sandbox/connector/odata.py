"""$filter and $orderby over the members of a schema.

    matches = read_filter(CONTACT, "startswith(GivenName,'A') and not (Surname eq null)")
    key = read_order(CONTACT, "Surname desc, GivenName")
    found = sorted(filter(matches, documents), key=key)

Both raise Refusal for what they do not understand. Strings compare byte by byte; null equals null alone and comes first. What is
read becomes a function of a document; types are known before any document is.
"""
import functools
import operator
import re

from ..exchange import Refusal
from ..times import parse

DEPTH_MAX = 100
TOKEN = re.compile(r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<word>[A-Za-z0-9_/.:@+-]+)|(?P<sign>[(),]))")
COMPARISONS = {"eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le}
TYPES = {"string": "Edm.String", "number": "Edm.Double", "bool": "Edm.Boolean", "time": "Edm.DateTimeOffset", None: "null"}


def _ascii(change):
    return lambda text: "".join(change(c) if c.isascii() else c for c in text)


FUNCTIONS = {  # name: (number of arguments, type of the result, the function)
    "contains": (2, "bool", lambda text, part: part in text),
    "startswith": (2, "bool", str.startswith),
    "endswith": (2, "bool", str.endswith),
    "tolower": (1, "string", _ascii(str.lower)),
    "toupper": (1, "string", _ascii(str.upper)),
    "length": (1, "number", lambda text: len(text.encode())),
}


def _refuse(why):
    return Refusal(400, "ErrorInvalidRequest", "The query specified in the URI is not valid. " + why)


def _member(schema, path):
    """(type, function of a document) of a path such as Location/DisplayName."""
    member, members = None, schema
    for name in path.split("/"):
        member = (members or {}).get(name)
        if member is None:
            raise _refuse("Could not find a property named '%s'." % name)
        members = member.members if not member.many else None
    if member.many or member.type == "object":
        raise _refuse("The property '%s' cannot be used here." % path)
    kind = {"int": "number"}.get(member.type, member.type) if isinstance(member.type, str) else "string"
    names = path.split("/")

    def value(document):
        for name in names:
            document = document.get(name) if isinstance(document, dict) else None
        return _typed(kind, document)
    return kind, value


def _typed(kind, value):
    if kind == "time":
        return parse(value)
    right = {"string": str, "bool": bool, "number": (int, float)}[kind]
    return value if isinstance(value, right) and (kind == "bool") == isinstance(value, bool) else None


def _sortable(value):
    """Null first, then by byte."""
    if value is None:
        return (False, 0)
    return (True, value.encode() if isinstance(value, str) else value)


class _Parser:
    def __init__(self, schema, text):
        self.schema, self.text, self.at, self.depth = schema, text, 0, 0
        self.next()

    def next(self):
        self.kind = self.token = None
        self.start = self.at
        match = TOKEN.match(self.text, self.at)
        if match:
            self.kind, self.token, self.at = match.lastgroup, match[match.lastgroup], match.end()

    def error(self):
        return _refuse("Syntax error at position %d in '%s'." % (self.start, self.text))

    def is_word(self, word):
        return self.kind == "word" and self.token.lower() == word

    def take(self, sign):
        if self.kind != "sign" or self.token != sign:
            raise self.error()
        self.next()

    def boolean(self, part):
        if part[0] != "bool":
            raise _refuse("A boolean expression is required in '%s'." % self.text)
        return part[1]

    def whole(self):
        part = self.boolean(self.chain())
        if self.token is not None or self.text[self.at:].strip():
            raise self.error()
        return lambda document: part(document) is True

    def chain(self, word="or"):
        """a or b or c, a and b and c."""
        below = self.negation if word == "and" else lambda: self.chain("and")
        part = below()
        while self.is_word(word):
            self.next()
            part = ("bool", _joined(word, self.boolean(part), self.boolean(below())))
        return part

    def negation(self):
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise _refuse("The expression is nested too deeply.")
        if self.is_word("not"):
            self.next()
            inner = self.boolean(self.negation())
            part = ("bool", lambda document: inner(document) is not True)
        else:
            part = self.comparison()
        self.depth -= 1
        return part

    def comparison(self):
        left = self.operand()
        word = self.token.lower() if self.kind == "word" else None
        if word not in COMPARISONS:
            return left
        self.next()
        right = self.operand()
        if left[0] != right[0] and None not in (left[0], right[0]):
            raise _refuse("A binary operator with incompatible types was detected. Found operand types '%s' and '%s' for operator "
                          "'%s'." % (TYPES[left[0]], TYPES[right[0]], word))
        return "bool", _compared(word, left[1], right[1])

    def operand(self):
        if self.kind == "string":
            text = self.token[1:-1].replace("''", "'")
            self.next()
            return "string", lambda document: text
        if self.kind == "sign" and self.token == "(":
            self.next()
            part = self.chain()
            self.take(")")
            return part
        if self.kind != "word":
            raise self.error()
        return self.word()

    def word(self):
        word = self.token
        if word in FUNCTIONS and self.text[self.at:self.at + 1] == "(":
            return self.call(word)
        constant = _constant(word)
        if constant is None and not word[0].isalpha():
            raise self.error()
        self.next()
        return constant or _member(self.schema, word)

    def call(self, name):
        count, result, function = FUNCTIONS[name]
        self.next()
        self.take("(")
        arguments = []
        for n in range(count):
            if n:
                self.take(",")
            kind, value = self.chain()
            if kind not in ("string", None):
                raise _refuse("A function's argument is %s and not Edm.String." % TYPES[kind])
            arguments.append(value)
        self.take(")")

        def value(document):
            values = [argument(document) for argument in arguments]
            return None if None in values else function(*values)
        return result, value


def _joined(word, left, right):
    if word == "or":
        return lambda document: left(document) is True or right(document) is True
    return lambda document: left(document) is True and right(document) is True


def _compared(word, left, right):
    compare = COMPARISONS[word]

    def value(document):
        a, b = left(document), right(document)
        if word not in ("eq", "ne") and (a is None or b is None):
            return False
        return compare(_sortable(a), _sortable(b))
    return value


def _constant(word):
    """null, true, false, a number or a date-time; None for none of them."""
    if word in ("null", "true", "false"):
        value = {"null": None, "true": True, "false": False}[word]
        return ("bool" if value is not None else None), lambda document: value
    if not re.match(r"-?\d", word):
        return None
    if re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", word):
        return "number", lambda document: float(word)
    time = parse(word)
    return ("time", lambda document: time) if time is not None else None


def read_filter(schema, text):
    return _Parser(schema, text).whole()


def read_order(schema, text):
    """A key for sorted()."""
    parts = []
    for part in text.split(","):
        path, *direction = part.split() or [""]
        if not path or len(direction) > 1 or (direction and direction[0].lower() not in ("asc", "desc")):
            raise _refuse("Syntax error in the $orderby expression '%s'." % text)
        parts.append((_member(schema, path)[1], bool(direction) and direction[0].lower() == "desc"))

    def compare(one, other):
        for value, descending in parts:
            a, b = _sortable(value(one)), _sortable(value(other))
            if a != b:
                return (-1 if a < b else 1) * (-1 if descending else 1)
        return 0
    return functools.cmp_to_key(compare)
