/*
 * json_walk.c - a tree of the names met so far, in which the reader's place is followed.
 */
#include <outlookfs/base/json_walk.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>

#define ROOT 1

/* One name in the objects at one path. */
struct json_walk_node {
    char *name;
    char *spelt; /* as json_take_name() wants it; NULL: not without escapes */
    unsigned len;
    unsigned parent;
    unsigned hash;
    unsigned first,
        next;      /* which name came as an object's first, which behind this one, last time */
    unsigned seen; /* serial of the object it came in last */
    int member;
};

static unsigned hash_of(unsigned parent, const char *name, size_t len)
{
    uint64_t hash = str_hash(parent, name, len);

    return (unsigned)(hash ^ hash >> 32);
}

static void enter(struct json_walk *walk, unsigned node)
{
    unsigned i = walk->nodes[node].hash & (walk->slots - 1);

    while (walk->table[i])
        i = (i + 1) & (walk->slots - 1);
    walk->table[i] = node;
}

static void grow(struct json_walk *walk)
{
    walk->room = walk->room ? 2 * walk->room : 64;
    walk->nodes = xrealloc(walk->nodes, walk->room * sizeof(*walk->nodes));
    free(walk->table);
    walk->slots = 2 * walk->room;
    walk->table = xcalloc(walk->slots, sizeof(*walk->table));
    for (unsigned node = ROOT; node < walk->count; node++)
        enter(walk, node);
}

static char *spell(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == '"' || name[i] == '\\')
            return NULL;
    }
    return xasprintf(",\"%.*s\":", (int)len, name);
}

static unsigned add(struct json_walk *walk, unsigned parent, const char *name, size_t len,
                    unsigned hash)
{
    unsigned node = walk->count;

    if (walk->count == walk->room)
        grow(walk);
    walk->nodes[node] = (struct json_walk_node){
        .name = xstrndup(name, len),
        .spelt = spell(name, len),
        .len = (unsigned)len,
        .parent = parent,
        .hash = hash,
        .member = -1,
    };
    walk->count++;
    enter(walk, node);
    return node;
}

static bool is_called(const struct json_walk_node *n, const char *name, size_t len)
{
    return n->len == len && memcmp(n->name, name, len) == 0;
}

static unsigned find_or_add(struct json_walk *walk, unsigned parent, const char *name, size_t len)
{
    unsigned hash = hash_of(parent, name, len);

    for (unsigned i = hash & (walk->slots - 1); walk->table[i]; i = (i + 1) & (walk->slots - 1)) {
        const struct json_walk_node *n = &walk->nodes[walk->table[i]];

        if (n->hash == hash && n->parent == parent && is_called(n, name, len))
            return walk->table[i];
    }
    return add(walk, parent, name, len, hash);
}

static void add_path(struct json_walk *walk, int member)
{
    const char *p = walk->paths[member];
    unsigned node = ROOT;

    for (;;) {
        size_t len = strcspn(p, "/");

        node = find_or_add(walk, node, p, len);
        if (!p[len])
            break;
        p += len + 1;
    }
    walk->nodes[node].member = member;
}

struct json_walk *json_walk_create(const char *const *paths, size_t count)
{
    struct json_walk *walk = xcalloc(1, sizeof(*walk));

    walk->paths = paths;
    walk->npaths = count;
    walk->count = ROOT;
    grow(walk);
    walk->nodes[0] = (struct json_walk_node){.member = -1};
    add(walk, 0, "", 0, 0);
    for (size_t i = 0; i < count; i++)
        if (paths[i])
            add_path(walk, (int)i);
    json_walk_text(walk, "", 0);
    return walk;
}

void json_walk_destroy(struct json_walk *walk)
{
    if (!walk)
        return;
    for (unsigned node = ROOT; node < walk->count; node++) {
        free(walk->nodes[node].name);
        free(walk->nodes[node].spelt);
    }
    free(walk->nodes);
    free(walk->table);
    free(walk);
}

void json_walk_text(struct json_walk *walk, const char *text, size_t len)
{
    json_reader_init(&walk->reader, text, len);
    walk->member = -1;
    walk->repeated = false;
    walk->named = 0;
    walk->levels[0] = (struct json_walk_level){0};
}

void json_walk_root(struct json_walk *walk)
{
    walk->levels[walk->reader.depth].node = ROOT;
}

/* The name that came next the last time; 0: none. */
static unsigned guess(const struct json_walk *walk, const struct json_walk_level *level)
{
    return level->last ? walk->nodes[level->last].next : walk->nodes[level->node].first;
}

/* The name read last. */
static unsigned find_name(struct json_walk *walk, const struct json_walk_level *level)
{
    const struct json_reader *r = &walk->reader;
    unsigned node = guess(walk, level);

    if (node && r->plain && is_called(&walk->nodes[node], r->start, r->length))
        return node;
    char *name = json_reader_string(&walk->reader);
    node = find_or_add(walk, level->node, name, strlen(name));
    free(name);
    if (level->last)
        walk->nodes[level->last].next = node;
    else
        walk->nodes[level->node].first = node;
    return node;
}

/* The name of this node is in the object whose level it is. */
static void meet(struct json_walk *walk, struct json_walk_level *level, unsigned node)
{
    walk->repeated |= walk->nodes[node].seen == level->serial;
    walk->nodes[node].seen = level->serial;
    level->last = node;
    walk->named = node;
}

/* Is the next token the name that is guessed? */
static bool take_guess(struct json_walk *walk)
{
    struct json_walk_level *level = &walk->levels[walk->reader.depth];
    unsigned node = level->node && !walk->named ? guess(walk, level) : 0;
    const struct json_walk_node *n = &walk->nodes[node];

    if (!node || !n->spelt || !json_take_name(&walk->reader, n->spelt, n->len + 4))
        return false;
    meet(walk, level, node);
    return true;
}

/* The node of the value whose first token was just read; `level` is what it is in. */
static unsigned value_node(struct json_walk *walk, const struct json_walk_level *level)
{
    unsigned node = walk->named ? walk->named : level->node;

    walk->named = 0;
    return node;
}

enum json_token json_walk_next(struct json_walk *walk)
{
    enum json_token token = take_guess(walk) ? JSON_NAME : json_next(&walk->reader);
    size_t depth = walk->reader.depth;
    unsigned node;

    walk->member = -1;
    switch (token) {
    case JSON_NAME:
        if (walk->levels[depth].node && !walk->named)
            meet(walk, &walk->levels[depth], find_name(walk, &walk->levels[depth]));
        return token;
    case JSON_OBJECT:
    case JSON_ARRAY:
        node = value_node(walk, &walk->levels[depth - 1]);
        walk->levels[depth] = (struct json_walk_level){.node = node, .serial = ++walk->serial};
        break;
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
        node = walk->levels[depth + 1].node;
        break;
    case JSON_END:
    case JSON_CUT:
    case JSON_BAD:
        return token;
    default:
        node = value_node(walk, &walk->levels[depth]);
        break;
    }
    walk->member = walk->nodes[node].member;
    return token;
}
