/*
 * options.c - the table of -o options, and reading numbers, times and sizes.
 */
#include "options_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <outlookfs/sync/mailbox.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1024 * 1024)
#define SECONDS_MAX (INT64_C(366) * 86400)
#define DAYS_MAX 36500
#define COUNT_MAX (UINT32_MAX - 1) /* as an id, the last one says "none" */

#define GUARD "delete_guard"

enum option_type {
    OPTION_FLAG,    /* sets a bool */
    OPTION_SECONDS, /* "2", "0.5" */
    OPTION_DAYS,
    OPTION_COUNT,
    OPTION_GUARD,
    OPTION_SIZE, /* "65536", "64K", "64M", "1G" */
    OPTION_MODE, /* octal */
    OPTION_FSYNC,
    OPTION_STRING,
    OPTION_PASS,   /* for libfuse, as it is */
    OPTION_IGNORE, /* for mount(8), says nothing to us */
};

static const struct option_row {
    const char *name;
    enum option_type type;
    size_t offset;
} rows[] = {
    {"ro", OPTION_FLAG, offsetof(struct options, read_only)},
    {"allow_other", OPTION_FLAG, offsetof(struct options, allow_other)},
    {"nonempty", OPTION_FLAG, offsetof(struct options, nonempty)},
    {"debug", OPTION_FLAG, offsetof(struct options, debug)},
    {"uid", OPTION_COUNT, offsetof(struct options, uid)},
    {"gid", OPTION_COUNT, offsetof(struct options, gid)},
    {"umask", OPTION_MODE, offsetof(struct options, umask)},
    {"writeback_delay", OPTION_SECONDS, offsetof(struct options, writeback_delay)},
    {"create_settle", OPTION_SECONDS, offsetof(struct options, create_settle)},
    {"list_ttl", OPTION_SECONDS, offsetof(struct options, list_ttl)},
    {"mail_limit", OPTION_COUNT, offsetof(struct options, mail_limit)},
    {GUARD, OPTION_GUARD, 0},
    {"trash_days", OPTION_DAYS, offsetof(struct options, trash_keep)},
    {"trash_max", OPTION_SIZE, offsetof(struct options, trash_max)},
    {"attachments_max", OPTION_SIZE, offsetof(struct options, attachments_max)},
    {"rate", OPTION_COUNT, offsetof(struct options, rate)},
    {"fsync", OPTION_FSYNC, offsetof(struct options, fsync_local)},
    {"poll_max", OPTION_SECONDS, offsetof(struct options, poll_max)},
    {"stream_max", OPTION_SIZE, offsetof(struct options, stream_max)},
    {"send_delay", OPTION_SECONDS, offsetof(struct options, send_delay)},
    {"send_root", OPTION_STRING, offsetof(struct options, send_root)},
    {"notify_listen", OPTION_STRING, offsetof(struct options, notify_listen)},
    {"notify_url", OPTION_STRING, offsetof(struct options, notify_url)},

    {"max_read", OPTION_PASS, 0},
    {"allow_root", OPTION_PASS, 0},
    {"auto_unmount", OPTION_PASS, 0},
    {"dev", OPTION_PASS, 0},
    {"nodev", OPTION_PASS, 0},
    {"suid", OPTION_PASS, 0},
    {"nosuid", OPTION_PASS, 0},
    {"exec", OPTION_PASS, 0},
    {"noexec", OPTION_PASS, 0},
    {"atime", OPTION_PASS, 0},
    {"noatime", OPTION_PASS, 0},
    {"sync", OPTION_PASS, 0},
    {"async", OPTION_PASS, 0},
    {"dirsync", OPTION_PASS, 0},

    {"rw", OPTION_IGNORE, 0},
    {"defaults", OPTION_IGNORE, 0},
    {"default_permissions", OPTION_IGNORE, 0},
    {"auto", OPTION_IGNORE, 0},
    {"noauto", OPTION_IGNORE, 0},
    {"user", OPTION_IGNORE, 0},
    {"nouser", OPTION_IGNORE, 0},
    {"nofail", OPTION_IGNORE, 0},
    {"_netdev", OPTION_IGNORE, 0},
};

void options_init(struct options *o, unsigned uid, unsigned gid)
{
    *o = (struct options){
        .uid = uid,
        .gid = gid,
        .delete_guard = 50,
        .delete_share = 50,
        .writeback_delay = 2 * NS_PER_S,
        .create_settle = CREATE_SETTLE,
        .list_ttl = 30 * NS_PER_S,
        .trash_keep = 30 * 86400 * NS_PER_S,
        .trash_max = 64 * MIB,
        .attachments_max = 256 * MIB,
        .poll_max = 60 * NS_PER_S,
        .stream_max = 16 * MIB,
        .send_delay = 10 * NS_PER_S,
    };
    buf_init(&o->pass, BUF_TEXT_MAX);
}

void options_release(struct options *o)
{
    buf_release(&o->pass);
    free(o->send_root);
    free(o->notify_listen);
    free(o->notify_url);
}

/* --- values: each answers -EINVAL for anything but the whole text --- */

static int parse_number(const char *s, int base, uint64_t max, uint64_t *ret)
{
    unsigned long long n;
    char *end;

    if (*s < '0' || *s > '9') /* strtoull() would take " -1" */
        return -EINVAL;
    errno = 0;
    n = strtoull(s, &end, base);
    if (errno || *end || n > max)
        return -EINVAL;
    *ret = n;
    return 0;
}

