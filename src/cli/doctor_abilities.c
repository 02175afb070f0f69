/*
 * doctor_abilities.c - what can be done with the account: the services differ.
 */
#include "doctor_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/model/kind.h>
#include <outlookfs/remote/remote.h>

#define NOT_HERE "not with this service"

static bool can_kind(enum kind kind, unsigned cap)
{
    return kind_info(kind)->caps & cap;
}

void doctor_abilities(struct doctor *d, struct remote *r)
{
    const struct {
        const char *what;
        bool can;
        const char *with, *without;
    } abilities[] = {
        {"moving mail", can_kind(KIND_MESSAGE, KIND_CAN_MOVE), "mv between folders", NOT_HERE},
        {"mail folders", can_kind(KIND_MESSAGE, KIND_CAN_FOLD), "mkdir, mv, rmdir", NOT_HERE},
        {"drafts", can_kind(KIND_MESSAGE, KIND_CAN_CREATE), "files in mail/Drafts/", NOT_HERE},
        {"sending", remote_resends(r), "an unknown outcome is found out",
         "an unknown outcome is parked in .outlookfs/failed/"},
        {"forwarding", remote_can(r, REMOTE_CAN_FORWARD), "outbox/forward/", NOT_HERE},
        {"responding", remote_can(r, REMOTE_CAN_RESPOND), "outbox/respond/", NOT_HERE},
        {"questions", remote_can(r, REMOTE_CAN_ASK), "outbox/options/, outbox/approval/", NOT_HERE},
        {"export of mail", remote_can(r, REMOTE_CAN_MIME), "the messages byte for byte",
         "composed from what the service gives"},
        {"agenda", remote_can(r, REMOTE_CAN_AGENDA), "views/calendars/<calendar>/agenda/<day>/",
         NOT_HERE},
        {"series", remote_can(r, REMOTE_CAN_SERIES), "export/calendars/ has what single events are",
         "export/calendars/ has their rules alone"},
        {"photos", remote_can(r, REMOTE_CAN_VALUES), "contacts/<folder>/<id>.photo.jpg", NOT_HERE},
        {"settings", remote_can(r, REMOTE_CAN_VALUES), "settings/automatic-replies.json", NOT_HERE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(abilities); i++)
        doctor_ok(d, abilities[i].what, "%s",
                  abilities[i].can ? abilities[i].with : abilities[i].without);
}
