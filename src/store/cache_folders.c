/*
 * cache_folders.c - folders, and the names they are listed under.
 */
#include "cache_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <stdlib.h>

/* The names of one kind's folders while they are given out: "parent/name" -> itself. */
struct names {
    struct map taken;
};

static bool take_name(struct names *names, const char *parent, const char *name)
{
    SCOPED(xfree) char *key = xasprintf("%s/%s", parent ? parent : "", name);
    bool free_name = !map_get(&names->taken, key);

    if (free_name)
        map_set(&names->taken, key, names);
    return free_name;
}

/* A name nobody among the siblings has: the safe one or, where that is taken, with a hash of the
 * id. */
static char *make_name(struct names *names, const struct cache_folder *f)
{
    SCOPED(xfree) char *safe = name_safe(f->display, NAME_BYTES_MAX);
    char *name = xstrdup(safe);

    for (unsigned salt = 0; !take_name(names, f->parent, name); salt++) {
        SCOPED(xfree) char *id = salt ? xasprintf("%s/%u", f->id, salt) : xstrdup(f->id);

        free(name);
        name = name_unique(safe, id, false);
    }
    return name;
}

/* Does the folder carry its plain name in the cache already, under the same parent? */
static bool holds_plain_name(const struct cache_folders *old, const struct cache_folder *f,
                             const char *plain)
{
    for (size_t i = 0; i < old->count; i++) {
        const struct cache_folder *o = &old->list[i];

        if (str_eq(o->id, f->id))
            return str_eq(o->name, plain) && str_eq(o->parent, f->parent);
    }
    return false;
}

/*
 * Who has a plain name keeps it, whatever the order of the answer: a second "Contacts" must not
 * take the name of the first. The rest follow in the service's order.
 */
static char **name_folders(const struct cache_folders *old, const struct cache_folders *folders)
{
    char **list = xcalloc(folders->count, sizeof(*list));
    struct names names;

    map_init(&names.taken);
    for (size_t i = 0; i < folders->count; i++) {
        char *plain = name_safe(folders->list[i].display, NAME_BYTES_MAX);

        if (holds_plain_name(old, &folders->list[i], plain) &&
            take_name(&names, folders->list[i].parent, plain))
            list[i] = plain;
        else
            free(plain);
    }
    for (size_t i = 0; i < folders->count; i++) {
        if (!list[i])
            list[i] = make_name(&names, &folders->list[i]);
    }
    map_release(&names.taken);
    return list;
}

static int put_folder(struct cache *c, enum kind kind, const struct cache_folder *f,
                      const char *name, int64_t pos)
{
    struct sql_query q;

    db_write(&c->db, &q,
             "INSERT INTO folders (kind, id, display, name, parent, pos, flags)"
             " VALUES (?, ?, ?, ?, ?, ?, ?)"
             " ON CONFLICT (kind, id) DO UPDATE SET display = excluded.display,"
             " name = excluded.name, parent = excluded.parent, pos = excluded.pos, flags = "
             "excluded.flags"
             " WHERE pos < 0");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, f->id);
    sql_bind_str(&q, f->display);
    sql_bind_str(&q, name);
    sql_bind_str(&q, f->parent);
    sql_bind_int(&q, pos);
    sql_bind_int(&q, f->flags);
    return sql_run(&q);
}

static int run_for_kind(struct cache *c, enum kind kind, const char *text)
{
    struct sql_query q;

    db_write(&c->db, &q, text);
    sql_bind_int(&q, kind);
    return sql_run(&q);
}

static int put_answer(struct cache *c, enum kind kind, const struct cache_folders *folders)
{
    struct sql_query q;

    db_write(&c->db, &q,
             "REPLACE INTO folder_answers (kind, asked_at, partial, cursor) VALUES (?, ?, ?, ?)");
    sql_bind_int(&q, kind);
    sql_bind_int(&q, folders->asked_at);
    sql_bind_int(&q, folders->partial);
    sql_bind_str(&q, folders->cursor);
    return sql_run(&q);
}

