/*
 * attachments_p.h - bytes of attachments: one (attachments.c), or many (attachment_pages.c).
 */
#ifndef OUTLOOKFS_SYNC_ATTACHMENTS_P_H
#define OUTLOOKFS_SYNC_ATTACHMENTS_P_H

#include "flight_p.h"
#include "mailbox_p.h"

/* Puts an attachment into the cache that came in base64. 0 or -errno. */
int attachments_store(struct mailbox *mb, const char *message, const char *attachment,
                      const char *base64);

/* A JSON object that the cache has beside a record's attachments, under a key of its own: put there; read,
 * NULL when it is not there. The caller's. */
int attachments_store_object(struct mailbox *mb, const char *id, const char *key,
                             const struct cJSON *obj);
struct cJSON *attachments_object(struct mailbox *mb, const char *id, const char *key);

/* Puts a list of attachments into the cache, {"Attachments": [...]} in the service's words. 0 or -errno. */
int attachments_store_list(struct mailbox *mb, const char *message, const struct cJSON *list);
/* The list that is cached, by a draft's version or, "", without: NULL when it is not there. The caller's. */
struct cJSON *attachments_kept_list(struct mailbox *mb, const char *message, const char *etag);

/* Where attachments of a folder are read one after the other: brings this one and its neighbours
 * into the cache, or does nothing. May wait for the network. */
void attachments_read_ahead(struct mailbox *mb, const char *message, const char *attachment,
                            struct cancel *cancel);

#endif
