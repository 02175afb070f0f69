/*
 * response_p.h - RecordResponse: the links people answer mails with options by.
 *
 *     GET   from the mail: a page for a browser; the subscriber is not told who answered
 *     POST  from the web page: the subscriber is told
 *
 * 200 recorded (or the question whether to record, where the sender asked for one); 409 it was
 * answered before; 410 nobody waits for an answer; 403 no such link. The answer is a page.
 *
 * Threads: between db_begin() and db_end().
 */
#ifndef SANDBOX_RESPONSE_P_H
#define SANDBOX_RESPONSE_P_H

struct answer;
struct request;
struct sandbox;

void response_record(struct sandbox *sb, const struct request *req, struct answer *ans);

#endif
