/*
 * remote_p.h - what the files of this module share.
 *
 *     remote.c                       remote.h, carried out by the service's implementation
 *     operation.c                    a URL from a row of a table of operations
 *     transport.c                    a call of an operation, whoever carries it out
 *     transport_http.c, answer.c, location.c, trace.c
 *     connector/                     the Office 365 Outlook connector
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_P_H
#define OUTLOOKFS_REMOTE_P_H

#include <outlookfs/remote/remote.h>

/* A service, over its own table of operations: each as remote.h says of the function it is typed by. NULL: the
 * service has nothing of the kind. */
struct remote_impl {
    const char *name;
    const char *title;
    bool lists_contents, lists_names;
    __typeof__(remote_destroy) *destroy;
    __typeof__(remote_online) *online;
    __typeof__(remote_stats) *stats;
    __typeof__(remote_account) *account;
    __typeof__(remote_test) *test;

    __typeof__(remote_list_folders) *list_folders;
    __typeof__(remote_folder_changes) *folder_changes;
    __typeof__(remote_find_mail_folder) *find_mail_folder;

    __typeof__(remote_make_folder) *make_folder;
    __typeof__(remote_rename_folder) *rename_folder;
    __typeof__(remote_move_folder) *move_folder;
    __typeof__(remote_remove_folder) *remove_folder;

    __typeof__(remote_list) *list;
    unsigned with_changes; /* 1 << enum kind: the kinds that have the following */
    __typeof__(remote_changes) *changes;
    __typeof__(remote_list_versions) *list_versions;
    __typeof__(remote_get_many) *get_many;
    __typeof__(remote_get) *get;
    __typeof__(remote_create) *create;
    __typeof__(remote_update) *update;
    __typeof__(remote_delete) *remove;
    __typeof__(remote_move) *move;
    __typeof__(remote_at_once) *at_once; /* with the next */
    __typeof__(remote_change_many) *change_many;
    __typeof__(remote_update_policy) *update_policy;
    __typeof__(remote_describe) *describe;

    __typeof__(remote_mark_read) *mark_read;
    __typeof__(remote_attachment) *attachment;
    __typeof__(remote_attachments) *attachments;
    __typeof__(remote_message) *message;
    __typeof__(remote_mime) *mime;

    bool resends;
    __typeof__(remote_send) *send;
    __typeof__(remote_take_back) *take_back;
    __typeof__(remote_send_draft) *send_draft;
    __typeof__(remote_import) *import;
    __typeof__(remote_reply) *reply;
    __typeof__(remote_forward) *forward;
    __typeof__(remote_respond) *respond;
    __typeof__(remote_ask) *ask;
    __typeof__(remote_unsubscribe) *unsubscribe;
    __typeof__(remote_agenda) *agenda;
    __typeof__(remote_series) *series;
    __typeof__(remote_read_value) *read_value;
    __typeof__(remote_write_value) *write_value;
    __typeof__(remote_poll) *poll;
};

/* First member of every implementation. */
struct remote {
    const struct remote_impl *impl;
};

/* Sets grade and reason of an initialised fault, answers the grade. */
enum grade remote_fail(struct remote_fault *fault, enum grade grade, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Appends the path and query of an address the service gave, as a path below `base_url`: without
 * scheme and host, and without the prefix of the base or of the form "/apim/<api>/<connection>"
 * that the service writes whichever base was used (contract 4.1, 4.7). So a token never travels to
 * another host. -EINVAL for what is not an address.
 */
int location_path(const char *base_url, const char *location, struct buf *out);

/* "true" or "false", as query parameters have them. */
const char *remote_bool(bool value);

#endif
