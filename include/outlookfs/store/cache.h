/*
 * cache.h - what the service told us, on disk (cache.db): folders, listings, records, attachments.
 *
 * May be deleted at any time: it is only a copy. A file that is damaged or of another schema
 * version is moved aside to "cache.db.bad" and begun anew; one that cannot be opened at all
 * (permissions, not a directory) is an error for the user. Damage met later is -EIO until
 * cache_close(), which moves the file aside.
 *
 * A record's identity is (kind, folder id, record id). Its text is the rendered file
 * (model/render.h). A listing is filled page by page and committed page by page, so an interrupted
 * one goes on from `next_skip`.
 *
 * Ownership: what a function fills is released by the caller with the matching _release().
 * Errors: 0 or -errno; SQLite trouble is -EIO with the text in the log.
 * Threads: any. Readers do not wait for writers (WAL, a connection each). synchronous=NORMAL:
 * losing the last transactions in a power cut is harmless here.
 */
#ifndef OUTLOOKFS_STORE_CACHE_H
#define OUTLOOKFS_STORE_CACHE_H

#include <outlookfs/model/item.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct cache;
struct cancel;

/*
 * `dir` is made when missing (0700); the files are 0600. -EBUSY with the other process's pid in
 * `err` when another mount uses it. After a fork(), not before: a database connection does not
 * survive one.
 */
int cache_open(const char *dir, struct cache **ret, struct buf *err);
void cache_close(struct cache *c); /* NULL is fine */

/* Makes the cache this account's: folders and records of another one are forgotten. */
int cache_claim(struct cache *c, const char *account);

/* --- folders --- */

struct cache_folder {
    enum kind kind;
    char *id;       /* the service's */
    char *display;  /* as the service names it */
    char *name;     /* as listed: safe, and unique among its siblings */
    char *parent;   /* id, or NULL */
    unsigned flags; /* enum folder_flags */
};
struct cache_folders {
    struct cache_folder *list; /* in the service's order */
    size_t count;
    int64_t asked_at; /* clock_steady() of the answer; 0: never asked */
    bool partial;     /* more may exist: see remote_folders.partial */
    char *cursor;     /* where the feed of their changes goes on, or NULL */
};
void cache_folders_release(struct cache_folders *f);

/* Replaces the folders of a kind. `name` of each input is ignored: it is made here with name_safe()
 * and name_unique(). Records and listings of folders that are gone are removed, whether the answer
 * is partial or not. Among siblings of one display name the one that has the plain name in the
 * cache keeps it, then the first in the service's order gets it. */
int cache_put_folders(struct cache *c, enum kind kind, const struct cache_folders *folders);
/* The folders are as they were: time, completeness and cursor of the answer alone. */
int cache_put_folders_answer(struct cache *c, enum kind kind, const struct cache_folders *folders);
/* Adds one folder (a mail folder that was looked up by name). */
int cache_add_folder(struct cache *c, const struct cache_folder *folder);
/* The folders of a kind are to be asked for again, whatever the age of the answer. */
int cache_outdate_folders(struct cache *c, enum kind kind);
int cache_get_folders(struct cache *c, enum kind kind, struct cache_folders *ret);

/* --- listings --- */

struct cache_listing {
    bool complete;       /* every page has been here once */
    int64_t full_at;     /* clock_steady() when the last full listing ended; 0: never */
    int64_t fresh_at;    /* clock_steady() when a refresh of any kind last succeeded */
    unsigned next_skip;  /* where an unfinished full listing goes on: what it has met so far */
    uint64_t run;        /* number of the full listing under way or last finished */
    uint64_t count;      /* records known; counted here, ignored by cache_put_listing() */
    bool truncated;      /* only the newest were asked for (mail_limit) */
    int64_t asked_at;    /* clock_steady() before the last refresh that succeeded was asked for */
    int64_t changed_at;  /* see cache_note_changes(); ignored by cache_put_listing() */
    int64_t compared_at; /* clock_steady() when all ids and versions were last compared; 0: never */
};
/* A zeroed listing when the folder was never listed. */
int cache_get_listing(struct cache *c, enum kind kind, const char *folder,
                      struct cache_listing *ret);
int cache_put_listing(struct cache *c, enum kind kind, const char *folder,
                      const struct cache_listing *listing);

