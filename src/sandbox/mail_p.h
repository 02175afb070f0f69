/*
 * mail_p.h - the operations under /Mail.
 *
 * Threads: between db_begin() and db_end().
 */
#ifndef SANDBOX_MAIL_P_H
#define SANDBOX_MAIL_P_H

struct answer;
struct request;
struct sandbox;

void mail_list(struct sandbox *sb, const struct request *req, struct answer *ans);
void mail_get(struct sandbox *sb, const struct request *req, struct answer *ans);
void mail_delete(struct sandbox *sb, const struct request *req, struct answer *ans);
void mail_mark_read(struct sandbox *sb, const struct request *req, struct answer *ans);
void mail_attachment(struct sandbox *sb, const struct request *req, struct answer *ans);

void mail_send(struct sandbox *sb, const struct request *req, struct answer *ans);
void mail_reply(struct sandbox *sb, const struct request *req, struct answer *ans);

#endif
