/*
 * subscription_p.h - mails with options: somebody subscribes to the choice another one makes.
 *
 * A subscription is kept as JSON:
 *
 *     "id", "operation"   SendMailWithOptions or SendApprovalMail
 *     "notificationUrl"   who is told; a loopback address
 *     "created", "to", "subject", "selectionText"
 *     "confirm"           the links of the mail ask before they count
 *     "options"           [{"text", "sig"}]: sig is 32 random bytes that only its link carries
 *     "answer"            null, or {"option", "time", "byLink"}; the first answer stays
 *     "deleted"           unsubscribed
 *     "delivery"          {"state", "attempts", "status", "error"}; state is none, pending,
 *                         delivered or failed
 *
 * Threads: between db_begin() and db_end().
 */
#ifndef SANDBOX_SUBSCRIPTION_P_H
#define SANDBOX_SUBSCRIPTION_P_H

#include <cjson/cJSON.h>
#include <stdbool.h>

struct answer;
struct db;
struct request;
struct sandbox;

#define SUBSCRIPTION_OPTIONS_MAX 100

void subscription_create(struct sandbox *sb, const struct request *req, struct answer *ans);
void subscription_delete(struct sandbox *sb, const struct request *req, struct answer *ans);

/* GET /_sandbox/subscriptions: all as stored, each option with its "link", and "message" and
 * "folder" of the mail. */
void subscription_list(struct sandbox *sb, const struct request *req, struct answer *ans);

/* Stores a changed subscription; `pending`: its notification is to be sent. */
void subscription_store(struct db *db, const cJSON *subscription, bool pending);

/* "/RecordResponse?state=...&sig=...": the link that chooses an option. The caller frees it. */
char *subscription_link(const cJSON *subscription, int option);

#endif