static int parse_seconds(const char *s, int64_t *ret)
{
    int64_t scale = NS_PER_S, ns = 0;
    const char *p = s;

    for (; *p >= '0' && *p <= '9'; p++) {
        ns = ns * 10 + (*p - '0') * NS_PER_S;
        if (ns > SECONDS_MAX * NS_PER_S)
            return -EINVAL;
    }
    if (p == s)
        return -EINVAL;
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9'; p++) {
            scale /= 10;
            ns += (*p - '0') * scale;
        }
    }
    if (*p)
        return -EINVAL;
    *ret = ns;
    return 0;
}

static int parse_size(const char *s, size_t *ret)
{
    static const char units[] = "KMG";
    size_t len = strlen(s), shift = 0;
    const char *unit = len ? strchr(units, s[len - 1]) : NULL;
    char *digits;
    uint64_t n;
    int rc;

    if (unit)
        shift = 10 * (size_t)(unit - units + 1);
    digits = xstrndup(s, unit ? len - 1 : len);
    rc = parse_number(digits, 10, SIZE_MAX >> 1 >> shift, &n);
    free(digits);
    if (!rc)
        *ret = (size_t)n << shift;
    return rc;
}

static int parse_fsync(const char *s, bool *ret)
{
    if (!str_eq(s, "local") && !str_eq(s, "service"))
        return -EINVAL;
    *ret = str_eq(s, "local");
    return 0;
}

static int set_string(char **field, const char *value)
{
    if (!*value)
        return -EINVAL;
    free(*field);
    *field = xstrdup(value);
    return 0;
}

/* "50" deletions, "50%" of a folder. */
static int parse_guard(const char *s, struct options *o)
{
    size_t len = strlen(s);
    bool share = len && s[len - 1] == '%';
    char *digits = xstrndup(s, len - share);
    uint64_t n;
    int rc = parse_number(digits, 10, share ? 100 : COUNT_MAX, &n);

    free(digits);
    if (rc)
        return rc;
    if (share)
        o->delete_share = (unsigned)n;
    else
        o->delete_guard = (unsigned)n;
    return 0;
}

static int set_value(const struct option_row *row, void *field, const char *value)
{
    uint64_t n = 0;
    int rc;

    switch (row->type) {
    case OPTION_SECONDS:
        return parse_seconds(value, field);
    case OPTION_SIZE:
        return parse_size(value, field);
    case OPTION_FSYNC:
        return parse_fsync(value, field);
    case OPTION_STRING:
        return set_string(field, value);
    case OPTION_DAYS:
        rc = parse_number(value, 10, DAYS_MAX, &n);
        if (!rc)
            *(int64_t *)field = (int64_t)n * 86400 * NS_PER_S;
        return rc;
    case OPTION_MODE:
        rc = parse_number(value, 8, 0777, &n);
        break;
    default:
        rc = parse_number(value, 10, COUNT_MAX, &n);
        break;
    }
    if (!rc)
        *(unsigned *)field = (unsigned)n;
    return rc;
}

/* --- the list --- */

static const char *expectation(enum option_type type)
{
    switch (type) {
    case OPTION_SECONDS:
        return "seconds, like 2 or 0.5";
    case OPTION_DAYS:
        return "a number of days";
    case OPTION_SIZE:
        return "a size, like 64M";
    case OPTION_MODE:
        return "an octal mask, like 077";
    case OPTION_FSYNC:
        return "local or service";
    case OPTION_STRING:
        return "a value";
    case OPTION_GUARD:
        return "a number, a percentage, or both: 50,50%";
    default:
        return "a number";
    }
}

static int pass_on(struct options *o, const char *name, const char *value)
{
    return buf_addf(&o->pass, "%s%s%s%s", o->pass.len ? "," : "", name, value ? "=" : "",
                    value ? value : "");
}

static int apply(struct options *o, const struct option_row *row, const char *value,
                 struct buf *err)
{
    void *field = (char *)o + row->offset;

    if (row->type == OPTION_PASS)
        return pass_on(o, row->name, value);
    if (row->type == OPTION_FLAG || row->type == OPTION_IGNORE) {
        if (value)
            return buf_fail(err, -EINVAL, "-o %s takes no value", row->name);
        if (row->type == OPTION_FLAG)
            *(bool *)field = true;
        return 0;
    }
    if (!value ||
        (row->type == OPTION_GUARD ? parse_guard(value, o) : set_value(row, field, value)))
        return buf_fail(err, -EINVAL, "-o %s%s%s: expected %s", row->name, value ? "=" : "",
                        value ? value : "", expectation(row->type));
    return 0;
}

static int parse_one(struct options *o, char *text, struct buf *err)
{
    char *value = strchr(text, '=');

    if (value)
        *value++ = '\0';
    if (str_starts(text, "x-")) /* by convention for the tools around mount(8) */
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (str_eq(rows[i].name, text))
            return apply(o, &rows[i], value, err);
    }
    return buf_fail(err, -EINVAL, "-o %s: no such option", text);
}

/* The comma of "delete_guard=50,50%" is the list's own. */
static bool is_guards_share(const char *text, const char *before)
{
    return *text >= '0' && *text <= '9' && text[strlen(text) - 1] == '%' && before &&
           str_eq(before, GUARD);
}

int options_parse(struct options *o, const char *list, struct buf *err)
{
    char *copy = xstrdup(list), *rest = copy, *text, *before = NULL;
    int rc = 0;

    while (!rc && (text = strsep(&rest, ","))) {
        if (is_guards_share(text, before))
            rc = parse_guard(text, o) ? buf_fail(err, -EINVAL, "-o %s: over 100%%", GUARD) : 0;
        else if (*text)
            rc = parse_one(o, text, err);
        before = text; /* cut at its '=' */
    }
    free(copy);
    return rc;
}
