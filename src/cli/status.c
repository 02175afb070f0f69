/*
 * status.c - outlookfs status: status.json for people.
 */
#include "cli_p.h"
#include "mountpoint_p.h"

#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <getopt.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

static const struct option long_options[] = {{"json", no_argument, NULL, 'j'},
                                             {"watch", no_argument, NULL, 'w'},
                                             {"help", no_argument, NULL, 'h'},
                                             {NULL}};

static const char *text(const cJSON *obj, const char *name)
{
    const char *s = json_str(obj, name);

    return s ? s : "?";
}

/* "12.5 MiB" */
static void format_size(int64_t bytes, char out[32])
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    size_t unit = 0;

    while (size >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        size /= 1024;
        unit++;
    }
    snprintf(out, 32, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

static void describe_connection(const cJSON *status, struct buf *out)
{
    const char *refusal = json_str(status, "refusal");

    if (!json_bool(status, "authorised", false))
        buf_addf(out, "not authorised: %s",
                 refusal && *refusal ? refusal : "the token is refused or missing");
    else if (!json_bool(status, "online", false))
        buf_addstr(out, "offline: showing what is cached; changes are kept");
    else if (json_str(status, "no_mailbox"))
        buf_addf(out, "the mailbox cannot be used: %s", json_str(status, "no_mailbox"));
    else
        buf_addstr(out, "online");
}

/* For monitoring; EXIT_NOT_DONE is what a person has to see to, a mount that is not there, too. */
enum { EXIT_CUT_OFF = 2 };

static int judge(const cJSON *status)
{
    struct left left = left_read(status);

    if (!json_bool(status, "authorised", false) || !json_bool(status, "online", false) ||
        json_str(status, "no_mailbox"))
        return EXIT_CUT_OFF;
    if (left.failed || left.conflicts || left.held || left.drafts ||
        json_bool(status, "disk_full", false))
        return EXIT_NOT_DONE;
    return EXIT_DONE;
}

static void show_service(const cJSON *status)
{
    const cJSON *budget = json_get(status, "budget");
    int64_t throttled = json_int(budget, "throttled_seconds", 0);
    SCOPED(buf_release) struct buf connection = BUF_INIT(BUF_TEXT_MAX);

    describe_connection(status, &connection);
    print(stdout, "%s on %s\n", text(status, "url"), text(status, "mountpoint"));
    print(stdout, "  service   %s%s\n", connection.data,
          json_bool(status, "read_only", false) ? ", mounted read-only" : "");
    print(stdout, "  requests  %" PRId64 " so far, %" PRId64 " of %" PRId64 " left this minute\n",
          json_int(status, "requests", 0), json_int(budget, "left", 0),
          json_int(budget, "rate", 0));
    if (throttled)
        print(stdout, "  throttled for another %" PRId64 " s by the service\n", throttled);
    if (json_int(budget, "waiting", 0))
        print(stdout,
              "  limit     %" PRId64 " requests wait for it, the first for another %" PRId64 " s\n",
              json_int(budget, "waiting", 0), json_int(budget, "waiting_seconds", 0));
    print(stdout, "  program   outlookfs %s, process %" PRId64 "\n", text(status, "version"),
          json_int(status, "pid", 0));
}

static void show_cache(const cJSON *status)
{
    const cJSON *cache = json_get(status, "cache");
    char bytes[32], attachments[32];

    format_size(json_int(cache, "bytes", 0), bytes);
    format_size(json_int(cache, "attachments", 0), attachments);
    print(stdout, "  cache     %" PRId64 " records, %s, attachments %s\n",
          json_int(cache, "records", 0), bytes, attachments);
}

static void show_disk(const cJSON *status)
{
    if (json_bool(status, "disk_full", false))
        print(stdout, "  disk      full: nothing can be saved until there is space in %s\n",
              text(status, "state_dir"));
}

static void show_queue(const cJSON *status)
{
    struct left left = left_read(status);
    SCOPED(buf_release) struct buf line = BUF_INIT(BUF_TEXT_MAX);

    left_describe(&left, &line);
    print(stdout, "  changes   %s\n", line.len ? line.data : "all on the service");
}

static void show_draft(const cJSON *draft)
{
    const char *reason = json_str(draft, "reason");

    print(stdout, "    draft %s, not sent%s%s\n", text(draft, "path"), reason ? ": " : "",
          reason ? reason : "");
}

static void show_operation(const cJSON *op)
{
    const char *reason = json_str(op, "reason");
    int64_t attempts = json_int(op, "attempts", 0);

    print(stdout, "    %s %s: %s", text(op, "verb"), text(op, "path"), text(op, "state"));
    if (attempts)
        print(stdout, ", tried %" PRId64 " time%s", attempts, attempts == 1 ? "" : "s");
    print(stdout, "%s%s\n", reason ? ": " : "", reason ? reason : "");
}

static void show_operations(const cJSON *status)
{
    const cJSON *op;

    cJSON_ArrayForEach(op, json_get(status, "operations")) show_operation(op);
}

/* Answered questions lie beside their answers, and nothing is to be done about them. */
static void show_outbox(const cJSON *status)
{
    const cJSON *mail;

    cJSON_ArrayForEach(mail, json_get(status, "outbox"))
    {
        const char *state = text(mail, "state");

        if (str_eq(state, "local"))
            show_draft(mail);
        else if (!str_eq(state, "answered"))
            show_operation(mail);
    }
}

static void show_drafts(const cJSON *status)
{
    const cJSON *draft;

    cJSON_ArrayForEach(draft, json_get(status, "drafts")) show_draft(draft);
}

static void show_strays(const cJSON *status)
{
    const cJSON *stray;

    cJSON_ArrayForEach(stray, json_get(status, "strays"))
        print(stdout, "  %s: %s\n", text(stray, "path"), text(stray, "next"));
}

static void show_what_to_do(const cJSON *status)
{
    struct left left = left_read(status);

    if (left.failed)
        print(stdout, "  refused changes are in .outlookfs/failed/: touch an entry to try again, "
                      "remove it to give the change up\n");
    if (left.conflicts)
        print(stdout, "  conflicts are in .outlookfs/conflicts/\n");
    if (left.drafts)
        print(stdout,
              "  drafts are listed in .outlookfs/drafts/: correct the file, or remove the entry to "
              "restore what was there before\n");
    if (left.held)
        print(stdout, "  outlookfs sync --confirm-deletes releases the deletions\n");
}

static void show_triggers(const cJSON *status)
{
    const cJSON *trigger;

    cJSON_ArrayForEach(trigger, json_get(status, "triggers"))
    {
        const char *reason = json_str(trigger, "reason");
        int64_t items = json_int(trigger, "items", 0);

        print(stdout, "  trigger   %s: %s, %" PRId64 " item%s%s%s\n", text(trigger, "path"),
              text(trigger, "state"), items, items == 1 ? "" : "s", reason ? ": " : "",
              reason ? reason : "");
    }
}

/* How much of it there is, on a terminal as a bar, and how long it may still take. */
static void show_progress(int64_t stored, int64_t expected, int64_t seconds)
{
    SCOPED(buf_release) struct buf bar = BUF_INIT(BUF_TEXT_MAX);
    int64_t done = stored < expected ? stored : expected;

    progress_bar(done, expected, 20, &bar);
    if (isatty(STDOUT_FILENO))
        print(stdout, " %s", bar.data);
    print(stdout, " of %" PRId64, expected);
    if (done)
        print(stdout, ", %" PRId64 " s left", seconds * (expected - done) / done);
}

static void show_listings(const cJSON *status)
{
    const cJSON *listing;

    cJSON_ArrayForEach(listing, json_get(status, "listings"))
    {
        int64_t stored = json_int(listing, "stored", 0);
        int64_t expected = json_int(listing, "expected", 0);
        int64_t seconds = json_int(listing, "seconds", 0);

        print(stdout, "  listing   %s, %" PRId64 " records in %" PRId64 " s",
              text(listing, "folder"), stored, seconds);
        if (expected)
            show_progress(stored, expected, seconds);
        print(stdout, "\n");
    }
}

static bool is_gone(const char *path)
{
    SCOPED(mountpoint_release) struct mountpoint m = {0};

    return mountpoint_look(path, &m, NULL) || !mountpoint_is_ours(&m) || m.dead;
}

static int show(const char *path, bool as_json)
{
    SCOPED(buf_release) struct buf raw = BUF_INIT((size_t)64 * 1024 * 1024);
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    SCOPED(json_release) cJSON *status = NULL;
    int code = EXIT_DONE;

    if (control_status(path, &raw, &status, &err)) {
        code = complain("%s", err.data);
    } else if (as_json) {
        fwrite(raw.data, 1, raw.len, stdout);
    } else {
        show_service(status);
        show_cache(status);
        show_disk(status);
        show_listings(status);
        show_triggers(status);
        show_queue(status);
        show_operations(status);
        show_outbox(status);
        show_drafts(status);
        show_strays(status);
        show_what_to_do(status);
    }
    return code ? code : judge(status);
}

/* A page that is written anew each second, until Ctrl-C or the end of the mount. Where nobody looks
 * there are no bars and no page: one after the other. */
static int watch(const char *path)
{
    const struct timespec pause = {.tv_sec = 1};
    bool page = isatty(STDOUT_FILENO);
    int code;

    for (;;) {
        if (page)
            fputs("\033[H\033[J", stdout);
        code = show(path, false);
        fflush(stdout);
        if (ferror(stdout) || is_gone(path))
            return code;
        nanosleep(&pause, NULL);
    }
}

static int run(int argc, char **argv)
{
    const char *said[LETTERS] = {0};
    int code = command_line(&status_command, long_options, argc, argv, 0, 1, said);
    SCOPED(mountpoint_release) struct mountpoint m = {0};

    if (code >= 0)
        return code;
    code = control_find(argv[optind], &m);
    if (code)
        return code;
    return said['w'] ? watch(m.path) : show(m.path, said['j']);
}

const struct command status_command = {
    .name = "status",
    .summary = "say how the mount and what is saved on it are doing",
    .usage = "[--json | --watch] [MOUNTPOINT]",
    .run = run,
};