/* pos < 0 marks the folders that have not been met in the answer. */
static int replace_locked(struct cache *c, enum kind kind, const struct cache_folders *folders)
{
    struct cache_folders old;
    int rc = cache_get_folders(c, kind, &old);

    if (rc)
        return rc;
    char **names = name_folders(&old, folders);
    rc = run_for_kind(c, kind, "UPDATE folders SET pos = -1 WHERE kind = ?");
    for (size_t i = 0; i < folders->count; i++) {
        if (!rc)
            rc = put_folder(c, kind, &folders->list[i], names[i], (int64_t)i);
        free(names[i]);
    }
    free(names);
    cache_folders_release(&old);
    if (!rc)
        rc = run_for_kind(c, kind, "DELETE FROM folders WHERE kind = ? AND pos < 0");
    if (!rc)
        rc = cache_drop_listings(c, kind);
    return rc ? rc : put_answer(c, kind, folders);
}

int cache_put_folders_answer(struct cache *c, enum kind kind, const struct cache_folders *folders)
{
    db_begin(&c->db);
    return db_end(&c->db, put_answer(c, kind, folders));
}

int cache_put_folders(struct cache *c, enum kind kind, const struct cache_folders *folders)
{
    db_begin(&c->db);
    return db_end(&c->db, replace_locked(c, kind, folders));
}

int cache_outdate_folders(struct cache *c, enum kind kind)
{
    db_begin(&c->db);
    return db_end(&c->db, run_for_kind(c, kind,
                                       "UPDATE folder_answers SET asked_at = min(asked_at, 1)"
                                       " WHERE kind = ?"));
}

/* The siblings' names, without that of the folder itself. */
static void collect_names(const struct cache_folders *folders, const char *id, struct names *names)
{
    for (size_t i = 0; i < folders->count; i++) {
        if (!str_eq(folders->list[i].id, id))
            take_name(names, folders->list[i].parent, folders->list[i].name);
    }
}

static int add_locked(struct cache *c, const struct cache_folder *folder)
{
    struct cache_folders all;
    struct sql_query q;
    struct names names;
    int rc = cache_get_folders(c, folder->kind, &all);

    if (rc)
        return rc;
    map_init(&names.taken);
    collect_names(&all, folder->id, &names);
    SCOPED(xfree) char *name = make_name(&names, folder);
    db_write(&c->db, &q, "UPDATE folders SET pos = -1 WHERE kind = ? AND id = ?");
    sql_bind_int(&q, folder->kind);
    sql_bind_str(&q, folder->id);
    rc = sql_run(&q);
    if (!rc)
        rc = put_folder(c, folder->kind, folder, name, (int64_t)all.count);
    map_release(&names.taken);
    cache_folders_release(&all);
    return rc;
}

int cache_add_folder(struct cache *c, const struct cache_folder *folder)
{
    db_begin(&c->db);
    return db_end(&c->db, add_locked(c, folder));
}

static void add_row(struct sql_query *q, enum kind kind, struct cache_folders *folders)
{
    struct cache_folder *f;

    folders->asked_at = sql_int(q, 0);
    folders->partial = sql_int(q, 1);
    if (!folders->cursor)
        folders->cursor = sql_dup(q, 7);
    if (!sql_str(q, 2))
        return; /* asked, and there is none */
    folders->list = xrealloc(folders->list, (folders->count + 1) * sizeof(*f));
    f = &folders->list[folders->count++];
    *f = (struct cache_folder){
        .kind = kind,
        .id = sql_dup(q, 2),
        .display = sql_dup(q, 3),
        .name = sql_dup(q, 4),
        .parent = sql_dup(q, 5),
        .flags = (unsigned)sql_int(q, 6),
    };
}

/* One statement, so that the folders and the time of the answer are of the same moment. */
int cache_get_folders(struct cache *c, enum kind kind, struct cache_folders *ret)
{
    struct cache_folders folders = {0};
    struct sql_query q;

    db_read(&c->db, &q,
            "SELECT a.asked_at, a.partial, f.id, f.display, f.name, f.parent, f.flags, a.cursor"
            " FROM (SELECT ? AS kind) k LEFT JOIN folder_answers a ON a.kind = k.kind"
            " LEFT JOIN folders f ON f.kind = k.kind ORDER BY f.pos, f.id");
    sql_bind_int(&q, kind);
    while (sql_row(&q))
        add_row(&q, kind, &folders);
    int rc = sql_end(&q);
    if (rc)
        cache_folders_release(&folders);
    else
        *ret = folders;
    return rc;
}

void cache_folders_release(struct cache_folders *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->list[i].id);
        free(f->list[i].display);
        free(f->list[i].name);
        free(f->list[i].parent);
    }
    free(f->list);
    free(f->cursor);
    *f = (struct cache_folders){0};
}
