/*
 * cache_p.h - what the files of the cache share.
 *
 *   cache.c              opening, the schema, statistics
 *   cache_folders.c      folders, and the names they are listed under
 *   cache_listings.c     listings: one row a folder, and its key in the other tables
 *   cache_records.c      storing records: same, new or changed?
 *   cache_lookup.c       reading and removing records; those read last
 *   cache_held.c         texts of open files that nobody has read yet
 *   cache_changes.c      revisions: what changed in a folder
 *   cache_words.c        the index of words, and searching it
 *   page.c               records that are to be stored, as a table for statements
 *   pack.c               texts in fewer bytes
 *   words.c              which words a record has, and what somebody looks for
 *   cache_attachments.c  attachments/<n>: bytes in files, least recently used out
 *   cache_exports.c      what is remembered of records in other formats, and files for them
 */
#ifndef OUTLOOKFS_STORE_CACHE_P_H
#define OUTLOOKFS_STORE_CACHE_P_H

#include "db_p.h"

#include <outlookfs/store/cache.h>

/* A record that was read, without its text, as long as no transaction has ended since. */
struct recent {
    uint64_t ended;
    enum kind kind;
    char *folder;
    struct cache_record record;
};

#define RECENT_COUNT 256

struct held {
    struct mutex lock;
    struct cache_hold *first; /* guarded by lock */
    uint64_t
        changed; /* db.ended behind the last transaction that changed a text; guarded by lock */
};

struct cache {
    char *dir;
    char *path;
    int lock_fd;
    struct db db;
    int64_t rev;                        /* the newest revision; guarded by db.write_lock */
    struct recent recent[RECENT_COUNT]; /* by a hash of the id; guarded by db.read_lock */
    struct held held;
};

/* What texts.sum says of a text: never 0. */
int64_t cache_sum(const char *text, size_t size);

/* Is this the text that was stored with this sum? */
bool cache_is_sound(const char *text, size_t size, int64_t sum);
/* A record with a flipped bit goes, and its folder is to be listed anew: -ENOENT. */
int cache_forget_damaged(struct cache *c, enum kind kind, const char *folder, const char *id);

void cache_recent_release(struct cache *c);

void cache_held_init(struct held *held);
void cache_held_release(struct held *held); /* all have let go */
/* Before a record (0: any of them) is changed or removed: keeps its text for who has it open; between
 * db_begin() and db_end(). */
int cache_keep_held(struct cache *c, int64_t seq);

/* The key of a listing, made when missing; between db_begin() and db_end(). */
int cache_listing_key(struct cache *c, enum kind kind, const char *folder, int64_t *ret);

/* Removes the listings of a kind whose folder is not there, with their records; between db_begin()
 * and db_end(). */
int cache_drop_listings(struct cache *c, enum kind kind);

/* Goes on behind the newest revision in the file. */
int cache_changes_begin(struct cache *c, struct buf *err);

/* Empties the index of words; between db_begin() and db_end(). */
int cache_clear_words(struct cache *c);

/* Before a record is removed: says so to cache_since(); between db_begin() and db_end(). */
int cache_note_gone(struct cache *c, int64_t seq);

/* Changes what a listing counts; between db_begin() and db_end(). */
int cache_listing_count(struct cache *c, int64_t listing, int64_t records, int64_t bytes);

/* Removes files in attachments/ that no row knows: what a crash left. */
int cache_attachments_tidy(struct cache *c, struct buf *err);

#endif
