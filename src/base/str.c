/*
 * str.c - comparison, hashing, percent-encoding, UTF-8 and dates, none of it subject to the locale.
 */
#include <outlookfs/base/str.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>

#include "utf8_p.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <xxhash.h>

bool str_eq(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s);
    size_t m = strlen(suffix);

    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

uint64_t str_hash(uint64_t seed, const void *p, size_t n)
{
    const unsigned char *bytes = p;
    uint64_t hash = seed ? seed : UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < n; i++) {
        hash ^= bytes[i];
        hash *= UINT64_C(0x100000001b3);
    }
    return hash;
}

uint64_t str_sum(uint64_t seed, const void *p, size_t n)
{
    return XXH3_64bits_withSeed(p, n, seed);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool str_in(const char *s, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(list[i], s))
            return true;
    }
    return false;
}

/* RFC 3986, section 2.3; not isalnum(), which asks the locale. */
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int str_percent_encode(struct buf *out, const char *s, size_t n)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t before = out->len;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        char code[3] = {'%', hex[c >> 4], hex[c & 15]};
        int rc = is_unreserved(s[i]) ? buf_addch(out, s[i]) : buf_add(out, code, sizeof(code));

        if (rc) {
            buf_truncate(out, before);
            return rc;
        }
    }
    return 0;
}

int str_hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int str_percent_decode(struct buf *out, const char *s, size_t n)
{
    size_t before = out->len;
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        if (s[i] != '%') {
            rc = buf_addch(out, s[i]);
        } else if (n - i < 3 || str_hex_value(s[i + 1]) < 0 || str_hex_value(s[i + 2]) < 0) {
            rc = -EINVAL;
        } else {
            rc = buf_addch(out, (char)(str_hex_value(s[i + 1]) << 4 | str_hex_value(s[i + 2])));
            i += 2;
        }
    }
    if (rc)
        buf_truncate(out, before);
    return rc;
}

/* The Unicode standard, table 3-7: only the second byte has a range of its own. */
size_t utf8_step(const unsigned char *p, size_t n, size_t *ret_good)
{
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t length;

    *ret_good = 0;
    if (p[0] < 0x80)
        length = 1;
    else if (p[0] >= 0xc2 && p[0] <= 0xdf)
        length = 2;
    else if (p[0] >= 0xe0 && p[0] <= 0xef)
        length = 3;
    else if (p[0] >= 0xf0 && p[0] <= 0xf4)
        length = 4;
    else
        return 0;

    if (p[0] == 0xe0)
        low = 0xa0; /* overlong below */
    else if (p[0] == 0xed)
        high = 0x9f; /* surrogates above */
    else if (p[0] == 0xf0)
        low = 0x90; /* overlong below */
    else if (p[0] == 0xf4)
        high = 0x8f; /* over U+10FFFF above */

    for (*ret_good = 1; *ret_good < length; (*ret_good)++) {
        if (*ret_good == n || p[*ret_good] < low || p[*ret_good] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

bool str_is_utf8(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;

    for (size_t i = 0; i < n;) {
        size_t good;
        size_t length = utf8_step(p + i, n - i, &good);

        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

/* Exactly `count` digits with a value in low..high; moves *s behind them. */
static bool take_number(const char **s, int count, int low, int high, int *ret_value)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (!is_digit((*s)[i]))
            return false;
        value = value * 10 + ((*s)[i] - '0');
    }
    if (value < low || value > high)
        return false;
    *s += count;
    *ret_value = value;
    return true;
}

static bool take_char(const char **s, char c)
{
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Days from 1970-01-01, in years that begin with March so that the leap day comes last. */
static int64_t days_since_epoch(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool take_date(const char **s, int64_t *ret_days)
{
    int year, month, day;

    if (!take_number(s, 4, 1, 9999, &year) || !take_char(s, '-') ||
        !take_number(s, 2, 1, 12, &month) || !take_char(s, '-') ||
        !take_number(s, 2, 1, days_of_month(year, month), &day))
        return false;
    *ret_days = days_since_epoch(year, month, day);
    return true;
}

/* ".1234567" or nothing. */
static bool take_fraction(const char **s, int64_t *ret_ns)
{
    int64_t unit = NS_PER_S;
    int64_t ns = 0;
    int digits = 0;

    if (take_char(s, '.')) {
        for (; is_digit(**s); (*s)++, digits++) {
            unit /= 10;
            ns += (**s - '0') * unit;
        }
        if (digits < 1 || digits > 7)
            return false;
    }
    *ret_ns = ns;
    return true;
}

/* "Z", "+hh:mm", "-hh:mm" or nothing. */
static bool take_offset(const char **s, int64_t *ret_seconds)
{
    int64_t sign = **s == '-' ? -1 : 1;
    int hours, minutes;

    if (take_char(s, 'Z') || **s == '\0') {
        *ret_seconds = 0;
        return true;
    }
    if (!take_char(s, '+') && !take_char(s, '-'))
        return false;
    if (!take_number(s, 2, 0, 23, &hours) || !take_char(s, ':') ||
        !take_number(s, 2, 0, 59, &minutes))
        return false;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool take_time(const char **s, int64_t *ret_seconds, int64_t *ret_ns)
{
    int hours, minutes, seconds;
    int64_t offset;

    if (!take_char(s, 'T') || !take_number(s, 2, 0, 23, &hours) || !take_char(s, ':') ||
        !take_number(s, 2, 0, 59, &minutes) || !take_char(s, ':') ||
        !take_number(s, 2, 0, 59, &seconds) || !take_fraction(s, ret_ns) ||
        !take_offset(s, &offset))
        return false;
    *ret_seconds = hours * 3600 + minutes * 60 + seconds - offset;
    return true;
}

/* The year 1 is outside of what 64 bits of nanoseconds reach (1677 to 2262): -ERANGE needs no case
 * of its own. */
int str_parse_time(const char *s, int64_t *ret_ns)
{
    int64_t days, ns;
    int64_t seconds = 0;
    int64_t fraction = 0;

    if (!s || !take_date(&s, &days))
        return -EINVAL;
    if (*s && !take_time(&s, &seconds, &fraction))
        return -EINVAL;
    if (*s)
        return -EINVAL;

    seconds += days * 86400;
    if (__builtin_mul_overflow(seconds, NS_PER_S, &ns) || __builtin_add_overflow(ns, fraction, &ns))
        return -ERANGE;
    *ret_ns = ns;
    return 0;
}

void str_format_time(int64_t ns, char out[32])
{
    time_t seconds = (time_t)(ns / NS_PER_S);
    struct tm tm;

    if (ns % NS_PER_S < 0) /* C rounds towards zero, time goes towards the past */
        seconds--;
    gmtime_r(&seconds, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%S+00:00", &tm);
}

void str_uuid(char out[STR_UUID_SIZE])
{
    unsigned char b[16];

    if (getrandom(b, sizeof(b), 0) != sizeof(b))
        abort(); /* never for so few bytes once the system has started: getrandom(2) */
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    snprintf(out, STR_UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}
