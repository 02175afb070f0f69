/*
 * vtable_p.h - what a mailbox of Graph does: the functions of struct remote_impl, each in the file of
 * its subject; graph.c puts them together. remote.h says what they do, under the same names.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_GRAPH_VTABLE_P_H
#define OUTLOOKFS_REMOTE_GRAPH_VTABLE_P_H

#include "graph_p.h"

enum grade graph_list_folders(struct remote *r, enum kind kind, struct remote_ctx ctx,
                              struct remote_folders *ret, struct remote_fault *fault);
enum grade graph_make_folder(struct remote *r, enum kind kind, const char *parent,
                             const char *display, struct remote_ctx ctx, char **ret_id,
                             struct remote_fault *fault);
enum grade graph_rename_folder(struct remote *r, enum kind kind, const char *id,
                               const char *display, struct remote_ctx ctx,
                               struct remote_fault *fault);
enum grade graph_move_folder(struct remote *r, enum kind kind, const char *id, const char *parent,
                             struct remote_ctx ctx, struct remote_fault *fault);
enum grade graph_remove_folder(struct remote *r, enum kind kind, const char *id,
                               struct remote_ctx ctx, struct remote_fault *fault);
enum grade graph_list(struct remote *r, enum kind kind, const char *folder,
                      const struct remote_query *query, struct remote_ctx ctx,
                      struct remote_page *ret, struct remote_fault *fault);
enum grade graph_changes(struct remote *r, enum kind kind, const char *folder, const char *cursor,
                         unsigned top, struct remote_ctx ctx, struct remote_changes *ret,
                         struct remote_fault *fault);
enum grade graph_list_versions(struct remote *r, enum kind kind, const char *folder,
                               struct remote_ctx ctx, struct remote_versions *ret,
                               struct remote_fault *fault);
enum grade graph_folder_changes(struct remote *r, enum kind kind, const char *cursor,
                                struct remote_ctx ctx, struct remote_folders *ret,
                                struct remote_fault *fault);
enum grade graph_get_many(struct remote *r, enum kind kind, const char *folder,
                          const char *const *ids, size_t count, struct remote_ctx ctx,
                          struct cJSON **ret, struct remote_fault *fault);
/* A page for a query with `search`. search.c */
enum grade graph_search(struct remote *r, const char *folder, const struct remote_query *query,
                        struct remote_ctx ctx, struct remote_page *ret, struct remote_fault *fault);
enum grade graph_get(struct remote *r, enum kind kind, const char *folder, const char *id,
                     struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);
enum grade graph_create(struct remote *r, enum kind kind, const char *folder,
                        const struct cJSON *body, struct remote_ctx ctx, struct cJSON **ret,
                        struct remote_fault *fault);
enum grade graph_update(struct remote *r, enum kind kind, const char *folder, const char *id,
                        const struct cJSON *body, const char *if_match, struct remote_ctx ctx,
                        struct cJSON **ret, struct remote_fault *fault);
enum grade graph_remove(struct remote *r, enum kind kind, const char *folder, const char *id,
                        struct remote_ctx ctx, struct remote_fault *fault);
enum grade graph_move(struct remote *r, enum kind kind, const char *id, const char *folder,
                      struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);
enum merge_policy graph_update_policy(struct remote *r, enum kind kind);
char *graph_describe(struct remote *r, enum remote_change change, enum kind kind,
                     const char *folder, const char *id);
enum grade graph_send(struct remote *r, const char *text, const char *key, struct remote_ctx ctx,
                      struct remote_fault *fault);
enum grade graph_send_draft(struct remote *r, const char *id, struct remote_ctx ctx,
                            struct remote_fault *fault);
enum grade graph_import(struct remote *r, const char *folder, const struct buf *mime, bool repeated,
                        struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);
enum grade graph_reply(struct remote *r, const char *id, const char *comment, bool all,
                       const char *key, struct remote_ctx ctx, struct remote_fault *fault);
enum grade graph_take_back(struct remote *r, const char *key, struct remote_ctx ctx, bool *ret_sent,
                           struct remote_fault *fault);
enum grade graph_forward(struct remote *r, const char *id, const char *to, const char *comment,
                         const char *key, struct remote_ctx ctx, struct remote_fault *fault);
enum grade graph_respond(struct remote *r, const char *event, enum remote_response response,
                         const char *comment, bool send, bool again, struct remote_ctx ctx,
                         struct remote_fault *fault);
enum grade graph_agenda(struct remote *r, const char *calendar, int64_t from, int64_t to,
                        struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);
enum grade graph_read_value(struct remote *r, enum remote_value what, const char *id,
                            struct remote_ctx ctx, struct buf *out, struct remote_fault *fault);
enum grade graph_write_value(struct remote *r, enum remote_value what, const char *id,
                             const void *data, size_t len, struct remote_ctx ctx,
                             struct remote_fault *fault);
/* The one of them about mail. new_mail.c */
enum grade graph_poll_mail(struct remote *r, const struct param *params, size_t count,
                           const char *cursor, struct remote_ctx ctx, struct remote_news *ret,
                           struct remote_fault *fault);
enum grade graph_poll(struct remote *r, enum remote_trigger trigger, const struct param *params,
                      size_t count, const char *cursor, struct remote_ctx ctx,
                      struct remote_news *ret, struct remote_fault *fault);
enum grade graph_attachment(struct remote *r, const char *message, const char *attachment,
                            struct remote_ctx ctx, http_sink_fn sink, http_restart_fn restart,
                            void *sink_ctx, struct remote_fault *fault);
enum grade graph_attachments(struct remote *r, const char *message, struct remote_ctx ctx,
                             struct cJSON **ret, struct remote_fault *fault);
enum grade graph_message(struct remote *r, const char *id, struct remote_ctx ctx, http_sink_fn sink,
                         http_restart_fn restart, void *sink_ctx, struct remote_fault *fault);
enum grade graph_mime(struct remote *r, const char *id, struct remote_ctx ctx, http_sink_fn sink,
                      http_restart_fn restart, void *sink_ctx, struct remote_fault *fault);
enum grade graph_find_mail_folder(struct remote *r, const char *path, struct remote_ctx ctx,
                                  struct remote_fault *fault);

#endif
