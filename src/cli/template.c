/*
 * template.c - outlookfs template: an object with every member that one may write.
 */
#include "cli_p.h"
#include "mountpoint_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/outgoing.h>
#include <outlookfs/model/render.h>
#include <outlookfs/model/template.h>
#include <outlookfs/sync/triggers.h>

#include <getopt.h>
#include <string.h>

static const struct option long_options[] = {
    {"service", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {NULL}};

enum about { RECORD, MAIL, TRIGGER };

static const struct {
    const char *name;
    enum about about;
    int what; /* enum kind, enum outgoing */
} objects[] = {
    {"contact", RECORD, KIND_CONTACT},
    {"event", RECORD, KIND_EVENT},
    {"mail", MAIL, OUTGOING_SEND},
    {"reply", MAIL, OUTGOING_REPLY},
    {"options", MAIL, OUTGOING_OPTIONS},
    {"approval", MAIL, OUTGOING_APPROVAL},
    {"forward", MAIL, OUTGOING_FORWARD},
    {"respond", MAIL, OUTGOING_RESPOND},
    {"trigger", TRIGGER, 0},
};

const char *template_name(size_t i)
{
    return i < ARRAY_SIZE(objects) ? objects[i].name : NULL;
}

/* NULL: it is none of them. `trigger` is the name of one. */
static cJSON *make(const char *what, const char *trigger)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(objects) && !str_eq(objects[i].name, what))
        i++;
    if (i == ARRAY_SIZE(objects) || (trigger && objects[i].about != TRIGGER))
        return NULL;
    switch (objects[i].about) {
    case RECORD:
        return template_make(objects[i].what);
    case MAIL:
        return outgoing_template(objects[i].what);
    default:
        return triggers_template(trigger ? trigger : "OnNewEmail");
    }
}

static int show(const cJSON *obj)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    int code = EXIT_DONE;

    render_record(obj, &text);
    fwrite(text.data, 1, text.len, stdout);
    if (fflush(stdout))
        code = complain("the template cannot be written");
    return code;
}

static int run(int argc, char **argv)
{
    const char *said[LETTERS] = {0};
    int code = command_line(&template_command, long_options, argc, argv, 1, 2, said);
    const char *named = said['s'];
    enum service_id service;

    if (code >= 0)
        return code;
    if (named && !service_by_name(named, &service))
        return complain("--service: connector or graph, not %s", named);
    if (!named)
        service = control_service();
    kind_use_service(service);
    SCOPED(json_release) cJSON *obj = make(argv[optind], argv[optind + 1]);
    if (!obj)
        return usage_error(&template_command);
    return show(obj);
}

const struct command template_command = {
    .name = "template",
    .summary = "print an object to fill in, with every member one may write",
    .usage = "[--service connector|graph] contact | event | mail | reply | options | approval |\n"
             "    forward | respond | trigger [OnNewEmail | OnUpcomingEvents | "
             "CalendarGetOnNewItems | CalendarGetOnUpdatedItems]",
    .run = run,
};
