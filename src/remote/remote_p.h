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

/* The operations of a service for records of a kind, as numbers of its table; 0: it has none. `find` is
 * `get` in a folder, where `get` finds the record in any. */
struct kind_operations {
    unsigned folders, changes, list, get, find, create, update, remove, move, mark_read;
};

/* What tables cannot say: functions of remote.h that a service implements, or does not have. */
/* clang-format off */
#define REMOTE_FUNCTIONS(F) \
    F(test) \
    F(list_folders) F(folder_changes) F(find_mail_folder) \
    F(make_folder) F(rename_folder) F(move_folder) F(remove_folder) \
    F(list) F(changes) F(list_versions) F(get_many) F(move) F(at_once) F(change_many) \
    F(attachment) F(attachments) F(message) F(mime) \
    F(send) F(take_back) F(send_draft) F(import) F(reply) F(forward) F(respond) \
    F(ask) F(unsubscribe) F(agenda) F(series) F(read_value) F(write_value) F(poll)
/* clang-format on */

/* A service: its tables and functions. A function that it does not have is NULL. */
struct remote_impl {
    const char *name;
    const char *title;
    const struct operation_info *operations;
    const struct kind_operations *kinds;
    unsigned with_changes; /* 1 << enum kind: kinds with `changes`, `list_versions`, `get_many` */
    bool lists_contents, lists_names;
    bool resends;
    __typeof__(remote_destroy) *release; /* its own members */
    __typeof__(remote_account) *account;
#define MEMBER(function) __typeof__(remote_##function) *(function);
    REMOTE_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* First member of every service that has more. */
struct remote {
    const struct remote_impl *impl;
    struct transport *transport;
};

struct remote_call;
struct operation_info;

/* Carries out an operation of the service's table; `call` has everything but `info`. GRADE_REFUSED if `op`
 * is 0. */
enum grade service_call(struct remote *r, unsigned op, struct remote_call *call,
                        struct remote_fault *fault);
/* The same where nothing of the answer is needed, ... */
enum grade service_do(struct remote *r, unsigned op, struct remote_call *call,
                      struct remote_fault *fault);
/* ... or the object. */
enum grade service_object(struct remote *r, unsigned op, struct remote_call *call,
                          struct cJSON **ret, struct remote_fault *fault);

/* Sets grade and reason of a fault; returns the grade. */
enum grade remote_fail(struct remote_fault *fault, enum grade grade, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Appends the path and query of an address the service gave, as a path below `base_url`: without scheme
 * and host, and without the prefix of `base_url` or "/apim/<api>/<connection>", which the service writes
 * whichever base was used (contract 4.1, 4.7). So a token never travels to another host. -EINVAL: not an
 * address.
 */
int location_path(const char *base_url, const char *location, struct buf *out);

/* "true" or "false", as query parameters have them. */
const char *remote_bool(bool value);

#endif
