/*
 * dialect.h - a record in the terms of the connector's specification, whichever service it is from.
 *
 * Files show what the service gave. What the program itself makes of records (readable names,
 * exports, attachments) is written once, for the members of the specification; a record of another
 * service is first translated by the tables of dialect.c.
 *
 *     Graph                                     specification
 *     subject, givenName, businessPhones ...    Subject, GivenName, BusinessPhones: capital letters
 *     mobilePhone                               MobilePhone1
 *     "normal", "seriesMaster"                  "Normal", "SeriesMaster"
 *     toRecipients [{emailAddress}]             To "a@contoso.example;b@contoso.example"
 *     body {contentType, content}               Body, IsHtml (messages)
 *     start {dateTime, timeZone}                Start, StartTimeZone
 *     isReminderOn, reminderMinutesBeforeStart  Reminder
 *     attachments: an item, a file in the cloud Attachments: their Name ends in .eml, .ics, .vcf, .url
 *
 * Sources: graph contract section 16, connector contract section 3. Pure.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_DIALECT_H
#define OUTLOOKFS_MODEL_DIALECT_H

#include <outlookfs/model/kind.h>

/* A record as the service gave it, which is taken, in the specification's words, for reading. The
 * caller deletes it; NULL for NULL. */
struct cJSON *dialect_take(enum kind kind, struct cJSON *obj);

/* The same of a record's text. Answers and errors as json_parse_object(). */
int dialect_parse(enum kind kind, const char *text, size_t len, struct cJSON **ret,
                  struct buf *err);

/* A contact or an event in the specification's words, in those of the service, for a new file. The
 * caller deletes it. */
struct cJSON *dialect_record(enum kind kind, const struct cJSON *obj);

/* A mail of the outbox, without its attachments, as Graph's message. The caller deletes it. */
struct cJSON *dialect_message(const struct cJSON *outgoing);

/* "a@contoso.example; b@contoso.example" as Graph's list of recipients. The caller deletes it. */
struct cJSON *dialect_recipients(const char *list);

#endif
