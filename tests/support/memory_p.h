/*
 * memory_p.h - how the operations of the memory remote are carried out.
 *
 *     memory.c         lock, dispatch, the functions of testing.h
 *     memory_tables.c  calendars and contacts
 *     memory_mail.c    mail, sending, the folder picker
 *
 * Threads: the caller holds memory.c's lock.
 */
#ifndef OUTLOOKFS_REMOTE_MEMORY_P_H
#define OUTLOOKFS_REMOTE_MEMORY_P_H

#include <remote/connector/connector_p.h>

#include "mailbox_p.h"
#include <remote/remote_p.h>

/* One call under way. */
struct memory_work {
    struct mailbox *mb;
    enum kind kind;
    struct remote_call *call;
    const struct cJSON *body; /* of the call, however it came */
    struct remote_fault *fault;
    struct buf bytes; /* of an attachment: handed to the caller's sink after the lock is released */
};

typedef enum grade (*memory_handler)(struct memory_work *w);

const char *memory_param(const struct memory_work *w, const char *name); /* NULL: not sent */
unsigned memory_number(const struct memory_work *w, const char *name, unsigned otherwise);
bool memory_flag(const struct memory_work *w, const char *name, bool otherwise);

enum grade memory_ok(struct memory_work *w, int status);
enum grade memory_gone(struct memory_work *w);
enum grade memory_refused(struct memory_work *w, const char *why);

/* A page of a folder's records as `call.answer`. */
struct memory_list {
    const struct mailbox_folder *folder;
    const char *newest_by; /* member with a time, newest first; NULL: as they came */
    unsigned skip, top;
    bool (*wanted)(const struct memory_work *w, const struct cJSON *obj);           /* NULL: all */
    struct cJSON *(*present)(const struct memory_work *w, const struct cJSON *obj); /* a copy */
};
void memory_list(struct memory_work *w, const struct memory_list *list);

/* Calendars and contacts, by work.kind. */
enum grade memory_get_tables(struct memory_work *w);
enum grade memory_get_items(struct memory_work *w);
enum grade memory_get_item(struct memory_work *w);
enum grade memory_post_item(struct memory_work *w);
enum grade memory_patch_item(struct memory_work *w);
enum grade memory_delete_item(struct memory_work *w);

enum grade memory_get_emails(struct memory_work *w);
enum grade memory_get_email(struct memory_work *w);
enum grade memory_delete_email(struct memory_work *w);
enum grade memory_mark_as_read(struct memory_work *w);
enum grade memory_get_attachment(struct memory_work *w);
enum grade memory_send_email(struct memory_work *w);
enum grade memory_reply_to(struct memory_work *w);
enum grade memory_subscribe(struct memory_work *w); /* mail with options, approval mail */
enum grade memory_unsubscribe(struct memory_work *w);
enum grade memory_picker(struct memory_work *w);

#endif
