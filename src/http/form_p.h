/*
 * form_p.h - one POST of a form, as OAuth servers want it, outside the budget and the connections
 * of the mailbox service.
 *
 * Threads: any; each call has a connection of its own.
 */
#ifndef OUTLOOKFS_HTTP_FORM_P_H
#define OUTLOOKFS_HTTP_FORM_P_H

struct buf;
struct cancel;

/* Appends name=value, encoded. */
void form_add(struct buf *form, const char *name, const char *value);

/*
 * 0 with the status and body of the answer, whatever the status is. -EHOSTUNREACH: no answer (the reason
 * names the host); -EINVAL: a URL that no token may travel to; -EINTR: cancelled. Takes 30 s at most.
 */
int form_post(const char *url, const struct buf *form, struct cancel *cancel, int *ret_status,
              struct buf *answer, struct buf *err);

#endif
