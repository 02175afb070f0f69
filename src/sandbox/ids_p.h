/*
 * ids_p.h - identifiers shaped like the ones the service gives out (connector contract, 4.8).
 *
 * An id is a URL-safe base64 text over a fixed layout: the mailbox, the folder's number, the item's
 * number. All are deterministic functions of those numbers, so two runs over the same seed agree.
 *
 * Threads: any.
 */
#ifndef SANDBOX_IDS_P_H
#define SANDBOX_IDS_P_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDS_ITEM_LEN 152
#define IDS_FOLDER_LEN 120
#define IDS_ATTACHMENT_LEN 180
#define IDS_CONVERSATION_LEN 80

/* Every function answers a string the caller frees. */
char *ids_item(uint32_t folder, uint32_t item); /* messages, events, contacts, calendars */
char *ids_folder(uint32_t folder);              /* mail and contact folders */
char *ids_attachment(const char *message_id, uint32_t attachment);
char *ids_conversation(uint32_t number);
char *ids_event_change_key(uint32_t version);   /* 32 characters, with '+' and '/' */
char *ids_contact_change_key(uint32_t version); /* 40 characters, with '+' and '/' */
char *ids_ical(uint32_t item);                  /* 112 hex digits */
char *ids_guid(uint64_t number);                /* "81869b51-d3b1-ae9e-fa44-6df07fa5755f" */

/* The item's number in an id of ids_item(); false when the text is no such id. */
bool ids_item_number(const char *id, uint32_t *ret);

#endif
