/*
 * control_p.h - the /_sandbox endpoints, by which tests play the other client, cause faults and
 * read the log.
 *
 *     POST /edit      another client's edit, deletion, move or creation
 *     POST /fault     queues a fault (fault_p.h); GET lists, DELETE clears
 *     GET  /log       ?since=N: the request log
 *     POST /reset-log
 *     GET  /record    ?kind=&id=: one stored record
 *     GET  /records   ?kind=[&table=]: all of a kind
 *     POST /clock     pushes the service's clock; GET reads it
 *     POST /option    how triggers answer; GET reads
 *     GET  /subscriptions  mails with options, and whether their answers were delivered
 *     GET  /folders, /messages, /message, /body, /attachment: the web page's data (view_p.h)
 *
 * Always there: the sandbox listens on the loopback interface only. They need no token and are
 * neither logged, delayed, counted nor hit by faults.
 *
 * Threads: any.
 */
#ifndef SANDBOX_CONTROL_P_H
#define SANDBOX_CONTROL_P_H

struct answer;
struct request;
struct sandbox;

/* `path` is what follows "/_sandbox". */
void control_handle(struct sandbox *sb, const struct request *req, const char *path,
                    struct answer *ans);

/* {"error": text}. */
void control_fail(struct answer *ans, unsigned status, const char *text);

#endif
