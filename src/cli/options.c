/*
 * options.c - the table of -o options, and reading numbers, times and sizes.
 */
#include "options_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <outlookfs/sync/mailbox.h>
#include <outlookfs/sync/triggers.h>

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
    OPTION_CLEAR,   /* clears one */
    OPTION_SECONDS, /* "2", "0.5" */
    OPTION_DAYS,
    OPTION_COUNT,
    OPTION_GUARD,
    OPTION_SIZE, /* "65536", "64K", "64M", "1G" */
    OPTION_MODE, /* octal */
    OPTION_FSYNC,
    OPTION_NOTIFY,
    OPTION_STRING,
    OPTION_PASS,   /* for libfuse, as it is */
    OPTION_IGNORE, /* for mount(8), says nothing to us */
};

static const struct option_row {
    const char *name;
    enum option_type type;
    size_t offset;
    const char *help; /* of our own */
} rows[] = {
    {"ro", OPTION_FLAG, offsetof(struct options, read_only), "change nothing"},
    {"rw", OPTION_CLEAR, offsetof(struct options, read_only), "the opposite of ro"},
    {"allow_other", OPTION_FLAG, offsetof(struct options, allow_other), "let other users in"},
    {"nonempty", OPTION_FLAG, offsetof(struct options, nonempty),
     "mount over a directory that is not empty"},
    {"debug", OPTION_FLAG, offsetof(struct options, debug), "log each call to the service"},
    {"uid", OPTION_COUNT, offsetof(struct options, uid), "owner of all files"},
    {"gid", OPTION_COUNT, offsetof(struct options, gid), "group of all files"},
    {"umask", OPTION_MODE, offsetof(struct options, umask), "permissions taken off 0600 and 0700"},
    {"writeback_delay", OPTION_SECONDS, offsetof(struct options, writeback_delay),
     "how long a change waits for further ones (2)"},
    {"create_settle", OPTION_SECONDS, offsetof(struct options, create_settle),
     "how long a new record may be on its way (5)"},
    {"list_ttl", OPTION_SECONDS, offsetof(struct options, list_ttl),
     "the age from which a listing is asked for again (30)"},
    {"mail_limit", OPTION_COUNT, offsetof(struct options, mail_limit),
     "list only the newest messages of a folder (0: all)"},
    {GUARD, OPTION_GUARD, 0, "hold more deletions, or more of a folder, back (50,50%)"},
    {"trash_days", OPTION_DAYS, offsetof(struct options, trash_keep),
     "how long the trash is kept (30)"},
    {"trash_max", OPTION_SIZE, offsetof(struct options, trash_max), "size of the trash (64M)"},
    {"attachments_max", OPTION_SIZE, offsetof(struct options, attachments_max),
     "size of the cache of attachments (256M)"},
    {"rate", OPTION_COUNT, offsetof(struct options, rate), "calls a minute (the service's limit)"},
    {"fsync", OPTION_FSYNC, offsetof(struct options, fsync_local),
     "local or service: what fsync waits for (service)"},
    {"poll_min", OPTION_SECONDS, offsetof(struct options, poll_min),
     "the shortest pause between two calls for a trigger (5)"},
    {"poll_max", OPTION_SECONDS, offsetof(struct options, poll_max),
     "the longest pause between two calls for a trigger (60)"},
    {"stream_max", OPTION_SIZE, offsetof(struct options, stream_max),
     "size from which a stream begins a new file (16M)"},
    {"send_delay", OPTION_SECONDS, offsetof(struct options, send_delay),
     "how long a mail can be taken back (10)"},
    {"send_root", OPTION_STRING, offsetof(struct options, send_root),
     "attachments given by path are below it (home)"},
    {"notify_listen", OPTION_STRING, offsetof(struct options, notify_listen),
     "where answers to questions are received"},
    {"notify_url", OPTION_STRING, offsetof(struct options, notify_url),
     "how the service reaches that"},
    {"notify", OPTION_NOTIFY, offsetof(struct options, notify_desktop),
     "desktop: say there what a person must know (none)"},

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
        .poll_min = TRIGGER_PAUSE_MIN,
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
    uint64_t n;

    if (unit)
        shift = 10 * (size_t)(unit - units + 1);
    SCOPED(xfree) char *digits = xstrndup(s, unit ? len - 1 : len);
    int rc = parse_number(digits, 10, SIZE_MAX >> 1 >> shift, &n);
    if (!rc)
        *ret = (size_t)n << shift;
    return rc;
}

/* One of two words. */
static int parse_choice(const char *s, const char *yes, const char *no, bool *ret)
{
    if (!str_eq(s, yes) && !str_eq(s, no))
        return -EINVAL;
    *ret = str_eq(s, yes);
    return 0;
}

int options_parse_flag(const char *s, bool *ret)
{
    static const char *const words[][2] = {
        {"yes", "no"}, {"true", "false"}, {"on", "off"}, {"1", "0"}};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (parse_choice(s, words[i][0], words[i][1], ret) == 0)
            return 0;
    }
    return -EINVAL;
}

static int set_string(char **field, const char *value)
{
    if (!*value)
        return -EINVAL;
    xstrset(field, value);
    return 0;
}

