/*
 * text.c - base64, dates, HTML and address lists as the service writes them.
 */
#include "text_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREVIEW_CHARACTERS 255
#define HTML_MAX ((size_t)512 * 1024 * 1024)
#define HTML_HEAD                                                                                  \
    "<html><head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">"

static const char standard_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *text_base64(const void *data, size_t len, enum text_base64_alphabet alphabet)
{
    const char *letters = alphabet == TEXT_BASE64_URL ? url_alphabet : standard_alphabet;
    const unsigned char *p = data;
    char *out = xmalloc((len + 2) / 3 * 4 + 1), *o = out;

    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t group = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                         (left > 2 ? p[i + 2] : 0);

        *o++ = letters[group >> 18];
        *o++ = letters[group >> 12 & 63];
        *o++ = left > 1 ? letters[group >> 6 & 63] : '=';
        *o++ = left > 2 ? letters[group & 63] : '=';
    }
    *o = '\0';
    return out;
}

/* The value of one base64 letter; -1 for any other character. */
static int letter_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

int text_base64_decode(struct buf *out, const char *text)
{
    size_t len = strlen(text);

    if (len % 4)
        return -EINVAL;
    for (size_t i = 0; i < len; i += 4) {
        size_t pad = 0;
        uint32_t group = 0;
        char bytes[3];
        int rc;

        if (i + 4 == len)
            pad = text[i + 3] == '=' ? (text[i + 2] == '=' ? 2 : 1) : 0;
        for (size_t j = 0; j < 4; j++) {
            int value = j >= 4 - pad ? 0 : letter_value(text[i + j]);

            if (value < 0)
                return -EINVAL;
            group = group << 6 | (uint32_t)value;
        }
        bytes[0] = (char)(group >> 16);
        bytes[1] = (char)(group >> 8);
        bytes[2] = (char)group;
        rc = buf_add(out, bytes, 3 - pad);
        if (rc)
            return rc;
    }
    return 0;
}

void text_time_fine(int64_t ns, char out[40])
{
    int64_t fraction = ns % NS_PER_S;
    char whole[32], digits[16];
    size_t n = 7;

    if (fraction < 0)
        fraction += NS_PER_S;
    str_format_time(ns - fraction, whole);
    snprintf(digits, sizeof(digits), "%07lld", (long long)(fraction / 100));
    while (n > 0 && digits[n - 1] == '0')
        n--;
    if (n)
        snprintf(out, 40, "%.19s.%.*s+00:00", whole, (int)n, digits);
    else
        snprintf(out, 40, "%.25s", whole);
}

/* Standard offsets in minutes. */
static const struct {
    const char *name;
    int minutes;
} zones[] = {
    {"UTC", 0},
    {"GMT Standard Time", 0},
    {"Greenwich Standard Time", 0},
    {"W. Europe Standard Time", 60},
    {"Central Europe Standard Time", 60},
    {"Central European Standard Time", 60},
    {"Romance Standard Time", 60},
    {"GTB Standard Time", 120},
    {"FLE Standard Time", 120},
    {"E. Europe Standard Time", 120},
    {"Turkey Standard Time", 180},
    {"Russian Standard Time", 180},
    {"Arabian Standard Time", 240},
    {"India Standard Time", 330},
    {"China Standard Time", 480},
    {"Tokyo Standard Time", 540},
    {"AUS Central Standard Time", 570},
    {"AUS Eastern Standard Time", 600},
    {"Eastern Standard Time", -300},
    {"Central Standard Time", -360},
    {"Mountain Standard Time", -420},
    {"Pacific Standard Time", -480},
    {"E. South America Standard Time", -180},
};

static bool has_offset(const char *text)
{
    const char *clock = strchr(text, 'T');

    return clock && strpbrk(clock, "Z+-");
}

int text_time_in_zone(const char *text, const char *zone, int64_t *ret_ns)
{
    int64_t ns;
    size_t i = 0;

    while (zone && i < ARRAY_SIZE(zones) && strcasecmp(zones[i].name, zone))
        i++;
    if (i == ARRAY_SIZE(zones))
        return -ENOENT;
    if (str_parse_time(text, &ns))
        return -EINVAL;
    if (!has_offset(text))
        ns -= zones[i].minutes * 60 * NS_PER_S;
    *ret_ns = ns;
    return 0;
}

void text_add_escaped(struct buf *out, const char *plain)
{
    for (const char *p = plain; *p; p++) {
        if (*p == '<')
            buf_addstr(out, "&lt;");
        else if (*p == '>')
            buf_addstr(out, "&gt;");
        else if (*p == '&')
            buf_addstr(out, "&amp;");
        else if (*p == '\n')
            buf_addstr(out, "<br>\r\n");
        else if (*p != '\r')
            buf_addch(out, *p);
    }
}

