/*
 * html.c - tags out, character references into characters; and plain text as HTML.
 */
#include <outlookfs/model/html.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Elements that may stand inside a word. */
static const char *const inline_elements[] = {
    "a", "abbr",  "b",    "big",    "code",   "em",  "font", "i",  "mark", "o:p", "q",
    "s", "small", "span", "strike", "strong", "sub", "sup",  "tt", "u",    "wbr",
};

/* Elements whose content nobody reads. */
static const char *const silent_elements[] = {"script", "style", "title"};

/* The names of U+00A0 to U+00FF, in their order: every mail program of Western Europe wrote them. */
static const char *const latin_names[] = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",
    "copy",   "ordf",   "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn",
    "sup2",   "sup3",   "acute",  "micro",  "para",   "middot", "cedil",  "sup1",   "ordm",
    "raquo",  "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",  "Atilde",
    "Auml",   "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",   "Igrave",
    "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde",
    "Ouml",   "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN",
    "szlig",  "agrave", "aacute", "acirc",  "atilde", "auml",   "aring",  "aelig",  "ccedil",
    "egrave", "eacute", "ecirc",  "euml",   "igrave", "iacute", "icirc",  "iuml",   "eth",
    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide", "oslash", "ugrave",
    "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml",
};

static const struct {
    const char *name;
    uint32_t character;
} other_names[] = {
    {"amp", '&'},      {"lt", '<'},        {"gt", '>'},       {"quot", '"'},     {"apos", '\''},
    {"euro", 0x20ac},  {"hellip", 0x2026}, {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018},
    {"rsquo", 0x2019}, {"ldquo", 0x201c},  {"rdquo", 0x201d}, {"OElig", 0x152},  {"oelig", 0x153},
    {"Scaron", 0x160}, {"scaron", 0x161},
};

/* The longest name, and the longest number that is a character: "#x0010FFFF". */
#define REFERENCE_MAX 10

static const char *skip_space(const char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    return s;
}

bool html_is_document(const char *text)
{
    const char *s = skip_space(text);

    return !strncasecmp(s, "<html", 5) || !strncasecmp(s, "<!doctype html", 14);
}

static int add_character(struct buf *out, uint32_t c)
{
    char s[4];
    size_t n = 0;

    if (c < 0x80) {
        s[n++] = (char)c;
    } else if (c < 0x800) {
        s[n++] = (char)(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        s[n++] = (char)(0xe0 | c >> 12);
        s[n++] = (char)(0x80 | (c >> 6 & 0x3f));
    } else {
        s[n++] = (char)(0xf0 | c >> 18);
        s[n++] = (char)(0x80 | (c >> 12 & 0x3f));
        s[n++] = (char)(0x80 | (c >> 6 & 0x3f));
    }
    if (c >= 0x80)
        s[n++] = (char)(0x80 | (c & 0x3f));
    return buf_add(out, s, n);
}

/* 0: no character has this name. */
static uint32_t named_character(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(other_names); i++) {
        if (!strcmp(other_names[i].name, name))
            return other_names[i].character;
    }
    for (size_t i = 0; i < ARRAY_SIZE(latin_names); i++) {
        if (!strcmp(latin_names[i], name))
            return 0xa0 + (uint32_t)i;
    }
    return 0;
}

static uint32_t numbered_character(const char *number)
{
    bool hex = *number == 'x' || *number == 'X';
    const char *digits = number + hex;
    char *end;
    unsigned long c;

    if (!isxdigit((unsigned char)*digits))
        return 0;
    c = strtoul(digits, &end, hex ? 16 : 10);
    return *end || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : (uint32_t)c;
}

/* Adds what stands at '&'; answers where to go on. An unknown reference is text. */
static const char *take_reference(const char *s, struct buf *out, int *rc)
{
    char name[REFERENCE_MAX + 1];
    size_t n = strspn(s + 1, "#ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    uint32_t c = 0;

    if (n > 0 && n <= REFERENCE_MAX) {
        memcpy(name, s + 1, n);
        name[n] = '\0';
        c = *name == '#' ? numbered_character(name + 1) : named_character(name);
    }
    if (!c) {
        *rc = buf_addch(out, '&');
        return s + 1;
    }
    *rc = add_character(out, c);
    return s + 1 + n + (s[1 + n] == ';');
}

static bool name_in(const char *const *names, size_t count, const char *name, size_t n)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == n && !strncasecmp(names[i], name, n))
            return true;
    }
    return false;
}

/* Behind the end tag of an element, or the end of the text. */
static const char *skip_element(const char *s, const char *name, size_t n)
{
    while ((s = strstr(s, "</"))) {
        s += 2;
        if (!strncasecmp(s, name, n) && !isalnum((unsigned char)s[n])) {
            const char *end = strchr(s, '>');

            return end ? end + 1 : s + strlen(s);
        }
    }
    return name + strlen(name);
}

/* '>' inside a quoted value of an attribute ends nothing. NULL: the tag has no end before the next
 * one begins. */
static const char *tag_end(const char *s)
{
    char quote = '\0';

    for (; *s; s++) {
        if (quote)
            quote = *s == quote ? '\0' : quote;
        else if (*s == '<')
            return NULL;
        else if (*s == '>')
            return s + 1;
        else if ((*s == '"' || *s == '\'') && s[-1] == '=')
            quote = *s;
    }
    return NULL;
}

/* Passes the tag or comment at '<'; answers where to go on. What is neither is text. */
static const char *take_tag(const char *s, char block, struct buf *out, int *rc)
{
    const char *name = s + 1 + (s[1] == '/');
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-");
    const char *end;

    if (!strncmp(s, "<!--", 4)) {
        end = strstr(s + 4, "-->");
        return end ? end + 3 : s + strlen(s);
    }
    end = isalpha((unsigned char)*name) || *name == '!' || *name == '?' ? tag_end(name) : NULL;
    if (!end) {
        *rc = buf_addch(out, '<');
        return s + 1;
    }
    if (s[1] != '/' && name_in(silent_elements, ARRAY_SIZE(silent_elements), name, n))
        end = skip_element(end, name, n);
    if (!name_in(inline_elements, ARRAY_SIZE(inline_elements), name, n))
        *rc = buf_addch(out, block);
    return end;
}

int html_text(const char *html, char block, struct buf *out)
{
    int rc = 0;

    while (!rc && *html) {
        size_t plain = strcspn(html, "<&");

        rc = buf_add(out, html, plain);
        html += plain;
        if (!rc && *html == '<')
            html = take_tag(html, block, out, &rc);
        else if (!rc && *html == '&')
            html = take_reference(html, out, &rc);
    }
    return rc;
}

int html_from_text(const char *text, struct buf *out)
{
    bool gap =
        true; /* a space here would be dropped: it is the first of a line, or not the first */
    int rc = 0;

    for (const char *p = text; !rc && *p; p++) {
        if (*p == '\r' && p[1] == '\n')
            continue;
        if (*p == '\n')
            rc = buf_addstr(out, "<br>\n");
        else if (*p == '&')
            rc = buf_addstr(out, "&amp;");
        else if (*p == '<')
            rc = buf_addstr(out, "&lt;");
        else if (*p == '>')
            rc = buf_addstr(out, "&gt;");
        else if (*p == ' ' && gap)
            rc = buf_addstr(out, "&nbsp;");
        else
            rc = buf_addch(out, *p);
        gap = *p == '\n' || *p == ' ';
    }
    return rc;
}
