/*
 * listener.h - the small web server that the service POSTs answers to.
 *
 * It listens on `listen` and is announced to the outbox as `url`, what the outside world reaches: a
 * reverse proxy or a tunnel in front of it. The last part of a request's path is the secret of one
 * question (sync/outbox.h); what stands before it is the proxy's business. POST only, 64 KiB at
 * most, and nothing of a request is ever sent back. A connection that is silent for ten seconds ends;
 * at 16 of them the oldest makes room for the next.
 *
 *     200  kept, on disk        404  no such address      405  not a POST
 *     400  no answer            413  too large            503  could not be kept: try again
 *
 * Port 0: the port of the last time if it is free, else any; it is remembered in the state, because
 * an address that was announced must be there again after a remount.
 *
 * Threads: start and stop by the owner; a thread of libmicrohttpd's own calls outbox_answer().
 */
#ifndef OUTLOOKFS_TRIGGERS_LISTENER_H
#define OUTLOOKFS_TRIGGERS_LISTENER_H

struct buf;
struct listener;
struct mailbox;

struct listener_config {
    struct mailbox *mailbox; /* not owned; outlives the listener */
    const char *listen;      /* "127.0.0.1:0", "[::1]:8080" */
    const char *url;         /* announced; NULL: "http://" and where it listens */
};

/* After the fork. -EINVAL, -EADDRINUSE and the like with the reason in `err`. */
int listener_start(const struct listener_config *config, struct listener **ret, struct buf *err);
unsigned listener_port(const struct listener *l);
void listener_stop(struct listener *l); /* NULL is fine */

#endif