char *text_html_of_plain(const char *plain)
{
    struct buf out;

    buf_init(&out, HTML_MAX);
    buf_addstr(&out,
               HTML_HEAD "\r\n<meta name=\"Generator\" content=\"Microsoft Exchange Server\">\r\n"
                         "<!-- converted from text -->"
                         "<style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; "
                         "border-left: #800000 2px solid; } --></style></head>\r\n<body>\r\n"
                         "<font size=\"2\"><span style=\"font-size:11pt;\">"
                         "<div class=\"PlainText\">");
    if (*plain)
        text_add_escaped(&out, plain);
    else
        buf_addstr(&out, "&nbsp;");
    buf_addstr(&out, "</div></span></font>\r\n</body>\r\n</html>\r\n");
    return buf_detach(&out);
}

char *text_html_page(const char *html)
{
    while (*html == ' ' || *html == '\r' || *html == '\n' || *html == '\t')
        html++;
    if (!strncasecmp(html, "<html", 5) || !strncasecmp(html, "<!doctype", 9))
        return xstrdup(html);
    return xasprintf(HTML_HEAD "</head><body>%s</body></html>", html);
}

/* The end of a tag, or of a whole element whose content nobody reads. */
static const char *skip_tag(const char *p)
{
    const char *until = ">";
    const char *end;

    if (!strncmp(p, "<!--", 4))
        until = "-->";
    else if (!strncasecmp(p, "<style", 6))
        until = "</style>";
    else if (!strncasecmp(p, "<head", 5))
        until = "</head>";
    end = strcasestr(p, until);
    return end ? end + strlen(until) : p + strlen(p);
}

static const char *entity(const char *p, struct buf *out)
{
    static const struct {
        const char *name, *text;
    } entities[] = {
        {"&nbsp;", " "}, {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}, {"&quot;", "\""}};

    for (size_t i = 0; i < ARRAY_SIZE(entities); i++) {
        if (str_starts(p, entities[i].name)) {
            buf_addstr(out, entities[i].text);
            return p + strlen(entities[i].name);
        }
    }
    buf_addch(out, *p);
    return p + 1;
}

/* Drops blanks at both ends and cuts to PREVIEW_CHARACTERS, never inside a character. */
static char *preview_cut(const char *text)
{
    const char *end;
    size_t characters = 0;

    while (*text && strchr(" \r\n\t", *text))
        text++;
    for (end = text; *end; end++) {
        if (((unsigned char)*end & 0xc0) != 0x80 && characters++ == PREVIEW_CHARACTERS)
            break;
    }
    while (end > text && strchr(" \r\n\t", end[-1]))
        end--;
    return xstrndup(text, (size_t)(end - text));
}

char *text_preview(const char *body, bool html)
{
    struct buf out;
    char *cut;

    if (!html)
        return preview_cut(body);
    buf_init(&out, HTML_MAX);
    /* Leading blanks do not count, and four bytes a character are enough to stop early. */
    for (const char *p = body; *p && out.len < PREVIEW_CHARACTERS * 8;) {
        if (*p == '<')
            p = skip_tag(p);
        else if (*p == '&')
            p = entity(p, &out);
        else if (out.len == 0 && strchr(" \r\n\t", *p))
            p++;
        else
            buf_addch(&out, *p++);
    }
    cut = preview_cut(out.data);
    buf_release(&out);
    return cut;
}

bool text_contains(const char *hay, const char *needle)
{
    return strcasestr(hay, needle) != NULL;
}

/* The next address of a list without the blanks around it; NULL at the end. */
static const char *next_address(const char **cursor, size_t *ret_len)
{
    const char *p = *cursor, *end;

    p += strspn(p, "; \t\r\n");
    if (!*p)
        return NULL;
    end = p + strcspn(p, ";");
    *cursor = end;
    while (end > p && strchr(" \t\r\n", end[-1]))
        end--;
    *ret_len = (size_t)(end - p);
    return p;
}

char *text_addresses(const char *list)
{
    struct buf out;
    const char *address;
    size_t len;

    buf_init(&out, HTML_MAX);
    while (list && (address = next_address(&list, &len))) {
        if (out.len)
            buf_addch(&out, ';');
        buf_add(&out, address, len);
    }
    if (out.len)
        return buf_detach(&out);
    buf_release(&out);
    return NULL;
}

bool text_addresses_have(const char *list, const char *wanted)
{
    const char *address;
    size_t len;

    while (list && (address = next_address(&list, &len))) {
        if (len == strlen(wanted) && !strncasecmp(address, wanted, len))
            return true;
    }
    return false;
}
