/*
 * label.h - what a person would call a record: a file name made of its members.
 *
 *     message   2026-11-23 0914 Quarterly report - jane@contoso.example.json   sender
 *             in a folder of what was sent: 2026-11-23 0914 Quarterly report - to bob@contoso.example.json
 *     event     2026-11-23 0900 Standup.json; all day: 2026-11-23 Holiday.json
 *     contact   Jane Doe.json                                                   company
 *
 * Times are of the local time zone (TZ, localtime_r()), to the minute; an event of all day is on
 * the date the service says, and a series on that of its first event. What a record lacks is left
 * out or replaced: "(no date)", "(no subject)", "(no sender)"; a contact without a name is called
 * by its company, its e-mail address or its id, in that order.
 *
 * Two records may have the same name: name_unique() tells them apart.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_LABEL_H
#define OUTLOOKFS_MODEL_LABEL_H

#include <outlookfs/model/kind.h>
#include <stdbool.h>
#include <stdint.h>

struct label {
    char *name;  /* safe (name_safe()), a record's (name_is_record()), <= NAME_BYTES_MAX bytes */
    char *group; /* safe; a message's sender in small letters, a contact's company; else NULL */
    bool unread;
    int64_t created; /* ns since 1970; 0: not known */
};

/* `obj` is in the words of the specification (dialect.h), and may be any JSON, or NULL where the record is none. Same input, same output. */
void label_make(enum kind kind, bool sent, const struct cJSON *obj, const char *id,
                struct label *ret);
void label_release(struct label *label);

#endif
