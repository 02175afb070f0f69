/*
 * connector_p.h - the Office 365 Outlook connector behind remote.h.
 *
 *     operations.c  the table
 *     connector.c   the remote, and the one way to carry out an operation
 *     records.c     listing, reading and changing records
 *     folders.c     folders of each kind; the folder picker for mail
 *     send.c        sending, replying, subscribing
 *     triggers.c    polling
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_CONNECTOR_P_H
#define OUTLOOKFS_REMOTE_CONNECTOR_P_H

#include "operations_p.h"

struct connector {
    struct remote base;
    struct transport *transport;
    enum api_version version;
};

/* Any transport: tests have their own. `transport` is taken. */
struct remote *connector_create(struct transport *transport, enum api_version version);

/*
 * Carries out `op` with those of the parameters that its row knows; the rest of `call` is set by the
 * caller. OP_COUNT, which stands for an operation that a kind does not have, is refused.
 */
enum grade connector_call(struct remote *r, enum operation op, const struct param *all,
                          size_t count, struct remote_call *call, struct remote_fault *fault);
/* The same where nothing of the answer is needed. */
enum grade connector_do(struct remote *r, enum operation op, const struct param *all, size_t count,
                        struct remote_call *call, struct remote_fault *fault);

/* remote.h's functions of these names. */
enum grade connector_list_folders(struct remote *r, enum kind kind, struct remote_ctx ctx,
                                  struct remote_folders *ret, struct remote_fault *fault);
enum grade connector_find_mail_folder(struct remote *r, const char *path, struct remote_ctx ctx,
                                      struct remote_fault *fault);
enum grade connector_list(struct remote *r, enum kind kind, const char *folder,
                          const struct remote_query *query, struct remote_ctx ctx,
                          struct remote_page *ret, struct remote_fault *fault);
enum grade connector_get(struct remote *r, enum kind kind, const char *folder, const char *id,
                         struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);
enum grade connector_create_record(struct remote *r, enum kind kind, const char *folder,
                                   const struct cJSON *body, struct remote_ctx ctx,
                                   struct cJSON **ret, struct remote_fault *fault);
enum grade connector_update(struct remote *r, enum kind kind, const char *folder, const char *id,
                            const struct cJSON *body, const char *if_match, struct remote_ctx ctx,
                            struct cJSON **ret, struct remote_fault *fault);
enum grade connector_remove(struct remote *r, enum kind kind, const char *folder, const char *id,
                            struct remote_ctx ctx, struct remote_fault *fault);
enum merge_policy connector_update_policy(struct remote *r, enum kind kind);
char *connector_describe(struct remote *r, enum remote_change change, enum kind kind,
                         const char *folder, const char *id);
enum grade connector_mark_read(struct remote *r, const char *id, struct remote_ctx ctx,
                               struct remote_fault *fault);
enum grade connector_attachment(struct remote *r, const char *message, const char *attachment,
                                struct remote_ctx ctx, http_sink_fn sink, http_restart_fn restart,
                                void *sink_ctx, struct remote_fault *fault);
enum grade connector_message(struct remote *r, const char *id, struct remote_ctx ctx,
                             http_sink_fn sink, http_restart_fn restart, void *sink_ctx,
                             struct remote_fault *fault);
enum grade connector_send(struct remote *r, const char *message, const char *key,
                          struct remote_ctx ctx, struct remote_fault *fault);
enum grade connector_reply(struct remote *r, const char *id, const char *comment, bool all,
                           const char *key, struct remote_ctx ctx, struct remote_fault *fault);
enum grade connector_ask(struct remote *r, enum remote_question question, const char *body,
                         struct remote_ctx ctx, char **ret_location, struct remote_fault *fault);
enum grade connector_unsubscribe(struct remote *r, const char *location, struct remote_ctx ctx,
                                 struct remote_fault *fault);
enum grade connector_poll(struct remote *r, enum remote_trigger trigger, const struct param *params,
                          size_t count, const char *cursor, struct remote_ctx ctx,
                          struct remote_news *ret, struct remote_fault *fault);

#endif
