/*
 * doctor_p.h - outlookfs doctor: what its pieces share.
 *
 *     doctor.c          the command, and printing
 *     doctor_local.c    this machine: FUSE, the mount point, the directories
 *     doctor_remote.c   the network, the login, the service and what can be done with it
 *
 * Threads: the first one only.
 */
#ifndef OUTLOOKFS_CLI_DOCTOR_P_H
#define OUTLOOKFS_CLI_DOCTOR_P_H

#include "cli_p.h"
#include "mountpoint_p.h"
#include "serve_p.h"

struct doctor {
    struct settings settings;
    struct cJSON *links; /* array of {"link", "ok", "text"} */
    bool as_json;
    bool failed;
    bool unnamed; /* of a mount that has no account */
};

/* A link that holds, or one that does not, with what to do; printed at once. */
void doctor_ok(struct doctor *d, const char *link, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_fail(struct doctor *d, const char *link, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void doctor_local(struct doctor *d);
void doctor_remote(struct doctor *d);

#endif
