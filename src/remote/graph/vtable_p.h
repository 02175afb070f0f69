/*
 * vtable_p.h - what a mailbox of Graph does: the functions of struct remote_impl, each in the file of
 * its subject; graph.c puts them together. remote.h says what they do, under the same names.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_GRAPH_VTABLE_P_H
#define OUTLOOKFS_REMOTE_GRAPH_VTABLE_P_H

#include "graph_p.h"

__typeof__(remote_list_folders) graph_list_folders;
__typeof__(remote_make_folder) graph_make_folder;
__typeof__(remote_rename_folder) graph_rename_folder;
__typeof__(remote_move_folder) graph_move_folder;
__typeof__(remote_remove_folder) graph_remove_folder;
__typeof__(remote_list) graph_list;
__typeof__(remote_changes) graph_changes;
__typeof__(remote_list_versions) graph_list_versions;
__typeof__(remote_folder_changes) graph_folder_changes;
__typeof__(remote_get_many) graph_get_many;
/* A page for a query with `search`. search.c */
enum grade graph_search(struct remote *r, const char *folder, const struct remote_query *query,
                        struct remote_ctx ctx, struct remote_page *ret, struct remote_fault *fault);
__typeof__(remote_move) graph_move;
__typeof__(remote_at_once) graph_at_once;
__typeof__(remote_change_many) graph_change_many;
__typeof__(remote_send) graph_send;
__typeof__(remote_send_draft) graph_send_draft;
__typeof__(remote_import) graph_import;
__typeof__(remote_reply) graph_reply;
__typeof__(remote_take_back) graph_take_back;
__typeof__(remote_forward) graph_forward;
__typeof__(remote_respond) graph_respond;
__typeof__(remote_agenda) graph_agenda;
__typeof__(remote_series) graph_series;
__typeof__(remote_read_value) graph_read_value;
__typeof__(remote_write_value) graph_write_value;
__typeof__(remote_poll) graph_poll;
/* The one of them about mail. new_mail.c */
enum grade graph_poll_mail(struct remote *r, const struct param *params, const char *cursor,
                           struct remote_ctx ctx, struct remote_news *ret,
                           struct remote_fault *fault);
__typeof__(remote_attachment) graph_attachment;
__typeof__(remote_attachments) graph_attachments;
__typeof__(remote_message) graph_message;
__typeof__(remote_mime) graph_mime;
__typeof__(remote_find_mail_folder) graph_find_mail_folder;

#endif
