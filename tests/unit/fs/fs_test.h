/*
 * fs_test.h - a file system over a mailbox in memory, driven by calls with paths as the kernel
 * would drive it.
 *
 * The rig has one contact ("@" in the names of script_test.h), one event, and two messages, the
 * second with an attachment. The queue's delay is a day and a listing stays fresh for an hour:
 * nothing is sent and nothing is asked before a test wants it.
 */
#ifndef OUTLOOKFS_TESTS_FS_TEST_H
#define OUTLOOKFS_TESTS_FS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/fs/fs.h>
#include <outlookfs/model/name.h>
#include "support/transports.h"
#include <outlookfs/sync/mailbox.h>
#include <outlookfs/sync/writeback.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTACTS "contacts/Contacts/"
#define CALENDAR "calendars/Calendar/"
#define INBOX "mail/Inbox/"

struct rig {
    char dir[64];
    struct transport *memory, *faulty; /* outlive the mailbox */
    struct mailbox *mb;
    struct fs *fs;
    bool read_only;

    const char *contact, *event, *message, *letter; /* ids; the letter has an attachment */
    char *name;                                     /* "<id>.json" of the contact */
    char *path;                                     /* CONTACTS and that */
    char *before, *after;         /* the contact's text, and with another MobilePhone1 */
    unsigned calls[OP_COUNT + 1]; /* at rig_count(); the last: of all */
    struct fs_handle *open[8];    /* what a test that failed leaves open */

    atomic_uint told_inode; /* notifications */
    _Atomic uint64_t last_inode;

    struct mutex lock;
    pthread_cond_t turn;
    bool hold, reached; /* guarded by lock: the housekeeping thread */
};

/* cmocka's setup and teardown: *state is a struct rig. */
int rig_setup(void **state);
int rig_teardown(void **state);
void rig_start(struct rig *t);
void rig_stop(struct rig *t); /* what is not sent waits in the journal */
void rig_restart(struct rig *t);
/* As if the program was killed now and started again: the databases and local files as they are. */
void rig_crash(struct rig *t);
void rig_delete_cache(struct rig *t); /* between stop and start */
/* The machine is busy: from now on the housekeeping thread comes to nothing, until rig_stop(). */
void rig_hold_housekeeping(struct rig *t);

/* Sends what is pending; the answer of writeback_flush(). */
int rig_sync(struct rig *t);
/* Calls of an operation since the last rig_count(). */
void rig_count(struct rig *t);
unsigned rig_calls(struct rig *t, enum operation op);
/* PATCH, POST and DELETE of contacts since rig_count(). */
#define assert_sent(t, patches, posts, deletes)                                                    \
    do {                                                                                           \
        assert_int_equal(rig_calls(t, OP_CONTACT_PATCH_ITEM), patches);                            \
        assert_int_equal(rig_calls(t, OP_CONTACT_POST_ITEM), posts);                               \
        assert_int_equal(rig_calls(t, OP_CONTACT_DELETE_ITEM), deletes);                           \
    } while (0)
/* A string member of the contact as the service has it, "" when there is none. The caller frees. */
char *rig_member(struct rig *t, const char *id, const char *member);
#define assert_member(t, id, member, expected)                                                     \
    do {                                                                                           \
        char *value_ = rig_member(t, id, member);                                                  \
        assert_string_equal(value_, expected);                                                     \
        free(value_);                                                                              \
    } while (0)
/* Another client's edit of a contact, and the listing that brings it here. */
void rig_edit(struct rig *t, const char *id, const char *member, const char *value);
void rig_refresh(struct rig *t, const char *folder);

/* --- calls, by path below the mount point; answers of the fs_ function ------------------------ */

int rig_lookup(struct rig *t, const char *path, struct fs_entry *ret); /* rig_forget() */
void rig_forget(struct rig *t, const struct fs_entry *entry);
int rig_stat(struct rig *t, const char *path, struct stat *ret);
uint64_t rig_ino(struct rig *t, const char *path);
bool rig_exists(struct rig *t, const char *path);
off_t rig_size(struct rig *t, const char *path); /* -1: there is no such file */

int rig_open(struct rig *t, const char *path, int flags, struct fs_handle **ret);
int rig_create(struct rig *t, const char *path, int flags, mode_t mode, struct fs_handle **ret);
ssize_t rig_write(struct rig *t, struct fs_handle *h, const char *text, off_t offset);
int rig_flush(struct rig *t, struct fs_handle *h);
int rig_fsync(struct rig *t, struct fs_handle *h);
int rig_close(struct rig *t, struct fs_handle *h); /* flush and release */
void rig_release(struct rig *t, struct fs_handle *h);
int rig_unlink(struct rig *t, const char *path);
int rig_rename(struct rig *t, const char *from, const char *to, unsigned flags);
int rig_mkdir(struct rig *t, const char *path);
int rig_rmdir(struct rig *t, const char *path);
int rig_symlink(struct rig *t, const char *target, const char *path);
int rig_truncate(struct rig *t, const char *path, off_t size);
int rig_chmod(struct rig *t, const char *path, mode_t mode);
int rig_utimens(struct rig *t, const char *path, int64_t mtime); /* 0: now */

/* --- made of them ----------------------------------------------------------------------------- */

/* open W|TRUNC or create, write, close: the answer of the first that fails. */
int rig_save(struct rig *t, const char *path, const char *text);
/* All bytes, or NULL when it cannot be opened. The caller frees. */
char *rig_read(struct rig *t, const char *path);
char *rig_read_handle(struct rig *t, struct fs_handle *h);
/* An extended attribute without "user.outlook."; "" when there is none. The caller frees. */
char *rig_xattr(struct rig *t, const char *path, const char *name);
/* Names in a directory, without "." and "..", each behind a newline: "\na\nb\n". The caller
 * frees. */
char *rig_list(struct rig *t, const char *path);
bool rig_lists(struct rig *t, const char *dir, const char *name);
/* The first name in a directory that ends so, with the directory; NULL: none. The caller frees. */
char *rig_find(struct rig *t, const char *dir, const char *suffix);

#define assert_text(t, path, expected)                                                             \
    do {                                                                                           \
        char *text_ = rig_read(t, path);                                                           \
        assert_non_null(text_);                                                                    \
        assert_string_equal(text_, expected);                                                      \
        free(text_);                                                                               \
    } while (0)
#define assert_xattr(t, path, name, expected)                                                      \
    do {                                                                                           \
        char *value_ = rig_xattr(t, path, name);                                                   \
        assert_string_equal(value_, expected);                                                     \
        free(value_);                                                                              \
    } while (0)

/* Waits until `condition` holds: what housekeeping does comes soon, but not at once. */
#define assert_soon(condition)                                                                     \
    do {                                                                                           \
        for (int i_ = 0; !(condition) && i_ < 3000; i_++)                                          \
            rig_pause();                                                                           \
        assert_true(condition);                                                                    \
    } while (0)
void rig_pause(void); /* 10 ms */

/* `text` with a string member replaced or added. The caller frees. */
char *with_member(const char *text, const char *member, const char *value);

#endif