/* The next look lists the folder anew, whole. */
int cache_outdate(struct cache *c, enum kind kind, const char *folder);
/* The next look at the listing asks what has changed. */
int cache_age(struct cache *c, enum kind kind, const char *folder);
/* Where the feed of a listing's changes goes on: of an unfinished full listing, while next_skip is
 * not 0. NULL: at its beginning. The caller frees. The listing is there. */
int cache_get_cursor(struct cache *c, enum kind kind, const char *folder, char **ret);
int cache_put_cursor(struct cache *c, enum kind kind, const char *folder, const char *cursor);

/*
 * The feed of a kind's folders, asked for at `asked`, answered at `answered` (clock_steady()), named
 * those in which something changed. The complete listings that were asked for themselves since
 * `trusted` are as fresh as the question; these are known to be behind (changed_at >= asked_at) until
 * they are asked for themselves.
 */
int cache_note_changes(struct cache *c, enum kind kind, const char *const *folders, size_t count,
                       int64_t trusted, int64_t asked, int64_t answered);

/* --- records --- */

struct cache_record {
    char *id;
    char *etag;
    int64_t mtime; /* ns */
    size_t size;
    bool attachments; /* a message that has some */
    bool read;        /* a message that is read */
    int64_t exported; /* see cache_put_exported() */
    char *text;       /* NULL where only the attributes were asked for */
    uint64_t seq;     /* grows with the order records became known; the cursor of cache_each() */
};
void cache_record_release(struct cache_record *r);

enum cache_change { CACHE_SAME, CACHE_NEW, CACHE_CHANGED };

/* For `run`: no listing shows the record (it lies behind a listing's limit); ... */
#define CACHE_UNLISTED UINT64_C(0)
/* ... the answer is not a listing's: the record keeps its run, a new one is unlisted. */
#define CACHE_KEEP_RUN UINT64_C(0x7fffffffffffffff)

/*
 * Stores one record, met by the listing `run`. Equal to what is there as JSON (members in any order): nothing changes but
 * `run`. Different text under the same modification time: mtime becomes clock_now(), so that rsync
 * and make see it.
 */
int cache_put(struct cache *c, const char *folder, const struct item *item, uint64_t run,
              enum cache_change *ret);

/* A page of one kind in one transaction; `changes` (count entries, may be NULL) receives what each
 * did. */
int cache_put_page(struct cache *c, const char *folder, const struct item *items, size_t count,
                   uint64_t run, enum cache_change *changes);

/* With the text or, `with_text` false, without; `ret` NULL: is it there? -ENOENT when not cached. */
int cache_get(struct cache *c, enum kind kind, const char *folder, const char *id, bool with_text,
              struct cache_record *ret);
/* 0 also when it is not there. */
int cache_remove(struct cache *c, enum kind kind, const char *folder, const char *id);

/* The record lies in another folder; as it is, until that folder's listing says more. 0 also when it is not there. */
int cache_move(struct cache *c, enum kind kind, const char *id, const char *from, const char *to);

/* All records of a folder in the order in which a service lists them: the latest first. */
struct cache_place {
    char *id;
    bool attachments;
};
int cache_order(struct cache *c, enum kind kind, const char *folder, struct cache_place **ret,
                size_t *ret_count);
void cache_places_free(struct cache_place *places, size_t count);

/* Which folder has this record? For ids alone (replies, triggers). Several: the one that met it
 * last. -ENOENT. The caller frees. */
int cache_find(struct cache *c, enum kind kind, const char *id, char **ret_folder);
/* The record's id that name_tag() says this of. -ENOENT. The caller frees. */
int cache_id_of_tag(struct cache *c, uint64_t tag, char **ret);

/*
 * Up to `max` records with seq > `after`, ascending, without text; answers how many (0: no more) or
 * -errno. `list` has room for max; the caller releases each.
 */
int cache_each(struct cache *c, enum kind kind, const char *folder, uint64_t after,
               struct cache_record *list, size_t max);

/* Ids of the records whose run is not `run`: what a full listing did not meet; the first
 * `ret_listed` of them an earlier one did, the others are unlisted. NULL-terminated array of
 * strings, the caller frees both. */