/* "50" deletions, "50%" of a folder, or "50,50%". */
static int parse_guard(const char *s, struct options *o)
{
    SCOPED(xfree) char *copy = xstrdup(s);
    char *rest = copy, *part;
    int rc = 0;

    while (!rc && (part = strsep(&rest, ","))) {
        size_t len = strlen(part);
        bool share = len && part[len - 1] == '%';
        uint64_t n = 0;

        if (share)
            part[len - 1] = '\0';
        rc = parse_number(part, 10, share ? 100 : COUNT_MAX, &n);
        if (!rc)
            *(share ? &o->delete_share : &o->delete_guard) = (unsigned)n;
    }
    return rc;
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
        return parse_choice(value, "local", "service", field);
    case OPTION_NOTIFY:
        return parse_choice(value, "desktop", "none", field);
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

/* --- one option --- */

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
    case OPTION_NOTIFY:
        return "desktop or none";
    case OPTION_FLAG:
    case OPTION_CLEAR:
    case OPTION_IGNORE:
        return "yes or no";
    case OPTION_STRING:
        return "a value";
    case OPTION_GUARD:
        return "a number, a percentage, or both: 50,50%";
    default:
        return "a number";
    }
}

static bool is_flag(const struct option_row *row)
{
    return row->type == OPTION_FLAG || row->type == OPTION_CLEAR || row->type == OPTION_IGNORE;
}

static void pass_on(struct options *o, const char *name, const char *value)
{
    bool wanted = true, bare = !value || options_parse_flag(value, &wanted) == 0;

    if (wanted)
        buf_addf(&o->pass, "%s%s%s%s", o->pass.len ? "," : "", name, bare ? "" : "=",
                 bare ? "" : value);
}

static int apply(struct options *o, const struct option_row *row, const char *value)
{
    void *field = (char *)o + row->offset;
    bool wanted = true;

    if (row->type == OPTION_PASS) {
        pass_on(o, row->name, value);
        return 0;
    }
    if (row->type == OPTION_GUARD)
        return value ? parse_guard(value, o) : -EINVAL;
    if (!is_flag(row))
        return value ? set_value(row, field, value) : -EINVAL;
    if (value && options_parse_flag(value, &wanted))
        return -EINVAL;
    if (row->type != OPTION_IGNORE)
        *(bool *)field = wanted == (row->type == OPTION_FLAG);
    return 0;
}

static const struct option_row *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (str_eq(rows[i].name, name))
            return &rows[i];
    }
    return NULL;
}

int options_set(struct options *o, const char *name, const char *value, struct buf *err)
{
    const struct option_row *row = find(name);

    if (!row)
        return buf_fail(err, -EINVAL, "%s: no such option", name);
    if (apply(o, row, value))
        return buf_fail(err, -EINVAL, "%s%s%s: expected %s", name, value ? "=" : "",
                        value ? value : "", expectation(row->type));
    return 0;
}

void options_print(FILE *to)
{
    static const char *const arguments[] = {
        [OPTION_SECONDS] = "=SECONDS", [OPTION_DAYS] = "=N",       [OPTION_COUNT] = "=N",
        [OPTION_GUARD] = "=N,P%",      [OPTION_SIZE] = "=SIZE",    [OPTION_MODE] = "=OCTAL",
        [OPTION_FSYNC] = "=WHERE",     [OPTION_NOTIFY] = "=WHERE", [OPTION_STRING] = "=TEXT",
        [OPTION_PASS] = NULL,          [OPTION_IGNORE] = NULL,
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows) && rows[i].help; i++) {
        const char *argument = arguments[rows[i].type] ? arguments[rows[i].type] : "";

        fprintf(to, "  %s%s%*s%s\n", rows[i].name, argument,
                (int)(26 - strlen(rows[i].name) - strlen(argument)), "", rows[i].help);
    }
}

const char *options_name(size_t i)
{
    return i < ARRAY_SIZE(rows) ? rows[i].name : NULL;
}

bool options_is_known(const char *name)
{
    return find(name) != NULL;
}

bool options_is_flag(const char *name)
{
    const struct option_row *row = find(name);

    return row && (is_flag(row) || (row->type == OPTION_PASS && !str_eq(name, "max_read")));
}

/* --- the list --- */

static int parse_one(struct options *o, char *text, struct buf *err)
{
    char *value = strchr(text, '=');
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);

    if (value)
        *value++ = '\0';
    if (str_starts(text, "x-")) /* by convention for the tools around mount(8) */
        return 0;
    const struct option_row *row = find(text);
    if (row && value && is_flag(row))
        return buf_fail(err, -EINVAL, "-o %s takes no value", text);
    int rc = options_set(o, text, value, &why);
    if (rc)
        buf_fail(err, rc, "-o %s", why.data);
    return rc;
}

/* The comma of "delete_guard=50,50%" is the list's own. */
static bool is_guards_share(const char *text, const char *before)
{
    return *text >= '0' && *text <= '9' && text[strlen(text) - 1] == '%' && before &&
           str_eq(before, GUARD);
}

int options_parse(struct options *o, const char *list, struct buf *err)
{
    SCOPED(xfree) char *copy = xstrdup(list);
    char *rest = copy, *text, *before = NULL;
    int rc = 0;

    while (!rc && (text = strsep(&rest, ","))) {
        if (is_guards_share(text, before))
            rc = parse_guard(text, o) ? buf_fail(err, -EINVAL, "-o %s: over 100%%", GUARD) : 0;
        else if (*text)
            rc = parse_one(o, text, err);
        before = text; /* cut at its '=' */
    }
    return rc;
}
