/*
 * settings_p.h - what to mount and how, of the command line, the environment, the configuration
 * file and the defaults, each over those behind it.
 *
 *     settings.c   all of it together
 *     arguments.c  the command line
 *     config.c     the configuration file
 *     cloud.c      login hosts, and the Graph of each
 *     keys_p.h     what may stand in the file and on the command line
 *     options_p.h  what follows -o
 *
 * Threads: the first one only.
 */
#ifndef OUTLOOKFS_CLI_SETTINGS_P_H
#define OUTLOOKFS_CLI_SETTINGS_P_H

#include "keys_p.h"

#include <outlookfs/model/kind.h>

/* --- settings.c --- */

struct settings {
    /* as the command line says it; afterwards complete: paths absolute, URLs without a trailing '/' */
    struct values values; /* url: NULL with the sandbox */
    char *account;        /* a section of the configuration, or NULL */
    char *mountpoint;
    char *config;
    char *options_given; /* what followed -o */
    bool foreground;
    bool for_login; /* the account may be one that is not there yet */
    /* found out */
    bool in_config;   /* the account is in the configuration */
    bool inherited;   /* settings_inherit() was here */
    struct buf known; /* names of the accounts there are */
    enum service_id service;
    bool sandbox;
    bool login;     /* the token comes from outlookfs login */
    char *token;    /* of the environment; wiped on release */
    char *identity; /* of the mailbox: what a state directory belongs to */
    struct options options;
    char **mail_folders; /* NULL-terminated, or NULL */
};

void settings_init(struct settings *s);
void settings_release(struct settings *s);
/* Fills in what the command line left open. One line in `err`. */
int settings_complete(struct settings *s, struct buf *err);
const char *settings_home(void); /* the home directory */
char *settings_token_dir(void);  /* where logins are kept; the caller frees */

/* Parts of it, for commands that mount nothing. The first reads the configuration, once. */
int settings_inherit(struct settings *s, struct buf *err);
int settings_options(struct settings *s, struct buf *err);
int settings_login(struct settings *s, struct buf *err); /* service, URLs, tenant, identity */

/* --- arguments.c --- */

struct command;

struct arguments {
    const struct command *command;  /* its keys are read into settings.values */
    const struct option *own;       /* "config" and "help" among them, as 'c' and 'h' */
    const char *letters;            /* for getopt(3) */
    bool (*take)(void *ctx, int c); /* an own option, with optarg; false: it is none */
    const char *help;               /* lines about the own options */
    void (*more_help)(void);        /* prints what stands behind; or NULL */
};

/* -1: go on with argv[optind]; otherwise the exit code. */
int arguments_read(const struct arguments *a, int argc, char **argv, struct settings *s, void *ctx);

/* --- cloud.c --- */

/* URL, login URL and tenant, where they are not given. */
void cloud_complete(enum service_id service, struct values *v);

/* --- config.c --- */

struct account {
    char *name;
    struct values values;
};
struct config {
    char *path;
    struct values general; /* what stands before the first section */
    struct account *accounts;
    size_t naccounts;
};

/* -ENOENT when there is no such file. "file:line: reason" in `err`. */
int config_read(const char *path, struct config *ret, struct buf *err);
/* The one the settings name, or the usual one, which may be missing. */
int settings_config(const struct settings *s, struct config *ret, struct buf *err);
char *settings_config_path(const struct settings *s); /* the caller frees */
void config_release(struct config *c);                /* zeroed is fine */
const struct account *config_find(const struct config *c, const char *name);
bool config_names_account(const char *name); /* an account can be called that */

#endif