int cache_not_in_run(struct cache *c, enum kind kind, const char *folder, uint64_t run,
                     char ***ret_ids, size_t *ret_listed);

/* --- texts of open files: read later, or never --- */

/* The text that record `seq` had at a moment; seq 0: none. */
struct cache_version {
    uint64_t seq;
    uint64_t moment; /* cache_moment() before the record was read */
};
uint64_t cache_moment(struct cache *c);

/* False: some record has changed or gone since, so look again. */
bool cache_is_latest(struct cache *c, struct cache_version version);
/* Holds this text without reading it: whatever becomes of the record, it can be read until
 * cache_let_go(). NULL: it is not the latest. */
struct cache_hold *cache_hold(struct cache *c, struct cache_version version);
/* It stays the hold's. -EIO: it is damaged; the record is forgotten, to be asked for again. */
int cache_held_text(struct cache *c, struct cache_hold *hold, const char **ret);
void cache_let_go(struct cache *c, struct cache_hold *hold); /* NULL is fine */

/* --- what changed: for an index of a folder that somebody keeps in memory --- */

/* `text` NULL: the record is gone. The strings are valid during the call, which must not call the
 * cache. */
typedef void (*cache_change_fn)(void *ctx, const char *id, const char *text);

/*
 * Tells every record of a folder that is new, changed or gone since the revision `*rev` (0: all that
 * are there), each once, as it is now, and moves `*rev` to the newest. Revisions count the changes
 * of this process's cache_open() and of the file; a `rev` is good until cache_close(). A call that
 * finds nothing new costs one look into an index. -EINTR: cancelled (NULL: nobody can), and the next
 * call goes on from there.
 */
int cache_since(struct cache *c, enum kind kind, const char *folder, uint64_t *rev,
                struct cancel *cancel, cache_change_fn each, void *ctx);

/* --- words: SQLite FTS5 over all cached records --- */

struct cache_hit {
    enum kind kind;
    char *folder;
    char *id;
};
void cache_hits_free(struct cache_hit *hits, size_t count);

/*
 * The records that contain all of the words, the newest first, at most `max`. Words match without
 * case and accents; "a phrase" in quotation marks, prefix*. Nothing else is syntax. Values are
 * searched, not member names; of HTML its text. Records that came in since the last search are
 * indexed first, some at a time: `cancel` ends that with -EINTR, and the next search goes on from
 * there; what comes in during a search is the next one's. -EINVAL: no word in it. The index takes
 * less than half the disk space of the text it is of.
 */
int cache_search(struct cache *c, const char *words, size_t max, struct cancel *cancel,
                 struct cache_hit **ret, size_t *ret_count);

/* --- attachments: bytes in files, bounded, least recently used out --- */

/*
 * Opens the cached bytes of an attachment for reading: a descriptor, or -ENOENT. `size` receives
 * the exact length.
 */
int cache_attachment_open(struct cache *c, const char *message, const char *attachment,
                          size_t *ret_size);
bool cache_attachment_is_there(struct cache *c, const char *message, const char *attachment);
/* A new file for bytes as they come (O_RDWR): what it is the bytes of cache_attachment_end() says. */
int cache_attachment_begin(struct cache *c, char **ret_temp);
/* Makes the finished file the attachment's bytes and evicts others down to `limit` bytes. Takes
 * `temp` (freed). `ok` false: throws it away. The descriptor stays the caller's. */
int cache_attachment_end(struct cache *c, const char *message, const char *attachment, char *temp,
                         bool ok, size_t limit);

/* --- exports: records in another format --- */

/*
 * Remembers how many bytes a record takes in the format of its export, as it was at `mtime`: a
 * record that has changed since knows none. cache_record.exported has it, -1: unknown.
 */
int cache_put_exported(struct cache *c, enum kind kind, const char *folder, const char *id,
                       int64_t mtime, int64_t size);
/* Forgets these sizes where another program than `maker` wrote them: it may have written other
 * bytes. */
int cache_claim_exported(struct cache *c, const char *maker);

/* An empty file of no name on the disk of the cache, O_RDWR: a descriptor or -errno. */
int cache_temp(struct cache *c);

/* For status.json. */
struct cache_stats {
    uint64_t records, record_bytes, attachment_bytes;
};
int cache_stats(struct cache *c, struct cache_stats *ret);

#endif
