/*
 * remote_p.h - what the files of this module share.
 *
 *     remote.c                       remote.h, carried out by the service's tables and functions
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

/* The operations of a service for records of a kind, as numbers of its table; 0: it has none. */
struct kind_operations {
    unsigned folders, changes, list, get, create, update, remove, move, mark_read;
};

/* A service: its tables, and what they do not say, each function as remote.h says of the one it is
 * typed by. NULL: the service has nothing of the kind. */
struct remote_impl {
    const char *name;
    const char *title;
    const struct operation_info *operations;
    const struct kind_operations *kinds;
    unsigned
        with_changes; /* 1 << enum kind: the kinds that have `changes`, `list_versions`, `get_many` */
    bool lists_contents, lists_names;
    bool resends;
    __typeof__(remote_destroy) *release; /* its own members */
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
    __typeof__(remote_changes) *changes;
    __typeof__(remote_list_versions) *list_versions;
    __typeof__(remote_get_many) *get_many;
    __typeof__(remote_move) *move;
    __typeof__(remote_at_once) *at_once; /* with the next */
    __typeof__(remote_change_many) *change_many;
    __typeof__(remote_attachment) *attachment;
    __typeof__(remote_attachments) *attachments;
    __typeof__(remote_message) *message;
    __typeof__(remote_mime) *mime;

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

/* First member of every service that has more. */
struct remote {
    const struct remote_impl *impl;
    struct transport *transport;
};

struct remote_call;
struct operation_info;

/* Carries out an operation of the service's table; `call` is complete but for its row. 0 is refused. */
enum grade service_call(struct remote *r, unsigned op, struct remote_call *call,
                        struct remote_fault *fault);
/* The same where nothing of the answer is needed, ... */
enum grade service_do(struct remote *r, unsigned op, struct remote_call *call,
                      struct remote_fault *fault);
/* ... or the object. */
enum grade service_object(struct remote *r, unsigned op, struct remote_call *call,
                          struct cJSON **ret, struct remote_fault *fault);

/* Sets grade and reason of a fault, answers the grade. */
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
